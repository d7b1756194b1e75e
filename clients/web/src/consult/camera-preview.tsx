import { initialsOf, type MediaChoice, switchLabel } from '@bedside/core';
import type { PreviewDevice, PreviewState } from '@bedside/media-web';
import { useEffect, useRef } from 'react';
import { useSay, useTell } from '../app/words.tsx';
import { Icon } from '../parts/icon.tsx';

/** One's own picture as in a mirror, with the two switches on it. */
export function CameraPreview({
  state,
  name,
  permitted,
  onToggle,
}: {
  readonly state: PreviewState;
  readonly name: string;
  readonly permitted: MediaChoice;
  readonly onToggle: (device: PreviewDevice) => void;
}) {
  const say = useSay();
  const devices = (['microphone', 'camera'] as const).filter((device) => permitted[device]);
  return (
    <div className="preview" data-testid="preview" data-camera={state.camera.track ? 'on' : 'off'}>
      {state.camera.track === null ? (
        <div className="preview-empty">
          <span className="avatar" aria-hidden="true">
            {initialsOf(name)}
          </span>
          <p>{say(state.asking ? 'lobby.cameraStarting' : 'lobby.cameraOff')}</p>
        </div>
      ) : (
        <MirrorVideo track={state.camera.track} />
      )}
      <div className="preview-switches">
        {devices.map((device) => (
          <PreviewSwitch
            key={device}
            device={device}
            on={state[device].track !== null}
            onPress={() => onToggle(device)}
          />
        ))}
      </div>
    </div>
  );
}

function PreviewSwitch({
  device,
  on,
  onPress,
}: {
  readonly device: PreviewDevice;
  readonly on: boolean;
  readonly onPress: () => void;
}) {
  const tell = useTell();
  const label = tell(switchLabel(device, on));
  return (
    <button
      type="button"
      className={on ? 'round-switch' : 'round-switch round-switch-off'}
      aria-label={label}
      title={label}
      onClick={onPress}
    >
      <Icon name={on ? device : `${device}-off`} />
    </button>
  );
}

function MirrorVideo({ track }: { readonly track: MediaStreamTrack }) {
  const say = useSay();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (element !== null) {
      element.srcObject = new MediaStream([track]);
      return () => {
        element.srcObject = null;
      };
    }
    return undefined;
  }, [track]);
  return (
    <video
      ref={video}
      className="mirrored"
      autoPlay
      muted
      playsInline
      aria-label={say('lobby.yourCamera')}
    />
  );
}
