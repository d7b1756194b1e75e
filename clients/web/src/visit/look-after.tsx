import type { Visit } from '@bedside/core';
import { useSay } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { LeaderPanel } from './leader-panel.tsx';
import { VisitFacts } from './visit-facts.tsx';
import type { VisitMachine } from './visit-machine.ts';

/** A visit to reception: who waits and who is in, without a part in it. */
export function LookAfter({
  machine,
  visit,
}: {
  readonly machine: VisitMachine;
  readonly visit: Visit;
}) {
  const say = useSay();
  return (
    <section className="card card-narrow look-after" data-testid="look-after">
      <Heading title={say('visit.lookAfter')}>{say('visit.lookAfter')}</Heading>
      <p className="lead">{say('visit.lookAfterText')}</p>
      <VisitFacts visit={visit} />
      <LeaderPanel machine={machine} visit={visit} isOpen />
    </section>
  );
}
