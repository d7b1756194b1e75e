import type { Medicine, Prescription, PrescriptionDraft } from '@bedside/core';
import type { ReactNode } from 'react';
import { useFormat } from '../app/format.ts';
import { useSay, useWords } from '../app/words.tsx';

/** What was prescribed, and whether it still counts. */
export function PrescriptionText({
  prescription,
  children,
}: {
  readonly prescription: Prescription | PrescriptionDraft;
  readonly children?: ReactNode;
}) {
  const say = useSay();
  const format = useFormat();
  const { language } = useWords();
  const { medicines, remark } = prescription;
  const signed = 'signedAt' in prescription ? prescription : null;
  const cancelled = signed?.cancelled ?? null;
  return (
    <div className="prescription" data-testid="prescription">
      <p className="hint">
        {signed === null
          ? say('rx.draft')
          : say('rx.signed', { when: format.moment(signed.signedAt) })}
      </p>
      {cancelled !== null && (
        <p className="hint-warning">{say('records.cancelled', { reason: cancelled })}</p>
      )}
      <ul>
        {medicines.map((medicine) => (
          <li key={JSON.stringify(medicine)} data-cancelled={cancelled !== null}>
            <MedicineText medicine={medicine} />
          </li>
        ))}
      </ul>
      {remark !== '' && <p>{remark}</p>}
      {signed !== null && (
        <p>
          <a
            className="link"
            href={`/v1/prescriptions/${encodeURIComponent(signed.id)}/pdf?language=${language.tag}`}
            target="_blank"
            rel="noreferrer"
          >
            {say('rx.pdf')}
            <span className="visually-hidden">
              {' '}
              {medicines.map(({ medicine }) => medicine).join(', ')}
            </span>
          </a>
        </p>
      )}
      {children}
    </div>
  );
}

function MedicineText({ medicine }: { readonly medicine: Medicine }) {
  const say = useSay();
  const { locale } = useWords();
  const days = new Intl.NumberFormat(locale, { style: 'unit', unit: 'day', unitDisplay: 'long' });
  const facts = [
    medicine.dose,
    medicine.frequency,
    medicine.days === null ? '' : days.format(medicine.days),
    medicine.repeats === 0 ? '' : say('records.repeats', { count: medicine.repeats }),
    medicine.instructions,
  ];
  return (
    <>
      <strong>{medicine.medicine}</strong>
      {' · '}
      {facts.filter((fact) => fact !== '').join(' · ')}
    </>
  );
}
