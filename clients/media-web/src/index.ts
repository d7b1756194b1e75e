/** Devices and media in a browser, without a word of LiveKit: `room-link` is fetched when a call begins. */
export type { CapturedMedia, DeviceChoice, DeviceKind } from './captured-media.ts';
export { nothingCaptured, rememberDevice, rememberedDevices } from './captured-media.ts';
export type { DeviceList, DeviceOption } from './device-list.ts';
export { canMakeCalls, listDevices, mediaDevicesAvailable, noDevices } from './device-list.ts';
export type { MediaLink, Report } from './media-link.ts';
export { AUDIBLE_LEVEL, watchLevel } from './microphone-level.ts';
export type { NetworkVerdict } from './network-check.ts';
export { checkNetwork } from './network-check.ts';
export type { PreviewDevice, PreviewPart, PreviewState } from './preview.ts';
export { Preview } from './preview.ts';
export { playTestSound } from './test-sound.ts';
export { askAboutToken } from './token-check.ts';
