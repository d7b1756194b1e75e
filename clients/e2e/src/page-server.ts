// Serves the test-only pages on http://localhost, a secure context: a bare page that carries stock livekit-client, and
// whatever else a test hands in.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { listeningPort } from './listening-port.ts';

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

const SDK_PAGE = `<!doctype html><html lang="en"><title>stock livekit-client</title>
<body><div id="remote"></div><script src="/livekit-client.js"></script></body></html>`;

/** @param pages path -> HTML, besides "/" which carries livekit-client. */
export async function servePages(
  pages: Readonly<Record<string, string>> = {},
  host = 'localhost',
): Promise<PageServer> {
  const entry = createRequire(import.meta.url).resolve('livekit-client');
  const bundle = readFileSync(join(dirname(entry), 'livekit-client.umd.js'));
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/livekit-client.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(bundle);
      return;
    }
    const html = path === '/' ? SDK_PAGE : pages[path];
    if (html === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  return {
    url: `http://${host}:${listeningPort(server)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
