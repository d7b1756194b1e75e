/** English: what is written about a visit. */
import type { Message } from '../message.ts';

export const records = {
  'note.reason': 'Reason',
  'note.history': 'History',
  'note.findings': 'Findings',
  'note.assessment': 'Assessment',
  'note.plan': 'Plan',
  'note.unsaved': 'Not saved yet',
  'note.failing': 'Not saved. Your text stays here and is sent again by itself.',
  'note.changed':
    'This note was changed in another window. Your text stays here, but is not saved.',
  'note.other': 'Other version',
  'note.takeTheirs': 'Load the other version',
  'note.keepMine': 'Keep my text',
  'note.sign': 'Sign',
  'note.signTitle': 'Sign this note?',
  'note.signText': 'It is final then, and the patient can read it. You can still add to it.',
  'note.signed': 'Signed {when}',
  'note.leftOver': 'The note was signed in another window. What you typed here is not part of it:',
  'note.add': 'Add to the note',
  'note.addSign': 'Sign the addition',
  'note.added': 'Added {when}',
  'note.blank': 'Nothing was written.',

  'records.none': 'There is nothing to read yet.',
  'records.prescribed': 'Prescribed',
  'records.repeats': 'Repeats: {count}',
  'records.cancelled': 'No longer valid. {reason}',
} as const satisfies Readonly<Record<string, Message>>;
