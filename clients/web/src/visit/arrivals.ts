/** A patient has come: a sound, and the title of the tab, so that nobody waits unseen behind another window. */
import { playTestSound, rememberedDevices } from '@bedside/media-web';
import { useEffect, useRef } from 'react';

const SOUND_KEY = 'bedside.arrival-sound';

export function arrivalSound(): boolean {
  try {
    return localStorage.getItem(SOUND_KEY) !== 'off';
  } catch {
    return true;
  }
}

export function setArrivalSound(isOn: boolean): void {
  try {
    localStorage.setItem(SOUND_KEY, isOn ? 'on' : 'off');
  } catch {
    // It stays on.
  }
}

/** `waiting`: who waits now, by id. Only who was not there before makes a sound. */
export function useArrivals(waiting: readonly string[]): void {
  const known = useRef<ReadonlySet<string> | null>(null);
  const key = waiting.join(' ');
  useEffect(() => {
    const now = key === '' ? [] : key.split(' ');
    const before = known.current;
    known.current = new Set(now);
    if (before !== null && now.some((id) => !before.has(id)) && arrivalSound()) {
      void playTestSound(rememberedDevices().speaker ?? '').catch(() => undefined);
    }
  }, [key]);
  const count = waiting.length;
  useEffect(() => {
    const plain = document.title.replace(/^\(\d+\) /, '');
    document.title = count === 0 ? plain : `(${count}) ${plain}`;
    return () => {
      document.title = document.title.replace(/^\(\d+\) /, '');
    };
  }, [count]);
}
