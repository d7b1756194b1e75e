/** Français: what is written about a visit. */
import type { Part } from '../en.ts';

export const records: Part<'records'> = {
  'note.reason': 'Motif',
  'note.history': 'Antécédents',
  'note.findings': 'Constatations',
  'note.assessment': 'Appréciation',
  'note.plan': 'Conduite à tenir',
  'note.unsaved': 'Pas encore enregistré',
  'note.failing': 'Non enregistré. Votre texte reste ici et sera renvoyé automatiquement.',
  'note.changed':
    'Ce compte rendu a été modifié dans une autre fenêtre. Votre texte reste ici, mais n’est pas enregistré.',
  'note.other': 'Autre version',
  'note.takeTheirs': 'Charger l’autre version',
  'note.keepMine': 'Garder mon texte',
  'note.sign': 'Signer',
  'note.signTitle': 'Signer ce compte rendu ?',
  'note.signText':
    'Il sera alors définitif et le patient pourra le lire. Vous pourrez encore le compléter.',
  'note.signed': 'Signé le {when}',
  'note.leftOver':
    'Le compte rendu a été signé dans une autre fenêtre. Ce que vous avez saisi ici n’en fait pas partie :',
  'note.add': 'Compléter le compte rendu',
  'note.addSign': 'Signer le complément',
  'note.added': 'Complété le {when}',
  'note.blank': 'Rien n’a été écrit.',

  'records.none': 'Il n’y a encore rien à lire.',
  'records.prescribed': 'Ordonnance',
  'records.repeats': 'Renouvellements : {count}',
  'records.cancelled': 'N’est plus valable. {reason}',
};
