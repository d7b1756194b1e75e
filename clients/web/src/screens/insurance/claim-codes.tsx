import type { InsuranceClaim, ClaimCodes as Codes, Schemas } from '@bedside/core';
import { ApiProblem, answered, codesOf, ifMatch, minorOf, takesCodes } from '@bedside/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../app/api.ts';
import { fractionDigits, useFormat } from '../../app/format.ts';
import { useSay } from '../../app/words.tsx';
import { SelectField, TextField } from '../../parts/field.tsx';
import { Asked, Notice, ProblemNotice } from '../../parts/notice.tsx';
import { PLACES } from './insurance-words.ts';

const PROCEDURES_MAX = 6;

/** By which codes an insurer is asked: read by the practitioner and administrators, written while the insurer lacks them. */
export function ClaimCodes({ claim }: { readonly claim: InsuranceClaim }) {
  const say = useSay();
  const codes = useQuery({
    queryKey: ['claims', 'codes', claim.id],
    queryFn: () => readCodes(claim.id),
    // Written on a form: another reading must not overwrite what is being typed.
    staleTime: Infinity,
    gcTime: 0,
  });
  return (
    <section className="card" aria-labelledby="codes">
      <h2 id="codes">{say('codes.title')}</h2>
      <p className="hint">{say('codes.lead')}</p>
      <Asked query={codes}>
        {(found) =>
          takesCodes(claim) ? (
            <CodesForm claim={claim} codes={found} />
          ) : (
            <CodesText codes={found} claim={claim} />
          )
        }
      </Asked>
    </section>
  );
}

/** Null where there are none yet. */
async function readCodes(id: string): Promise<Codes | null> {
  try {
    const params = { path: { id } };
    return codesOf(await answered(api.GET('/v1/insurance-claims/{id}/fhir', { params })));
  } catch (error) {
    if (error instanceof ApiProblem && error.kind === 'not-possible') {
      return null;
    }
    throw error;
  }
}

function CodesText({
  codes,
  claim,
}: {
  readonly codes: Codes | null;
  readonly claim: InsuranceClaim;
}) {
  const say = useSay();
  const format = useFormat();
  if (codes === null) {
    return <p>{say('codes.none')}</p>;
  }
  const minor = (whole: number) => Math.round(whole * 10 ** fractionDigits(claim.currency));
  return (
    <dl className="amounts">
      <div>
        <dt>{say('codes.diagnoses')}</dt>
        <dd>
          <code>{codes.diagnoses.join(' ')}</code>
        </dd>
      </div>
      {codes.procedures.map(({ code, modifiers, charge }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- the same code may stand twice
        <div key={index}>
          <dt>
            <code>{[code, ...modifiers].join('-')}</code>
          </dt>
          <dd className="row-sum">
            {format.money({ minor: minor(charge), currency: claim.currency })}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface Procedure {
  readonly code: string;
  readonly modifiers: string;
  readonly charge: string;
}

function CodesForm({
  claim,
  codes,
}: {
  readonly claim: InsuranceClaim;
  readonly codes: Codes | null;
}) {
  const say = useSay();
  const format = useFormat();
  const client = useQueryClient();
  const digits = fractionDigits(claim.currency);
  const [rev, setRev] = useState(claim.rev);
  const [diagnoses, setDiagnoses] = useState(codes?.diagnoses.join(' ') ?? '');
  const [place, setPlace] = useState(codes?.place ?? PLACES[0]);
  const [procedures, setProcedures] = useState<readonly Procedure[]>(() =>
    firstProcedures(codes, claim, digits),
  );
  const charges = procedures.map(({ charge }) => minorOf(charge, digits, claim.charge_minor));
  const sum = charges.reduce<number>((total, one) => total + (one ?? 0), 0);
  const save = useMutation({
    mutationFn: () => {
      const body: Schemas['ClaimCodesBody'] = {
        diagnoses: wordsIn(diagnoses),
        place,
        procedures: procedures.map(({ code, modifiers }, index) => ({
          code: code.trim().toUpperCase(),
          modifiers: wordsIn(modifiers),
          charge_minor: charges[index] ?? 0,
        })),
      };
      const params = { path: { id: claim.id }, header: ifMatch(rev) };
      return answered(api.PUT('/v1/insurance-claims/{id}/codes', { params, body }));
    },
    onSuccess: (kept) => setRev(kept.rev),
    onSettled: () => client.invalidateQueries({ queryKey: ['claims'] }),
  });
  const replace = (at: number, change: Partial<Procedure>): void =>
    setProcedures(procedures.map((one, index) => (index === at ? { ...one, ...change } : one)));
  const money = (minor: number) => format.money({ minor, currency: claim.currency });
  return (
    <form
      className="stack"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {codes === null && !save.isSuccess && <Notice kind="plain">{say('codes.none')}</Notice>}
      <TextField
        label={say('codes.diagnoses')}
        hint={say('codes.diagnosesHint')}
        required
        autoComplete="off"
        value={diagnoses}
        onChange={setDiagnoses}
      />
      <SelectField
        label={say('codes.place')}
        options={PLACES.map((value) => ({ value, label: say(`codes.place.${value}`) }))}
        value={place}
        onChange={setPlace}
      />
      {procedures.map((procedure, index) => (
        <ProcedureFields
          // oxlint-disable-next-line react/no-array-index-key -- a procedure has no name of its own while it is typed
          key={index}
          number={index + 1}
          currency={claim.currency}
          procedure={procedure}
          isWrong={charges[index] === null}
          onChange={(change) => replace(index, change)}
          onRemove={
            procedures.length === 1
              ? null
              : () => setProcedures(procedures.filter((_, at) => at !== index))
          }
        />
      ))}
      {sum !== claim.charge_minor && (
        <p className="field-error" role="status">
          {say('codes.sum', { sum: money(sum), charge: money(claim.charge_minor) })}
        </p>
      )}
      <ProblemNotice error={save.error} />
      {save.isSuccess && <Notice kind="good">{say('common.saved')}</Notice>}
      <div className="actions">
        <button
          type="submit"
          className="button button-primary"
          aria-busy={save.isPending}
          disabled={sum !== claim.charge_minor || charges.includes(null)}
        >
          {say('common.save')}
        </button>
        {procedures.length < PROCEDURES_MAX && (
          <button
            type="button"
            className="button"
            onClick={() => setProcedures([...procedures, { code: '', modifiers: '', charge: '' }])}
          >
            {say('codes.add')}
          </button>
        )}
      </div>
    </form>
  );
}

function firstProcedures(
  codes: Codes | null,
  claim: InsuranceClaim,
  digits: number,
): readonly Procedure[] {
  return codes === null || codes.procedures.length === 0
    ? [
        {
          code: '',
          modifiers: '95',
          charge: (claim.charge_minor / 10 ** digits).toFixed(digits),
        },
      ]
    : codes.procedures.map(({ code, modifiers, charge }) => ({
        code,
        modifiers: modifiers.join(' '),
        charge: charge.toFixed(digits),
      }));
}

function ProcedureFields({
  number,
  currency,
  procedure,
  isWrong,
  onChange,
  onRemove,
}: {
  readonly number: number;
  readonly currency: string;
  readonly procedure: Procedure;
  readonly isWrong: boolean;
  readonly onChange: (change: Partial<Procedure>) => void;
  readonly onRemove: (() => void) | null;
}) {
  const say = useSay();
  const title = say('codes.procedure', { number });
  return (
    <fieldset className="stack">
      <legend>{title}</legend>
      <div className="columns">
        <TextField
          label={say('codes.code')}
          required
          pattern="[A-Za-z0-9]{5}"
          maxLength={5}
          autoComplete="off"
          value={procedure.code}
          onChange={(code) => onChange({ code })}
        />
        <TextField
          label={say('codes.modifiers')}
          isOptional
          autoComplete="off"
          value={procedure.modifiers}
          onChange={(modifiers) => onChange({ modifiers })}
        />
        <TextField
          label={say('codes.charge', { currency })}
          inputMode="decimal"
          required
          error={isWrong && procedure.charge !== '' ? say('codes.wrongCharge') : null}
          value={procedure.charge}
          onChange={(charge) => onChange({ charge })}
        />
      </div>
      {onRemove !== null && (
        <button type="button" className="button button-quiet" onClick={onRemove}>
          {say('common.remove')}
          <span className="visually-hidden">: {title}</span>
        </button>
      )}
    </fieldset>
  );
}

function wordsIn(text: string): string[] {
  return text
    .toUpperCase()
    .split(/[\s,;]+/)
    .filter((word) => word !== '');
}
