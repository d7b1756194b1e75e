/** Kiswahili: what every page says. */
import type { Part } from '../en.ts';

export const first: Part<'first'> = {
  'app.name': 'Bedside',
  'app.skip': 'Nenda kwenye maudhui',
  'app.private': 'Sauti na picha hupitia seva hii pekee.',
  'app.menu': 'Menyu',
  'app.language': 'Lugha',
  'app.offline': 'Huna mtandao. Unachokiona huenda kimepitwa na wakati.',
  'app.loading': 'Inapakia…',

  'nav.home': 'Mwanzo',
  'nav.find': 'Tafuta daktari',
  'nav.appointments': 'Miadi yangu',
  'nav.profile': 'Wasifu',
  'nav.account': 'Akaunti',
  'nav.today': 'Leo',
  'nav.hours': 'Saa za kazi',
  'nav.services': 'Huduma',
  'nav.staff': 'Wafanyakazi',
  'nav.keys': 'Funguo za API',
  'nav.audit': 'Kumbukumbu za ukaguzi',
  'nav.signIn': 'Ingia',
  'nav.signOut': 'Toka',
  'nav.register': 'Fungua akaunti',

  'common.back': 'Rudi',
  'common.cancel': 'Ghairi',
  'common.close': 'Funga',
  'common.continue': 'Endelea',
  'common.done': 'Tayari',
  'common.edit': 'Hariri',
  'common.save': 'Hifadhi',
  'common.saved': 'Imehifadhiwa',
  'common.remove': 'Ondoa',
  'common.add': 'Ongeza',
  'common.more': 'Onyesha zaidi',
  'common.tryAgain': 'Jaribu tena',
  'common.reload': 'Pakia upya',
  'common.yes': 'Ndiyo',
  'common.no': 'Hapana',
  'common.optional': 'si lazima',
  'common.any': 'Yoyote',
  'common.dismiss': 'Ondoa ujumbe',
  'common.copy': 'Nakili',
  'common.copied': 'Imenakiliwa',
  'common.minutes': { one: 'dakika {count}', other: 'dakika {count}' },
  'common.you': 'Wewe',
  'common.name': '{name}',
  'common.unknown': 'Haijulikani',
  'common.from': 'Kuanzia',
  'common.to': 'Hadi',

  'error.title': 'Hitilafu imetokea',
  'error.crashed': 'Ukurasa huu umesimama. Upakie upya ili urudi ulipokuwa.',
  'error.offline': 'Seva haipatikani. Angalia mtandao wako kisha ujaribu tena.',
  'error.internal': 'Kuna hitilafu upande wetu. Si kosa lako; jaribu tena baada ya dakika moja.',
  'error.unavailable': 'Seva ina shughuli nyingi. Jaribu tena baada ya muda mfupi.',
  'error.not-signed-in': 'Umetoka. Ingia ili uendelee.',
  'error.credentials':
    'Barua pepe na nenosiri hivi havilingani. Angalia vyote viwili, au omba kiungo kwa barua pepe.',
  'error.link': 'Kiungo hiki hakifanyi kazi tena. Omba kipya.',
  'error.exists': 'Tayari kipo.',
  'error.too-often': 'Umejaribu mara nyingi mno. Subiri {wait} kisha ujaribu tena.',
  'error.second-factor':
    'Hapa unahitaji uthibitisho wa pili: ufunguo wa siri au programu ya uthibitishaji.',
  'error.step-up':
    'Thibitisha kuwa ni wewe: andika nenosiri lako tena, au msimbo ikiwa unaingia kwa msimbo.',
  'error.forbidden':
    'Akaunti yako hairuhusiwi kufanya hivi. Uliza kliniki yako ukiona inafaa kuruhusiwa.',
  'error.not-found': 'Hiki hakipo, au huruhusiwi kukiona.',
  'error.stale': 'Mtu amebadilisha hapa wakati huo huo. Angalia tena kisha urudie mabadiliko yako.',
  'error.invalid': 'Kuna kitu hakifai: {detail}',
  'error.slot-taken': 'Mtu amekutangulia: muda huu umechukuliwa. Tafadhali chagua mwingine.',
  'error.slot-refused': 'Muda huu hauwezi kuwekwa tena. Tafadhali chagua mwingine.',
  'error.hold-expired': 'Muda wako ulihifadhiwa kwa kipindi fulani na sasa uko wazi. Uchague tena.',
  'error.not-possible': 'Haiwezekani kwa sasa. Pakia upya uone hali ilivyo.',
  'error.other': 'Haikufaulu ({detail}). Tafadhali jaribu tena.',
  'error.passkey': 'Ufunguo wa siri haukutumika. Jaribu tena, au ingia kwa njia nyingine.',

  'notFound.title': 'Hakuna kitu hapa',
  'notFound.text': 'Huenda anwani imeandikwa vibaya, au ukurasa umehamishwa.',

  'home.title': 'Mwone daktari wako ukiwa popote',
  'home.lead': 'Weka miadi, angalia kamera yako, kisha mkutane kwa video. Hakuna cha kusakinisha.',
  'home.haveLink': 'Je, una kiungo?',
  'home.haveLinkText': 'Kifungue kutoka kwenye ujumbe wako na umeingia: huhitaji akaunti.',
  'home.clinicPhone': 'Pigia kliniki simu: {phone}',
  'home.steps': 'Jinsi inavyofanya kazi',
  'home.step1': 'Chagua daktari na muda',
  'home.step2': 'Angalia kamera na maikrofoni',
  'home.step3': 'Subiri hapa: daktari atakuingiza',

  'signIn.password': 'Nenosiri',

  'register.given': 'Majina ya kwanza',
  'register.family': 'Jina la ukoo',

  'slots.clinicTime': '{time} kwenye kliniki',

  'account.confirmIdentity': 'Thibitisha kuwa ni wewe',
  'account.secondFactorNeeded':
    'Wafanyakazi wanahitaji uthibitisho wa pili. Ongeza ufunguo wa siri au programu ya uthibitishaji, kisha uingie nayo.',

  'join.noLink': 'Jiunge na mashauriano',

  'staff.name': 'Jina',

  'audit.when': 'Lini',
  'audit.who': 'Nani',
  'note.title': 'Maelezo ya ziara',
  'records.title': 'Yaliyoandikwa',
};
