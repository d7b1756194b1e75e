/** Paying, and what became of the money: one chunk. */
export { EarningsScreen } from './earnings-screen.tsx';
export { InvoicesScreen } from './invoices-screen.tsx';
export { PayScreen } from './pay-screen.tsx';
export { PaymentsScreen } from './payments-screen.tsx';
export { ReconciliationScreen } from './reconciliation-screen.tsx';
