/** Bedside's framework-free client core: no DOM, no React, no transport. */
export type { Announcement } from './announcement.ts';
export { reduce } from './call-reducer.ts';
export type {
  CallEffect,
  CallInput,
  CallState,
  InCall,
  MediaChoice,
  Quality,
  Silence,
  Step,
} from './call-state.ts';
export { initialState } from './call-state.ts';
export type { CallLayout, CallView, SwitchView, TileView } from './call-view.ts';
export { callView, connectionNote, durationText, initialsOf, switchLabel } from './call-view.ts';
export type { Chat, ChatFile, ChatMessage } from './chat.ts';
export type { ChatFileFault } from './chat-file.ts';
export {
  CHAT_FILE_BYTES_MAX,
  CHAT_FILE_TYPES,
  CHAT_FILES_BYTES_MAX,
  chatFileFault,
  chatFileName,
  chatFileType,
} from './chat-file.ts';
export { CHAT_TEXT_MAX } from './chat.ts';
export type { Device, DeviceTrouble, TroubleSubject, TroubleView } from './device-trouble.ts';
export { deviceTroubleFromErrorName, troubleView } from './device-trouble.ts';
export { tokenFromFragment, tokenFromPastedText } from './join-link.ts';
export type { Invitation, JoinTokenRefusal, Permissions } from './join-token.ts';
export { JoinTokenError, readJoinToken, seemsExpired } from './join-token.ts';
export type { DisconnectCause, JoinFailure, Problem, ProblemView } from './problem.ts';
export { problemView } from './problem.ts';
export type { RecordingAct, RecordingSnapshot, RecordingState } from './recording.ts';
export { recordingActs, recordingAnswer, recordingOf } from './recording.ts';
export type { PersonSnapshot, RosterSnapshot } from './roster.ts';
export type { Catalogue, MessageKey, PartName } from './text/en.ts';
export type { Language } from './text/languages.ts';
export { chooseLanguage, LANGUAGES, loadParts } from './text/languages.ts';
export type { Say, Text, Value, Values } from './text/say.ts';
export { sayIn, textOf } from './text/say.ts';
export type { Api, ApiSettings, Schemas } from './api/client.ts';
export { answered, answeredWithTag, createApi, done, ifMatch } from './api/client.ts';
export { ApiProblem, isPassing, problemText } from './api/problem.ts';
export { reduceBooking } from './booking/reducer.ts';
export type {
  BookingEffect,
  BookingInput,
  BookingNotice,
  BookingState,
  Hold,
  Slot,
} from './booking/state.ts';
export { firstBooking } from './booking/state.ts';
export type { VisitEffect, VisitEnd, VisitInput, VisitState } from './visit/flow.ts';
export { firstVisitState, reduceVisit } from './visit/flow.ts';
export type {
  CheckOutcome,
  CheckReport,
  ParticipantState,
  Visit,
  VisitPerson,
  VisitPhase,
  VisitRole,
} from './visit/visit.ts';
export { endOf, isLetIn, leads, looksAfter } from './visit/visit.ts';
export type { Arrivals, Sample } from './silence.ts';
export { noArrivals, silentSince, takeSamples } from './silence.ts';
export type { JoinLink, VisitToken, WaitingLine } from './visit/visit-api.ts';
export { VisitApi } from './visit/visit-api.ts';
export { isUnsaved, reduceNote } from './note/draft.ts';
export type { NoteDraft, NoteEffect, NoteInput, NoteSigned, NoteState } from './note/state.ts';
export { firstNoteState } from './note/state.ts';
export type { Addendum, Note, NoteSection, NoteText } from './note/note.ts';
export {
  charsOver,
  isBlank,
  isTooLong,
  NOTE_SECTION_MAX,
  NOTE_SECTIONS,
  readNote,
} from './note/note.ts';
export type { Medicine, Prescription, PrescriptionDraft } from './note/prescription.ts';
export {
  canKeep,
  DAYS_MAX,
  emptyMedicine,
  MEDICINE_NAME_MAX,
  MEDICINES_MAX,
  prescriptionBody,
  readDraft,
  readPrescription,
  REPEATS_MAX,
} from './note/prescription.ts';
export type { LiveMessage } from './live/live-message.ts';
export { pauseAfter, readLiveMessage, SESSION_ENDED } from './live/live-message.ts';
export type { PayerAct, Payment, PaymentMethod, PayView } from './money/payment.ts';
export {
  isOpenPayment,
  isPaid,
  keptOf,
  minorOf,
  owedFor,
  payView,
  refundable,
} from './money/payment.ts';
export type { Earning, EarningSum } from './money/earnings.ts';
export { sumEarnings, totalEarnings } from './money/earnings.ts';
export type {
  InsuranceClaim,
  ClaimCodes,
  ClaimStep,
  Coverage,
  CoverageStanding,
  Payer,
  PriceParts,
} from './money/insurance.ts';
export {
  canClose,
  claimSteps,
  codesOf,
  coverageStanding,
  owedByPatient,
  priceParts,
  takesCodes,
} from './money/insurance.ts';
export type { UploadPlan, UploadPort } from './documents/upload.ts';
export { sendParts, UploadStopped } from './documents/upload.ts';
export type { EntryKind, RecordEntry } from './record/entry.ts';
export {
  confirmed,
  ENTRY_KINDS,
  enteredInError,
  ownEntry,
  readEntries,
  readEntry,
} from './record/entry.ts';
export type { KeeperPort, KeptPrescription } from './note/prescription-keeper.ts';
export { PrescriptionKeeper } from './note/prescription-keeper.ts';
export { scopeText } from './oauth-scope.ts';
export type {
  Answer,
  Condition,
  Filled,
  FillFault,
  Operator,
  Question,
  Questionnaire,
  QuestionType,
} from './intake/questionnaire.ts';
export {
  allQuestions,
  answersTo,
  askedWith,
  fillFaults,
  OPERATORS,
  QUESTION_TYPES,
  readQuestionnaire,
  STATUSES,
} from './intake/questionnaire.ts';
export type { Answers } from './intake/answers.ts';
export { answersBody, filledFrom, readAnswers } from './intake/answers.ts';
export type { Draft, DraftFault } from './intake/draft.ts';
export {
  changedAt,
  conditionOn,
  decidersOf,
  draftBody,
  draftFaults,
  emptyDraft,
  movedAt,
  optionsFrom,
  QUESTION_CHARS_MAX,
  QUESTIONS_MAX,
  TITLE_CHARS_MAX,
  typedAt,
  withoutAt,
  withQuestion,
} from './intake/draft.ts';
