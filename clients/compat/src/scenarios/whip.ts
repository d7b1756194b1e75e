// WHIP and WHEP by aiortc, a WebRTC stack that knows nothing of LiveKit: agents/whip/check.py starts a server of its own.
import { execFile } from 'node:child_process';
import { join as path } from 'node:path';
import { bedsideBinary } from '../../../e2e/src/bedside.ts';
import type { Cell, Scenario } from '../scenario.ts';
import { INSTALLED, REPOSITORY } from '../sdks.ts';

const ENDS_WITHIN_MS = 120_000;

export function whip(): Scenario[] {
  const cell: Cell = { what: 'WHIP and WHEP: media, changes, refusals', sdk: 'aiortc' };
  return [
    {
      cells: [cell],
      cast: [],
      needsOwnServer: true,
      run: (_stage, _agents, decide) => decide(cell, check),
    },
  ];
}

function check(): Promise<void> {
  const python = path(INSTALLED, 'whip-venv', 'bin', 'python');
  const script = path(REPOSITORY, 'clients', 'compat', 'agents', 'whip', 'check.py');
  return new Promise((resolve, reject) => {
    execFile(python, [script, bedsideBinary()], { timeout: ENDS_WITHIN_MS }, (error, out, err) => {
      if (error === null) return resolve();
      const failed = out.split('\n').find((line) => line.startsWith('FAIL'));
      reject(new Error(failed ?? `${error.message} ${err.slice(-200)}`));
    });
  });
}
