import { expect, test } from 'vitest';
import { disagreements, type Outcome, recorded } from '../src/known-faults.ts';
import type { Cell } from '../src/scenario.ts';

const joins: Cell = { what: 'join', sdk: 'go' };
const hears: Cell = { what: 'audio', sdk: 'go', to: 'node' };
const works = (cell: Cell): Outcome => ({ cell, works: true });
const fails = (cell: Cell, why: string): Outcome => ({ cell, works: false, why });

test('what works and is not listed, and what fails and is listed, is as it should be', () => {
  const outcomes = [works(joins), fails(hears, 'silence')];
  expect(disagreements(outcomes, { 'audio: go to node': 'silence' }, [joins, hears])).toEqual([]);
});

test('a failure that is not listed is told with its reason', () => {
  expect(disagreements([fails(joins, 'refused')], {}, [joins])).toEqual(['join: go: refused']);
});

test('a listed fault that works by now has to come off the list', () => {
  const [sentence] = disagreements([works(joins)], { 'join: go': 'refused' }, [joins]);
  expect(sentence).toMatch(/^join: go: works, but is listed/);
});

test('a listed fault of a scenario that does not exist is told', () => {
  const [sentence] = disagreements([works(joins)], { 'dance: go': 'stiff' }, [joins]);
  expect(sentence).toMatch(/^dance: go: .* nothing is called so/);
});

test('recording adds failures, takes off what works, and keeps reasons and what was not run', () => {
  const known = { 'join: go': 'old', 'audio: go to node': 'a reason', 'video: go to node': 'kept' };
  expect(recorded([works(joins), fails(hears, 'other words')], known)).toEqual({
    'audio: go to node': 'a reason',
    'video: go to node': 'kept',
  });
  expect(recorded([fails(joins, 'refused')], {})).toEqual({ 'join: go': 'refused' });
});

test('a fault that depends on timing agrees with either outcome, and stays on the list', () => {
  const known = { 'join: go': 'sometimes: late' };
  for (const outcome of [works(joins), fails(joins, 'refused')]) {
    expect(disagreements([outcome], known, [joins])).toEqual([]);
    expect(recorded([outcome], known)).toEqual(known);
  }
});
