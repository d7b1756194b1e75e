/** What the call page shows, worked out from the state. Knows no framework. */
import type { InCall } from './call-state.ts';
import type { Device } from './device-trouble.ts';
import { troubleView } from './device-trouble.ts';
import type { Person } from './roster.ts';

export interface TileView {
  readonly key: string;
  readonly kind: 'person' | 'screen';
  readonly identity: string;
  readonly own: boolean;
  /** The name plate: "Dr Weiss", "You", "Dr Weiss's screen". */
  readonly label: string;
  readonly initials: string;
  readonly speaking: boolean;
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
  readonly label: string;
  readonly caption: string;
  readonly busy: boolean;
}

export interface CallView {
  readonly layout: CallLayout;
  readonly tiles: readonly TileView[];
  readonly switches: readonly SwitchView[];
  readonly roomLabel: string;
  readonly sinceMs: number;
  readonly unread: number;
  readonly connectionNote: string | null;
  readonly trouble: { readonly title: string; readonly advice: string } | null;
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
    roomLabel: peopleLabel(people.length),
    sinceMs: self.arrivedAtMs,
    unread: state.chat.unread,
    connectionNote:
      state.connection === 'reconnecting' ? 'Connection interrupted. Reconnecting…' : null,
    trouble: state.trouble === null ? null : troubleView(state.trouble.device, state.trouble.cause),
  };
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
    label: own ? 'You' : person.name,
    initials: initialsOf(person.name),
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
    label: own ? 'Your screen' : `Screen of ${person.name}`,
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

export function switchLabel(device: Device, on: boolean): string {
  switch (device) {
    case 'microphone':
      return on ? 'Mute microphone' : 'Unmute microphone';
    case 'camera':
      return on ? 'Turn camera off' : 'Turn camera on';
    case 'screen':
      return on ? 'Stop sharing' : 'Share screen';
    default:
      return unreachable(device);
  }
}

/** The word under the icon. Part of the label, so that speech control finds the button by it. */
function switchCaption(device: Device, on: boolean): string {
  switch (device) {
    case 'microphone':
      return on ? 'Mute' : 'Unmute';
    case 'camera':
      return 'Camera';
    case 'screen':
      return on ? 'Stop' : 'Share';
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

function peopleLabel(count: number): string {
  return count === 1 ? 'Only you' : `${count} people`;
}

function unreachable(value: never): never {
  throw new Error(`unhandled device: ${String(value)}`);
}
