import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useState } from 'react';
import { FrameScreen } from './frame-screen.tsx';
import { JoinScreen } from './join-screen.tsx';
import '../styles/visit.css';

/** A visit by a link, or inside another site's page: nobody signs in, there is nowhere else to go. */
export function Guest() {
  const [queries] = useState(() => new QueryClient());
  return (
    <QueryClientProvider client={queries}>
      {location.pathname === '/frame' ? <FrameScreen /> : <JoinScreen />}
    </QueryClientProvider>
  );
}
