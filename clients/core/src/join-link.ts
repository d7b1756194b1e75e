/**
 * Join links. The token travels in the fragment (`https://clinic.example/#token=<jwt>`), which
 * browsers never send to a server, so that it cannot end up in an access log.
 */

/** The token in a fragment such as `#token=abc`, or `null`. */
export function tokenFromFragment(fragment: string): string | null {
  for (const pair of fragment.replace(/^#/, '').split('&')) {
    const [key, ...rest] = pair.split('=');
    const value = rest.join('=');
    if (key === 'token' && value !== '') {
      return decoded(value);
    }
  }
  return null;
}

/** What people paste: a whole link, its fragment, or the bare token. */
export function tokenFromPastedText(text: string): string {
  const trimmed = text.trim();
  const hash = trimmed.indexOf('#');
  const fromLink = hash < 0 ? null : tokenFromFragment(trimmed.slice(hash));
  return fromLink ?? trimmed.replace(/^token=/, '');
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
