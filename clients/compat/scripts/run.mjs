// Runs the suite in a network namespace (clients/e2e/scripts/namespace.mjs), since Firefox takes part:
// `node scripts/run.mjs [--record] [word ...]`.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inNamespace, NAMESPACE_ENVIRONMENT } from '../../e2e/scripts/namespace.mjs';

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const parameters = ['--import', loader, join(here, 'src', 'main.ts'), ...process.argv.slice(2)];
const result = spawnSync(...inNamespace(process.execPath, parameters), {
  cwd: here,
  stdio: 'inherit',
  env: { ...process.env, ...NAMESPACE_ENVIRONMENT },
});
if (result.error !== undefined) console.error(`cannot run unshare: ${result.error.message}`);
process.exitCode = result.status === 0 ? 0 : 1;
