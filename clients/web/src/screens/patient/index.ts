/** A patient's own appointments and profile: one chunk. */
export { AppointmentsScreen } from './appointments-screen.tsx';
export { ProfileScreen } from './profile-screen.tsx';
