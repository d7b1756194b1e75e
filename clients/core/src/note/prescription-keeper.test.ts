import { expect, it } from 'vitest';
import { ApiProblem } from '../api/problem.ts';
import { emptyMedicine, type Medicine, type PrescriptionDraft } from './prescription.ts';
import { PrescriptionKeeper } from './prescription-keeper.ts';

const WHOLE: Medicine = {
  ...emptyMedicine,
  medicine: 'Amoxicillin 500 mg',
  dose: '1 capsule',
  frequency: '3 times a day',
};

interface World {
  readonly keeper: PrescriptionKeeper;
  /** Names of the first medicine and revisions that were sent. */
  readonly sent: string[];
  readonly pauses: number[];
  /** Lets the pause be over. */
  readonly wake: () => void;
  fail: unknown;
}

function world(): World {
  const sent: string[] = [];
  const pauses: number[] = [];
  let planned: (() => void) | null = null;
  const self: World = {
    sent,
    pauses,
    wake: () => planned?.(),
    fail: null,
    keeper: new PrescriptionKeeper(null, {
      save: async (draft, medicines, remark) => {
        if (self.fail !== null) {
          throw self.fail;
        }
        const rev = (draft?.rev ?? 0) + 1;
        sent.push(`${medicines[0]?.medicine ?? ''}/${rev}`);
        const kept: PrescriptionDraft = {
          id: 'rx_1',
          rev,
          appointment: 'apt_1',
          medicines,
          remark,
        };
        return kept;
      },
      later: (ms, run) => {
        pauses.push(ms);
        planned = run;
        return () => {
          planned = null;
        };
      },
    }),
  };
  return self;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each turn lets one promise go on
    await Promise.resolve();
  }
}

it('saves a draft a moment after the last letter, and the same draft afterwards', async () => {
  const { keeper, sent, pauses, wake } = world();
  keeper.change({ medicines: [{ ...WHOLE, medicine: 'Amox' }] });
  keeper.change({ medicines: [WHOLE] });
  expect(sent).toEqual([]);
  expect(keeper.snapshot().isUnsaved).toBe(true);
  wake();
  await settled();
  expect(sent).toEqual(['Amoxicillin 500 mg/1']);
  expect(keeper.snapshot()).toMatchObject({ isUnsaved: false, draft: { rev: 1 } });
  keeper.change({ remark: 'Generic is fine' });
  wake();
  await settled();
  expect(keeper.snapshot().draft?.rev).toBe(2);
  expect(pauses).toEqual([1_500, 1_500, 1_500]);
});

it('does not send what the server would refuse, and keeps it', async () => {
  const { keeper, sent, wake } = world();
  keeper.change({ medicines: [{ ...WHOLE, dose: '' }] });
  wake();
  await settled();
  expect(sent).toEqual([]);
  expect(await keeper.saveNow()).toBeNull();
  expect(keeper.snapshot()).toMatchObject({
    isUnsaved: true,
    medicines: [{ medicine: 'Amoxicillin 500 mg' }],
  });
});

it.each([
  new ApiProblem({ kind: 'offline', status: 0 }),
  new ApiProblem({ kind: 'not-signed-in', status: 401 }),
])('tries again after $kind, with the text at hand', async (problem) => {
  const self = world();
  const { keeper, sent, wake, pauses } = self;
  self.fail = problem;
  keeper.change({ medicines: [WHOLE] });
  wake();
  await settled();
  expect(keeper.snapshot()).toMatchObject({ isUnsaved: true, error: problem });
  expect(pauses.at(-1)).toBe(5_000);
  self.fail = null;
  wake();
  await settled();
  expect(sent).toEqual(['Amoxicillin 500 mg/1']);
  expect(keeper.snapshot()).toMatchObject({ isUnsaved: false, error: null });
});

it('does not repeat what is refused', async () => {
  const self = world();
  self.fail = new ApiProblem({ kind: 'stale', status: 412 });
  self.keeper.change({ medicines: [WHOLE] });
  self.wake();
  await settled();
  expect(self.pauses).toEqual([1_500]);
  expect(self.keeper.snapshot().error).toBe(self.fail);
});

it('saves at once before a signature or the end of the session', async () => {
  const { keeper, sent } = world();
  keeper.change({ medicines: [WHOLE] });
  expect((await keeper.saveNow())?.rev).toBe(1);
  expect((await keeper.saveNow())?.rev).toBe(1);
  expect(sent).toHaveLength(1);
});

it('what is dropped is sent no more', async () => {
  const { keeper, sent, wake } = world();
  keeper.change({ medicines: [WHOLE] });
  keeper.drop();
  wake();
  await settled();
  expect(sent).toEqual([]);
  expect(keeper.snapshot().isUnsaved).toBe(false);
});
