// A drawn moving picture whose track the page keeps: published, taken back and published again, it is the same track.
import type { Tab } from './tab.ts';

declare global {
  interface Window {
    kept: MediaStreamTrack | undefined;
  }
}

/** Publishes the picture as camera; resolves to the publication's sid. */
export function publishKept(tab: Tab): Promise<string> {
  return tab.evaluate(async () => {
    const draw = (): MediaStreamTrack => {
      const canvas = document.createElement('canvas');
      canvas.width = 320;
      canvas.height = 180;
      const context = canvas.getContext('2d');
      let frame = 0;
      setInterval(() => {
        frame += 1;
        if (context === null) return;
        context.fillStyle = `hsl(${(frame * 9) % 360} 80% 50%)`;
        context.fillRect(0, 0, canvas.width, canvas.height);
      }, 100);
      const [track] = canvas.captureStream(10).getVideoTracks();
      if (track === undefined) throw new Error('no track');
      return track;
    };
    window.kept ??= draw();
    const publication = await window.room.localParticipant.publishTrack(window.kept, {
      source: window.LivekitClient.Track.Source.Camera,
      simulcast: false,
    });
    return publication.trackSid;
  }, undefined);
}

/** Takes the picture back; its track lives on. */
export async function unpublishKept(tab: Tab): Promise<void> {
  await tab.evaluate(async () => {
    if (window.kept !== undefined)
      await window.room.localParticipant.unpublishTrack(window.kept, false);
  }, undefined);
}
