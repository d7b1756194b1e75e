import { done } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, useSyncExternalStore } from 'react';
import { api } from '../app/api.ts';
import { useFormat } from '../app/format.ts';
import { useLive } from '../app/live.ts';
import { useSay } from '../app/words.tsx';
import { FileField } from '../parts/file-field.tsx';
import { Asked, ProblemNotice } from '../parts/notice.tsx';
import { DOCUMENT_TYPES, type Document, documentsOf } from './documents-of.ts';
import { contentOf } from './document-line.tsx';
import { Play, Show } from './open-document.tsx';
import { type Running, uploads } from './uploads.ts';

/** While something is checked, besides what the socket tells. */
const ASK_EVERY_MS = 3_000;

/** A patient's documents, and a way to add one. */
export function DocumentList({
  patient,
  mayAdd = true,
}: {
  readonly patient: string;
  readonly mayAdd?: boolean;
}) {
  const say = useSay();
  useLive(['document.'], [['documents', patient]]);
  const documents = useQuery({
    ...documentsOf(patient),
    refetchInterval: ({ state }) =>
      state.data?.some((one) => one.state === 'checking') ? ASK_EVERY_MS : false,
  });
  return (
    <>
      {mayAdd && <Add patient={patient} />}
      <Asked query={documents}>
        {(all) => {
          const shown = all.filter(({ state }) => state !== 'discarded');
          return shown.length === 0 ? (
            <p className="empty">{say('docs.none')}</p>
          ) : (
            <ul className="rows card">
              {shown.map((document) => (
                <DocumentRow key={document.id} document={document} mayAdd={mayAdd} />
              ))}
            </ul>
          );
        }}
      </Asked>
    </>
  );
}

function Add({ patient }: { readonly patient: string }) {
  const say = useSay();
  const running = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  return (
    <>
      <FileField
        label={say('docs.file')}
        hint={say('docs.hint')}
        accept={DOCUMENT_TYPES}
        onFile={(file) => void uploads.begin(patient, file)}
      />
      <ul className="rows" aria-live="polite">
        {running.map((one) => (
          <Progress key={one.id} running={one} />
        ))}
      </ul>
    </>
  );
}

function Progress({ running }: { readonly running: Running }) {
  const say = useSay();
  const { id, name, percent, error } = running;
  const label = say('docs.sending', { name, percent });
  return error === null ? (
    <li className="row">
      <span className="row-main">
        <span>{label}</span>
        <progress max={100} value={percent} aria-label={name} />
      </span>
      <button type="button" className="button button-quiet" onClick={() => uploads.stop(id)}>
        {say('docs.stop')}
      </button>
    </li>
  ) : (
    <li className="row">
      <span className="row-main">
        <strong>{name}</strong>
        <ProblemNotice error={error} />
      </span>
      <button type="button" className="button button-quiet" onClick={() => uploads.dismiss(id)}>
        {say('common.dismiss')}
      </button>
    </li>
  );
}

/** One document: what it is, and what can be done with it. */
export function DocumentRow({
  document,
  mayAdd,
}: {
  readonly document: Document;
  readonly mayAdd: boolean;
}) {
  const say = useSay();
  const format = useFormat();
  const { id, name, state, side, scanned, refused_for: refused } = document;
  const facts = [
    format.shortDay(document.created_at),
    format.bytes(document.size),
    say(side === 'patient' ? 'docs.fromPatient' : 'docs.fromClinic'),
    // What our own server recorded is not looked through.
    ...(scanned === false && document.recording == null ? [say('docs.notScanned')] : []),
    ...(state === 'ready' ? [] : [say(stateKey(state))]),
  ];
  return (
    <li className="row" data-testid="document" data-state={state}>
      <span className="row-main">
        <strong>{name}</strong>
        <span className="hint">{facts.join(' · ')}</span>
        {refused != null && <span className="hint-warning">{say(refusalKey(refused))}</span>}
        {state === 'uploading' && mayAdd && <GoOn document={document} />}
      </span>
      {state === 'ready' && (
        <span className="actions">
          <Show document={document} />
          <Play document={document} />
          <a className="button button-quiet" href={contentOf(id)} download={name}>
            {say('docs.download')}
            <span className="visually-hidden"> {name}</span>
          </a>
        </span>
      )}
    </li>
  );
}

/** An upload that broke off: what is missing is sent, from the same file. */
function GoOn({ document }: { readonly document: Document }) {
  const say = useSay();
  const client = useQueryClient();
  const running = useSyncExternalStore(uploads.subscribe, uploads.snapshot);
  const [isOther, setOther] = useState(false);
  const drop = useMutation({
    mutationFn: () =>
      done(api.DELETE('/v1/documents/{id}', { params: { path: { id: document.id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: documentsOf(document.patient).queryKey }),
  });
  if (running.some(({ id, error }) => id === document.id && error === null)) {
    return null;
  }
  return (
    <>
      <FileField
        label={say('docs.goOn')}
        accept={DOCUMENT_TYPES}
        onFile={(file) => {
          const isSame = file.name === document.name && file.size === document.size;
          setOther(!isSame);
          if (isSame) {
            void uploads.goOn(document.patient, document.id, file);
          }
        }}
      />
      {isOther && (
        <p className="field-error" role="alert">
          {say('docs.wrongFile', { name: document.name })}
        </p>
      )}
      <ProblemNotice error={drop.error} />
      <button
        type="button"
        className="button button-quiet"
        aria-busy={drop.isPending}
        onClick={() => drop.mutate()}
      >
        {say('docs.giveUp')}
        <span className="visually-hidden"> {document.name}</span>
      </button>
    </>
  );
}

const STATES = ['uploading', 'checking', 'ready', 'refused', 'discarded'] as const;
const REFUSALS = ['infected', 'unscannable', 'type', 'hash', 'damaged'] as const;

function stateKey(word: string) {
  const state = STATES.find((one) => one === word);
  return state === undefined ? 'common.unknown' : (`docs.state.${state}` as const);
}

function refusalKey(word: string) {
  const reason = REFUSALS.find((one) => one === word);
  return reason === undefined ? 'docs.state.refused' : (`docs.refused.${reason}` as const);
}
