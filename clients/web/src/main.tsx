import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { takeTokenFromAddressBar } from './address-bar.ts';
import { App } from './app.tsx';
import { CallMachine } from './call-machine.ts';
import { CrashBarrier } from './crash-barrier.tsx';
import { rememberedCall, rememberedToken } from './session-memory.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/lobby.css';
import './styles/call.css';
import './styles/chat.css';

const machine = new CallMachine();

/** A fresh link wins; then a call that a reload interrupted; then the token of this tab. */
function start(): void {
  const offered = takeTokenFromAddressBar();
  const remembered = rememberedToken();
  const call = rememberedCall();
  if (offered !== null) {
    machine.dispatch({ kind: 'token-offered', text: offered });
  } else if (remembered !== null && call !== null) {
    machine.dispatch({ kind: 'resumed', token: remembered, choice: call });
  } else if (remembered !== null) {
    machine.dispatch({ kind: 'token-offered', text: remembered });
  }
}

start();
addEventListener('hashchange', () => {
  const offered = takeTokenFromAddressBar();
  if (offered !== null) {
    machine.dispatch({ kind: 'token-offered', text: offered });
  }
});

const root = document.querySelector('#app');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <CrashBarrier>
        <App machine={machine} />
      </CrashBarrier>
    </StrictMode>,
  );
}
