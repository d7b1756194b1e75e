import type { Schemas } from '@bedside/core';
import { ApiProblem, answeredWithTag } from '@bedside/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { CheckField, TextField } from '../../parts/field.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';

type Preferences = Schemas['PreferencesBody'];

const PATH = '/v1/me/notification-preferences';
const NIGHT = { from: '22:00:00', to: '07:00:00' };

/** By what ways, and when, somebody wants to be told of their visits. */
export function NotificationsScreen() {
  const say = useSay();
  return (
    <SignedIn>
      {() => (
        <div className="narrow">
          <Heading title={say('notify.title')}>{say('notify.title')}</Heading>
          <p className="lead">{say('notify.lead')}</p>
          <Choices />
        </div>
      )}
    </SignedIn>
  );
}

function Choices() {
  const chosen = useQuery({
    queryKey: ['notification-preferences'],
    queryFn: () => answeredWithTag(api.GET(PATH)),
    // What is being filled in is not replaced under one's hands.
    staleTime: Infinity,
    gcTime: 0,
  });
  return (
    <Asked query={chosen}>
      {({ data, tag }) => (
        <Form
          chosen={data}
          tag={tag}
          readTag={async () => (await chosen.refetch({ throwOnError: true })).data?.tag ?? tag}
        />
      )}
    </Asked>
  );
}

function Form({
  chosen,
  tag: firstTag,
  readTag,
}: {
  readonly chosen: Preferences;
  readonly tag: string;
  /** The newest: whoever was told that it was changed elsewhere and saves again means it. */
  readonly readTag: () => Promise<string>;
}) {
  const say = useSay();
  const [tag, setTag] = useState(firstTag);
  const [email, setEmail] = useState(chosen.email);
  const [sms, setSms] = useState(chosen.sms);
  const [phone, setPhone] = useState(chosen.phone ?? '');
  const [quiet, setQuiet] = useState(chosen.quiet_hours ?? null);
  const needsPhone = sms && phone.trim() === '';
  const save = useMutation({
    mutationFn: () =>
      answeredWithTag(
        api.PUT(PATH, {
          params: { header: { 'If-Match': tag } },
          body: {
            email,
            sms,
            ...(phone.trim() === '' ? {} : { phone: phone.trim() }),
            ...(quiet === null ? {} : { quiet_hours: quiet }),
          },
        }),
      ),
    onSuccess: (saved) => setTag(saved.tag),
    onError: async (error) => {
      if (error instanceof ApiProblem && error.kind === 'stale') {
        setTag(await readTag());
      }
    },
  });
  const change = <T,>(set: (value: T) => void) => {
    return (value: T): void => {
      save.reset();
      set(value);
    };
  };
  return (
    <form
      className="card"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <CheckField label={say('notify.email')} isOn={email} onChange={change(setEmail)} />
      <CheckField label={say('notify.sms')} isOn={sms} onChange={change(setSms)} />
      {(sms || phone !== '') && (
        <TextField
          label={say('notify.phone')}
          type="tel"
          autoComplete="tel"
          hint={say('profile.phoneHint')}
          error={needsPhone ? say('notify.phoneNeeded') : null}
          value={phone}
          onChange={change(setPhone)}
        />
      )}
      <CheckField
        label={say('notify.quiet')}
        isOn={quiet !== null}
        onChange={(isOn) => change(setQuiet)(isOn ? NIGHT : null)}
      />
      {quiet !== null && (
        <>
          <div className="field-row">
            <TextField
              label={say('common.from')}
              type="time"
              required
              value={quiet.from.slice(0, 5)}
              onChange={(from) => change(setQuiet)({ ...quiet, from: `${from}:00` })}
            />
            <TextField
              label={say('common.to')}
              type="time"
              required
              value={quiet.to.slice(0, 5)}
              onChange={(to) => change(setQuiet)({ ...quiet, to: `${to}:00` })}
            />
          </div>
          <p className="hint">{say('notify.quietText')}</p>
        </>
      )}
      <p className="hint">{say('notify.always')}</p>
      <ProblemNotice error={save.error} />
      {save.isSuccess && <Notice kind="good">{say('common.saved')}</Notice>}
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={save.isPending}
          disabled={needsPhone}
        >
          {say('common.save')}
        </button>
      </div>
    </form>
  );
}
