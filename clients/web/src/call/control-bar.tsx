import type { CallInput, CallView, SwitchView } from '@bedside/core';
import type { RefObject } from 'react';
import { Icon, type IconName } from '../parts/icon.tsx';

export function ControlBar({
  view,
  chatOpen,
  chatButton,
  dispatch,
  onDevices,
}: {
  readonly view: CallView;
  readonly chatOpen: boolean;
  readonly chatButton: RefObject<HTMLButtonElement | null>;
  readonly dispatch: (input: CallInput) => void;
  readonly onDevices: () => void;
}) {
  return (
    <section className="bar" aria-label="Call controls">
      {view.switches.map((entry) => (
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
        <span className="control-caption">Chat</span>
      </button>
      <span id="chat-unread" hidden>
        {view.unread === 1 ? '1 new message' : `${view.unread} new messages`}
      </span>
      <button type="button" className="control" aria-haspopup="dialog" onClick={onDevices}>
        <span className="control-face">
          <Icon name="devices" />
        </span>
        <span className="control-caption">Devices</span>
      </button>
      <button
        type="button"
        className="control control-leave"
        onClick={() => dispatch({ kind: 'leave-pressed' })}
      >
        <span className="control-face">
          <Icon name="leave" />
        </span>
        <span className="control-caption">Leave</span>
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
  const sharing = entry.device === 'screen' && entry.on;
  const off = entry.device !== 'screen' && !entry.on;
  return (
    <button
      type="button"
      className={`control${off ? ' control-off' : ''}${sharing ? ' control-active' : ''}`}
      aria-label={entry.label}
      aria-busy={entry.busy}
      onClick={onPress}
    >
      <span className="control-face">
        <Icon name={iconOf(entry)} />
      </span>
      <span className="control-caption" aria-hidden="true">
        {entry.caption}
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
