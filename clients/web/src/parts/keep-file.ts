/** Hands bytes to the browser as a file that it keeps. */
export function keepFile(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The browser has taken it by then; what is read should not stay in memory.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
