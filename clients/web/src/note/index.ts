/** Writing and signing a visit's note: one chunk, fetched by who may write one. */
import '../styles/note.css';

export { NoteEditor } from './note-editor.tsx';
export { NotePanel } from './note-panel.tsx';
