/** Who is in the room, and what changed between two looks at it. */

import type { RecordingSnapshot } from './recording.ts';

/** One participant as the transport sees them at this moment. */
export interface PersonSnapshot {
  readonly identity: string;
  readonly name: string;
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
  readonly screenOn: boolean;
  /** Changes whenever another picture has to be attached; `null` while there is none to attach. */
  readonly cameraTrack: string | null;
  readonly screenTrack: string | null;
}

export interface RosterSnapshot {
  /** Whether somebody records, as the server says. */
  readonly recorded: boolean;
  /** What the server asks about recording; `null` while nobody does. */
  readonly recording: RecordingSnapshot | null;
  readonly self: PersonSnapshot;
  readonly others: readonly PersonSnapshot[];
}

export interface Person extends PersonSnapshot {
  readonly arrivedAtMs: number;
}

export interface Roster {
  readonly recorded: boolean;
  readonly recording: RecordingSnapshot | null;
  readonly self: Person;
  readonly others: readonly Person[];
}

export type RosterChange =
  | { readonly kind: 'joined'; readonly name: string }
  | { readonly kind: 'left'; readonly name: string }
  | { readonly kind: 'recorded'; readonly on: boolean }
  | { readonly kind: 'hand-raised'; readonly name: string }
  | {
      readonly kind: 'switched';
      readonly name: string;
      readonly own: boolean;
      readonly device: 'microphone' | 'camera' | 'screen';
      readonly on: boolean;
    };

/**
 * Tracks follow their owner into the room one by one. Within this time after somebody's arrival
 * they are part of the arrival, not news of their own.
 */
export const ARRIVAL_SETTLES_MS = 4000;

export function enterRoster(snapshot: RosterSnapshot, nowMs: number): Roster {
  return {
    recorded: snapshot.recorded,
    recording: snapshot.recording,
    self: { ...snapshot.self, arrivedAtMs: nowMs },
    others: snapshot.others.map((person) => ({ ...person, arrivedAtMs: nowMs })),
  };
}

/** Takes the snapshot over and keeps when each person arrived. */
export function updateRoster(roster: Roster, snapshot: RosterSnapshot, nowMs: number): Roster {
  const arrivals = new Map(roster.others.map((person) => [person.identity, person.arrivedAtMs]));
  return {
    recorded: snapshot.recorded,
    recording: snapshot.recording,
    self: { ...snapshot.self, arrivedAtMs: roster.self.arrivedAtMs },
    others: snapshot.others.map((person) => ({
      ...person,
      arrivedAtMs: arrivals.get(person.identity) ?? nowMs,
    })),
  };
}

/** What is worth telling, in the order: recording, departures, arrivals, switches. */
export function rosterChanges(before: Roster, after: Roster, nowMs: number): RosterChange[] {
  const known = new Map(before.others.map((person) => [person.identity, person]));
  const present = new Set(after.others.map((person) => person.identity));
  const departures = before.others
    .filter((person) => !present.has(person.identity))
    .map((person): RosterChange => ({ kind: 'left', name: person.name }));
  const arrivals: RosterChange[] = [];
  const switches = switched(before.self, after.self, true, nowMs);
  for (const person of after.others) {
    const earlier = known.get(person.identity);
    if (earlier === undefined) {
      arrivals.push({ kind: 'joined', name: person.name });
    } else {
      switches.push(...switched(earlier, person, false, nowMs));
    }
  }
  const recording: RosterChange[] =
    before.recorded === after.recorded ? [] : [{ kind: 'recorded', on: after.recorded }];
  return [...recording, ...departures, ...arrivals, ...switches];
}

function switched(before: Person, after: Person, own: boolean, nowMs: number): RosterChange[] {
  const settling = nowMs - after.arrivedAtMs < ARRIVAL_SETTLES_MS;
  const changes: RosterChange[] = [];
  const compare = (device: 'microphone' | 'camera' | 'screen', was: boolean, is: boolean): void => {
    if (was !== is && !(is && settling && device !== 'screen')) {
      changes.push({ kind: 'switched', name: after.name, own, device, on: is });
    }
  };
  compare('microphone', before.microphoneOn, after.microphoneOn);
  compare('camera', before.cameraOn, after.cameraOn);
  compare('screen', before.screenOn, after.screenOn);
  return changes;
}
