import type { CallInput, InCall, RecordingState, Text } from '@bedside/core';
import { callView, durationText } from '@bedside/core';
import type { MediaLink } from '@bedside/media-web';
import { useRef, useState } from 'react';
import { useSay, useTell } from '../app/words.tsx';
import { useNow } from '../parts/clock.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Heading } from '../parts/heading.tsx';
import { Icon } from '../parts/icon.tsx';
import { TroubleNote } from '../parts/trouble-note.tsx';
import { ChatPanel } from './chat-panel.tsx';
import type { AroundCall } from './consult.tsx';
import { ControlBar } from './control-bar.tsx';
import { DeviceDialog } from './device-dialog.tsx';
import { LeaveDialog } from './leave-dialog.tsx';
import { MorePanel } from './more-panel.tsx';
import { RecordingControls } from './recording-controls.tsx';
import { RecordingFacts, RecordingPrompt } from './recording-prompt.tsx';
import { Stage } from './stage.tsx';
import { useViewChoices } from './view-choices.ts';
import { useWakeLock } from './wake-lock.ts';

type Open = 'devices' | 'encryption' | 'leave' | 'more' | null;

export function CallPage({
  state,
  link,
  dispatch,
  around,
}: {
  readonly state: InCall;
  readonly link: MediaLink;
  readonly dispatch: (input: CallInput) => void;
  readonly around?: AroundCall | undefined;
}) {
  const say = useSay();
  const view = callView(state);
  const [choices, choose] = useViewChoices();
  const [open, setOpen] = useState<Open>(null);
  const chatButton = useRef<HTMLButtonElement>(null);
  const moreButton = useRef<HTMLButtonElement>(null);
  useWakeLock();
  const closeChat = (): void => {
    dispatch({ kind: 'chat-toggled' });
    chatButton.current?.focus();
  };
  const closeMore = (): void => {
    setOpen(null);
    moreButton.current?.focus();
  };
  const { onNote = null } = around ?? {};
  const openNote = onNote === null ? null : () => onNote(() => moreButton.current?.focus());
  return (
    <div
      className="call"
      data-chat={state.chat.open ? 'open' : 'closed'}
      data-panel={around?.panel == null ? 'none' : 'beside'}
      data-testid="call"
    >
      <header className="call-header">
        <Heading title={say('call.title')} className="call-title">
          {around?.title ?? say('call.heading')}
        </Heading>
        <Facts
          label={view.roomLabel}
          sinceMs={view.sinceMs}
          quality={view.quality}
          recorded={view.recorded}
          recording={view.recording?.state ?? null}
          onEncryption={() => setOpen('encryption')}
        />
      </header>
      <main className="call-main">
        <Troubles state={state} dispatch={dispatch} />
        <RecordingPrompt recording={view.recording} link={link} />
        <Stage view={view} link={link} choices={choices} />
      </main>
      {state.chat.open && (
        <ChatPanel
          chat={state.chat}
          mayWrite={state.invitation.permissions.messages}
          dispatch={dispatch}
          link={link}
          onClose={closeChat}
        />
      )}
      {around?.panel}
      {open === 'more' && (
        <MorePanel
          choices={choices}
          choose={choose}
          view={view}
          mayWrite={state.invitation.permissions.messages}
          dispatch={dispatch}
          link={link}
          onDevices={() => setOpen('devices')}
          onNote={openNote}
          onRecording={state.invitation.permissions.record ? () => setOpen('encryption') : null}
          onClose={closeMore}
        />
      )}
      <ControlBar
        view={view}
        chatOpen={state.chat.open}
        chatButton={chatButton}
        moreOpen={open === 'more'}
        moreButton={moreButton}
        dispatch={dispatch}
        onMore={() => setOpen(open === 'more' ? null : 'more')}
        onLeave={() => setOpen('leave')}
      />
      {open === 'devices' && (
        <DeviceDialog
          link={link}
          permissions={state.invitation.permissions}
          onClose={() => setOpen(null)}
        />
      )}
      {open === 'leave' && (
        <LeaveDialog
          onStay={() => setOpen(null)}
          onLeave={() => dispatch({ kind: 'leave-pressed' })}
          onEndForAll={around?.onEndForAll ?? null}
        />
      )}
      {open === 'encryption' && (
        <Dialog title={say('call.encrypted')} onClose={() => setOpen(null)}>
          <p>{say('call.encryptedText')}</p>
          <RecordingFacts recorded={view.recorded} recording={view.recording} link={link} />
          {state.invitation.permissions.record && (
            <RecordingControls recording={view.recording} link={link} />
          )}
          <button type="button" className="button button-primary" onClick={() => setOpen(null)}>
            {say('common.close')}
          </button>
        </Dialog>
      )}
    </div>
  );
}

function Troubles({
  state,
  dispatch,
}: {
  readonly state: InCall;
  readonly dispatch: (input: CallInput) => void;
}) {
  const say = useSay();
  const tell = useTell();
  const { trouble } = callView(state);
  return (
    <>
      {trouble !== null && (
        <TroubleNote title={tell(trouble.title)} advice={tell(trouble.advice)}>
          <button
            type="button"
            className="icon-button"
            aria-label={say('common.dismiss')}
            onClick={() => dispatch({ kind: 'trouble-dismissed' })}
          >
            <Icon name="close" />
          </button>
        </TroubleNote>
      )}
      {state.retry !== null && state.retry.atMs > 0 && (
        <button
          type="button"
          className="button button-primary sound-button"
          onClick={() => dispatch({ kind: 'retry-due' })}
        >
          {say('call.tryNow')}
        </button>
      )}
      {state.sound === 'blocked' && (
        <button
          type="button"
          className="button button-primary sound-button"
          onClick={() => dispatch({ kind: 'sound-pressed' })}
        >
          <Icon name="sound" />
          {say('call.soundOn')}
        </button>
      )}
      {state.connection === 'steady' && state.quality === 'poor' && (
        <p className="advice" role="status">
          {say('call.advice.poor')}
        </p>
      )}
    </>
  );
}

function Facts({
  label,
  sinceMs,
  quality,
  recorded,
  recording,
  onEncryption,
}: {
  readonly label: Text;
  readonly sinceMs: number;
  readonly quality: 'good' | 'poor' | 'lost';
  readonly recorded: boolean;
  readonly recording: RecordingState | null;
  readonly onEncryption: () => void;
}) {
  const say = useSay();
  const tell = useTell();
  return (
    <div className="call-facts">
      <button type="button" className="chip" onClick={onEncryption}>
        <Icon name="lock" />
        <span className="chip-text">{say('call.encrypted')}</span>
      </button>
      <span className="chip" data-recorded={recorded}>
        <span className="record-mark" aria-hidden="true" />
        <span className="chip-text">{say(recordingWord(recorded, recording))}</span>
      </span>
      <span className="chip" data-quality={quality} title={say(`call.quality.${quality}`)}>
        <Icon name="signal" />
        <span className="visually-hidden">{say(`call.quality.${quality}`)}</span>
      </span>
      <span>{tell(label)}</span>
      <Clock sinceMs={sinceMs} />
    </div>
  );
}

function recordingWord(recorded: boolean, recording: RecordingState | null) {
  if (recorded) {
    return 'call.recorded' as const;
  }
  return recording === 'paused' ? 'call.recording.paused' : 'call.notRecorded';
}

/** How long one has been here. Not announced: a clock that speaks is a nuisance. */
function Clock({ sinceMs }: { readonly sinceMs: number }) {
  const now = useNow(1_000);
  return <time className="call-clock">{durationText(now - sinceMs)}</time>;
}
