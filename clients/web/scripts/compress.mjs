// Writes every file of dist/ that a browser fetches as brotli and gzip beside itself; the server sends what fits.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TEXT = /\.(?:html|js|css|svg|json|webmanifest|txt)$/;
/** Below this a packet carries it anyway. */
const BYTES_MIN = 500;

for (const name of readdirSync(DIST, { recursive: true, encoding: 'utf8' })) {
  const path = join(DIST, name);
  if (!TEXT.test(name) || !statSync(path).isFile()) {
    continue;
  }
  const body = readFileSync(path);
  if (body.length < BYTES_MIN) {
    continue;
  }
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  writeFileSync(`${path}.br`, brotliCompressSync(body, { params: quality }));
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
}
