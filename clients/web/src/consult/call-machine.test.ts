import type { CallInput, RosterSnapshot } from '@bedside/core';
import type { Report } from '@bedside/media-web';
import { beforeEach, expect, it, vi } from 'vitest';
import { CallMachine } from './call-machine.ts';
import { rememberedCall, rememberedToken } from './session-memory.ts';

const links: FakeLink[] = [];

class FakeLink {
  readonly report: Report;
  closed = false;

  constructor(_server: string, report: Report) {
    this.report = report;
    links.push(this);
  }

  connected = false;

  async connect(): Promise<void> {
    this.connected = true;
  }

  close(): void {
    this.closed = true;
  }
}

vi.mock('@bedside/media-web/room-link', () => ({ RoomLink: FakeLink }));

const claims = btoa('{"sub":"me","video":{"room":"demo"}}').replace(/=+$/, '');
const TOKEN = `e30.${claims}.x`;
const JOIN: CallInput = { kind: 'join-pressed', choice: { microphone: true, camera: false } };
const ROSTER: RosterSnapshot = {
  recorded: false,
  recording: null,
  self: {
    identity: 'me',
    name: 'me',
    microphoneOn: false,
    cameraOn: false,
    screenOn: false,
    cameraTrack: null,
    screenTrack: null,
  },
  others: [],
};

beforeEach(() => {
  links.length = 0;
  const stored = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  });
});

async function joined(machine: CallMachine): Promise<FakeLink> {
  machine.dispatch({ kind: 'token-offered', text: TOKEN });
  machine.dispatch(JOIN);
  await vi.waitFor(() => expect(machine.link).not.toBeNull());
  const link = links.at(-1);
  if (link === undefined) {
    throw new Error('no link was made');
  }
  return link;
}

it('comes into the call and remembers it for a reload', async () => {
  const machine = new CallMachine('http://clinic.example');
  const link = await joined(machine);
  link.report({ kind: 'connected', roster: ROSTER });
  expect(machine.snapshot().phase).toBe('in-call');
  expect(rememberedToken()).toBe(TOKEN);
  expect(rememberedCall()).toEqual({ microphone: true, camera: false });
});

it('closes the link of a failed join', async () => {
  const machine = new CallMachine('http://clinic.example');
  const link = await joined(machine);
  link.report({ kind: 'join-failed', failure: { kind: 'unreachable' } });
  expect(machine.snapshot()).toMatchObject({ phase: 'problem', problem: 'server-unreachable' });
  expect(link.closed).toBe(true);
  expect(machine.link).toBeNull();
});

it('hears nothing more of a connection that was given up', async () => {
  const machine = new CallMachine('http://clinic.example');
  const first = await joined(machine);
  machine.dispatch({ kind: 'leave-pressed' });
  expect(first.closed).toBe(true);
  first.report({ kind: 'connected', roster: ROSTER });
  expect(machine.snapshot().phase).toBe('lobby');
});

it('makes no link when joining is cancelled before the code has come', async () => {
  const machine = new CallMachine('http://clinic.example');
  machine.dispatch({ kind: 'token-offered', text: TOKEN });
  machine.dispatch(JOIN);
  machine.dispatch({ kind: 'leave-pressed' });
  await vi.waitFor(() => expect(links).toHaveLength(1));
  await Promise.resolve();
  expect(machine.link).toBeNull();
});

it('joins no more when somebody leaves while a fresh token is asked for', async () => {
  const waiting: ((token: string) => void)[] = [];
  const freshToken = (): Promise<string> => new Promise((resolve) => waiting.push(resolve));
  const machine = new CallMachine('http://clinic.example', { remembers: false, freshToken });
  const first = await joined(machine);
  first.report({ kind: 'connected', roster: ROSTER });
  first.report({ kind: 'disconnected', cause: 'connection-lost' });
  machine.dispatch({ kind: 'retry-due' });
  await vi.waitFor(() => expect(links).toHaveLength(2));
  machine.dispatch({ kind: 'leave-pressed' });
  expect(waiting).toHaveLength(1);
  waiting[0]?.(TOKEN);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(links[1]?.connected).toBe(false);
});

it('forgets a call that was left, so that a reload stays outside', async () => {
  const machine = new CallMachine('http://clinic.example');
  const link = await joined(machine);
  link.report({ kind: 'connected', roster: ROSTER });
  machine.dispatch({ kind: 'leave-pressed' });
  expect(machine.snapshot().phase).toBe('left');
  expect(rememberedCall()).toBeNull();
});
