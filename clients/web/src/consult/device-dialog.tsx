import type { Permissions } from '@bedside/core';
import type { DeviceKind, DeviceList, MediaLink } from '@bedside/media-web';
import { listDevices, noDevices } from '@bedside/media-web';
import { useEffect, useState } from 'react';
import { useSay } from '../app/words.tsx';
import { DeviceSelect } from '../parts/device-select.tsx';
import { Dialog } from '../parts/dialog.tsx';

/** Another camera, microphone or speaker in the middle of a call. */
export function DeviceDialog({
  link,
  permissions,
  onClose,
}: {
  readonly link: MediaLink;
  readonly permissions: Permissions;
  readonly onClose: () => void;
}) {
  const say = useSay();
  const [devices, setDevices] = useState<DeviceList>(noDevices);
  const [chosen, setChosen] = useState<Readonly<Partial<Record<DeviceKind, string>>>>({});
  useEffect(() => {
    const refresh = (): void => void listDevices().then(setDevices);
    refresh();
    navigator.mediaDevices?.addEventListener('devicechange', refresh);
    return () => navigator.mediaDevices?.removeEventListener('devicechange', refresh);
  }, []);
  const select = (kind: DeviceKind, label: string, emptyText: string) => (
    <DeviceSelect
      label={label}
      options={devices[kind]}
      value={chosen[kind] ?? link.chosenDevice(kind)}
      emptyText={emptyText}
      onChoose={(deviceId) => {
        setChosen((before) => ({ ...before, [kind]: deviceId }));
        void link.chooseDevice(kind, deviceId);
      }}
    />
  );
  return (
    <Dialog title={say('call.devices')} onClose={onClose}>
      {permissions.camera && select('camera', say('lobby.camera'), say('lobby.noCamera'))}
      {permissions.microphone &&
        select('microphone', say('lobby.microphone'), say('lobby.noMicrophone'))}
      {devices.speaker.length > 0 &&
        select('speaker', say('lobby.speaker'), say('lobby.standardSpeaker'))}
      <button type="button" className="button button-primary button-wide" onClick={onClose}>
        {say('common.done')}
      </button>
    </Dialog>
  );
}
