/** Français: what every page says. */
import type { Part } from '../en.ts';

export const first: Part<'first'> = {
  'app.name': 'Bedside',
  'app.skip': 'Aller au contenu',
  'app.private': 'Le son et l’image ne passent que par ce serveur.',
  'app.menu': 'Menu',
  'app.language': 'Langue',
  'app.offline': 'Vous êtes hors ligne. Ce que vous voyez n’est peut-être plus à jour.',
  'app.loading': 'Chargement…',

  'nav.home': 'Accueil',
  'nav.find': 'Trouver un médecin',
  'nav.appointments': 'Mes rendez-vous',
  'nav.profile': 'Profil',
  'nav.account': 'Compte',
  'nav.today': 'Aujourd’hui',
  'nav.hours': 'Horaires',
  'nav.staff': 'Équipe',
  'nav.signIn': 'Se connecter',
  'nav.signOut': 'Se déconnecter',
  'nav.register': 'Créer un compte',
  'nav.signOutTitle': 'Une note n’est pas encore enregistrée',
  'nav.signOutText':
    'En vous déconnectant maintenant, vous perdez ce qui a été écrit en dernier. Restez et enregistrez d’abord.',
  'nav.signOutAnyway': 'Se déconnecter quand même',
  'nav.records': 'Notes et ordonnances',
  'nav.documents': 'Documents',
  'nav.messages': 'Messages',
  'nav.patients': 'Patients',
  'nav.payments': 'Paiements',
  'nav.earnings': 'Revenus',
  'nav.clinic': 'Clinique',

  'common.back': 'Retour',
  'common.cancel': 'Annuler',
  'common.close': 'Fermer',
  'common.continue': 'Continuer',
  'common.done': 'Terminé',
  'common.edit': 'Modifier',
  'common.save': 'Enregistrer',
  'common.saved': 'Enregistré',
  'common.remove': 'Retirer',
  'common.add': 'Ajouter',
  'common.more': 'Afficher plus',
  'common.tryAgain': 'Réessayer',
  'common.reload': 'Recharger',
  'common.yes': 'Oui',
  'common.no': 'Non',
  'common.optional': 'facultatif',
  'common.any': 'Tous',
  'common.dismiss': 'Fermer ce message',
  'common.copy': 'Copier',
  'common.copied': 'Copié',
  'common.minutes': { one: '{count} minute', other: '{count} minutes' },
  'common.you': 'Vous',
  'common.name': '{name}',
  'common.unknown': 'Inconnu',
  'common.from': 'De',
  'common.to': 'À',
  'common.tooLong': {
    one: 'Un caractère de trop. Raccourcissez : rien n’est coupé, et rien n’est encore conservé.',
    other:
      '{count} caractères de trop. Raccourcissez : rien n’est coupé, et rien n’est encore conservé.',
  },

  'error.title': 'Un problème est survenu',
  'error.crashed': 'Cette page s’est arrêtée. Rechargez-la pour revenir où vous étiez.',
  'error.offline': 'Le serveur est injoignable. Vérifiez votre connexion à Internet et réessayez.',
  'error.internal':
    'Une panne est survenue de notre côté. Ce n’est pas votre faute ; réessayez dans une minute.',
  'error.unavailable': 'Le serveur est occupé. Réessayez dans un instant.',
  'error.not-signed-in': 'Vous êtes déconnecté. Connectez-vous pour continuer.',
  'error.credentials':
    'Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez-les, ou demandez un lien par e-mail.',
  'error.link': 'Ce lien ne fonctionne plus. Demandez-en un nouveau.',
  'error.exists': 'Cela existe déjà.',
  'error.too-often': 'Trop d’essais. Attendez {wait} et réessayez.',
  'error.second-factor':
    'Il faut ici un second facteur : une clé d’accès ou une application d’authentification.',
  'error.step-up':
    'Confirmez que c’est bien vous : saisissez à nouveau votre mot de passe, ou un code si vous vous connectez avec un code.',
  'error.forbidden':
    'Votre compte n’y est pas autorisé. Adressez-vous à votre clinique si vous pensez qu’il devrait l’être.',
  'error.not-found': 'Cela n’existe pas, ou vous n’y avez pas accès.',
  'error.stale':
    'Quelqu’un a fait une modification entre-temps. Regardez à nouveau et refaites la vôtre.',
  'error.invalid': 'Quelque chose ne convient pas : {detail}',
  'error.slot-taken': 'Quelqu’un a été plus rapide : cet horaire est pris. Choisissez-en un autre.',
  'error.slot-refused': 'Cet horaire ne peut plus être réservé. Choisissez-en un autre.',
  'error.hold-expired':
    'Votre horaire a été gardé un moment et est de nouveau libre. Choisissez-le encore une fois.',
  'error.not-possible':
    'Ce n’est pas possible maintenant. Rechargez pour voir où en sont les choses.',
  'error.payment-needed':
    'Cette consultation se paie d’abord. Choisissez de nouveau un horaire et payez.',
  'error.too-large':
    'C’est plus grand que ce que la clinique accepte. Choisissez un fichier plus petit.',
  'error.file-type': 'Seuls PDF, images (JPEG, PNG, WebP, HEIC) et texte simple sont acceptés.',
  'error.other': 'Cela n’a pas marché ({detail}). Réessayez.',
  'error.passkey': 'La clé d’accès n’a pas été utilisée. Réessayez, ou connectez-vous autrement.',

  'notFound.title': 'Il n’y a rien ici',
  'notFound.text': 'L’adresse est peut-être mal écrite, ou la page a changé de place.',

  'home.title': 'Consultez votre médecin là où vous êtes',
  'home.lead': 'Réservez, vérifiez votre caméra et rencontrez-vous en vidéo. Rien à installer.',
  'home.haveLink': 'Vous avez un lien ?',
  'home.haveLinkText': 'Ouvrez-le depuis votre message et vous y êtes : aucun compte nécessaire.',
  'home.clinicPhone': 'Appeler la clinique : {phone}',
  'home.steps': 'Comment cela se passe',
  'home.step1': 'Choisissez un médecin et un horaire',
  'home.step2': 'Vérifiez votre caméra et votre micro',
  'home.step3': 'Patientez ici : le médecin vous fait entrer',

  'signIn.password': 'Mot de passe',

  'register.given': 'Prénoms',
  'register.family': 'Nom de famille',

  'slots.clinicTime': '{time} à la clinique',

  'account.confirmIdentity': 'Confirmez que c’est vous',
  'account.secondFactorNeeded':
    'L’équipe a besoin d’un second facteur. Ajoutez une clé d’accès ou une application d’authentification, puis connectez-vous avec.',

  'join.noLink': 'Rejoindre une consultation',

  'staff.name': 'Nom',

  'audit.when': 'Quand',
  'audit.who': 'Qui',
  'note.title': 'Compte rendu',
  'records.title': 'Ce qui a été écrit',
};
