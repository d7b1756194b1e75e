import type { Invitation, MediaChoice } from '@bedside/core';
import { seemsExpired } from '@bedside/core';
import { Preview } from '@bedside/media-web';
import { useEffect, useState } from 'react';
import { useSay } from '../app/words.tsx';
import { Heading } from '../parts/heading.tsx';
import { PageFrame } from '../parts/page-frame.tsx';
import type { CallMachine } from './call-machine.ts';
import { DeviceCheck } from './device-check.tsx';

/** Before the call, with a join token alone: look, listen, choose, join. */
export function LobbyPage({
  invitation,
  machine,
}: {
  readonly invitation: Invitation;
  readonly machine: CallMachine;
}) {
  const say = useSay();
  const preview = usePreview(invitation.permissions);
  const [expired] = useState(() => seemsExpired(invitation, Date.now()));
  return (
    <PageFrame>
      <DeviceCheck
        preview={preview}
        name={invitation.name}
        permitted={invitation.permissions}
        server={location.origin}
        action={say('lobby.join')}
        isBusy={false}
        blocked={null}
        onReady={(choice) => {
          machine.handOver(preview.handOver());
          machine.dispatch({ kind: 'join-pressed', choice });
        }}
      >
        <Heading title={say('lobby.title')}>
          {say('lobby.greeting', { name: invitation.name })}
        </Heading>
        <p className="lead">{say('lobby.lead')}</p>
        {expired && <p className="hint-warning">{say('lobby.expired')}</p>}
      </DeviceCheck>
    </PageFrame>
  );
}

/** Starts the camera with the screen and stops it with it, unless it was handed over. */
export function usePreview(permitted: MediaChoice): Preview {
  const [preview] = useState(() => new Preview(permitted));
  useEffect(() => {
    void preview.start();
    // The call's code arrives while people look at themselves.
    void import('@bedside/media-web/room-link').catch(() => undefined);
    void import('./call-page.tsx').catch(() => undefined);
    return () => preview.close();
  }, [preview]);
  return preview;
}
