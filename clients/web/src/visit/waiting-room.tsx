import type { Visit } from '@bedside/core';
import { durationText } from '@bedside/core';
import { useState, useSyncExternalStore } from 'react';
import { useSay } from '../app/words.tsx';
import { CameraPreview } from '../consult/camera-preview.tsx';
import { useNow } from '../parts/clock.tsx';
import { Heading } from '../parts/heading.tsx';
import { Notice } from '../parts/notice.tsx';
import { Countdown, VisitFacts } from './visit-facts.tsx';
import type { VisitMachine } from './visit-machine.ts';

const BOTH = { microphone: true, camera: true };

/** Checked in. The place is kept by the server; this page may be reloaded or opened anew. */
export function WaitingRoom({
  machine,
  visit,
  isLost,
  isHeld,
}: {
  readonly machine: VisitMachine;
  readonly visit: Visit;
  readonly isLost: boolean;
  readonly isHeld: boolean;
}) {
  const say = useSay();
  const preview = useSyncExternalStore(machine.preview.subscribe, machine.preview.snapshot);
  const name = visit.practitioner.name;
  return (
    <div className="waiting-room" data-testid="waiting-room">
      <section className="card waiting-card">
        <span className="waiting-pulse" aria-hidden="true">
          <span />
        </span>
        <Heading title={say('waiting.title')}>{say('waiting.title')}</Heading>
        <p className="lead">
          {name === '' ? say('waiting.leadClinic') : say('waiting.lead', { name })}
        </p>
        <div role="status">
          {visit.message !== null && (
            <div className="clinic-message">
              <strong>{say('waiting.message')}</strong>
              <p>{visit.message}</p>
            </div>
          )}
        </div>
        {isHeld && <Notice kind="plain">{say('waiting.hold')}</Notice>}
        {isLost && <Notice kind="warning">{say('waiting.lost')}</Notice>}
        <VisitFacts visit={visit} />
        <Countdown visit={visit} />
        <WaitingSince since={visit.me.waitingSince} />
        <p className="hint">{say('waiting.stay')}</p>
        {visit.clinic.phone !== null && (
          <a className="link" href={`tel:${visit.clinic.phone.replaceAll(' ', '')}`}>
            {say('home.clinicPhone', { phone: visit.clinic.phone })}
          </a>
        )}
      </section>
      <div className="waiting-preview">
        <CameraPreview
          state={preview}
          name={visit.me.name}
          permitted={BOTH}
          onToggle={(device) => void machine.preview.toggle(device)}
        />
      </div>
    </div>
  );
}

/** Not announced: a clock that speaks is a nuisance. */
function WaitingSince({ since }: { readonly since: string | null }) {
  const say = useSay();
  const now = useNow(1_000);
  const [opened] = useState(() => Date.now());
  const from = since === null ? opened : new Date(since).getTime();
  return (
    <p className="hint countdown-text">
      {say('waiting.since', { time: durationText(now - from) })}
    </p>
  );
}
