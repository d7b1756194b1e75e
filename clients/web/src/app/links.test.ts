/// <reference types="vite/client" />
import { expect, it } from 'vitest';

const sources: Readonly<Record<string, string>> = import.meta.glob<string>(
  [
    './router.tsx',
    '../main.tsx',
    '../../../../scheduling-api/src/links.rs',
    '../../../../server/src/page.rs',
  ],
  { query: '?raw', import: 'default', eager: true },
);
const source = (name: string): string =>
  Object.entries(sources).find(([path]) => path.endsWith(name))?.[1] ?? '';
const links = source('/links.rs');
const router = source('/router.tsx');
const main = source('/main.tsx');

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
  expect(none).toEqual([]);
});

it('the server answers with the page for the first part of each screen', () => {
  const page = source('/page.rs');
  const served = /const SCREENS: &\[&str\] = &\[([^\]]*)\]/.exec(page)?.[1] ?? '';
  const parts = [...router.matchAll(/^ {2}'\/([\w-]*)[^']*': /gm)].map(([, part = '']) => part);
  expect(parts.length).toBeGreaterThan(30);
  expect(parts.filter((part) => !served.includes(`"${part}"`))).toEqual([]);
});
