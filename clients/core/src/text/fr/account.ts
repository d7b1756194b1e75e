/** Français: signing in, and one’s own account. */
import type { Part } from '../en.ts';

export const account: Part<'account'> = {
  'signIn.title': 'Se connecter',
  'signIn.email': 'Adresse e-mail',
  'signIn.submit': 'Se connecter',
  'signIn.passkey': 'Se connecter avec une clé d’accès',
  'signIn.link': 'M’envoyer plutôt un lien',
  'signIn.linkText': 'Nous vous envoyons un lien qui vous connecte. Il fonctionne dix minutes.',
  'signIn.linkSend': 'Envoyer le lien',
  'signIn.linkSent':
    'Si {email} a un compte ici, un lien est en route. Regardez votre boîte de réception.',
  'signIn.forgot': 'Mot de passe oublié ?',
  'signIn.or': 'ou',
  'signIn.noAccount': 'Pas encore de compte ?',
  'signIn.signingIn': 'Connexion…',
  'signIn.code': 'Code de votre application d’authentification',
  'signIn.codeTitle': 'Encore une étape',
  'signIn.codeText':
    'Ouvrez votre application d’authentification et saisissez les six chiffres pour Bedside.',
  'signIn.recovery': 'Utiliser un code de secours',
  'signIn.recoveryCode': 'Code de secours',

  'reset.title': 'Choisir un nouveau mot de passe',
  'reset.ask': 'Nous vous envoyons un lien qui permet de choisir un nouveau mot de passe.',
  'reset.done': 'Votre nouveau mot de passe est enregistré. Connectez-vous avec lui.',
  'reset.password': 'Nouveau mot de passe',

  'register.title': 'Créer votre compte',
  'register.lead': 'Un seul compte pour toutes vos consultations dans cette clinique.',
  'register.clinic': 'Clinique',
  'register.passwordHint':
    'Au moins dix caractères. Quelques mots ensemble se retiennent facilement.',
  'register.submit': 'Créer le compte',
  'register.haveAccount': 'Vous avez déjà un compte ?',
  'register.sentTitle': 'Regardez votre boîte de réception',
  'register.sentText':
    'Nous avons envoyé un lien à {email}. Ouvrez-le pour terminer. Cela marche aussi sur un autre appareil.',
  'register.verifying': 'Confirmation de votre adresse…',
  'register.verified': 'Votre adresse est confirmée',
  'register.verifiedText': 'Vous pouvez vous connecter.',
  'register.short': 'Le mot de passe demande au moins dix caractères.',
  'register.emailWrong': 'Cette adresse e-mail n’est pas complète.',
  'register.required': 'Veuillez remplir ce champ.',

  'invite.title': 'Rejoindre l’équipe de la clinique',
  'invite.lead':
    'Choisissez comment vous connecter. Si vous avez déjà un compte à cette adresse, acceptez simplement.',
  'invite.haveAccount': 'J’ai déjà un compte',
  'invite.submit': 'Accepter l’invitation',
  'invite.done': 'Vous faites partie de la clinique. Connectez-vous pour commencer.',

  'account.title': 'Votre compte',
  'account.passkeys': 'Clés d’accès',
  'account.passkeysText':
    'Une clé d’accès vous connecte avec votre empreinte, votre visage ou le verrouillage de l’écran. Rien à retenir.',
  'account.addPasskey': 'Ajouter une clé d’accès',
  'account.passkeyName': 'Nom de cet appareil',
  'account.lastUsed': 'Dernière utilisation {when}',
  'account.never': 'jamais utilisée',
  'account.sessions': 'Où vous êtes connecté',
  'account.thisDevice': 'Cet appareil',
  'account.end': 'Déconnecter',
  'account.password': 'Mot de passe',
  'account.changePassword': 'Changer le mot de passe',
  'account.totp': 'Application d’authentification',
  'account.totpOn': 'Une application d’authentification est en place.',
  'account.totpAdd': 'Configurer une application d’authentification',
  'account.totpSecret':
    'Saisissez ce secret dans votre application, puis le code qu’elle affiche :',
  'account.recovery': 'Gardez ces codes de secours en lieu sûr. Chacun sert une fois.',
};
