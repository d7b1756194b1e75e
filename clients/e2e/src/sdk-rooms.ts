// What the tests with stock livekit-client share: a server, a browser, the bare page, and rooms of their own.
import { afterAll, beforeAll } from 'vitest';
import type { Browser } from 'playwright-core';
import { Bedside, type BedsideWish } from './bedside.ts';
import { type ChromiumWish, launchChromium, openChromiumTab } from './chromium.ts';
import type { TokenWish } from './join-token.ts';
import { type PageServer, servePages } from './page-server.ts';
import { SdkClient } from './sdk-client.ts';
import { stage } from './stage.ts';

export interface SdkRooms {
  readonly bedside: Bedside;
  readonly pages: PageServer;
  /** Every token that `enter` used. */
  readonly tokens: readonly string[];
  newRoom(): string;
  /** Opens the bare page without joining. */
  open(who: string): Promise<SdkClient>;
  /** Opens the bare page and joins; rejects when that is refused. */
  enter(wish: TokenWish, signalUrl?: string): Promise<SdkClient>;
  /** Two participants of a new room, each knowing the other; `grants` go to the first. */
  pair(grants?: Record<string, unknown>): Promise<[SdkClient, SdkClient]>;
}

/** For use at the top of a test file: everything is started before its tests and ended after them. */
export function sdkRooms(
  start: { readonly bedside?: BedsideWish; readonly chromium?: ChromiumWish } = {},
): () => SdkRooms {
  let bedside: Bedside;
  let browser: Browser;
  let pages: PageServer;
  let rooms = 0;
  const tokens: string[] = [];

  beforeAll(async () => {
    bedside = await Bedside.start(start.bedside);
    pages = await servePages();
    browser = await launchChromium(start.chromium);
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await bedside?.stop();
  });
  const on = stage(
    (who) => openChromiumTab(browser, who),
    () => bedside,
  );

  const newRoom = (): string => {
    rooms += 1;
    return `room-${rooms}`;
  };
  const open = async (who: string): Promise<SdkClient> =>
    SdkClient.open(await on.tab(who), pages.url);
  const enter = async (wish: TokenWish, signalUrl = bedside.signalUrl): Promise<SdkClient> => {
    const client = await open(wish.identity);
    const token = bedside.token(wish);
    tokens.push(token);
    await client.joined(signalUrl, token);
    return client;
  };
  const pair = async (grants: Record<string, unknown> = {}): Promise<[SdkClient, SdkClient]> => {
    const room = newRoom();
    const first = await enter({
      room,
      identity: 'first',
      grants: { roomJoin: true, room, ...grants },
    });
    const second = await enter({ room, identity: 'second' });
    await first.untilEvent('participantConnected', (event) => event.who === 'second');
    return [first, second];
  };
  return () => ({ bedside, pages, tokens, newRoom, open, enter, pair });
}

/** Lets a marker travel the same way: what was to come before it has come, or never will. */
export async function afterMarker(from: SdkClient, to: SdkClient): Promise<void> {
  const marker = `marker ${Math.random()}`;
  await from.sendData(marker, { reliable: true });
  await to.untilEvent('dataReceived', (event) => event.detail.endsWith(marker));
}
