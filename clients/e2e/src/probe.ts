// What a page tells a test: installed before any script of the page, it remembers the peer connections and WebSockets
// the page makes and reads their statistics and the pixels on screen. The product has no hook for tests; this is all
// there is. The function is sent to the browser as text, so it may refer to nothing outside itself.

import type { Inbound, Outbound } from './stream-statistics.ts';

export type { Inbound, Outbound };

/** What a video element shows. */
export interface Shown {
  readonly trackId: string;
  readonly width: number;
  readonly height: number;
  readonly paused: boolean;
}

/** How the frames of a video element that were drawn one after another differ. */
export interface PictureChange {
  /** Frames drawn and compared with an earlier one. */
  readonly compared: number;
  /** Comparisons in which at least 1 pixel in 500 clearly changed (a colour channel by more than 12 of 255). */
  readonly changes: number;
  /** Mean of all channels of the last frame, 0..255: a black picture has 0. */
  readonly brightness: number;
}

/** A moment of the join, in milliseconds since the page's time origin. */
export interface Mark {
  readonly name: string;
  readonly at: number;
}

export interface Probe {
  inbound(kind: 'audio' | 'video'): Promise<Inbound[]>;
  outbound(kind: 'audio' | 'video'): Promise<Outbound[]>;
  /** The video elements inside `scope` (a CSS selector, several elements allowed) that have a live track. */
  shown(scope: string): Shown[];
  /** Watches the video element that shows `trackId` for at most `ms` and stops after `enough` clear changes. */
  pictureChange(trackId: string, ms: number, enough: number): Promise<PictureChange>;
  marks(): Mark[];
  connectionStates(): string[];
  /** The m-sections of each connection's description. */
  sections(): number[];
  openSockets(): number;
}

declare global {
  interface Window {
    bedsideProbe?: Probe;
  }
}

export function installProbe(): void {
  if (window.bedsideProbe !== undefined) return;

  const marks: Mark[] = [];
  const mark = (name: string, at = performance.now()): void => {
    if (!marks.some((known) => known.name === name)) marks.push({ name, at });
  };

  const connections: RTCPeerConnection[] = [];
  const remoteTracks = new Set<string>();
  const NativeConnection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends NativeConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      const number = connections.push(this) - 1;
      this.addEventListener('connectionstatechange', () =>
        mark(`connection ${number} ${this.connectionState}`),
      );
      this.addEventListener('iceconnectionstatechange', () =>
        mark(`ice ${number} ${this.iceConnectionState}`),
      );
      this.addEventListener('track', (event) => {
        remoteTracks.add(event.track.id);
        mark(`remote ${event.track.kind} track on ${number}`);
      });
    }
  };

  const sockets: WebSocket[] = [];
  const NativeSocket = window.WebSocket;
  window.WebSocket = class extends NativeSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      const number = sockets.push(this) - 1;
      mark(`socket ${number} asked`);
      this.addEventListener('open', () => mark(`socket ${number} open`));
      this.addEventListener('message', () => mark(`socket ${number} first message`));
      this.addEventListener('error', () => mark(`socket ${number} refused`));
    }
  };

  addEventListener(
    'click',
    (event) => {
      if (event.target instanceof Element && event.target.closest('button') !== null)
        mark('first click on a button');
    },
    true,
  );

  // The first frame of a remote track on screen, per video element as it appears.
  const watched = new WeakSet<HTMLVideoElement>();
  const watch = (): void => {
    for (const video of document.querySelectorAll('video')) {
      if (watched.has(video)) continue;
      watched.add(video);
      const onFrame = (now: number): void => {
        const track = trackOf(video);
        if (track !== undefined && remoteTracks.has(track.id)) mark('first remote frame', now);
        else video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback?.(onFrame);
    }
  };
  new MutationObserver(watch).observe(document, { childList: true, subtree: true });

  const trackOf = (video: HTMLVideoElement): MediaStreamTrack | undefined => {
    const source = video.srcObject;
    return source instanceof MediaStream ? source.getVideoTracks()[0] : undefined;
  };

  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

  const entries = async (type: string, kind: string) => {
    const found = [];
    for (const [connection, pc] of connections.entries()) {
      if (pc.connectionState === 'closed') continue;
      const report = await pc.getStats();
      for (const stat of report.values()) {
        if (stat.type !== type || stat.kind !== kind) continue;
        const codec = report.get(stat.codecId)?.mimeType;
        found.push({ connection, stat, codec: text(codec) });
      }
    }
    return found;
  };

  const pixels = (video: HTMLVideoElement): Uint8ClampedArray => {
    const canvas = document.createElement('canvas');
    canvas.width = 160;
    canvas.height = 90;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('no canvas');
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height).data;
  };

  const changedShare = (before: Uint8ClampedArray, after: Uint8ClampedArray): number => {
    let changed = 0;
    for (let at = 0; at < after.length; at += 4) {
      const difference = Math.max(
        Math.abs((before[at] ?? 0) - (after[at] ?? 0)),
        Math.abs((before[at + 1] ?? 0) - (after[at + 1] ?? 0)),
        Math.abs((before[at + 2] ?? 0) - (after[at + 2] ?? 0)),
      );
      if (difference > 12) changed += 1;
    }
    return changed / (after.length / 4);
  };

  const brightness = (picture: Uint8ClampedArray): number => {
    let sum = 0;
    for (let at = 0; at < picture.length; at += 4) {
      sum += (picture[at] ?? 0) + (picture[at + 1] ?? 0) + (picture[at + 2] ?? 0);
    }
    return sum / ((picture.length / 4) * 3);
  };

  const nextFrame = (video: HTMLVideoElement, ms: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      video.requestVideoFrameCallback(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });

  const connectionStates = (): string[] => connections.map((pc) => pc.connectionState);

  window.bedsideProbe = {
    async inbound(kind) {
      return (await entries('inbound-rtp', kind)).map(({ connection, stat, codec }) => ({
        connection,
        trackId: text(stat.trackIdentifier),
        kind,
        ssrc: count(stat.ssrc),
        codec,
        packetsReceived: count(stat.packetsReceived),
        packetsLost: count(stat.packetsLost),
        bytesReceived: count(stat.bytesReceived),
        framesDecoded: count(stat.framesDecoded),
        freezeCount: count(stat.freezeCount),
        totalFreezesDuration: count(stat.totalFreezesDuration),
        frameWidth: count(stat.frameWidth),
        frameHeight: count(stat.frameHeight),
        totalAudioEnergy: count(stat.totalAudioEnergy),
        totalSamplesReceived: count(stat.totalSamplesReceived),
        concealedSamples: count(stat.concealedSamples),
        silentConcealedSamples: count(stat.silentConcealedSamples),
      }));
    },
    async outbound(kind) {
      return (await entries('outbound-rtp', kind)).map(({ connection, stat, codec }) => ({
        connection,
        kind,
        ssrc: count(stat.ssrc),
        rid: text(stat.rid),
        codec,
        bytesSent: count(stat.bytesSent),
        framesEncoded: count(stat.framesEncoded),
        frameWidth: count(stat.frameWidth),
        frameHeight: count(stat.frameHeight),
      }));
    },
    shown(scope) {
      const videos = new Set<HTMLVideoElement>();
      for (const element of document.querySelectorAll(scope)) {
        if (element instanceof HTMLVideoElement) videos.add(element);
        for (const video of element.querySelectorAll('video')) videos.add(video);
      }
      const shown: Shown[] = [];
      for (const video of videos) {
        const track = trackOf(video);
        const box = video.getBoundingClientRect();
        if (
          track === undefined ||
          track.readyState !== 'live' ||
          box.width === 0 ||
          box.height === 0
        )
          continue;
        shown.push({
          trackId: track.id,
          width: video.videoWidth,
          height: video.videoHeight,
          paused: video.paused,
        });
      }
      return shown;
    },
    async pictureChange(trackId, ms, enough) {
      const video = [...document.querySelectorAll('video')].find(
        (one) => trackOf(one)?.id === trackId,
      );
      if (video === undefined) throw new Error(`no video element shows track ${trackId}`);
      const deadline = performance.now() + ms;
      let earlier: Uint8ClampedArray | undefined;
      let compared = 0;
      let changes = 0;
      while (changes < enough && (await nextFrame(video, deadline - performance.now()))) {
        const picture = pixels(video);
        if (earlier === undefined) {
          earlier = picture;
          continue;
        }
        compared += 1;
        // A slow fade changes less than the threshold per frame: compare with the last picture that counted.
        if (changedShare(earlier, picture) < 0.002) continue;
        changes += 1;
        earlier = picture;
      }
      return { compared, changes, brightness: earlier === undefined ? 0 : brightness(earlier) };
    },
    marks: () => [...marks],
    connectionStates,
    sections: () =>
      connections.map((pc) => pc.currentLocalDescription?.sdp.match(/^m=/gm)?.length ?? 0),
    openSockets: () => sockets.filter((socket) => socket.readyState === WebSocket.OPEN).length,
  };
}
