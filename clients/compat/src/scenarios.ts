// All scenarios. Those that take longest come first, so that the lanes end together.
import type { Scenario } from './scenario.ts';
import { administration } from './scenarios/administration.ts';
import { examples } from './scenarios/examples.ts';
import { outages } from './scenarios/outages.ts';
import { mesh, pairs } from './scenarios/pairs.ts';
import { solos } from './scenarios/solo.ts';
import { whip } from './scenarios/whip.ts';

export function allScenarios(): Scenario[] {
  return [
    ...outages(),
    mesh(['chromium', 'node', 'python', 'go']),
    ...solos(),
    ...pairs(),
    ...administration(),
    ...examples(),
    ...whip(),
  ];
}
