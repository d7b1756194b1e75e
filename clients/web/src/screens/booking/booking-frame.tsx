import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { queries } from '../../app/api.ts';
import { tell, usePort } from '../../app/frame-port.ts';
import { addressOf, goTo, Link, Navigation, usePath, useSearch } from '../../app/navigation.tsx';
import { useSay } from '../../app/words.tsx';
import { Loading } from '../../parts/notice.tsx';
import { FindScreen } from './find-screen.tsx';
import { SlotsScreen } from './slots-screen.tsx';

const WISHED = new URLSearchParams(location.search).get('practitioner');

/** Doctors and times inside another site's page: what is chosen is told to that page, and nobody signs in here. */
export function BookingFrame() {
  return (
    <QueryClientProvider client={queries}>
      <Navigation>
        <Framed />
      </Navigation>
    </QueryClientProvider>
  );
}

function Framed() {
  const port = usePort();
  const path = usePath();
  const { practitioner, service, start } = useSearch('practitioner', 'service', 'start');
  useEffect(() => {
    if (WISHED !== null && path === '/frame') {
      goTo(addressOf({ to: '/practitioners/$id', params: { id: WISHED } }), true);
    }
  }, [path]);
  // The screens lead to the booking; here that is the page's, and one stays with the times.
  useEffect(() => {
    if (path === '/book' && port !== null && practitioner && service && start) {
      tell(port, { kind: 'chosen', practitioner, service, start });
      history.back();
    }
  }, [path, port, practitioner, service, start]);
  const content = useRef<HTMLElement>(null);
  useEffect(() => {
    const shown = content.current;
    const watch = new ResizeObserver(() => {
      const px = Math.ceil(shown?.getBoundingClientRect().height ?? 0);
      if (port !== null && px > 0) {
        tell(port, { kind: 'height', px });
      }
    });
    if (shown !== null) {
      watch.observe(shown);
    }
    return () => watch.disconnect();
  }, [port]);
  return (
    <main ref={content} className="app-main framed">
      <Shown path={path} />
    </main>
  );
}

function Shown({ path }: { readonly path: string }) {
  const say = useSay();
  if (path === '/book' || (WISHED !== null && path === '/frame')) {
    return <Loading />;
  }
  return path.startsWith('/practitioners/') ? (
    <>
      {WISHED === null && (
        <Link to="/find" className="link">
          {say('nav.find')}
        </Link>
      )}
      <SlotsScreen />
    </>
  ) : (
    <FindScreen />
  );
}
