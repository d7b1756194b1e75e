/**
 * Begins. Somebody with a link is on a small path of their own: a join token leads straight to its call, a join link to
 * its visit, without a byte of the rest.
 */
import { lazy, type ReactNode, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { CrashBarrier } from './app/crash-barrier.tsx';
import { firstWords, needWords, type Words, WordsProvider } from './app/words.tsx';
import { takeTokenFromAddressBar } from './consult/address-bar.ts';
import { rememberedCall, rememberedToken } from './consult/session-memory.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/app.css';

const TokenCall = lazy(async () => ({
  default: (await import('./consult/token-call.tsx')).TokenCall,
}));
const Guest = lazy(async () => ({ default: (await import('./visit/guest.tsx')).Guest }));
const BookingFrame = lazy(async () => ({
  default: (await import('./screens/booking/booking-frame.tsx')).BookingFrame,
}));
const App = lazy(async () => ({ default: (await import('./app/app.tsx')).App }));

/** A fresh link wins; then, at the entrance, the token of this tab. */
function tokenOfThisTab(): string | null {
  const offered = takeTokenFromAddressBar();
  return offered ?? (location.pathname === '/' ? rememberedToken() : null);
}

const token = tokenOfThisTab();
const isBookingFrame =
  location.pathname === '/frame' && new URLSearchParams(location.search).get('show') === 'booking';
const isGuest =
  !isBookingFrame && (location.pathname === '/join' || location.pathname === '/frame');

function page(): ReactNode {
  if (token !== null) {
    return <TokenCall token={token} resumed={rememberedCall()} />;
  }
  if (isBookingFrame) {
    return <BookingFrame />;
  }
  return isGuest ? <Guest /> : <App />;
}

function render(words: Words): void {
  const root = document.querySelector('#app');
  if (root !== null) {
    createRoot(root).render(
      <StrictMode>
        <WordsProvider first={words}>
          <CrashBarrier>
            <Suspense fallback={null}>{page()}</Suspense>
          </CrashBarrier>
        </WordsProvider>
      </StrictMode>,
    );
  }
}

if (token !== null || isGuest) {
  needWords(['visit']);
} else if (isBookingFrame) {
  needWords(['booking']);
}
void firstWords().then(render);

// A join link opened in a tab that shows something else: begin anew with it.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=') && document.querySelector('.consult') === null) {
    location.reload();
  }
});

// Installable, and a page of its own while nothing can be reached. A frame of another site is neither.
if (import.meta.env.PROD && 'serviceWorker' in navigator && globalThis.parent === globalThis.self) {
  addEventListener('load', () => {
    void navigator.serviceWorker.register('/sw.js').catch(() => undefined);
  });
}
