/** Insurance: a patient's own, and what the clinic asks insurers for. One chunk. */
import '../../styles/insurance.css';

export { ClaimScreen } from './claim-screen.tsx';
export { ClaimsScreen } from './claims-screen.tsx';
export { InsuranceScreen } from './insurance-screen.tsx';
export { PayersScreen } from './payers-screen.tsx';
export { RemittancesScreen } from './remittances-screen.tsx';
