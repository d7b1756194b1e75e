/** English: what every page says. */
import type { Message } from '../message.ts';

export const first = {
  'app.name': 'Bedside',
  'app.skip': 'Skip to the content',
  'app.private': 'Sound and picture go only through this server.',
  'app.menu': 'Menu',
  'app.language': 'Language',
  'app.offline': 'You are offline. What you see may be out of date.',
  'app.loading': 'Loading…',

  'nav.home': 'Home',
  'nav.find': 'Find a doctor',
  'nav.appointments': 'My appointments',
  'nav.profile': 'Profile',
  'nav.account': 'Account',
  'nav.today': 'Today',
  'nav.hours': 'Working hours',
  'nav.services': 'Services',
  'nav.staff': 'Staff',
  'nav.keys': 'API keys',
  'nav.audit': 'Audit log',
  'nav.signIn': 'Sign in',
  'nav.signOut': 'Sign out',
  'nav.register': 'Create an account',

  'common.back': 'Back',
  'common.cancel': 'Cancel',
  'common.close': 'Close',
  'common.continue': 'Continue',
  'common.done': 'Done',
  'common.edit': 'Edit',
  'common.save': 'Save',
  'common.saved': 'Saved',
  'common.remove': 'Remove',
  'common.add': 'Add',
  'common.more': 'Show more',
  'common.tryAgain': 'Try again',
  'common.reload': 'Reload',
  'common.yes': 'Yes',
  'common.no': 'No',
  'common.optional': 'optional',
  'common.any': 'Any',
  'common.dismiss': 'Dismiss',
  'common.copy': 'Copy',
  'common.copied': 'Copied',
  'common.minutes': { one: '{count} minute', other: '{count} minutes' },
  'common.you': 'You',
  'common.name': '{name}',
  'common.unknown': 'Not known',
  'common.from': 'From',
  'common.to': 'To',

  'error.title': 'Something went wrong',
  'error.crashed': 'This page stopped working. Reload it to return to where you were.',
  'error.offline': 'The server cannot be reached. Check your internet connection and try again.',
  'error.internal':
    'Something broke on our side. It is not your fault; please try again in a minute.',
  'error.unavailable': 'The server is busy. Please try again in a moment.',
  'error.not-signed-in': 'You are signed out. Sign in to go on.',
  'error.credentials':
    'This e-mail address and password do not fit together. Check both, or ask for a link by e-mail.',
  'error.link': 'This link works no longer. Ask for a new one.',
  'error.exists': 'It is there already.',
  'error.too-often': 'Too many tries. Wait {wait} and try again.',
  'error.second-factor':
    'For this you have to sign in with a second factor: a passkey or an authenticator app.',
  'error.step-up':
    'Please confirm that it is you: enter your password again, or a code if you sign in with one.',
  'error.forbidden': 'Your account may not do this. Ask your clinic if you think it should.',
  'error.not-found': 'This does not exist, or it is not yours to see.',
  'error.stale': 'Somebody changed this in the meantime. Look at it again and repeat your change.',
  'error.invalid': 'Something does not fit: {detail}',
  'error.slot-taken': 'Somebody was faster: this time is taken. Please choose another one.',
  'error.slot-refused': 'This time cannot be booked any more. Please choose another one.',
  'error.hold-expired': 'Your time was kept for a while and is free again. Choose it once more.',
  'error.not-possible': 'This is not possible now. Reload to see where things stand.',
  'error.other': 'This did not work ({detail}). Please try again.',
  'error.passkey': 'The passkey was not used. Try again, or sign in in another way.',

  'notFound.title': 'There is nothing here',
  'notFound.text': 'The address may be mistyped, or the page has moved.',

  'home.title': 'See your doctor from where you are',
  'home.lead': 'Book a visit, check your camera, and meet by video. Nothing to install.',
  'home.haveLink': 'Do you have a link?',
  'home.haveLinkText': 'Open it from your message, and you are in: no account needed.',
  'home.clinicPhone': 'Call the clinic: {phone}',
  'home.steps': 'How it works',
  'home.step1': 'Choose a doctor and a time',
  'home.step2': 'Check your camera and microphone',
  'home.step3': 'Wait here: the doctor lets you in',

  'signIn.password': 'Password',

  'register.given': 'Given names',
  'register.family': 'Family name',

  'slots.clinicTime': '{time} at the clinic',

  'account.confirmIdentity': 'Confirm that it is you',
  'account.secondFactorNeeded':
    'Staff need a second factor. Add a passkey or an authenticator app, then sign in with it.',

  'join.noLink': 'Join a consultation',

  'staff.name': 'Name',

  'audit.when': 'When',
  'audit.who': 'Who',
  'note.title': 'Note',
  'records.title': 'What was written',
} as const satisfies Readonly<Record<string, Message>>;
