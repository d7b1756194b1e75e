/** The screens of clinicians and staff: one chunk. */
export { AuditScreen } from './audit-screen.tsx';
export { BillingScreen } from './billing-screen.tsx';
export { ClinicScreen } from './clinic-screen.tsx';
export { ComplianceScreen } from './compliance-screen.tsx';
export { DataRequestsScreen } from './data-requests-screen.tsx';
export { HoursScreen } from './hours-screen.tsx';
export { JobsScreen } from './jobs-screen.tsx';
export { KeysScreen } from './keys-screen.tsx';
export { ServicesScreen } from './services-screen.tsx';
export { StaffScreen } from './staff-screen.tsx';
export { SystemScreen } from './system-screen.tsx';
export { TemplatesScreen } from './templates-screen.tsx';
export { TodayScreen } from './today-screen.tsx';
export { WebhooksScreen } from './webhooks-screen.tsx';
