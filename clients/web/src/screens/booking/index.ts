/** Finding a doctor and booking a time: one chunk. */
export { BookScreen } from './book-screen.tsx';
export { FindScreen } from './find-screen.tsx';
export { SlotsScreen } from './slots-screen.tsx';
