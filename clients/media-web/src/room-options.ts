/** How this page uses a LiveKit room. */
import type { RoomOptions } from 'livekit-client';
import { rememberedDevices } from './captured-media.ts';

export function roomOptions(): RoomOptions {
  const chosen = rememberedDevices();
  return {
    adaptiveStream: true,
    dynacast: true,
    // The server speaks with two peer connections; asking for one first costs a round trip.
    singlePeerConnection: false,
    audioCaptureDefaults: {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      ...(chosen.microphone === undefined ? {} : { deviceId: { ideal: chosen.microphone } }),
    },
    videoCaptureDefaults: {
      resolution: { width: 1280, height: 720, frameRate: 30 },
      ...(chosen.camera === undefined ? {} : { deviceId: { ideal: chosen.camera } }),
    },
    ...(chosen.speaker === undefined ? {} : { audioOutput: { deviceId: chosen.speaker } }),
    publishDefaults: { videoCodec: 'vp8', simulcast: true },
  };
}
