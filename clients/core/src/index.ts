/** Bedside's framework-free client core: no DOM, no React, no transport. */
export type { Announcement } from './announcement.ts';
export { listed } from './announcement.ts';
export { reduce } from './call-reducer.ts';
export type { CallEffect, CallInput, CallState, InCall, MediaChoice, Step } from './call-state.ts';
export { initialState } from './call-state.ts';
export type { CallLayout, CallView, SwitchView, TileView } from './call-view.ts';
export { callView, durationText, initialsOf, switchLabel } from './call-view.ts';
export type { Chat, ChatMessage } from './chat.ts';
export { CHAT_TEXT_MAX } from './chat.ts';
export type { Device, DeviceTrouble, TroubleSubject, TroubleView } from './device-trouble.ts';
export { deviceTroubleFromErrorName, troubleView } from './device-trouble.ts';
export { tokenFromFragment, tokenFromPastedText } from './join-link.ts';
export type { Invitation, JoinTokenRefusal, Permissions } from './join-token.ts';
export { JoinTokenError, readJoinToken, seemsExpired } from './join-token.ts';
export type { DisconnectCause, JoinFailure, Problem, ProblemView } from './problem.ts';
export { problemView } from './problem.ts';
export type { PersonSnapshot, RosterSnapshot } from './roster.ts';
