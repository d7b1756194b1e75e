import type {
  CheckOutcome,
  CheckReport,
  DeviceTrouble,
  MediaChoice,
  TroubleSubject,
} from '@bedside/core';
import { troubleView } from '@bedside/core';
import type { NetworkVerdict, Preview, PreviewState } from '@bedside/media-web';
import { canMakeCalls, checkNetwork } from '@bedside/media-web';
import {
  type ReactNode,
  useCallback,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { useSay, useTell } from '../app/words.tsx';
import { DeviceSelect } from '../parts/device-select.tsx';
import { Icon } from '../parts/icon.tsx';
import { TroubleNote } from '../parts/trouble-note.tsx';
import { CameraPreview } from './camera-preview.tsx';
import { LevelMeter } from './level-meter.tsx';
import { SpeakerTest } from './speaker-test.tsx';

/**
 * Look, listen, choose, go on. The one button that goes on stays in sight at every size; what few people need is folded
 * away below it.
 */
export function DeviceCheck({
  preview,
  name,
  permitted,
  server,
  action,
  isBusy,
  blocked,
  onReady,
  children,
}: {
  readonly preview: Preview;
  readonly name: string;
  readonly permitted: MediaChoice;
  readonly server: string;
  readonly action: string;
  readonly isBusy: boolean;
  /** Why the button does nothing yet. */
  readonly blocked: string | null;
  readonly onReady: (choice: MediaChoice, report: CheckReport) => void;
  /** What stands above the devices: greeting, facts, terms. */
  readonly children: ReactNode;
}) {
  const state = useSyncExternalStore(preview.subscribe, preview.snapshot);
  const verdict = useNetwork(server);
  const [speaker, setSpeaker] = useState<CheckOutcome>('skipped');
  const isHeard = useRef(false);
  const hear = useCallback(() => {
    isHeard.current = true;
  }, []);
  const [showsBlocked, setShowsBlocked] = useState(false);
  const ready = (): void => {
    if (blocked !== null) {
      setShowsBlocked(true);
      return;
    }
    const { microphone, camera } = state;
    onReady(
      {
        microphone: microphone.wanted && microphone.trouble === null,
        camera: camera.wanted && camera.trouble === null,
      },
      {
        camera: outcomeOf(state, 'camera'),
        microphone: isHeard.current ? 'ok' : outcomeOf(state, 'microphone'),
        speaker,
        network: verdict === null ? 'skipped' : verdict.kind === 'failed' ? 'failed' : 'ok',
      },
    );
  };
  return (
    <div className="lobby">
      <div className="lobby-picture">
        <CameraPreview
          state={state}
          name={name}
          permitted={permitted}
          onToggle={(device) => void preview.toggle(device)}
        />
        {troublesOf(state).map(([subject, trouble]) => (
          <Trouble
            key={subject}
            subject={subject}
            trouble={trouble}
            onRetry={() => void preview.retry()}
          />
        ))}
      </div>
      <div className="lobby-side">
        {children}
        <div className="lobby-go">
          {showsBlocked && blocked !== null && (
            <p className="field-error" role="alert">
              {blocked}
            </p>
          )}
          <button
            type="button"
            className="button button-primary button-wide button-large"
            aria-busy={isBusy}
            onClick={ready}
          >
            {action}
          </button>
          <JoinHint state={state} />
        </div>
        <NetworkNote verdict={verdict} />
        {permitted.microphone && <LevelMeter track={state.microphone.track} onHeard={hear} />}
        <Devices state={state} preview={preview} permitted={permitted} onSpeaker={setSpeaker} />
      </div>
    </div>
  );
}

function useNetwork(server: string): NetworkVerdict | null {
  const [verdict, setVerdict] = useState<NetworkVerdict | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void checkNetwork(server).then((found) => isCurrent && setVerdict(found));
    return () => {
      isCurrent = false;
    };
  }, [server]);
  return verdict;
}

function NetworkNote({ verdict }: { readonly verdict: NetworkVerdict | null }) {
  const say = useSay();
  if (!canMakeCalls()) {
    return <TroubleNote title={say('check.browser')} advice={say('check.browserOld')} />;
  }
  if (verdict?.kind === 'failed') {
    return <TroubleNote title={say('check.network')} advice={say('check.networkFailed')} />;
  }
  return (
    <p className="network-note" role="status" data-testid="network">
      <Icon name="signal" />
      {verdict === null
        ? `${say('check.network')}: ${say('check.state.running')}`
        : say(verdict.kind === 'good' ? 'check.networkGood' : 'check.networkSlow', {
            ms: verdict.roundTripMs,
          })}
    </p>
  );
}

function Devices({
  state: { microphone, camera, speakerId, devices },
  preview,
  permitted,
  onSpeaker,
}: {
  readonly state: PreviewState;
  readonly preview: Preview;
  readonly permitted: MediaChoice;
  readonly onSpeaker: (outcome: CheckOutcome) => void;
}) {
  const say = useSay();
  return (
    <>
      <SpeakerTest speakerId={speakerId} onOutcome={onSpeaker} />
      <details className="lobby-devices">
        <summary>{say('lobby.settings')}</summary>
        <div className="stack">
          {permitted.camera && (
            <DeviceSelect
              label={say('lobby.camera')}
              options={devices.camera}
              value={camera.deviceId ?? ''}
              emptyText={say('lobby.noCamera')}
              onChoose={(id) => void preview.choose('camera', id)}
            />
          )}
          {permitted.microphone && (
            <DeviceSelect
              label={say('lobby.microphone')}
              options={devices.microphone}
              value={microphone.deviceId ?? ''}
              emptyText={say('lobby.noMicrophone')}
              onChoose={(id) => void preview.choose('microphone', id)}
            />
          )}
          {devices.speaker.length > 0 && (
            <DeviceSelect
              label={say('lobby.speaker')}
              options={devices.speaker}
              value={speakerId}
              emptyText={say('lobby.standardSpeaker')}
              onChoose={(id) => preview.chooseSpeaker(id)}
            />
          )}
        </div>
      </details>
    </>
  );
}

/** Says with what somebody is about to join, so that nobody is seen by surprise. */
function JoinHint({ state: { microphone, camera, asking } }: { readonly state: PreviewState }) {
  const say = useSay();
  const on = [
    ...(camera.track === null ? [] : [say('lobby.devices.camera')]),
    ...(microphone.track === null ? [] : [say('lobby.devices.microphone')]),
  ];
  if (asking) {
    return <p className="hint">{say('lobby.answer')}</p>;
  }
  return (
    <p className="hint">
      {on.length === 0 ? say('lobby.without') : say('lobby.with', { devices: on })}
    </p>
  );
}

/** One note where both devices fail for the same reason. */
function troublesOf({ camera, microphone }: PreviewState): [TroubleSubject, DeviceTrouble][] {
  if (camera.trouble !== null && camera.trouble === microphone.trouble) {
    return [['both', camera.trouble]];
  }
  return [
    ...(camera.trouble === null
      ? []
      : [['camera', camera.trouble] as [TroubleSubject, DeviceTrouble]]),
    ...(microphone.trouble === null
      ? []
      : [['microphone', microphone.trouble] as [TroubleSubject, DeviceTrouble]]),
  ];
}

function Trouble({
  subject,
  trouble,
  onRetry,
}: {
  readonly subject: TroubleSubject;
  readonly trouble: DeviceTrouble;
  readonly onRetry: () => void;
}) {
  const say = useSay();
  const tell = useTell();
  const view = troubleView(subject, trouble);
  if (view === null) {
    return null;
  }
  const again = say('common.tryAgain');
  return (
    <TroubleNote title={tell(view.title)} advice={tell(view.advice)}>
      <button
        type="button"
        className="button button-quiet"
        aria-label={subject === 'both' ? again : `${again}: ${say(`device.${subject}`)}`}
        onClick={onRetry}
      >
        {again}
      </button>
    </TroubleNote>
  );
}

function outcomeOf(state: PreviewState, device: 'camera' | 'microphone'): CheckOutcome {
  const { track, trouble } = state[device];
  if (trouble !== null) {
    return 'failed';
  }
  return track === null ? 'skipped' : 'ok';
}
