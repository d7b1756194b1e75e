/** Which address shows which screen. A screen's code and its sentences arrive when they are wanted. */
import { type ComponentType, lazy } from 'react';
import { HomeScreen } from '../screens/home-screen.tsx';
import { AppFrame } from './app-frame.tsx';
import { CrashBarrier } from './crash-barrier.tsx';
import { NotFoundScreen } from './last-screens.tsx';
import { usePath } from './navigation.tsx';
import { saying } from './words.tsx';

const account = () => saying(['account'], import('../screens/account/index.ts'));
const booking = () => saying(['booking'], import('../screens/booking/index.ts'));
const care = () => saying(['booking', 'records', 'care'], import('../screens/care/index.ts'));
const intake = () => saying(['booking', 'intake'], import('../screens/intake/index.ts'));
const patient = () => saying(['booking', 'money', 'care'], import('../screens/patient/index.ts'));
const money = () => saying(['booking', 'money'], import('../screens/money/index.ts'));
const insurance = () => saying(['booking', 'insurance'], import('../screens/insurance/index.ts'));
const visit = () => saying(['visit'], import('../visit/index.ts'));
const clinic = () =>
  saying(['booking', 'visit', 'clinic', 'money', 'care'], import('../screens/clinic/index.ts'));

/** The server answers with the page for the first part of each of these (`SCREENS` in `server/src/page.rs`). */
const SCREENS = {
  '/': HomeScreen,
  '/sign-in': screen(account, 'SignInScreen'),
  '/sign-in/provider': screen(account, 'ProviderScreen'),
  '/consent': screen(account, 'ConsentScreen'),
  '/register': screen(account, 'RegisterScreen'),
  '/verify-email': screen(account, 'VerifyEmailScreen'),
  '/new-password': screen(account, 'NewPasswordScreen'),
  '/invitation': screen(account, 'InvitationScreen'),
  '/account': screen(account, 'AccountScreen'),
  '/find': screen(booking, 'FindScreen'),
  '/practitioners/$id': screen(booking, 'SlotsScreen'),
  '/book': screen(booking, 'BookScreen'),
  '/appointments': screen(patient, 'AppointmentsScreen'),
  '/appointments/$id': screen(patient, 'AppointmentLinkScreen'),
  '/appointments/$id/questions': screen(intake, 'AnswerScreen'),
  '/pay/$id': screen(money, 'PayScreen'),
  '/invoices': screen(money, 'InvoicesScreen'),
  '/profile': screen(patient, 'ProfileScreen'),
  '/records': screen(patient, 'RecordsScreen'),
  '/notifications': screen(patient, 'NotificationsScreen'),
  '/my-data': screen(patient, 'MyDataScreen'),
  '/payments': screen(money, 'PaymentsScreen'),
  '/insurance': screen(insurance, 'InsuranceScreen'),
  '/claims': screen(insurance, 'ClaimsScreen'),
  '/claims/$id': screen(insurance, 'ClaimScreen'),
  '/payers': screen(insurance, 'PayersScreen'),
  '/remittances': screen(insurance, 'RemittancesScreen'),
  '/earnings': screen(money, 'EarningsScreen'),
  '/reconciliation': screen(money, 'ReconciliationScreen'),
  '/messages': screen(care, 'MessagesScreen'),
  '/messages/$id': screen(care, 'ThreadScreen'),
  '/documents': screen(care, 'DocumentsScreen'),
  '/waiting': screen(care, 'WaitingScreen'),
  '/reviews': screen(care, 'ReviewsScreen'),
  '/patients': screen(care, 'PatientsScreen'),
  '/patients/$id': screen(care, 'PatientScreen'),
  '/queue': screen(care, 'QueueScreen'),
  '/today': screen(clinic, 'TodayScreen'),
  '/hours': screen(clinic, 'HoursScreen'),
  '/services': screen(clinic, 'ServicesScreen'),
  '/staff': screen(clinic, 'StaffScreen'),
  '/clinic': screen(clinic, 'ClinicScreen'),
  '/clinic/series': screen(care, 'SeriesScreen'),
  '/clinic/billing': screen(clinic, 'BillingScreen'),
  '/clinic/templates': screen(clinic, 'TemplatesScreen'),
  '/clinic/questionnaires': screen(intake, 'QuestionnairesScreen'),
  '/webhooks': screen(clinic, 'WebhooksScreen'),
  '/jobs': screen(clinic, 'JobsScreen'),
  '/data-requests': screen(clinic, 'DataRequestsScreen'),
  '/system': screen(clinic, 'SystemScreen'),
  '/compliance': screen(clinic, 'ComplianceScreen'),
  '/keys': screen(clinic, 'KeysScreen'),
  '/audit': screen(clinic, 'AuditScreen'),
  '/visit/$id': screen(visit, 'OwnVisitScreen'),
} as const;

export type Path = keyof typeof SCREENS;

export function Screens() {
  const path = usePath();
  const found = pathOf(path);
  if (found === null) {
    return <NotFoundScreen />;
  }
  const Screen = SCREENS[found];
  // A visit fills the page: there is nowhere to wander off to.
  return found === '/visit/$id' ? (
    <Screen key={path} />
  ) : (
    <AppFrame>
      <CrashBarrier key={path}>
        <Screen />
      </CrashBarrier>
    </AppFrame>
  );
}

/** The one whose parts are alike; `$id` is any part that is not empty. */
function pathOf(shown: string): Path | null {
  const parts = shown.replace(/(.)\/$/, '$1').split('/');
  const fits = (path: string): boolean => {
    const own = path.split('/');
    return (
      own.length === parts.length &&
      own.every((part, i) => (part === '$id' ? parts[i] !== '' : part === parts[i]))
    );
  };
  return pathsOf(SCREENS).find(fits) ?? null;
}

function pathsOf<T extends object>(screens: T): (keyof T & string)[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a constant of this file has no other keys
  return Object.keys(screens) as (keyof T & string)[];
}

function screen<K extends string>(
  load: () => Promise<Readonly<Record<K, ComponentType>>>,
  name: K,
): ComponentType {
  return lazy<ComponentType>(async () => ({ default: (await load())[name] }));
}
