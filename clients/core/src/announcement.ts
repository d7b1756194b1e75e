/** The sentences that live regions speak and that appear for a moment on the screen. */
import type { Roster, RosterChange } from './roster.ts';

export interface Announcement {
  readonly text: string;
  /** Only spoken: the person sees it anyway, on the button they have just pressed. */
  readonly spokenOnly: boolean;
}

export function announceChange(change: RosterChange): Announcement {
  switch (change.kind) {
    case 'joined':
      return { text: `${change.name} joined`, spokenOnly: false };
    case 'left':
      return { text: `${change.name} left`, spokenOnly: false };
    case 'switched':
      return change.own
        ? { text: ownSwitch(change.device, change.on), spokenOnly: change.device !== 'screen' }
        : { text: `${change.name} ${switchPhrase(change.device, change.on)}`, spokenOnly: false };
    default:
      return unreachable(change);
  }
}

/** Spoken once on arrival: the roster is on the screen. */
export function announceArrival(roster: Roster): Announcement {
  const names = roster.others.map((person) => person.name);
  const text =
    names.length === 0
      ? 'You are in the consultation. Nobody else is here yet'
      : `You are in the consultation with ${listed(names)}`;
  return { text, spokenOnly: true };
}

/** "A", "A and B", "A, B and C". */
export function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

function ownSwitch(device: 'microphone' | 'camera' | 'screen', on: boolean): string {
  if (device === 'screen') {
    return on ? 'You are sharing your screen' : 'You stopped sharing your screen';
  }
  return `Your ${device} is ${on ? 'on' : 'off'}`;
}

function switchPhrase(device: 'microphone' | 'camera' | 'screen', on: boolean): string {
  switch (device) {
    case 'microphone':
      return on ? 'unmuted the microphone' : 'muted the microphone';
    case 'camera':
      return on ? 'turned the camera on' : 'turned the camera off';
    case 'screen':
      return on ? 'is sharing a screen' : 'stopped sharing the screen';
    default:
      return unreachable(device);
  }
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
