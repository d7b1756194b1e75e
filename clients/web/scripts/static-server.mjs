// Serves dist/ as the binary does, with its content security policy, and answers joins as told.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** `answer`: status and text that `/rtc` and its validate endpoint give. */
export async function serveDist(answer = { status: 404, text: '' }) {
  const serve = async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    response.setHeader('Content-Security-Policy', "default-src 'self'; style-src 'self'");
    if (path.startsWith('/rtc')) {
      response.writeHead(answer.status, { 'Access-Control-Allow-Origin': '*' }).end(answer.text);
      return;
    }
    const file = normalize(path === '/' ? '/index.html' : path);
    try {
      const body = await readFile(join(DIST, file));
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'text/plain' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  };
  const server = createServer((request, response) => void serve(request, response));
  server.on('upgrade', (_request, socket) => {
    socket.end(`HTTP/1.1 ${answer.status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  return { server, origin: `http://localhost:${server.address().port}` };
}
