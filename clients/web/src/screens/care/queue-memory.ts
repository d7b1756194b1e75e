/** Where one stands in a queue, by the id that the server gave: a reload finds the place again. */
const KEY = 'bedside.queue.';

export function rememberedPlace(service: string): string | null {
  try {
    return localStorage.getItem(KEY + service);
  } catch {
    return null;
  }
}

export function rememberPlace(service: string, id: string): void {
  try {
    localStorage.setItem(KEY + service, id);
  } catch {
    // It then lasts for as long as this page.
  }
}

export function forgetPlace(service: string): void {
  try {
    localStorage.removeItem(KEY + service);
  } catch {
    // It is nobody's any more once the server has ended it.
  }
}
