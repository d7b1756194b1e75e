import { ApiProblem } from '@bedside/core';
import { useQuery } from '@tanstack/react-query';
import { useFormat } from '../../app/format.ts';
import { Link, useShownId } from '../../app/navigation.tsx';
import { hasRole, practitionerOf } from '../../app/session.ts';
import { useSay } from '../../app/words.tsx';
import { Person } from '../../note/person.tsx';
import { RecordList } from '../../note/record-list.tsx';
import { patientQuery, prescriptionsOf } from '../../note/records-of.ts';
import { SignedRecords } from '../../note/patient-records.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Asked, Loading, Notice } from '../../parts/notice.tsx';
import { fullName } from '../../parts/patient-name.ts';
import { StaffOnly } from '../clinic/staff-only.tsx';
import { SeriesStart } from './series-start.tsx';
import { stateKey } from '../patient/state-words.ts';
import { visitsOf } from './care-queries.ts';
import { DocumentList } from '../../documents/document-list.tsx';

/** One patient: the record to who treats them, visits to the desk as well. */
export function PatientScreen() {
  const say = useSay();
  const id = useShownId();
  return (
    <StaffOnly
      title={say('patients.title')}
      roles={['practitioner', 'receptionist', 'clinic_admin']}
    >
      {(me, clinic) => (
        <Patient
          clinic={clinic}
          key={id}
          id={id}
          isPractitioner={practitionerOf(me) !== null}
          isDesk={hasRole(me, 'receptionist', 'clinic_admin')}
        />
      )}
    </StaffOnly>
  );
}

function Patient({
  clinic,
  id,
  isPractitioner,
  isDesk,
}: {
  readonly clinic: string;
  readonly id: string;
  readonly isPractitioner: boolean;
  readonly isDesk: boolean;
}) {
  const say = useSay();
  const patient = useQuery(patientQuery(id));
  return (
    <Asked query={patient}>
      {({ profile }) => (
        <div className="narrow">
          <p>
            <Link to="/patients" className="link back-link">
              <Icon name="back" />
              {say('patients.title')}
            </Link>
          </p>
          <Heading title={fullName(profile)}>{fullName(profile)}</Heading>
          <Person profile={profile} isNamed={false} />
          <div className="actions">
            <Link to="/messages" search={{ patient: id }} className="button button-quiet">
              {say('msgs.title')}
            </Link>
            {isDesk && (
              <Link to="/insurance" search={{ patient: id }} className="button button-quiet">
                {say('profile.insurance')}
              </Link>
            )}
          </div>
          {isPractitioner && <Treated patient={id} />}
          <SeriesStart clinic={clinic} patient={id} />
          <Visits patient={id} />
        </div>
      )}
    </Asked>
  );
}

/** Read by who has or had a visit with the patient; anybody else is told why it is closed. */
function Treated({ patient }: { readonly patient: string }) {
  const say = useSay();
  const { error, isPending } = useQuery(prescriptionsOf(patient));
  if (isPending) {
    return <Loading />;
  }
  if (error instanceof ApiProblem && error.status === 403) {
    return <Notice kind="plain">{say('patients.closed')}</Notice>;
  }
  return (
    <>
      <section className="card" aria-labelledby="record">
        <h2 id="record">{say('record.title')}</h2>
        <RecordList patient={patient} mayJudge />
      </section>
      <SignedRecords patient={patient} />
      <section className="stack" aria-labelledby="documents">
        <h2 id="documents">{say('docs.title')}</h2>
        <DocumentList patient={patient} />
      </section>
    </>
  );
}

function Visits({ patient }: { readonly patient: string }) {
  const say = useSay();
  const format = useFormat();
  const visits = useQuery(visitsOf(patient));
  return (
    <section className="stack" aria-labelledby="visits">
      <h2 id="visits">{say('record.visits')}</h2>
      <Asked query={visits}>
        {(items) => (
          <ul className="rows card">
            {items
              .filter(({ state }) => state !== 'held' && state !== 'expired')
              .map(({ id, start, state, series }) => (
                <li key={id} className="row">
                  <span className="row-main">
                    {format.moment(start)}
                    {series != null && (
                      <Link to="/clinic/series" search={{ series }} className="link">
                        {say('series.title')}
                        <span className="visually-hidden">: {format.moment(start)}</span>
                      </Link>
                    )}
                  </span>
                  <span className="badge-state" data-state={state}>
                    {say(stateKey(state))}
                  </span>
                </li>
              ))}
          </ul>
        )}
      </Asked>
    </section>
  );
}
