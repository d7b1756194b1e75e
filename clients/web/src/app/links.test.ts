/// <reference types="vite/client" />
import { expect, it } from 'vitest';
import links from '../../../../scheduling-api/src/links.rs?raw';
import router from './router.tsx?raw';
import main from '../main.tsx?raw';

/** Addresses that the server sends people to and that no screen answers yet (docs/WEB-APP.md). */
const MISSING: ReadonlySet<string> = new Set(['/sign-in/provider', '/consent']);

/** `/appointments/{id}` as the table of screens writes it. */
function addresses(): string[] {
  return [...links.matchAll(/"\{\}(\/[^"#]*)/g)].map(([, path = '']) =>
    path.replace(/\{\w+\}/g, '$id'),
  );
}

it('every address that letters, calendars and providers lead to is a screen', () => {
  const found = addresses();
  expect(found.length).toBeGreaterThan(7);
  const none = found.filter(
    (path) => !router.includes(`'${path}':`) && !main.includes(`'${path}'`),
  );
  expect(new Set(none)).toEqual(MISSING);
});

it('the server answers with the page for the first part of each screen', async () => {
  const page = (await import('../../../../server/src/page.rs?raw')).default;
  const served = /const SCREENS: &\[&str\] = &\[([^\]]*)\]/.exec(page)?.[1] ?? '';
  const parts = [...router.matchAll(/^ {2}'\/([\w-]*)[^']*': /gm)].map(([, part = '']) => part);
  expect(parts.length).toBeGreaterThan(30);
  expect(parts.filter((part) => !served.includes(`"${part}"`))).toEqual([]);
});
