/** Which address shows which screen. A screen's code arrives when it is wanted. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent as lazy,
  Outlet,
} from '@tanstack/react-router';
import { HomeScreen } from '../screens/home-screen.tsx';
import { AppFrame } from './app-frame.tsx';
import { CrashScreen, NotFoundScreen } from './last-screens.tsx';

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFoundScreen,
  errorComponent: CrashScreen,
});

const framed = createRoute({ getParentRoute: () => root, id: 'framed', component: AppFrame });
const inFrame = () => framed;

const home = createRoute({ getParentRoute: inFrame, path: '/', component: HomeScreen });

const account = () => import('../screens/account/index.ts');
const signIn = createRoute({
  getParentRoute: inFrame,
  path: '/sign-in',
  validateSearch: (search): { next?: string } => text(search, 'next'),
  component: lazy(account, 'SignInScreen'),
});
const register = createRoute({
  getParentRoute: inFrame,
  path: '/register',
  validateSearch: (search): { next?: string } => text(search, 'next'),
  component: lazy(account, 'RegisterScreen'),
});
const verifyEmail = createRoute({
  getParentRoute: inFrame,
  path: '/verify-email',
  component: lazy(account, 'VerifyEmailScreen'),
});
const newPassword = createRoute({
  getParentRoute: inFrame,
  path: '/new-password',
  component: lazy(account, 'NewPasswordScreen'),
});
const invitation = createRoute({
  getParentRoute: inFrame,
  path: '/invitation',
  component: lazy(account, 'InvitationScreen'),
});
const ownAccount = createRoute({
  getParentRoute: inFrame,
  path: '/account',
  component: lazy(account, 'AccountScreen'),
});

const booking = () => import('../screens/booking/index.ts');
export interface Wishes {
  readonly clinic?: string;
  readonly specialty?: string;
  readonly language?: string;
  readonly q?: string;
  readonly fee?: string;
  readonly sort?: string;
}
const find = createRoute({
  getParentRoute: inFrame,
  path: '/find',
  validateSearch: (search): Wishes => ({
    ...text(search, 'clinic'),
    ...text(search, 'specialty'),
    ...text(search, 'language'),
    ...text(search, 'q'),
    ...text(search, 'fee'),
    ...text(search, 'sort'),
  }),
  component: lazy(booking, 'FindScreen'),
});
const practitioner = createRoute({
  getParentRoute: inFrame,
  path: '/practitioners/$id',
  validateSearch: (search): { service?: string; from?: string; move?: string } => ({
    ...text(search, 'service'),
    ...text(search, 'from'),
    ...text(search, 'move'),
  }),
  component: lazy(booking, 'SlotsScreen'),
});
const book = createRoute({
  getParentRoute: inFrame,
  path: '/book',
  validateSearch: (search): { practitioner: string; service: string; start: string } => ({
    practitioner: text(search, 'practitioner').practitioner ?? '',
    service: text(search, 'service').service ?? '',
    start: text(search, 'start').start ?? '',
  }),
  component: lazy(booking, 'BookScreen'),
});

const patient = () => import('../screens/patient/index.ts');
const appointments = createRoute({
  getParentRoute: inFrame,
  path: '/appointments',
  component: lazy(patient, 'AppointmentsScreen'),
});
const profile = createRoute({
  getParentRoute: inFrame,
  path: '/profile',
  component: lazy(patient, 'ProfileScreen'),
});

const visit = () => import('../visit/index.ts');
const ownVisit = createRoute({
  getParentRoute: () => root,
  path: '/visit/$appointment',
  component: lazy(visit, 'OwnVisitScreen'),
});
const clinic = () => import('../screens/clinic/index.ts');
const today = createRoute({
  getParentRoute: inFrame,
  path: '/today',
  component: lazy(clinic, 'TodayScreen'),
});
const hours = createRoute({
  getParentRoute: inFrame,
  path: '/hours',
  component: lazy(clinic, 'HoursScreen'),
});
const services = createRoute({
  getParentRoute: inFrame,
  path: '/services',
  component: lazy(clinic, 'ServicesScreen'),
});
const staff = createRoute({
  getParentRoute: inFrame,
  path: '/staff',
  component: lazy(clinic, 'StaffScreen'),
});
const keys = createRoute({
  getParentRoute: inFrame,
  path: '/keys',
  component: lazy(clinic, 'KeysScreen'),
});
const audit = createRoute({
  getParentRoute: inFrame,
  path: '/audit',
  component: lazy(clinic, 'AuditScreen'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    framed.addChildren([
      home,
      signIn,
      register,
      verifyEmail,
      newPassword,
      invitation,
      ownAccount,
      find,
      practitioner,
      book,
      appointments,
      profile,
      today,
      hours,
      services,
      staff,
      keys,
      audit,
    ]),
    ownVisit,
  ]),
  scrollRestoration: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

/** A field of the address where it is a text; left out otherwise. */
function text<K extends string>(
  search: Record<string, unknown>,
  key: K,
): Partial<Record<K, string>> {
  const value = search[key];
  const found: Partial<Record<K, string>> = {};
  if (typeof value === 'string' && value !== '') {
    found[key] = value;
  } else if (typeof value === 'number') {
    found[key] = String(value);
  }
  return found;
}
