/** Takes the token out of the address bar, so that it is in no screenshot, bookmark or history. */
import { tokenFromFragment } from '@bedside/core';

export function takeTokenFromAddressBar(): string | null {
  const token = tokenFromFragment(location.hash);
  if (token !== null) {
    history.replaceState(null, '', location.pathname + location.search);
  }
  return token;
}
