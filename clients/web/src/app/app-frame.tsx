import { type ReactNode, Suspense, useEffect, useId, useState } from 'react';
import { BrandMark } from '../parts/brand.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { LanguageSelect } from '../parts/language-select.tsx';
import { Loading, ProblemNotice } from '../parts/notice.tsx';
import { Link, navigate, type Path, usePath } from './navigation.tsx';
import {
  endSession,
  hasRole,
  homeOf,
  isStaff,
  type Me,
  patientOf,
  practitionerOf,
  useSession,
} from './session.ts';
import { saveAll } from './unsaved.ts';
import { useSay } from './words.tsx';

/** Around every screen but the visit's: where one is, where one can go, who one is. */
export function AppFrame({ children }: { readonly children: ReactNode }) {
  const say = useSay();
  const { me } = useSession();
  return (
    <div className="app">
      <a className="skip-link" href="#content">
        {say('app.skip')}
      </a>
      <header className="app-header">
        <Link to={me == null ? '/' : homeOf(me)} className="brand">
          <BrandMark />
          {say('app.name')}
        </Link>
        <Navigation me={me} />
      </header>
      <OfflineNote />
      <main className="app-main" id="content" tabIndex={-1}>
        <Suspense fallback={<Loading />}>{children}</Suspense>
      </main>
      <footer className="page-footer">{say('app.private')}</footer>
    </div>
  );
}

function Navigation({ me }: { readonly me: Me | null | undefined }) {
  const say = useSay();
  const id = useId();
  const path = usePath();
  // Open on this page: another page finds it closed.
  const [openOn, setOpenOn] = useState<string | null>(null);
  const isOpen = openOn === path;
  return (
    <>
      <button
        type="button"
        className="menu-button"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpenOn(isOpen ? null : path)}
      >
        <Icon name={isOpen ? 'close' : 'menu'} />
        {say('app.menu')}
      </button>
      <div className="app-navigation" id={id} data-open={isOpen}>
        <nav aria-label={say('app.menu')}>
          <ul>
            <Places me={me} />
          </ul>
        </nav>
        <div className="app-tools">
          <LanguageSelect />
          {me === null && (
            <Link to="/sign-in" className="button button-quiet">
              {say('nav.signIn')}
            </Link>
          )}
          {me != null && <SignOut />}
        </div>
      </div>
    </>
  );
}

function Places({ me }: { readonly me: Me | null | undefined }) {
  const say = useSay();
  const staff = me != null && me.second_factor && isStaff(me);
  return (
    <>
      {staff && <Place to="/today">{say('nav.today')}</Place>}
      {staff && (
        <>
          <Place to="/patients">{say('nav.patients')}</Place>
          <Place to="/messages">{say('nav.messages')}</Place>
        </>
      )}
      {staff && practitionerOf(me) !== null && <Place to="/hours">{say('nav.hours')}</Place>}
      {staff && <Money me={me} />}
      {staff && hasRole(me, 'clinic_admin') && <Place to="/clinic">{say('nav.clinic')}</Place>}
      {staff && <Place to="/staff">{say('nav.staff')}</Place>}
      {!staff && <Place to="/find">{say('nav.find')}</Place>}
      {me != null && patientOf(me) !== null && (
        <>
          <Place to="/appointments">{say('nav.appointments')}</Place>
          {!staff && <Place to="/messages">{say('nav.messages')}</Place>}
          <Place to="/records">{say('nav.records')}</Place>
          <Place to="/profile">{say('nav.profile')}</Place>
        </>
      )}
      {me != null && <Place to="/account">{say('nav.account')}</Place>}
    </>
  );
}

/** An administrator finds it all under the clinic; a practitioner their own. */
function Money({ me }: { readonly me: Me }) {
  const say = useSay();
  if (hasRole(me, 'clinic_admin')) {
    return null;
  }
  return hasRole(me, 'receptionist') ? (
    <Place to="/payments">{say('nav.payments')}</Place>
  ) : (
    <Place to="/earnings">{say('nav.earnings')}</Place>
  );
}

function Place({ to, children }: { readonly to: Path; readonly children: string }) {
  const isHere = usePath() === to;
  return (
    <li>
      <Link to={to} className="place" aria-current={isHere ? 'page' : undefined}>
        {children}
      </Link>
    </li>
  );
}

function SignOut() {
  const say = useSay();
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const end = async (): Promise<void> => {
    setAsking(false);
    try {
      await endSession();
      navigate({ to: '/' });
    } catch (failure) {
      setError(failure);
    }
  };
  const press = async (): Promise<void> => {
    setError(null);
    if (await saveAll()) {
      await end();
    } else {
      setAsking(true);
    }
  };
  return (
    <>
      <button type="button" className="button button-quiet" onClick={() => void press()}>
        {say('nav.signOut')}
      </button>
      <ProblemNotice error={error} />
      {isAsking && (
        <Dialog title={say('nav.signOutTitle')} onClose={() => setAsking(false)}>
          <p>{say('nav.signOutText')}</p>
          <div className="actions">
            <button
              type="button"
              className="button button-primary"
              onClick={() => setAsking(false)}
            >
              {say('common.cancel')}
            </button>
            <button type="button" className="button button-danger-quiet" onClick={() => void end()}>
              {say('nav.signOutAnyway')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function OfflineNote() {
  const say = useSay();
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const renew = (): void => setOnline(navigator.onLine);
    addEventListener('online', renew);
    addEventListener('offline', renew);
    return () => {
      removeEventListener('online', renew);
      removeEventListener('offline', renew);
    };
  }, []);
  return (
    <div role="status">{!isOnline && <p className="offline-note">{say('app.offline')}</p>}</div>
  );
}
