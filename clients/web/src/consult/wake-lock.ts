/** Keeps a screen from going dark in the middle of a visit. */
import { useEffect } from 'react';

export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let isOver = false;
    const take = async (): Promise<void> => {
      if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') {
        return;
      }
      try {
        const taken = await navigator.wakeLock.request('screen');
        if (isOver) {
          await taken.release();
        } else {
          lock = taken;
        }
      } catch {
        // A device that saves its last power may refuse.
      }
    };
    const again = (): void => void take();
    again();
    // The browser lets go when the page is hidden.
    document.addEventListener('visibilitychange', again);
    return () => {
      isOver = true;
      document.removeEventListener('visibilitychange', again);
      void lock?.release().catch(() => undefined);
    };
  }, []);
}
