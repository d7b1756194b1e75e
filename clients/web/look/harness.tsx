/**
 * The call page without a server, for looking at it: `look/?scene=pair`. Not part of the build.
 * Pictures come from a canvas; everything else is the page itself.
 */
import type { CallInput, CallState, PersonSnapshot, RosterSnapshot } from '@bedside/core';
import { initialState, reduce } from '@bedside/core';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Announcements } from '../src/announcements.ts';
import { CallPage } from '../src/call/call-page.tsx';
import type { MediaLink } from '../src/call/media-link.ts';
import { StatusRegion } from '../src/parts/status-region.tsx';
import '../src/styles/tokens.css';
import '../src/styles/base.css';
import '../src/styles/lobby.css';
import '../src/styles/call.css';
import '../src/styles/chat.css';

const announcements = new Announcements();

class CanvasLink implements MediaLink {
  async connect(): Promise<void> {}
  async switchDevice(): Promise<void> {}
  async sendMessage(): Promise<void> {}
  async startSound(): Promise<void> {}
  async chooseDevice(): Promise<void> {}
  close(): void {}
  chosenDevice(): string {
    return '';
  }

  attach(identity: string, kind: 'person' | 'screen', element: HTMLVideoElement): () => void {
    const canvas = document.createElement('canvas');
    const upright = identity.startsWith('phone');
    [canvas.width, canvas.height] = upright ? [720, 1280] : [1280, 720];
    const stream = canvas.captureStream(10);
    const timer = setInterval(() => paint(canvas, identity, kind), 100);
    paint(canvas, identity, kind);
    element.srcObject = stream;
    return () => clearInterval(timer);
  }
}

function paint(canvas: HTMLCanvasElement, identity: string, kind: 'person' | 'screen'): void {
  const pen = canvas.getContext('2d');
  if (pen === null) {
    return;
  }
  const { width, height } = canvas;
  if (kind === 'screen') {
    pen.fillStyle = '#ffffff';
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = '#2b3d40';
    for (let line = 0; line < 14; line += 1) {
      pen.fillRect(80, 70 + line * 42, 500 + ((line * 197) % 560), 16);
    }
    return;
  }
  const hue = identity.length * 47;
  pen.fillStyle = `hsl(${hue % 360} 22% 42%)`;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = `hsl(${hue % 360} 24% 68%)`;
  pen.beginPath();
  pen.arc(width / 2, height * 0.42, height * 0.17, 0, 7);
  pen.ellipse(width / 2, height, height * 0.36, height * 0.36, 0, 0, 7);
  pen.fill();
}

function person(identity: string, changes: Partial<PersonSnapshot> = {}): PersonSnapshot {
  return {
    identity,
    name: identity,
    microphoneOn: true,
    cameraOn: true,
    screenOn: false,
    cameraTrack: `${identity}-camera`,
    screenTrack: null,
    ...changes,
  };
}

function roster(...others: PersonSnapshot[]): RosterSnapshot {
  return { self: person('me', { name: 'Anna Meyer' }), others };
}

const DOCTOR = person('Dr Julia Weiss');
const MUTED = person('Sam Okafor', { microphoneOn: false, cameraOn: false, cameraTrack: null });
const SHARING = person('Dr Julia Weiss', { screenOn: true, screenTrack: 'screen' });
const PHONE = person('phone-7', { name: 'Interpreter with a very long name indeed' });

const talk: CallInput[] = [
  {
    kind: 'message-received',
    id: '1',
    identity: 'Dr Julia Weiss',
    text: 'Good morning! Can you hear me well?',
  },
  { kind: 'message-submitted', id: '2', text: 'Yes, very well, thank you.' },
  { kind: 'message-settled', id: '2', delivered: true },
  {
    kind: 'message-received',
    id: '3',
    identity: 'Dr Julia Weiss',
    text: 'Your results: https://clinic.example/results/with-a-rather-long-address',
  },
  { kind: 'message-submitted', id: '4', text: 'Thank you' },
  { kind: 'message-settled', id: '4', delivered: false },
];

const SCENES: Readonly<Record<string, readonly [RosterSnapshot, readonly CallInput[]]>> = {
  alone: [roster(), []],
  pair: [roster(DOCTOR), [{ kind: 'speakers-changed', identities: ['Dr Julia Weiss'] }]],
  phone: [roster(PHONE), []],
  off: [
    roster(MUTED),
    [{ kind: 'message-received', id: '1', identity: 'Sam Okafor', text: 'Hello' }],
  ],
  three: [roster(DOCTOR, MUTED), [{ kind: 'speakers-changed', identities: ['me'] }]],
  four: [roster(DOCTOR, MUTED, PHONE), []],
  six: [roster(DOCTOR, MUTED, PHONE, person('Ben'), person('Eva')), []],
  screen: [roster(SHARING, MUTED), []],
  chat: [roster(DOCTOR), [{ kind: 'chat-toggled' }, ...talk]],
  'chat-empty': [roster(), [{ kind: 'chat-toggled' }]],
  blocked: [roster(DOCTOR), [{ kind: 'sound-changed', playing: false }]],
  trouble: [
    roster(DOCTOR),
    [{ kind: 'device-failed', device: 'camera', cause: 'permission-denied' }],
  ],
  reconnecting: [roster(DOCTOR), [{ kind: 'reconnecting' }]],
};

function sceneState(name: string): CallState {
  const [people, inputs] = SCENES[name] ?? [roster(), []];
  const claims = btoa('{"sub":"me","name":"Anna Meyer","video":{"room":"demo"}}').replace(
    /=+$/,
    '',
  );
  const choice = { microphone: true, camera: true };
  const all: CallInput[] = [
    { kind: 'token-offered', text: `e30.${claims}.x` },
    { kind: 'join-pressed', choice },
    { kind: 'connected', roster: people },
    ...inputs,
  ];
  return all.reduce((state, input) => next(state, input), initialState);
}

function next(state: CallState, input: CallInput): CallState {
  const step = reduce(state, input, Date.now());
  for (const effect of step.effects) {
    if (effect.kind === 'announce') {
      announcements.show(effect.announcement);
    }
  }
  return step.state;
}

const firstState = sceneState(new URLSearchParams(location.search).get('scene') ?? 'alone');
const link = new CanvasLink();

function Scene() {
  const [state, setState] = useState(firstState);
  if (state.phase !== 'in-call') {
    return null;
  }
  return (
    <>
      <StatusRegion
        announcements={announcements}
        note={state.connection === 'reconnecting' ? 'Connection interrupted. Reconnecting…' : null}
      />
      <CallPage state={state} link={link} dispatch={(input) => setState(next(state, input))} />
    </>
  );
}

const root = document.querySelector('#app');
if (root !== null) {
  createRoot(root).render(<Scene />);
}
