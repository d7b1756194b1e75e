// The server that the agents meet on: ours, started here, or one that runs elsewhere (to tell a fault of the server from
// one of the suite).
import { Bedside } from '../../e2e/src/bedside.ts';
import { mint } from '../../e2e/src/join-token.ts';

export interface Server {
  readonly signalUrl: string;
  readonly httpUrl: string;
  readonly key: string;
  readonly secret: string;
  /** What it logged, if that can be known. */
  log(): string;
  close(): Promise<void>;
}

/** One that can be started again. */
export interface OwnServer extends Server {
  restart(): Promise<void>;
}

export function token(
  server: Server,
  room: string,
  identity: string,
  grants: Readonly<Record<string, unknown>> = {},
): string {
  const { key, secret } = server;
  return mint({ room, identity, key, secret, grants: { roomJoin: true, room, ...grants } });
}

export async function startOwn(mediaAddress: string, more: readonly string[]): Promise<OwnServer> {
  const bedside = await Bedside.start({ mediaAddress, arguments: more });
  return {
    signalUrl: bedside.signalUrl,
    httpUrl: bedside.url,
    key: bedside.key,
    secret: bedside.secret,
    log: () => bedside.log,
    close: () => bedside.stop(),
    restart: async () => {
      await bedside.stop('abruptly');
      await bedside.start();
    },
  };
}

/** `url key secret`, as the environment variable `BEDSIDE_COMPAT_SERVER` gives it. */
export function foreign(description: string): Server {
  const [signalUrl = '', key = '', secret = ''] = description.split(' ');
  return {
    signalUrl,
    httpUrl: signalUrl.replace(/^ws/, 'http'),
    key,
    secret,
    log: () => '',
    close: async () => undefined,
  };
}
