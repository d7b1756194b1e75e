/** A patient's own appointments, records and profile: one chunk. */
export { AppointmentLinkScreen } from './appointment-link-screen.tsx';
export { AppointmentsScreen } from './appointments-screen.tsx';
export { MyDataScreen } from './my-data-screen.tsx';
export { NotificationsScreen } from './notifications-screen.tsx';
export { ProfileScreen } from './profile-screen.tsx';
export { RecordsScreen } from './records-screen.tsx';
