/** Takes another look at who is in the room into a call, and tells what is news in it. */
import { announceChange } from './announcement.ts';
import type { CallEffect, InCall } from './call-state.ts';
import type { RosterSnapshot } from './roster.ts';
import { rosterChanges, updateRoster } from './roster.ts';

export function takeRoster(
  state: InCall,
  snapshot: RosterSnapshot,
  nowMs: number,
): { readonly state: InCall; readonly effects: readonly CallEffect[] } {
  const roster = updateRoster(state.roster, snapshot, nowMs);
  const effects: CallEffect[] = rosterChanges(state.roster, roster, nowMs).map((change) => ({
    kind: 'announce',
    announcement: announceChange(change),
  }));
  const hands = state.hands.filter(
    (hand) =>
      hand === roster.self.identity || roster.others.some((person) => person.identity === hand),
  );
  const { self } = roster;
  const before = state.roster.self;
  if (before.microphoneOn !== self.microphoneOn || before.cameraOn !== self.cameraOn) {
    effects.push({
      kind: 'remember-call',
      choice: { microphone: self.microphoneOn, camera: self.cameraOn },
    });
  }
  return { state: { ...state, roster, hands }, effects };
}
