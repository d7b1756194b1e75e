// What an embedder's backend does: RoomService and webhooks, by livekit-server-sdk.
import { createServer, type Server as HttpServer } from 'node:http';
import {
  AccessToken,
  DataPacket_Kind,
  RoomServiceClient,
  TrackType,
  type WebhookEvent,
  WebhookReceiver,
} from 'livekit-server-sdk';
import { listeningPort } from '../../../e2e/src/listening-port.ts';
import { until } from '../../../e2e/src/until.ts';
import { type Agent, untilHappened } from '../agent.ts';
import { SDK_NAMES, type SdkName } from '../sdks.ts';
import { type Cell, join, type Scenario, type Stage, TOLD_WITHIN_MS } from '../scenario.ts';
import type { Server } from '../server.ts';

/** Retries of deliveries included. */
const HEARD_WITHIN_MS = 20_000;

/** A room with one participant, on Go, who publishes sound. */
interface Office {
  readonly rooms: RoomServiceClient;
  readonly room: string;
  readonly agent: Agent;
}

export function administration(): Scenario[] {
  return [
    office('rooms: create, list, delete', createListDelete),
    office('participants: list, get, remove', listGetRemove),
    office('mute a published track', muteTrack),
    office('update a participant', updateParticipant),
    office('update the metadata of a room', updateRoom),
    office('send data', sendData),
    office('a wrong secret is refused', wrongSecret),
    webhooks(),
    ...SDK_NAMES.map(calledByServer),
  ];
}

function clientFor(server: Server, secret = server.secret): RoomServiceClient {
  return new RoomServiceClient(server.httpUrl, server.key, secret);
}

function office(what: string, trial: (office: Office, stage: Stage) => Promise<void>): Scenario {
  const cell: Cell = { what, sdk: 'server-sdk' };
  return {
    cells: [cell],
    cast: ['go'],
    run: (stage, [agent], decide) =>
      decide(cell, async () => {
        if (agent === undefined) throw new Error('one takes part');
        const room = stage.newRoom();
        await join(agent, stage.server, room, 'subject');
        await agent.perform({ call: 'publish', kind: 'audio' });
        await trial({ rooms: clientFor(stage.server), room, agent }, stage);
      }),
  };
}

async function createListDelete({ rooms, agent, room }: Office): Promise<void> {
  const name = `${room}-created`;
  const created = await rooms.createRoom({ name, emptyTimeout: 60, metadata: 'a room' });
  expectEqual('sid', created.sid.slice(0, 3), 'RM_');
  const again = await rooms.createRoom({ name });
  expectEqual('sid of a second creation', again.sid, created.sid);
  const [listed] = await rooms.listRooms([name]);
  expectEqual('metadata', listed?.metadata, 'a room');
  await rooms.deleteRoom(name);
  expectEqual('rooms left', (await rooms.listRooms([name])).length, 0);
  await rooms.deleteRoom(room);
  await untilHappened(agent, TOLD_WITHIN_MS, 'disconnected');
}

async function listGetRemove({ rooms, room, agent }: Office): Promise<void> {
  const present = await rooms.listParticipants(room);
  expectEqual('identities', present.map(({ identity }) => identity).join(), 'subject');
  const one = await rooms.getParticipant(room, 'subject');
  expectEqual('sid', one.sid, present[0]?.sid);
  await rooms.removeParticipant(room, 'subject');
  await untilHappened(agent, TOLD_WITHIN_MS, 'disconnected', '', 'REMOVED_BY_SERVER');
}

async function muteTrack({ rooms, room, agent }: Office): Promise<void> {
  // A track is listed once its offer has come, of which Go's SDK does not wait for the answer.
  const track = await until({ what: 'the sound', within: TOLD_WITHIN_MS, every: 200 }, async () => {
    const { tracks } = await rooms.getParticipant(room, 'subject');
    return tracks.find(({ type }) => type === TrackType.AUDIO);
  });
  const muted = await rooms.mutePublishedTrack(room, 'subject', track.sid, true);
  expectEqual('muted', muted.muted, true);
  await untilHappened(agent, TOLD_WITHIN_MS, 'muted', 'subject', 'audio');
}

async function updateParticipant({ rooms, room }: Office): Promise<void> {
  await rooms.updateParticipant(room, 'subject', {
    metadata: 'news',
    name: 'A New Name',
    permission: { canPublish: false, canSubscribe: true, canPublishData: true },
  });
  await until({ what: 'the update', within: TOLD_WITHIN_MS, every: 200 }, async () => {
    const { metadata, name, permission, tracks } = await rooms.getParticipant(room, 'subject');
    const isNew = metadata === 'news' && name === 'A New Name' && permission?.canPublish === false;
    // Whoever may publish no more publishes no more.
    return isNew && tracks.length === 0;
  });
}

async function updateRoom({ rooms, room }: Office): Promise<void> {
  const updated = await rooms.updateRoomMetadata(room, 'news');
  expectEqual('metadata', updated.metadata, 'news');
  const [listed] = await rooms.listRooms([room]);
  expectEqual('metadata listed', listed?.metadata, 'news');
}

async function sendData({ rooms, room, agent }: Office): Promise<void> {
  const data = new TextEncoder().encode('from the backend');
  await rooms.sendData(room, data, DataPacket_Kind.RELIABLE, { topic: 'notice' });
  await untilHappened(agent, TOLD_WITHIN_MS, 'data', '', 'notice from the backend');
}

async function wrongSecret({ room }: Office, stage: Stage): Promise<void> {
  const stranger = clientFor(stage.server, 'the secret of somebody else, which is long enough');
  const status = await stranger.listParticipants(room).then(
    () => 'served',
    (error: unknown) =>
      typeof error === 'object' && error !== null && 'status' in error ? error.status : error,
  );
  expectEqual('status', status, 401);
}

/** `PerformRpc` has no method in livekit-server-sdk yet: its token opens the path. */
function calledByServer(sdk: SdkName): Scenario {
  const cell: Cell = { what: 'called by the server', sdk };
  return {
    cells: [cell],
    cast: [sdk],
    run: (stage, [agent], decide) =>
      decide(cell, async () => {
        if (agent === undefined) throw new Error('one takes part');
        const room = stage.newRoom();
        await join(agent, stage.server, room, 'subject');
        const call = { room, destinationIdentity: 'subject', method: 'echo', payload: 'hello' };
        expectEqual('answer', await performRpc(stage.server, call), 'bedside-server: hello');
        const unknown = await performRpc(stage.server, { ...call, method: 'nothing' });
        if (!unknown.startsWith('failed_precondition 1400:')) throw new Error(unknown);
      }),
  };
}

async function performRpc(
  server: Server,
  call: Readonly<Record<string, string>> & { readonly room: string },
): Promise<string> {
  const grant = new AccessToken(server.key, server.secret, { ttl: '1m' });
  grant.addGrant({ roomAdmin: true, room: call.room });
  const response = await fetch(`${server.httpUrl}/twirp/livekit.RoomService/PerformRpc`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await grant.toJwt()}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify(call),
  });
  const answer: unknown = await response.json();
  if (typeof answer !== 'object' || answer === null) throw new Error('no answer');
  if ('payload' in answer) return String(answer.payload);
  return 'code' in answer && 'msg' in answer ? `${String(answer.code)} ${String(answer.msg)}` : '';
}

function webhooks(): Scenario {
  const cell: Cell = { what: 'webhooks, signed and in order', sdk: 'server-sdk' };
  return {
    cells: [cell],
    cast: ['go'],
    needsOwnServer: true,
    run: (stage, [agent], decide) =>
      decide(cell, async () => {
        if (agent === undefined) throw new Error('one takes part');
        const hooks = await Hooks.listen();
        try {
          const own = await stage.ownServer('--webhook-urls', hooks.url);
          hooks.trust(own);
          const room = stage.newRoom();
          await join(agent, own, room, 'subject');
          await agent.perform({ call: 'publish', kind: 'audio' });
          await hooks.untilHeard('track_published');
          await agent.perform({ call: 'leave' });
          await hooks.untilHeard('participant_left');
          const wanted = ['room_started', 'participant_joined', 'track_published'];
          const order = hooks.heard.map(({ event }) => event);
          expectEqual('order', order.slice(0, 3).join(), wanted.join());
          expectEqual('room', hooks.heard[0]?.room?.name, room);
          expectEqual('identity', hooks.heard[1]?.participant?.identity, 'subject');
        } finally {
          await hooks.close();
        }
      }),
  };
}

/** A receiver that takes only what its server signed. */
class Hooks {
  readonly heard: WebhookEvent[] = [];
  #receiver: WebhookReceiver | undefined;

  private constructor(private readonly http: HttpServer) {}

  static async listen(): Promise<Hooks> {
    const http = createServer();
    const hooks = new Hooks(http);
    http.on('request', (request, response) => {
      let body = '';
      request
        .setEncoding('utf8')
        .on('data', (text: string) => (body += text))
        .on('end', () => {
          void hooks.#take(body, request.headers.authorization).then(
            () => response.writeHead(200).end(),
            () => response.writeHead(401).end(),
          );
        });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return hooks;
  }

  get url(): string {
    return `http://127.0.0.1:${listeningPort(this.http)}/`;
  }

  trust({ key, secret }: Server): void {
    this.#receiver = new WebhookReceiver(key, secret);
  }

  async untilHeard(name: string): Promise<void> {
    await until({ what: `webhook ${name}`, within: HEARD_WITHIN_MS, every: 100 }, () =>
      this.heard.some(({ event }) => event === name),
    );
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  async #take(body: string, signature: string | undefined): Promise<void> {
    if (this.#receiver === undefined) throw new Error('whose?');
    this.heard.push(await this.#receiver.receive(body, signature));
  }
}

function expectEqual(what: string, is: unknown, should: unknown): void {
  if (is !== should) throw new Error(`${what}: ${String(is)}, not ${String(should)}`);
}
