import type { CallInput, InCall } from '@bedside/core';
import { callView, durationText } from '@bedside/core';
import { useEffect, useRef, useState } from 'react';
import { Heading } from '../parts/heading.tsx';
import { Icon } from '../parts/icon.tsx';
import { TroubleNote } from '../parts/trouble-note.tsx';
import { ChatPanel } from './chat-panel.tsx';
import { ControlBar } from './control-bar.tsx';
import { DeviceDialog } from './device-dialog.tsx';
import type { MediaLink } from './media-link.ts';
import { Stage } from './stage.tsx';

export function CallPage({
  state,
  link,
  dispatch,
}: {
  readonly state: InCall;
  readonly link: MediaLink;
  readonly dispatch: (input: CallInput) => void;
}) {
  const view = callView(state);
  const [choosing, setChoosing] = useState(false);
  const chatButton = useRef<HTMLButtonElement>(null);
  const closeChat = (): void => {
    dispatch({ kind: 'chat-toggled' });
    chatButton.current?.focus();
  };
  return (
    <div className="call" data-chat={state.chat.open ? 'open' : 'closed'} data-testid="call">
      <header className="call-header">
        <Heading title="In consultation" className="call-title">
          Consultation
        </Heading>
        <p className="call-facts">
          <span>{view.roomLabel}</span>
          <Clock sinceMs={view.sinceMs} />
        </p>
      </header>
      <main className="call-main">
        {view.trouble !== null && (
          <TroubleNote title={view.trouble.title} advice={view.trouble.advice}>
            <button
              type="button"
              className="icon-button"
              aria-label="Dismiss"
              onClick={() => dispatch({ kind: 'trouble-dismissed' })}
            >
              <Icon name="close" />
            </button>
          </TroubleNote>
        )}
        {state.sound === 'blocked' && (
          <button
            type="button"
            className="button button-primary sound-button"
            onClick={() => dispatch({ kind: 'sound-pressed' })}
          >
            <Icon name="sound" />
            Turn the sound on
          </button>
        )}
        <Stage view={view} link={link} />
      </main>
      {state.chat.open && (
        <ChatPanel
          chat={state.chat}
          mayWrite={state.invitation.permissions.messages}
          dispatch={dispatch}
          onClose={closeChat}
        />
      )}
      <ControlBar
        view={view}
        chatOpen={state.chat.open}
        chatButton={chatButton}
        dispatch={dispatch}
        onDevices={() => setChoosing(true)}
      />
      {choosing && (
        <DeviceDialog
          link={link}
          permissions={state.invitation.permissions}
          onClose={() => setChoosing(false)}
        />
      )}
    </div>
  );
}

/** How long one has been here. Not announced: a clock that speaks is a nuisance. */
function Clock({ sinceMs }: { readonly sinceMs: number }) {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return <time className="call-clock">{durationText(nowMs - sinceMs)}</time>;
}
