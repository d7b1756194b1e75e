// Refuses a build whose parts have grown beyond what a slow phone connection should load. Counted is what is sent: the
// compressed files, and all that a screen's first sight needs together, not one chunk alone.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const manifest = JSON.parse(readFileSync(`${DIST}.vite/manifest.json`, 'utf8'));

const CALL = ['src/consult/call-page.tsx', '../media-web/src/room-link.ts'];

/** The longest words: with them everything is still within its budget. */
const ARABIC = (...parts) => parts.map((part) => `../core/src/text/ar/${part}.ts`);

/** kB as gzip, which everything on the way understands. `of`: source files whose chunks, with all they import, are sent. */
const BUDGETS = [
  {
    what: 'any first screen of the app',
    of: ['index.html', 'src/app/app.tsx', ...ARABIC('first')],
    kb: 110,
  },
  {
    what: 'the check before a call, by a token',
    of: ['index.html', 'src/consult/token-call.tsx', ...ARABIC('first', 'visit')],
    kb: 105,
  },
  {
    what: 'check and waiting room, by a link',
    of: ['index.html', 'src/visit/guest.tsx', ...ARABIC('first', 'visit')],
    kb: 115,
  },
  {
    what: 'the call on top of them',
    of: CALL,
    without: ['index.html', 'src/visit/guest.tsx'],
    kb: 150,
  },
  {
    what: 'finding and booking',
    of: [
      'index.html',
      'src/app/app.tsx',
      'src/screens/booking/index.ts',
      ...ARABIC('first', 'booking'),
    ],
    kb: 120,
  },
];

/** A chunk's files with those of everything it imports at once. */
function filesOf(source, found = new Set()) {
  const chunk = manifest[source];
  if (chunk === undefined) {
    throw new Error(`${source} is no entry or chunk of this build: renew the budgets`);
  }
  for (const file of [chunk.file, ...(chunk.css ?? [])]) {
    found.add(file);
  }
  for (const imported of chunk.imports ?? []) {
    filesOf(imported, found);
  }
  return found;
}

function sentKb(file, extension) {
  const compressed = `${DIST}${file}.${extension}`;
  return statSync(existsSync(compressed) ? compressed : `${DIST}${file}`).size / 1000;
}

let failed = false;
for (const [name, kb] of [['v1.js', 8]]) {
  const size = sentKb(`embed/${name}`, 'gz');
  failed ||= size > kb;
  process.stdout.write(`embed/${name}: ${size.toFixed(1)} kB gzip of ${kb} kB\n`);
}
for (const { what, of, without = [], kb } of BUDGETS) {
  const there = new Set(without.flatMap((source) => [...filesOf(source)]));
  const files = new Set(of.flatMap((source) => [...filesOf(source)]));
  const wanted = [...files].filter((file) => !there.has(file));
  const sum = (extension) => wanted.reduce((total, file) => total + sentKb(file, extension), 0);
  const [brotli, gzip] = [sum('br'), sum('gz')];
  const isOver = gzip > kb;
  failed ||= isOver;
  process.stdout.write(
    `${what}: ${brotli.toFixed(1)} kB brotli, ${gzip.toFixed(1)} kB gzip, ` +
      `${isOver ? 'over' : 'within'} ${kb} kB\n`,
  );
}
process.exit(failed ? 1 : 0);
