// Refuses a build whose parts have grown beyond what a slow phone connection should load.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** Gzipped kB. The lobby has to stand before the call's code is there. */
const BUDGET_KB = { index: 85, 'call-page': 8, 'room-link': 150, css: 10 };

const folder = new URL('../dist/assets/', import.meta.url);
let failed = false;
for (const file of readdirSync(folder)) {
  const part = file.endsWith('.css') ? 'css' : file.replace(/-[\w-]{8}\.js$/, '');
  const size = gzipSync(readFileSync(new URL(file, folder))).length / 1000;
  const limit = BUDGET_KB[part];
  const verdict = limit === undefined ? 'has no budget' : size > limit ? `over ${limit} kB` : 'ok';
  failed ||= verdict !== 'ok';
  process.stdout.write(`${file}: ${size.toFixed(1)} kB, ${verdict}\n`);
}
process.exit(failed ? 1 : 0);
