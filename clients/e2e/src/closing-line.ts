// What a run has proven, for the last line that scripts/run.mjs prints: a person or a script can read it.
import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    let brokenFiles = 0;
    for (const module of modules) {
      if (module.errors().length > 0) brokenFiles += 1;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        counts[state === 'pending' ? 'skipped' : state] += 1;
      }
    }
    const file = process.env['BEDSIDE_E2E_COUNTS'];
    if (file !== undefined) appendFileSync(file, `${JSON.stringify({ ...counts, brokenFiles })}\n`);
  }
}
