import { useQuery } from '@tanstack/react-query';
import { answered } from '@bedside/core';
import { api } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { patientOf, useSession } from '../../app/session.ts';
import { SignedIn } from '../../app/signed-in.tsx';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Asked, Notice } from '../../parts/notice.tsx';
import { Paged, usePages } from '../../parts/paged.tsx';
import { JoinWaitlist } from './join-waitlist.tsx';
import { QueuePlace } from './queue-place.tsx';
import { WaitlistPlace } from './waitlist-place.tsx';

/** A patient waits: for a doctor now, or for a time that becomes free. */
export function WaitingScreen() {
  const say = useSay();
  return (
    <div className="narrow">
      <Heading title={say('wait.title')}>{say('wait.title')}</Heading>
      <SignedIn>
        {(me) => {
          const patient = patientOf(me);
          return patient === null ? (
            <Notice kind="plain">{say('profile.noProfile')}</Notice>
          ) : (
            <Waiting patient={patient} />
          );
        }}
      </SignedIn>
    </div>
  );
}

function Waiting({ patient }: { readonly patient: string }) {
  const { me } = useSession();
  const clinic = me?.clinic_id ?? '';
  const services = useQuery({
    queryKey: ['services', clinic],
    queryFn: () => answered(api.GET('/v1/services', { params: { query: { clinic, limit: 200 } } })),
    enabled: clinic !== '',
  });
  return (
    <Asked query={services}>
      {({ items }) => {
        const offered = items.filter(({ active }) => active !== false);
        return (
          <>
            {offered
              .filter((one) => one.on_demand === true)
              .map((service) => (
                <QueuePlace key={service.id} service={service} />
              ))}
            <JoinWaitlist
              patient={patient}
              services={offered.filter((one) => one.needs_approval !== true)}
            />
            <Places patient={patient} />
          </>
        );
      }}
    </Asked>
  );
}

function Places({ patient }: { readonly patient: string }) {
  const say = useSay();
  useLive(['waitlist.'], [['waitlist']]);
  const pages = usePages(['waitlist', patient], (wish) =>
    answered(api.GET('/v1/waitlist', { params: { query: { ...wish, patient } } })),
  );
  return (
    <Paged pages={pages} empty={say('wait.none')}>
      {(items) => (
        <ul className="visits">
          {items.map((entry) => (
            <WaitlistPlace key={entry.id} entry={entry} />
          ))}
        </ul>
      )}
    </Paged>
  );
}
