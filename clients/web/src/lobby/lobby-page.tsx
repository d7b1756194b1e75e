import type { DeviceTrouble, Invitation, TroubleSubject } from '@bedside/core';
import { seemsExpired, troubleView } from '@bedside/core';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { CallMachine } from '../call-machine.ts';
import { DeviceSelect } from '../parts/device-select.tsx';
import { Heading } from '../parts/heading.tsx';
import { PageFrame } from '../parts/page-frame.tsx';
import { TroubleNote } from '../parts/trouble-note.tsx';
import { CameraPreview } from './camera-preview.tsx';
import { LevelMeter } from './level-meter.tsx';
import { Preview, type PreviewState } from './preview.ts';

/** Before the call: look, listen, choose, join. */
export function LobbyPage({
  invitation,
  machine,
}: {
  readonly invitation: Invitation;
  readonly machine: CallMachine;
}) {
  const [preview] = useState(() => new Preview(invitation.permissions));
  const [expired] = useState(() => seemsExpired(invitation, Date.now()));
  useEffect(() => {
    void preview.start();
    // The call's code arrives while people look at themselves.
    void import('../call/room-link.ts').catch(() => undefined);
    void import('../call/call-page.tsx').catch(() => undefined);
    return () => preview.close();
  }, [preview]);

  const join = (): void => {
    const { microphone, camera } = preview.snapshot();
    machine.handOver(preview.handOver());
    machine.dispatch({
      kind: 'join-pressed',
      choice: {
        microphone: microphone.wanted && microphone.trouble === null,
        camera: camera.wanted && camera.trouble === null,
      },
    });
  };

  return (
    <PageFrame>
      <div className="lobby">
        <LobbyPreview preview={preview} invitation={invitation} />
        <section className="lobby-side" aria-labelledby="lobby-title">
          <div id="lobby-title">
            <Heading title="Ready to join">Ready, {invitation.name}?</Heading>
          </div>
          <p className="lead">
            Check your picture and sound. Nobody sees or hears you before you join.
          </p>
          {expired && (
            <p className="hint-warning">
              By this device’s clock your link has expired. If joining does not work, ask for a new
              one.
            </p>
          )}
          <LobbyDevices preview={preview} invitation={invitation} />
          <button
            type="button"
            className="button button-primary button-wide button-large"
            onClick={join}
          >
            Join
          </button>
          <JoinHint preview={preview} />
        </section>
      </div>
    </PageFrame>
  );
}

function usePreviewState(preview: Preview): PreviewState {
  return useSyncExternalStore(preview.subscribe, preview.snapshot);
}

function LobbyPreview({
  preview,
  invitation,
}: {
  readonly preview: Preview;
  readonly invitation: Invitation;
}) {
  const state = usePreviewState(preview);
  return (
    <div className="lobby-picture">
      <CameraPreview
        state={state}
        name={invitation.name}
        permitted={invitation.permissions}
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
  );
}

/** One note where both devices fail for the same reason. */
function troublesOf({ camera, microphone }: PreviewState): [TroubleSubject, DeviceTrouble][] {
  if (camera.trouble !== null && camera.trouble === microphone.trouble) {
    return [['both', camera.trouble]];
  }
  const troubles: [TroubleSubject, DeviceTrouble][] = [];
  if (camera.trouble !== null) {
    troubles.push(['camera', camera.trouble]);
  }
  if (microphone.trouble !== null) {
    troubles.push(['microphone', microphone.trouble]);
  }
  return troubles;
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
  const view = troubleView(subject, trouble);
  if (view === null) {
    return null;
  }
  return (
    <TroubleNote title={view.title} advice={view.advice}>
      <button
        type="button"
        className="button button-quiet"
        aria-label={subject === 'both' ? 'Try again' : `Try again: ${subject}`}
        onClick={onRetry}
      >
        Try again
      </button>
    </TroubleNote>
  );
}

function LobbyDevices({
  preview,
  invitation,
}: {
  readonly preview: Preview;
  readonly invitation: Invitation;
}) {
  const { microphone, camera, speakerId, devices } = usePreviewState(preview);
  const { permissions } = invitation;
  return (
    <div className="lobby-devices">
      {permissions.camera && (
        <DeviceSelect
          label="Camera"
          options={devices.camera}
          value={camera.deviceId ?? ''}
          emptyText="No camera available"
          onChoose={(id) => void preview.choose('camera', id)}
        />
      )}
      {permissions.microphone && (
        <div>
          <DeviceSelect
            label="Microphone"
            options={devices.microphone}
            value={microphone.deviceId ?? ''}
            emptyText="No microphone available"
            onChoose={(id) => void preview.choose('microphone', id)}
          />
          <LevelMeter track={microphone.track} />
        </div>
      )}
      {devices.speaker.length > 0 && (
        <DeviceSelect
          label="Speaker"
          options={devices.speaker}
          value={speakerId}
          emptyText="Standard speaker"
          onChoose={(id) => preview.chooseSpeaker(id)}
        />
      )}
    </div>
  );
}

/** Says with what somebody is about to join, so that nobody is seen by surprise. */
function JoinHint({ preview }: { readonly preview: Preview }) {
  const { microphone, camera, asking } = usePreviewState(preview);
  const on = [
    ...(camera.track === null ? [] : ['camera']),
    ...(microphone.track === null ? [] : ['microphone']),
  ];
  if (asking) {
    return (
      <p className="hint">Please answer your browser’s question about camera and microphone.</p>
    );
  }
  return (
    <p className="hint">
      {on.length === 0
        ? 'You join without camera and microphone. You can turn them on later.'
        : `You join with ${on.join(' and ')} on.`}
    </p>
  );
}
