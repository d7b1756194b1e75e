import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../api/problem.ts';
import { isUnsaved, QUIET_MS, reduceNote } from './draft.ts';
import type { Note } from './note.ts';
import { emptyNote } from './note.ts';
import type { NoteDraft, NoteEffect, NoteInput, NoteState } from './state.ts';
import { firstNoteState } from './state.ts';

const offline = new ApiProblem({ kind: 'offline', status: 0 });
const stale = new ApiProblem({ kind: 'stale', status: 412 });
const opened: NoteInput = { kind: 'opened', note: null };
const over: NoteInput = { kind: 'pause-over' };

function type(plan: string): NoteInput {
  return { kind: 'typed', section: 'plan', text: plan };
}

function noteOf(plan: string, rev: number, signedAt: string | null = null): Note {
  return { rev, text: { ...emptyNote, plan }, signedAt, addenda: [] };
}

function savedAs(plan: string, rev: number): NoteInput {
  return { kind: 'saved', note: noteOf(plan, rev) };
}

/** The state after all, and the effects of the last. */
function after(...inputs: readonly NoteInput[]): {
  state: NoteState;
  effects: readonly NoteEffect[];
} {
  let state = firstNoteState;
  let effects: readonly NoteEffect[] = [];
  for (const input of inputs) {
    ({ state, effects } = reduceNote(state, input));
  }
  return { state, effects };
}

function draftOf(state: NoteState): NoteDraft {
  if (state.phase !== 'draft') {
    throw new Error(`is ${state.phase}`);
  }
  return state;
}

describe('saving', () => {
  it('waits for a pause, which every letter begins anew', () => {
    const { state, effects } = after(opened, type('r'), type('re'));
    expect(effects).toEqual([{ kind: 'pause', ms: QUIET_MS }]);
    expect(isUnsaved(state)).toBe(true);
  });

  it('sends the whole text without a revision at first, then with the one of the answer before', () => {
    expect(after(opened, type('rest'), over).effects).toEqual([
      { kind: 'save', text: { ...emptyNote, plan: 'rest' }, rev: null },
    ]);
    const second = after(opened, type('rest'), over, savedAs('rest', 1), type('rest, tea'), over);
    expect(second.effects).toEqual([
      { kind: 'save', text: { ...emptyNote, plan: 'rest, tea' }, rev: 1 },
    ]);
  });

  it('happens at once when a field is left, and not at all when nothing changed', () => {
    expect(after(opened, type('rest'), { kind: 'left-field' }).effects[0]?.kind).toBe('save');
    expect(after(opened, { kind: 'left-field' }).effects).toEqual([]);
  });

  it('has one request under way; what is typed meanwhile follows after a pause', () => {
    const inputs = [opened, type('rest'), over, type('rest, tea')];
    expect(after(...inputs, over).effects).toEqual([]);
    expect(after(...inputs, { kind: 'left-field' }).effects).toEqual([]);
    const { state, effects } = after(...inputs, savedAs('rest', 1));
    expect(effects).toEqual([{ kind: 'pause', ms: QUIET_MS }]);
    expect(draftOf(state)).toMatchObject({ text: { plan: 'rest, tea' }, saved: { plan: 'rest' } });
    expect(isUnsaved(state)).toBe(true);
  });

  it('is tried again after pauses that grow up to a minute, and keeps what was typed', () => {
    let { state } = after(opened, type('rest'));
    const pauses: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      state = reduceNote(state, over).state;
      const failed = reduceNote(state, { kind: 'not-saved', error: offline });
      state = failed.state;
      pauses.push(...failed.effects.map((effect) => (effect.kind === 'pause' ? effect.ms : -1)));
    }
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(reduceNote(state, type('rest!')).effects).toEqual([]);
    expect(draftOf(state)).toMatchObject({ text: { plan: 'rest' }, error: offline });
  });

  it('is tried at once when the line is back', () => {
    const lost = [opened, type('rest'), over, { kind: 'not-saved', error: offline }] as const;
    expect(after(...lost, { kind: 'line-back' }).effects[0]?.kind).toBe('save');
    const { state } = after(...lost, { kind: 'line-back' }, savedAs('rest', 1));
    expect(draftOf(state)).toMatchObject({ failures: 0, error: null });
    expect(isUnsaved(state)).toBe(false);
  });

  it('says why it was refused and waits for another text', () => {
    const invalid = new ApiProblem({ kind: 'invalid', status: 422 });
    const { state, effects } = after(opened, type('x'), over, {
      kind: 'not-saved',
      error: invalid,
    });
    expect(effects).toEqual([]);
    expect(draftOf(state).error).toBe(invalid);
    expect(draftOf(reduceNote(state, type('y')).state).error).toBeNull();
  });
});

describe('a text from another window', () => {
  const refused = [opened, type('mine'), over, { kind: 'not-saved', error: stale }] as const;
  const met = [...refused, { kind: 'other-read', note: noteOf('theirs', 4) }] as const;

  it('is read, and what was typed stays', () => {
    expect(after(...refused).effects).toEqual([{ kind: 'read-other' }]);
    const draft = draftOf(after(...met, type('mine too')).state);
    expect(draft.text.plan).toBe('mine too');
    expect(draft.other).toEqual(noteOf('theirs', 4));
  });

  it('is not overwritten before somebody decides', () => {
    expect(after(...met, type('mine too'), over).effects).toEqual([]);
    expect(after(...met, { kind: 'sign-pressed' }).effects).toEqual([]);
  });

  it('takes the place of one’s own, or gives way to it', () => {
    const theirs = draftOf(after(...met, { kind: 'theirs-taken' }).state);
    expect(theirs).toMatchObject({ text: { plan: 'theirs' }, rev: 4, other: null });
    expect(after(...met, { kind: 'mine-kept' }).effects).toEqual([
      { kind: 'save', text: { ...emptyNote, plan: 'mine' }, rev: 4 },
    ]);
  });

  it('is no other where the answer to one’s own saving was lost', () => {
    const draft = draftOf(after(...refused, { kind: 'other-read', note: noteOf('mine', 1) }).state);
    expect(draft).toMatchObject({ rev: 1, other: null, saved: { plan: 'mine' } });
  });

  it('is asked for again while nothing answers', () => {
    const lost = after(...refused, { kind: 'other-not-read', error: offline });
    expect(lost.effects).toEqual([{ kind: 'pause', ms: 2_000 }]);
    expect(reduceNote(lost.state, over).effects).toEqual([{ kind: 'read-other' }]);
  });

  it('that was signed shows what of one’s own is not in it', () => {
    const signed = noteOf('theirs', 5, '2026-11-27T10:00:00Z');
    expect(after(...refused, { kind: 'other-read', note: signed }).state).toEqual({
      phase: 'signed',
      note: signed,
      leftOver: { ...emptyNote, plan: 'mine' },
    });
  });
});

it('a section that is too long is kept whole on the screen, and neither saved nor signed until it is shorter', () => {
  const long = after(opened, type('\u{1F600}'.repeat(20_001)));
  expect(reduceNote(long.state, { kind: 'pause-over' }).effects).toEqual([]);
  expect(reduceNote(long.state, { kind: 'sign-pressed' }).effects).toEqual([]);
  const fits = reduceNote(long.state, type('\u{1F600}'.repeat(20_000))).state;
  expect(reduceNote(fits, { kind: 'pause-over' }).effects[0]?.kind).toBe('save');
});

describe('signing', () => {
  const signed = noteOf('rest', 2, '2026-11-27T10:00:00Z');

  it('saves first, signs the revision of the answer, and takes no letter meanwhile', () => {
    const wanted = [opened, type('rest'), { kind: 'sign-pressed' }] as const;
    expect(after(...wanted).effects[0]?.kind).toBe('save');
    const running = after(...wanted, savedAs('rest', 1));
    expect(running.effects).toEqual([{ kind: 'sign', rev: 1 }]);
    expect(draftOf(reduceNote(running.state, type('no')).state).text.plan).toBe('rest');
  });

  it('does not happen to what is empty, nor twice', () => {
    expect(after(opened, { kind: 'sign-pressed' }).effects).toEqual([]);
    const running = after({ kind: 'opened', note: noteOf('rest', 1) }, { kind: 'sign-pressed' });
    expect(running.effects).toEqual([{ kind: 'sign', rev: 1 }]);
    expect(reduceNote(running.state, { kind: 'sign-pressed' }).effects).toEqual([]);
  });

  it('gives way to a saving that fails, and leaves the draft as it is', () => {
    const { state } = after(
      opened,
      type('rest'),
      { kind: 'sign-pressed' },
      { kind: 'not-saved', error: offline },
    );
    expect(draftOf(state)).toMatchObject({ signing: 'no', error: offline, text: { plan: 'rest' } });
  });

  it('looks whether it happened when the answer is lost', () => {
    const running = [
      { kind: 'opened', note: noteOf('rest', 1) },
      { kind: 'sign-pressed' },
    ] as const;
    const lost = after(...running, { kind: 'not-signed', error: offline });
    expect(lost.effects).toEqual([{ kind: 'read-other' }]);
    expect(reduceNote(lost.state, { kind: 'other-read', note: signed }).state).toEqual({
      phase: 'signed',
      note: signed,
      leftOver: null,
    });
    const still = reduceNote(lost.state, { kind: 'other-read', note: noteOf('rest', 1) }).state;
    expect(draftOf(still)).toMatchObject({ signing: 'no', other: null, rev: 1, error: offline });
  });

  it('says why it did not happen also when another window was faster by nothing', () => {
    const { state } = after(
      { kind: 'opened', note: noteOf('rest', 1) },
      { kind: 'sign-pressed' },
      { kind: 'not-signed', error: stale },
      { kind: 'other-read', note: noteOf('rest', 2) },
    );
    expect(draftOf(state)).toMatchObject({ signing: 'no', rev: 2, error: stale });
  });

  it('makes it final: nothing is typed any more, but added', () => {
    const final = after(
      { kind: 'opened', note: noteOf('rest', 1) },
      { kind: 'sign-pressed' },
      { kind: 'signed', note: signed },
    ).state;
    expect(reduceNote(final, type('x'))).toEqual({ state: final, effects: [] });
    const more = { ...signed, addenda: [{ id: 'add_1', text: 'tea', at: '2026-11-27T11:00:00Z' }] };
    expect(reduceNote(final, { kind: 'added', note: more }).state).toMatchObject({ note: more });
  });

  it('is quiet about a change of mind', () => {
    const error = new ApiProblem({ kind: 'step-up', status: 403 });
    const { state } = after(
      { kind: 'opened', note: noteOf('rest', 1) },
      { kind: 'sign-pressed' },
      { kind: 'not-signed', error },
    );
    expect(draftOf(state)).toMatchObject({ signing: 'no', error: null });
  });
});
