/** العربية: what is written about a visit. */
import type { Part } from '../en.ts';

export const records: Part<'records'> = {
  'note.reason': 'سبب الزيارة',
  'note.history': 'القصة المرضية',
  'note.findings': 'نتائج الفحص',
  'note.assessment': 'التقييم',
  'note.plan': 'الخطة',
  'note.unsaved': 'لم يُحفظ بعد',
  'note.failing': 'لم يُحفظ. يبقى نصك هنا ويُعاد إرساله تلقائيًا.',
  'note.changed': 'غُيّرت هذه الملاحظة في نافذة أخرى. يبقى نصك هنا، لكنه غير محفوظ.',
  'note.other': 'النسخة الأخرى',
  'note.takeTheirs': 'تحميل النسخة الأخرى',
  'note.keepMine': 'الإبقاء على نصي',
  'note.sign': 'توقيع',
  'note.signTitle': 'هل توقّع هذه الملاحظة؟',
  'note.signText': 'تصبح نهائية عندئذ ويستطيع المريض قراءتها. ويمكنك الإضافة إليها لاحقًا.',
  'note.signed': 'وُقّعت {when}',
  'note.leftOver': 'وُقّعت الملاحظة في نافذة أخرى. ما كتبته هنا ليس جزءًا منها:',
  'note.add': 'إضافة إلى الملاحظة',
  'note.addSign': 'توقيع الإضافة',
  'note.added': 'أُضيف {when}',
  'note.blank': 'لم يُكتب شيء.',

  'records.none': 'لا يوجد ما يُقرأ بعد.',
  'records.prescribed': 'الوصفة الطبية',
  'records.repeats': 'مرات التكرار: {count}',
  'records.cancelled': 'لم تعد صالحة. {reason}',
};
