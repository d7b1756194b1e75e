/** What a page needs from a running call, said without LiveKit's types. */
import type { CallInput, Device, MediaChoice, RecordingAct } from '@bedside/core';
import type { CapturedMedia, DeviceKind } from './captured-media.ts';

export type Report = (input: CallInput) => void;

export interface MediaLink {
  /** Reports `connected` or `join-failed`; never rejects. */
  connect(token: string, choice: MediaChoice, captured: CapturedMedia): Promise<void>;
  switchDevice(device: Device, on: boolean): Promise<void>;
  sendMessage(id: string, text: string): Promise<void>;
  /** Reports how far it is, and `message-settled`. */
  sendFile(id: string, file: File): Promise<void>;
  startSound(): Promise<void>;
  showHand(raised: boolean): Promise<void>;
  /** Says whether one may be recorded. What becomes of it, the server says. */
  answerRecording(question: string, agrees: boolean): Promise<void>;
  /** Asks for a recording, or for its end; false where that was refused. */
  record(act: RecordingAct): Promise<boolean>;
  /** Shows somebody's picture in the element until the returned function is called. */
  attach(identity: string, kind: 'person' | 'screen', element: HTMLVideoElement): () => void;
  chooseDevice(kind: DeviceKind, deviceId: string): Promise<void>;
  chosenDevice(kind: DeviceKind): string;
  close(): void;
}
