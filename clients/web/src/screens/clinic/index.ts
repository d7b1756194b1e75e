/** The screens of clinicians and staff: one chunk. */
export { AuditScreen } from './audit-screen.tsx';
export { HoursScreen } from './hours-screen.tsx';
export { KeysScreen } from './keys-screen.tsx';
export { ServicesScreen } from './services-screen.tsx';
export { StaffScreen } from './staff-screen.tsx';
export { TodayScreen } from './today-screen.tsx';
