/** Begins: a join token leads straight to its call, everything else to the screen that its address names. */
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { lazy, type ReactNode, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { queries } from './app/api.ts';
import { CrashBarrier } from './app/crash-barrier.tsx';
import { router } from './app/router.tsx';
import { firstWords, type Words, WordsProvider } from './app/words.tsx';
import { takeTokenFromAddressBar } from './consult/address-bar.ts';
import { rememberedCall, rememberedToken } from './consult/session-memory.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/app.css';

const TokenCall = lazy(async () => ({
  default: (await import('./consult/token-call.tsx')).TokenCall,
}));

/** A fresh link wins; then, at the entrance, the token of this tab. */
function tokenOfThisTab(): string | null {
  const offered = takeTokenFromAddressBar();
  return offered ?? (location.pathname === '/' ? rememberedToken() : null);
}

function page(token: string | null): ReactNode {
  if (token === null) {
    return <RouterProvider router={router} />;
  }
  return (
    <Suspense fallback={null}>
      <TokenCall token={token} resumed={rememberedCall()} />
    </Suspense>
  );
}

function render(words: Words): void {
  const root = document.querySelector('#app');
  if (root !== null) {
    createRoot(root).render(
      <StrictMode>
        <WordsProvider first={words}>
          <CrashBarrier>
            <QueryClientProvider client={queries}>{page(tokenOfThisTab())}</QueryClientProvider>
          </CrashBarrier>
        </WordsProvider>
      </StrictMode>,
    );
  }
}

void firstWords().then(render);

// A join link opened in a tab that shows something else: begin anew with it.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=') && document.querySelector('.consult') === null) {
    location.reload();
  }
});
