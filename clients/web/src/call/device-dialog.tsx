import type { Permissions } from '@bedside/core';
import { useEffect, useRef, useState } from 'react';
import type { DeviceKind } from '../captured-media.ts';
import { type DeviceList, listDevices, noDevices } from '../device-list.ts';
import { DeviceSelect } from '../parts/device-select.tsx';
import type { MediaLink } from './media-link.ts';

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
  const dialog = useRef<HTMLDialogElement>(null);
  const [devices, setDevices] = useState<DeviceList>(noDevices);
  const [chosen, setChosen] = useState<Readonly<Partial<Record<DeviceKind, string>>>>({});
  useEffect(() => {
    dialog.current?.showModal();
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
    <dialog ref={dialog} className="dialog" aria-labelledby="device-dialog-title" onClose={onClose}>
      <h2 id="device-dialog-title">Devices</h2>
      {permissions.camera && select('camera', 'Camera', 'No camera available')}
      {permissions.microphone && select('microphone', 'Microphone', 'No microphone available')}
      {devices.speaker.length > 0 && select('speaker', 'Speaker', 'Standard speaker')}
      <button
        type="button"
        className="button button-primary button-wide"
        onClick={() => dialog.current?.close()}
      >
        Done
      </button>
    </dialog>
  );
}
