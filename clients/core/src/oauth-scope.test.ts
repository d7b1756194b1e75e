import { expect, it } from 'vitest';
import { scopeText } from './oauth-scope.ts';
import { LANGUAGES, loadParts } from './text/languages.ts';
import { sayIn } from './text/say.ts';

const [english] = LANGUAGES;
const say = sayIn(await loadParts(english, ['account']), 'en');

it.each([
  ['openid', 'know that it is you'],
  ['appointments:write', 'book and change appointments'],
  ['launch/patient', 'know which patient it is about'],
  ['patient/Observation.rs', 'see Observation of the chosen patient'],
  ['patient/*.read', 'see the whole record of the chosen patient'],
  ['user/Appointment.cud', 'change Appointment as far as you may'],
  ['user/Appointment.*', 'see and change Appointment as far as you may'],
  ['system/*.cruds', 'see and change the whole record of the clinic'],
])('says of %s: %s', (scope, sentence) => {
  const text = scopeText(scope);
  expect(text === null ? null : say(text.key, text.values)).toBe(sentence);
});

it.each(['toString', 'nobody/Patient.rs', 'new:scope', ''])(
  'has no sentence of its own for %j',
  (scope) => {
    expect(scopeText(scope)).toBeNull();
  },
);
