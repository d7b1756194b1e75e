/**
 * Where one is, and going elsewhere: the browser's own history behind a link and four hooks. A screen stays until the code
 * of the next one is there.
 */
import {
  type AnchorHTMLAttributes,
  createContext,
  type MouseEvent,
  type ReactNode,
  startTransition,
  use,
  useEffect,
  useMemo,
  useState,
} from 'react';
import type { Path } from './router.tsx';

export type { Path };

export interface Target {
  readonly to: Path;
  /** What stands for `$id` in the path. */
  readonly params?: { readonly id: string };
  /** What follows the question mark; a text that is left out or empty does not. */
  readonly search?: Readonly<Record<string, string | undefined>>;
}

const Here = createContext('/');

/** Tells everything in it where one is. */
export function Navigation({ children }: { readonly children: ReactNode }) {
  const [href, setHref] = useState(shownAddress);
  useEffect(() => {
    const renew = (): void => startTransition(() => setHref(shownAddress()));
    addEventListener('popstate', renew);
    return () => removeEventListener('popstate', renew);
  }, []);
  return <Here value={href}>{children}</Here>;
}

export function addressOf({ to, params, search = {} }: Target): string {
  const wishes = Object.entries(search).filter(
    (wish): wish is [string, string] => wish[1] !== undefined && wish[1] !== '',
  );
  const path = to.replace('$id', () => encodeURIComponent(params?.id ?? ''));
  return wishes.length === 0 ? path : `${path}?${new URLSearchParams(wishes).toString()}`;
}

/** To an address of this page that is known as a text; `replaces` leaves no way back to where one is. */
export function goTo(href: string, replaces = false): void {
  if (replaces || href === shownAddress()) {
    history.replaceState(null, '', href);
  } else {
    history.pushState(null, '', href);
  }
  dispatchEvent(new PopStateEvent('popstate'));
}

export function navigate(target: Target, { replaces = false } = {}): void {
  goTo(addressOf(target), replaces);
}

/** Path and search of what is shown. */
export function useHref(): string {
  return use(Here);
}

export function usePath(): string {
  return useHref().split('?')[0] ?? '/';
}

/** These fields of the address, where they are there. */
export function useSearch<K extends string>(...names: readonly K[]): Partial<Record<K, string>> {
  const query = useHref().split('?')[1] ?? '';
  const wanted = names.join(' ');
  return useMemo(() => {
    const search = new URLSearchParams(query);
    const found: Record<string, string> = {};
    for (const name of wanted.split(' ')) {
      const value = search.get(name) ?? '';
      if (value !== '') {
        found[name] = value;
      }
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the wanted names are filled
    return found as Partial<Record<K, string>>;
  }, [query, wanted]);
}

/** What stands for `$id`. */
export function useShownId(): string {
  return idIn(usePath());
}

function idIn(path: string): string {
  try {
    return decodeURIComponent(path.split('/')[2] ?? '');
  } catch {
    return '';
  }
}

/** A link within the page. The browser does what it is asked to do otherwise: a new tab, a copy of the address. */
export function Link({
  to,
  params,
  search,
  onClick,
  children,
  ...rest
}: Target & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'>) {
  const href = addressOf({
    to,
    ...(params === undefined ? {} : { params }),
    ...(search === undefined ? {} : { search }),
  });
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const isPlain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (isPlain && event.button === 0 && !event.defaultPrevented) {
      event.preventDefault();
      goTo(href);
    }
  };
  return (
    <a {...rest} href={href} onClick={follow}>
      {children}
    </a>
  );
}

function shownAddress(): string {
  return location.pathname + location.search;
}
