/** A visit from its link or its appointment to its end: one chunk; the call itself follows when it is wanted. */
import '../styles/visit.css';

export { FrameScreen } from './frame-screen.tsx';
export { JoinScreen } from './join-screen.tsx';
export { OwnVisitScreen } from './own-visit-screen.tsx';
