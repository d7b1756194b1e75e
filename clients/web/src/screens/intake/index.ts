/** Questions before a visit, to who answers them and to who asks: one chunk. */
export { AnswerScreen } from './answer-screen.tsx';
export { QuestionnairesScreen } from './questionnaires-screen.tsx';
