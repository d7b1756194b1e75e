import openapiTS, { astToString } from 'openapi-typescript';
import { expect, it } from 'vitest';
// oxlint-disable-next-line import/default -- the text of the file, not what it exports
import schema from './schema.ts?raw';

it('has the types that the server’s OpenAPI document gives; if not, run `npm run api -w @bedside/core`', async () => {
  const document = new URL('../../../../scheduling-api/openapi.json', import.meta.url);
  const made = astToString(await openapiTS(document));
  expect(schema.replace(/^\/\*\*[\s\S]*?\*\/\n+/, '').trim()).toBe(made.trim());
}, 60_000);
