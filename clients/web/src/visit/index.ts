/** A visit of somebody who is signed in: one chunk; the call itself follows when it is wanted. */
import '../styles/visit.css';

export { OwnVisitScreen } from './own-visit-screen.tsx';
