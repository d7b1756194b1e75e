import type { WaitingLine } from '@bedside/core';
import { durationText, VisitApi } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '../../app/navigation.tsx';
import { type FormEvent, useState } from 'react';
import { useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { useNow } from '../../parts/clock.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { CheckField, TextField } from '../../parts/field.tsx';
import { Asked, ProblemNotice } from '../../parts/notice.tsx';
import { arrivalSound, setArrivalSound, useArrivals } from '../../visit/arrivals.ts';

const ASK_EVERY_MS = 3_000;
const visits = new VisitApi({ baseUrl: location.origin, newKey: () => crypto.randomUUID() });

/** Who waits, soonest first; who comes is heard and stands in the tab's title. */
export function WaitingList() {
  const say = useSay();
  const [hasSound, setSound] = useState(arrivalSound);
  const lines = useQuery({
    queryKey: ['waiting-room'],
    queryFn: () => visits.waitingRoom(),
    refetchInterval: ASK_EVERY_MS,
    refetchIntervalInBackground: true,
  });
  const waiting = (lines.data ?? [])
    .filter(({ state }) => state === 'waiting')
    .toSorted((a, b) => (a.waitingSince ?? '').localeCompare(b.waitingSince ?? ''));
  useArrivals(waiting.map(({ appointment }) => appointment));
  return (
    <section className="card waiting-list" aria-labelledby="waiting-list">
      <h2 id="waiting-list">{say('today.waiting')}</h2>
      <p className="visually-hidden" role="status">
        {waiting.map(({ patientName }) => say('today.arrived', { name: patientName })).join('. ')}
      </p>
      <Asked query={lines}>
        {() =>
          waiting.length === 0 ? (
            <p className="empty">{say('today.nobody')}</p>
          ) : (
            <ul className="rows">
              {waiting.map((line) => (
                <Waiting key={line.appointment} line={line} />
              ))}
            </ul>
          )
        }
      </Asked>
      <CheckField
        label={say('today.sound')}
        isOn={hasSound}
        onChange={(isOn) => {
          setSound(isOn);
          setArrivalSound(isOn);
        }}
      />
    </section>
  );
}

function Waiting({ line }: { readonly line: WaitingLine }) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const now = useNow(1_000);
  const [isRemoving, setRemoving] = useState(false);
  const turn = useMutation({
    mutationFn: (act: 'admit' | 'hold' | 'remove') =>
      visits.door(line.visit ?? '', line.participant ?? '', act),
    onSettled: () => client.invalidateQueries({ queryKey: ['waiting-room'] }),
  });
  const since = line.waitingSince === null ? now : new Date(line.waitingSince).getTime();
  return (
    <li className="row waiting-row">
      <span className="row-main">
        <strong>{line.patientName === '' ? say('today.patient') : line.patientName}</strong>
        <span className="hint">
          {format.time(line.startsAt)} · {say('waiting.since', { time: durationText(now - since) })}
        </span>
      </span>
      <span className="actions">
        <Link
          to="/visit/$id"
          params={{ id: line.appointment }}
          className="button button-primary button-quiet"
          onClick={() => turn.mutate('admit')}
        >
          {say('today.admitWho', { name: line.patientName })}
        </Link>
        <button type="button" className="button button-quiet" onClick={() => setRemoving(true)}>
          {say('today.remove')}
          <span className="visually-hidden"> {line.patientName}</span>
        </button>
      </span>
      {line.visit !== null && <Message visit={line.visit} />}
      <ProblemNotice error={turn.error} />
      {isRemoving && (
        <Dialog
          title={say('today.removeTitle', { name: line.patientName })}
          onClose={() => setRemoving(false)}
        >
          <div className="actions">
            <button
              type="button"
              className="button button-danger"
              onClick={() => {
                turn.mutate('remove');
                setRemoving(false);
              }}
            >
              {say('today.remove')}
            </button>
            <button type="button" className="button" onClick={() => setRemoving(false)}>
              {say('common.cancel')}
            </button>
          </div>
        </Dialog>
      )}
    </li>
  );
}

/** "Ten minutes late": read in the waiting room. */
function Message({ visit }: { readonly visit: string }) {
  const say = useSay();
  const [text, setText] = useState('');
  const tell = useMutation({
    mutationFn: () => visits.tell(visit, text.trim() === '' ? null : text.trim()),
  });
  return (
    <form
      className="inline-form"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        tell.mutate();
      }}
    >
      <TextField label={say('today.message')} maxLength={500} value={text} onChange={setText} />
      <button type="submit" className="button button-quiet" aria-busy={tell.isPending}>
        {say(tell.isSuccess ? 'common.saved' : 'today.messageSend')}
      </button>
      <ProblemNotice error={tell.error} />
    </form>
  );
}
