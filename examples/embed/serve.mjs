// A clinic's own site, on an origin of its own, with a consultation in it. Node 20, no packages.
//
//   bedside all --dev --embed-origins http://localhost:8080
//   node examples/embed/serve.mjs             then open http://localhost:8080 twice: as doctor and as patient
//
// The page asks this server for a secret, and this server mints it: who may come in is decided here, not in a browser.
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const BEDSIDE = process.env.BEDSIDE_URL ?? 'http://localhost:7880';
const KEY = process.env.BEDSIDE_API_KEY ?? 'devkey';
const SECRET = process.env.BEDSIDE_API_SECRET ?? 'secret';
const PORT = Number(process.env.PORT ?? 8080);

const page = readFileSync(new URL('./page.html', import.meta.url), 'utf8').replaceAll(
  '{{BEDSIDE}}',
  BEDSIDE,
);

/** A join token: HS256 over who, where and until when. Your server knows who is signed in; here the page says it. */
function joinToken(who) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: KEY,
    sub: who === 'doctor' ? 'doctor' : `patient-${randomUUID()}`,
    name: who === 'doctor' ? 'Dr. Amara Osei' : 'Patient',
    nbf: now - 10,
    exp: now + 600,
    video: { roomJoin: true, room: 'embedded-example' },
  };
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://localhost:${PORT}`);
  if (request.method === 'POST' && pathname === '/secret') {
    response.setHeader('Cache-Control', 'no-store');
    response.end(joinToken(searchParams.get('who')));
  } else if (pathname === '/') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(page);
  } else {
    response.writeHead(404).end();
  }
}).listen(PORT, 'localhost', () => {
  process.stdout.write(`http://localhost:${PORT}\n`);
});
