import type { CallInput, CallView, SwitchView } from '@bedside/core';
import type { RefObject } from 'react';
import { useSay, useTell } from '../app/words.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';

/** Phones cannot show their screen to others from a page. */
const canShare = 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices;

export function ControlBar({
  view,
  chatOpen,
  chatButton,
  moreOpen,
  moreButton,
  dispatch,
  onMore,
  onLeave,
}: {
  readonly view: CallView;
  readonly chatOpen: boolean;
  readonly chatButton: RefObject<HTMLButtonElement | null>;
  readonly moreOpen: boolean;
  readonly moreButton: RefObject<HTMLButtonElement | null>;
  readonly dispatch: (input: CallInput) => void;
  readonly onMore: () => void;
  readonly onLeave: () => void;
}) {
  const say = useSay();
  return (
    <section className="bar" aria-label={say('call.controls')}>
      {view.switches
        .filter(({ device }) => device !== 'screen' || canShare)
        .map((entry) => (
          <SwitchButton
            key={entry.device}
            entry={entry}
            onPress={() => dispatch({ kind: 'device-pressed', device: entry.device })}
          />
        ))}
      <button
        type="button"
        ref={chatButton}
        className="control"
        aria-expanded={chatOpen}
        aria-describedby={view.unread > 0 ? 'chat-unread' : undefined}
        onClick={() => dispatch({ kind: 'chat-toggled' })}
      >
        <span className="control-face">
          <Icon name="chat" />
          {view.unread > 0 && (
            <span className="badge" aria-hidden="true">
              {view.unread > 99 ? '99+' : view.unread}
            </span>
          )}
        </span>
        <span className="control-caption">{say('call.chat')}</span>
      </button>
      <span id="chat-unread" hidden>
        {say('call.unread', { count: view.unread })}
      </span>
      <button
        type="button"
        ref={moreButton}
        className="control"
        aria-expanded={moreOpen}
        onClick={onMore}
      >
        <span className="control-face">
          <Icon name="more" />
        </span>
        <span className="control-caption">{say('call.more')}</span>
      </button>
      <button
        type="button"
        className="control control-leave"
        aria-haspopup="dialog"
        onClick={onLeave}
      >
        <span className="control-face">
          <Icon name="leave" />
        </span>
        <span className="control-caption">{say('call.leave')}</span>
      </button>
    </section>
  );
}

function SwitchButton({
  entry,
  onPress,
}: {
  readonly entry: SwitchView;
  readonly onPress: () => void;
}) {
  const tell = useTell();
  const sharing = entry.device === 'screen' && entry.on;
  const off = entry.device !== 'screen' && !entry.on;
  return (
    <button
      type="button"
      className={`control${off ? ' control-off' : ''}${sharing ? ' control-active' : ''}`}
      aria-label={tell(entry.label)}
      aria-busy={entry.busy}
      onClick={onPress}
    >
      <span className="control-face">
        <Icon name={iconOf(entry)} />
      </span>
      <span className="control-caption" aria-hidden="true">
        {tell(entry.caption)}
      </span>
    </button>
  );
}

function iconOf({ device, on }: SwitchView): IconName {
  if (device === 'screen') {
    return on ? 'screen-off' : 'screen';
  }
  return on ? device : `${device}-off`;
}
