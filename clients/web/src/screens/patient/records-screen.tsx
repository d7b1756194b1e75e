import { Suspense } from 'react';
import { Link } from '../../app/navigation.tsx';
import { patientOf } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { LazyPatientRecords } from '../../note/lazy-note.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Loading, Notice } from '../../parts/notice.tsx';

/** All that was signed for a patient. */
export function RecordsScreen() {
  const say = useSay();
  return (
    <SignedIn>
      {(me) => {
        const patient = patientOf(me);
        return (
          <>
            <div className="title-row">
              <Heading title={say('nav.records')}>{say('nav.records')}</Heading>
              <Link to="/documents" className="button button-quiet">
                {say('nav.documents')}
              </Link>
            </div>
            {patient === null ? (
              <Notice kind="plain">{say('profile.noProfile')}</Notice>
            ) : (
              <Suspense fallback={<Loading />}>
                <LazyPatientRecords patient={patient} />
              </Suspense>
            )}
          </>
        );
      }}
    </SignedIn>
  );
}
