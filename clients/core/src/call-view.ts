/** What the call page shows, worked out from the state. Knows no framework. */
import type { InCall, Quality } from './call-state.ts';
import type { Device, TroubleView } from './device-trouble.ts';
import { troubleView } from './device-trouble.ts';
import type { RecordingSnapshot } from './recording.ts';
import type { Person } from './roster.ts';
import type { Text } from './text/say.ts';
import { textOf } from './text/say.ts';

export interface TileView {
  readonly key: string;
  readonly kind: 'person' | 'screen';
  readonly identity: string;
  readonly own: boolean;
  /** The name plate: "Dr Weiss", "You", "Screen of Dr Weiss". */
  readonly label: Text;
  readonly initials: string;
  readonly speaking: boolean;
  readonly handUp: boolean;
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
  /** What to attach; `null` shows the initials. */
  readonly track: string | null;
}

/** `alone`: only oneself. `pair`: one other, oneself inset. `stage`: a shared screen is large. */
export type CallLayout = 'alone' | 'pair' | 'grid' | 'stage';

export interface SwitchView {
  readonly device: Device;
  readonly on: boolean;
  readonly label: Text;
  /** The word under the icon. Part of the label, so that speech control finds the button by it. */
  readonly caption: Text;
  readonly busy: boolean;
}

export interface CallView {
  readonly layout: CallLayout;
  readonly tiles: readonly TileView[];
  readonly switches: readonly SwitchView[];
  readonly roomLabel: Text;
  readonly sinceMs: number;
  readonly unread: number;
  /** What holds until it is over: a lost connection, or that nothing arrives. */
  readonly connectionNote: Text | null;
  readonly quality: Quality;
  readonly recorded: boolean;
  readonly recording: RecordingSnapshot | null;
  readonly handUp: boolean;
  readonly trouble: TroubleView | null;
}

export function callView(state: InCall): CallView {
  const { self, others } = state.roster;
  const people = [...others, self];
  const screens = people
    .filter((person) => person.screenOn)
    .map((person) => screenTile(state, person));
  const tiles = [...screens, ...people.map((person) => personTile(state, person))];
  return {
    layout: layoutOf(screens.length, others.length),
    tiles,
    switches: switchViews(state),
    roomLabel: textOf('call.people', { count: people.length }),
    sinceMs: self.arrivedAtMs,
    unread: state.chat.unread,
    connectionNote: connectionNote(state),
    quality: state.connection === 'reconnecting' ? 'lost' : state.quality,
    recorded: state.roster.recorded,
    recording: state.roster.recording,
    handUp: state.hands.includes(self.identity),
    trouble: state.trouble === null ? null : troubleView(state.trouble.device, state.trouble.cause),
  };
}

export function connectionNote(state: InCall): Text | null {
  const { silence } = state;
  if (silence?.cause === 'own-line') {
    return textOf('call.silent.own');
  }
  if (silence?.cause === 'server') {
    return textOf('call.silent.server');
  }
  if (state.connection === 'reconnecting') {
    return textOf('call.reconnecting');
  }
  return silence === null ? null : textOf('call.silent.other', { name: silence.names });
}

/** At most two letters: first and last word, titles left out. */
export function initialsOf(name: string): string {
  const words = name
    .replace(/\b(dr|prof|mr|mrs|ms|med)\b\.?/gi, ' ')
    .split(/[\s._-]+/)
    .filter((word) => word !== '');
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  const letters = chosen.map((word) => firstLetter(word ?? '')).join('');
  return (letters || firstLetter(name.trim()) || '?').toUpperCase();
}

function firstLetter(word: string): string {
  const point = word.codePointAt(0);
  return point === undefined ? '' : String.fromCodePoint(point);
}

function layoutOf(screens: number, others: number): CallLayout {
  if (screens > 0) {
    return 'stage';
  }
  if (others === 0) {
    return 'alone';
  }
  return others === 1 ? 'pair' : 'grid';
}

function personTile(state: InCall, person: Person): TileView {
  const own = person.identity === state.roster.self.identity;
  return {
    key: `${person.identity}/camera`,
    kind: 'person',
    identity: person.identity,
    own,
    label: own ? textOf('common.you') : textOf('common.name', { name: person.name }),
    initials: initialsOf(person.name),
    handUp: state.hands.includes(person.identity),
    speaking: person.microphoneOn && state.speaking.includes(person.identity),
    microphoneOn: person.microphoneOn,
    cameraOn: person.cameraOn,
    track: person.cameraOn ? person.cameraTrack : null,
  };
}

function screenTile(state: InCall, person: Person): TileView {
  const own = person.identity === state.roster.self.identity;
  return {
    ...personTile(state, person),
    key: `${person.identity}/screen`,
    kind: 'screen',
    label: own ? textOf('call.yourScreen') : textOf('call.screenOf', { name: person.name }),
    handUp: false,
    speaking: false,
    track: person.screenTrack,
  };
}

function switchViews(state: InCall): SwitchView[] {
  const { self } = state.roster;
  const { permissions } = state.invitation;
  const views: SwitchView[] = [
    switchView(state, 'microphone', self.microphoneOn),
    switchView(state, 'camera', self.cameraOn),
    switchView(state, 'screen', self.screenOn),
  ];
  return views.filter((view) => permissions[view.device]);
}

function switchView(state: InCall, device: Device, on: boolean): SwitchView {
  return {
    device,
    on,
    label: switchLabel(device, on),
    caption: switchCaption(device, on),
    busy: state.busy.includes(device),
  };
}

export function switchLabel(device: Device, on: boolean): Text {
  switch (device) {
    case 'microphone':
      return textOf(on ? 'call.mute' : 'call.unmute');
    case 'camera':
      return textOf(on ? 'call.cameraOff' : 'call.cameraOn');
    case 'screen':
      return textOf(on ? 'call.stopSharing' : 'call.share');
    default:
      return unreachable(device);
  }
}

function switchCaption(device: Device, on: boolean): Text {
  switch (device) {
    case 'microphone':
      return textOf(on ? 'call.caption.mute' : 'call.caption.unmute');
    case 'camera':
      return textOf('call.caption.camera');
    case 'screen':
      return textOf(on ? 'call.caption.stop' : 'call.caption.share');
    default:
      return unreachable(device);
  }
}

/** "0:07", "12:04", "1:02:30". */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}`
    : `${minutes}:${twoDigits(seconds % 60)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function unreachable(value: never): never {
  throw new Error(`unhandled device: ${String(value)}`);
}
