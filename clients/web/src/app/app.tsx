import { QueryClientProvider } from '@tanstack/react-query';
import { queries } from './api.ts';
import { Navigation } from './navigation.tsx';
import { Screens } from './router.tsx';

/** All screens for who comes without a link. */
export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Navigation>
        <Screens />
      </Navigation>
    </QueryClientProvider>
  );
}
