/** Kiswahili: what is written about a visit. */
import type { Part } from '../en.ts';

export const records: Part<'records'> = {
  'note.reason': 'Sababu',
  'note.history': 'Historia',
  'note.findings': 'Matokeo ya uchunguzi',
  'note.assessment': 'Tathmini',
  'note.plan': 'Mpango',
  'note.unsaved': 'Bado haijahifadhiwa',
  'note.failing': 'Haijahifadhiwa. Maandishi yako yanabaki hapa na yatatumwa tena yenyewe.',
  'note.changed':
    'Maelezo haya yalibadilishwa katika dirisha lingine. Maandishi yako yanabaki hapa, lakini hayajahifadhiwa.',
  'note.other': 'Toleo lingine',
  'note.takeTheirs': 'Pakia toleo lingine',
  'note.keepMine': 'Baki na maandishi yangu',
  'note.sign': 'Tia sahihi',
  'note.signTitle': 'Utie sahihi maelezo haya?',
  'note.signText': 'Hapo hayabadiliki tena, na mgonjwa anaweza kuyasoma. Bado unaweza kuongeza.',
  'note.signed': 'Yalitiwa sahihi {when}',
  'note.leftOver':
    'Maelezo yalitiwa sahihi katika dirisha lingine. Ulichoandika hapa si sehemu yake:',
  'note.add': 'Ongeza kwenye maelezo',
  'note.addSign': 'Tia sahihi nyongeza',
  'note.added': 'Iliongezwa {when}',
  'note.blank': 'Hakuna kilichoandikwa.',

  'records.none': 'Bado hakuna cha kusoma.',
  'records.prescribed': 'Dawa zilizoandikwa',
  'records.repeats': 'Kurudia: {count}',
  'records.cancelled': 'Haitumiki tena. {reason}',
};
