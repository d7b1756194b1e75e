import { Link, type Path } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { StaffOnly } from './staff-only.tsx';

const PLACES = [
  ['/services', 'services.title', 'calendar'],
  ['/clinic/questionnaires', 'admin.questions', 'note'],
  ['/clinic/templates', 'templates.title', 'chat'],
  ['/clinic/billing', 'billing.title', 'note'],
  ['/keys', 'keys.title', 'key'],
  ['/webhooks', 'hooks.title', 'forward'],
  ['/jobs', 'jobs.title', 'chat'],
  ['/reviews', 'reviews.title', 'chat'],
  ['/payments', 'payments.title', 'note'],
  ['/earnings', 'earnings.title', 'signal'],
  ['/claims', 'admin.claims', 'note'],
  ['/payers', 'admin.payers', 'people'],
  ['/remittances', 'admin.remittances', 'check'],
  ['/reconciliation', 'recon.title', 'check'],
  ['/data-requests', 'requests.title', 'person'],
  ['/audit', 'audit.title', 'search'],
  ['/system', 'system.title', 'signal'],
  ['/compliance', 'comply.title', 'lock'],
] as const satisfies readonly (readonly [Path, string, IconName])[];

/** Where an administrator goes from. */
export function ClinicScreen() {
  const say = useSay();
  return (
    <StaffOnly title={say('admin.title')} roles={['clinic_admin']}>
      {() => (
        <>
          <Heading title={say('admin.title')}>{say('admin.title')}</Heading>
          <p className="lead">{say('admin.lead')}</p>
          <ul className="places">
            {PLACES.map(([to, title, icon]) => (
              <li key={to}>
                <Link to={to} className="card place-card">
                  <Icon name={icon} />
                  {say(title)}
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </StaffOnly>
  );
}
