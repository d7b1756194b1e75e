/** Secrets come in the fragment, which browsers send to nobody; read once, then taken off the address. */

export function takeSecret(name: string): string | null {
  const secret = new URLSearchParams(location.hash.slice(1)).get(name);
  if (secret !== null) {
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  return secret === '' ? null : secret;
}
