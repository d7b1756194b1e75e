import type { CallInput, CallView } from '@bedside/core';
import type { MediaLink } from '@bedside/media-web';
import { listDevices } from '@bedside/media-web';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useSay } from '../app/words.tsx';
import { Icon, type IconName } from '../parts/icon.tsx';
import type { ChooseView, ViewChoices } from './view-choices.ts';

/** What is wanted now and then: how the picture looks, devices, a raised hand. */
export function MorePanel({
  choices,
  choose,
  view,
  mayWrite,
  dispatch,
  link,
  onDevices,
  onNote,
  onRecording,
  onClose,
}: {
  readonly choices: ViewChoices;
  readonly choose: ChooseView;
  readonly view: CallView;
  readonly mayWrite: boolean;
  readonly dispatch: (input: CallInput) => void;
  readonly link: MediaLink;
  readonly onDevices: () => void;
  /** For who writes one. */
  readonly onNote: (() => void) | null;
  /** For who may have the visit recorded. */
  readonly onRecording: (() => void) | null;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const panel = useRef<HTMLDivElement>(null);
  const flip = useOtherCamera(link);
  useEffect(() => panel.current?.querySelector('button')?.focus({ preventScroll: true }), []);
  const then = (act: () => void) => () => {
    act();
    onClose();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape closes
    <div
      ref={panel}
      className="more"
      role="group"
      aria-label={say('call.more')}
      onKeyDown={(event: KeyboardEvent) => event.key === 'Escape' && onClose()}
    >
      <Item
        icon={choices.fills ? 'whole' : 'fill'}
        label={say(choices.fills ? 'call.whole' : 'call.fill')}
        hint={choices.fills ? undefined : say('call.fillHint')}
        onPress={then(() => choose({ fills: !choices.fills }))}
      />
      {view.layout === 'pair' && (
        <Item
          icon="layout"
          label={say(choices.sideBySide ? 'call.speaker' : 'call.sideBySide')}
          onPress={then(() => choose({ sideBySide: !choices.sideBySide }))}
        />
      )}
      <Item
        icon="person"
        label={say(choices.hidesSelf ? 'call.showSelf' : 'call.hideSelf')}
        onPress={then(() => choose({ hidesSelf: !choices.hidesSelf }))}
      />
      {mayWrite && (
        <Item
          icon="hand"
          label={say(view.handUp ? 'call.handDown' : 'call.hand')}
          onPress={then(() => dispatch({ kind: 'hand-pressed' }))}
        />
      )}
      <Item icon="devices" label={say('call.devices')} onPress={onDevices} />
      {flip !== null && <Item icon="flip" label={say('call.flip')} onPress={then(flip)} />}
      {document.pictureInPictureEnabled && (
        <Item icon="screen" label={say('call.pip')} onPress={then(openPictureInPicture)} />
      )}
      {document.fullscreenEnabled && (
        <Item icon="fill" label={say('call.fullScreen')} onPress={then(toggleFullScreen)} />
      )}
      {onRecording !== null && (
        <Item icon="lock" label={say('call.recording.title')} onPress={onRecording} />
      )}
      {onNote !== null && (
        <Item icon="note" label={say('note.title')} onPress={then(onNote)} isForNarrow />
      )}
    </div>
  );
}

function Item({
  icon,
  label,
  hint,
  onPress,
  isForNarrow = false,
}: {
  readonly icon: IconName;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly onPress: () => void;
  /** Where a wide screen has it in sight anyhow. */
  readonly isForNarrow?: boolean;
}) {
  return (
    <button
      type="button"
      className={isForNarrow ? 'more-item more-item-narrow' : 'more-item'}
      onClick={onPress}
    >
      <Icon name={icon} />
      <span>
        {label}
        {hint !== undefined && <span className="more-hint">{hint}</span>}
      </span>
    </button>
  );
}

/** To the next camera of this device, where there is more than one. */
function useOtherCamera(link: MediaLink): (() => void) | null {
  const [cameras, setCameras] = useState<readonly string[]>([]);
  useEffect(() => {
    void listDevices().then(({ camera }) => setCameras(camera.map(({ id }) => id)));
  }, []);
  if (cameras.length < 2) {
    return null;
  }
  return () => {
    const now = cameras.indexOf(link.chosenDevice('camera'));
    const next = cameras[(now + 1) % cameras.length];
    if (next !== undefined) {
      void link.chooseDevice('camera', next);
    }
  };
}

function openPictureInPicture(): void {
  const video =
    document.querySelector<HTMLVideoElement>('.stage [data-own="false"] video') ??
    document.querySelector<HTMLVideoElement>('.stage video');
  void video?.requestPictureInPicture().catch(() => undefined);
}

function toggleFullScreen(): void {
  const change =
    document.fullscreenElement === null
      ? document.documentElement.requestFullscreen()
      : document.exitFullscreen();
  void change.catch(() => undefined);
}
