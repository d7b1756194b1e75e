import { FrameScreen } from './frame-screen.tsx';
import { JoinScreen } from './join-screen.tsx';
import '../styles/visit.css';

/** A visit by a link, or inside another site's page: nobody signs in, there is nowhere else to go. */
export function Guest() {
  return location.pathname === '/frame' ? <FrameScreen /> : <JoinScreen />;
}
