/** Messages, documents, the record, reviews and waiting: one chunk. */
import '../../styles/note.css';

export { DocumentsScreen } from './documents-screen.tsx';
export { MessagesScreen } from './messages-screen.tsx';
export { PatientScreen } from './patient-screen.tsx';
export { PatientsScreen } from './patients-screen.tsx';
export { QueueScreen } from './queue-screen.tsx';
export { ReviewsScreen } from './reviews-screen.tsx';
export { SeriesScreen } from './series-screen.tsx';
export { ThreadScreen } from './thread-screen.tsx';
export { WaitingScreen } from './waiting-screen.tsx';
