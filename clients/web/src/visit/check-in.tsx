import type { Visit } from '@bedside/core';
import { leads } from '@bedside/core';
import { useState } from 'react';
import { useSay } from '../app/words.tsx';
import { DeviceCheck } from '../consult/device-check.tsx';
import { CheckField } from '../parts/field.tsx';
import { Heading } from '../parts/heading.tsx';
import { ProblemNotice } from '../parts/notice.tsx';
import { VisitFacts } from './visit-facts.tsx';
import type { VisitMachine } from './visit-machine.ts';

const BOTH = { microphone: true, camera: true };

/** The check before a visit: whose it is, how one looks and sounds, what one agrees to. */
export function CheckIn({
  machine,
  visit,
  isBusy,
  error,
}: {
  readonly machine: VisitMachine;
  readonly visit: Visit;
  readonly isBusy: boolean;
  readonly error: unknown;
}) {
  const say = useSay();
  const [agrees, setAgrees] = useState(false);
  const isLeader = leads(visit);
  return (
    <DeviceCheck
      preview={machine.preview}
      name={visit.me.name}
      permitted={BOTH}
      server={machine.server}
      action={say(isLeader ? 'lobby.join' : 'lobby.checkIn')}
      isBusy={isBusy}
      blocked={isLeader || agrees ? null : say('lobby.termsNeeded')}
      onReady={(choice, report) => machine.dispatch({ kind: 'ready-pressed', choice, report })}
    >
      <Heading title={say('lobby.title')}>
        {visit.me.name === '' ? say('lobby.title') : say('lobby.greeting', { name: visit.me.name })}
      </Heading>
      <VisitFacts visit={visit} />
      {!isLeader && <CheckField label={say('lobby.terms')} isOn={agrees} onChange={setAgrees} />}
      <ProblemNotice error={error} />
    </DeviceCheck>
  );
}
