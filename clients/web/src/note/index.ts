/** Writing, signing and reading what a visit left: one chunk, fetched when it is wanted. */
import '../styles/note.css';

export { NoteEditor } from './note-editor.tsx';
export { NotePanel } from './note-panel.tsx';
export { PatientRecords } from './patient-records.tsx';
export { Prescriptions } from './prescriptions.tsx';
export { VisitRecords } from './visit-records.tsx';
