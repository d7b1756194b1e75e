/** The sentences that live regions speak and that appear for a moment on the screen. */
import type { Roster, RosterChange } from './roster.ts';
import type { MessageKey } from './text/en.ts';
import type { Text } from './text/say.ts';
import { textOf } from './text/say.ts';

export interface Announcement {
  readonly text: Text;
  /** Only spoken: the person sees it anyway, on the button they have just pressed. */
  readonly spokenOnly: boolean;
}

export function announceChange(change: RosterChange): Announcement {
  switch (change.kind) {
    case 'joined':
      return { text: textOf('call.joined', { name: change.name }), spokenOnly: false };
    case 'left':
      return { text: textOf('call.left', { name: change.name }), spokenOnly: false };
    case 'recorded':
      return {
        text: textOf(change.on ? 'call.recordingOn' : 'call.recordingOff'),
        spokenOnly: false,
      };
    case 'hand-raised':
      return { text: textOf('call.handRaised', { name: change.name }), spokenOnly: false };
    case 'switched':
      return change.own
        ? { text: textOf(ownKey(change)), spokenOnly: change.device !== 'screen' }
        : // The tile shows who is muted: a toast each time would cover the picture for nothing.
          {
            text: textOf(otherKey(change), { name: change.name }),
            spokenOnly: change.device !== 'screen',
          };
    default:
      return unreachable(change);
  }
}

/** Spoken once on arrival: the roster is on the screen. */
export function announceArrival(roster: Roster): Announcement {
  const names = roster.others.map((person) => person.name);
  const text =
    names.length === 0 ? textOf('call.arrival.alone') : textOf('call.arrival.with', { names });
  return { text, spokenOnly: true };
}

type Switched = Extract<RosterChange, { kind: 'switched' }>;

function ownKey({ device, on }: Switched): MessageKey {
  return `call.own.${device}.${on ? 'on' : 'off'}`;
}

function otherKey({ device, on }: Switched): MessageKey {
  return `call.other.${device}.${on ? 'on' : 'off'}`;
}

function unreachable(value: never): never {
  throw new Error(`unhandled: ${String(value)}`);
}
