//! The words of letters about accounts, in the five languages of `domain/notification/text`.

use crate::{domain::notification::text::Tongue, ports::mail::Letter};

/// The subject, and what stands before the link.
pub(crate) fn words(letter: Letter, tongue: Tongue) -> (&'static str, &'static str) {
    match tongue {
        Tongue::English => english(letter),
        Tongue::French => french(letter),
        Tongue::Spanish => spanish(letter),
        Tongue::Arabic => arabic(letter),
        Tongue::Swahili => swahili(letter),
    }
}

/// What stands below a link that does something.
pub(crate) fn not_me(tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::English => "The link works once. If you did not ask for this, ignore this mail.",
        Tongue::French => {
            "Le lien ne fonctionne qu'une fois. Si vous n'avez rien demandé, ignorez ce message."
        }
        Tongue::Spanish => {
            "El enlace funciona una sola vez. Si usted no lo ha pedido, no haga caso de este correo."
        }
        Tongue::Arabic => "يعمل الرابط مرة واحدة. إذا لم تطلب ذلك فتجاهل هذه الرسالة.",
        Tongue::Swahili => "Kiungo hufanya kazi mara moja. Kama hukuomba hili, puuza barua hii.",
    }
}

fn english(letter: Letter) -> (&'static str, &'static str) {
    match letter {
        Letter::VerifyEmail => ("Finish registering", "Open this link to finish registering:"),
        Letter::AlreadyRegistered => (
            "You have an account already",
            "Somebody registered with this address, which has an account already. Sign in here:",
        ),
        Letter::MagicLink => ("Your link to sign in", "Open this link to sign in:"),
        Letter::PasswordReset => {
            ("Choose another password", "Open this link to choose another password:")
        }
        Letter::PasswordChanged => (
            "Your password was changed",
            "Your password was changed just now. If that was not you, call the clinic.",
        ),
        Letter::SignInChanged => (
            "How you sign in was changed",
            "A way of signing in to your account was added or removed just now. If that was not you, call the clinic.",
        ),
        Letter::Invitation => {
            ("You are invited", "You are invited to work here. Open this link to accept:")
        }
        Letter::PhoneCode => ("Your code", "Your code, good for ten minutes:"),
        Letter::JoinLink => ("Your way to the visit", "Open this link to come to your visit:"),
    }
}

fn french(letter: Letter) -> (&'static str, &'static str) {
    match letter {
        Letter::VerifyEmail => {
            ("Terminez votre inscription", "Ouvrez ce lien pour terminer votre inscription :")
        }
        Letter::AlreadyRegistered => (
            "Vous avez déjà un compte",
            "Quelqu'un s'est inscrit avec cette adresse, qui a déjà un compte. Connectez-vous ici :",
        ),
        Letter::MagicLink => ("Votre lien de connexion", "Ouvrez ce lien pour vous connecter :"),
        Letter::PasswordReset => (
            "Choisissez un nouveau mot de passe",
            "Ouvrez ce lien pour choisir un nouveau mot de passe :",
        ),
        Letter::PasswordChanged => (
            "Votre mot de passe a été changé",
            "Votre mot de passe vient d'être changé. Si ce n'était pas vous, appelez la clinique.",
        ),
        Letter::SignInChanged => (
            "Votre façon de vous connecter a changé",
            "Un moyen de se connecter à votre compte vient d'être ajouté ou retiré. Si ce n'était pas vous, appelez la \
             clinique.",
        ),
        Letter::Invitation => (
            "Vous êtes invité",
            "Vous êtes invité à travailler ici. Ouvrez ce lien pour accepter :",
        ),
        Letter::PhoneCode => ("Votre code", "Votre code, valable dix minutes :"),
        Letter::JoinLink => {
            ("Votre accès à la consultation", "Ouvrez ce lien pour venir à votre consultation :")
        }
    }
}

fn spanish(letter: Letter) -> (&'static str, &'static str) {
    match letter {
        Letter::VerifyEmail => {
            ("Termine su registro", "Abra este enlace para terminar su registro:")
        }
        Letter::AlreadyRegistered => (
            "Usted ya tiene una cuenta",
            "Alguien se ha registrado con esta dirección, que ya tiene una cuenta. Entre aquí:",
        ),
        Letter::MagicLink => ("Su enlace para entrar", "Abra este enlace para entrar:"),
        Letter::PasswordReset => {
            ("Elija otra contraseña", "Abra este enlace para elegir otra contraseña:")
        }
        Letter::PasswordChanged => (
            "Su contraseña ha cambiado",
            "Su contraseña acaba de cambiar. Si no ha sido usted, llame a la clínica.",
        ),
        Letter::SignInChanged => (
            "Su forma de entrar ha cambiado",
            "Se acaba de añadir o quitar una forma de entrar en su cuenta. Si no ha sido usted, llame a la clínica.",
        ),
        Letter::Invitation => (
            "Tiene una invitación",
            "Está invitado a trabajar aquí. Abra este enlace para aceptar:",
        ),
        Letter::PhoneCode => ("Su código", "Su código, válido durante diez minutos:"),
        Letter::JoinLink => {
            ("Su acceso a la consulta", "Abra este enlace para entrar en su consulta:")
        }
    }
}

fn arabic(letter: Letter) -> (&'static str, &'static str) {
    match letter {
        Letter::VerifyEmail => ("أكمل تسجيلك", "افتح هذا الرابط لإكمال تسجيلك:"),
        Letter::AlreadyRegistered => {
            ("لديك حساب بالفعل", "سجّل شخص ما بهذا العنوان، وله حساب بالفعل. سجّل الدخول هنا:")
        }
        Letter::MagicLink => ("رابط تسجيل الدخول", "افتح هذا الرابط لتسجيل الدخول:"),
        Letter::PasswordReset => ("اختر كلمة مرور أخرى", "افتح هذا الرابط لاختيار كلمة مرور أخرى:"),
        Letter::PasswordChanged => (
            "تم تغيير كلمة مرورك",
            "تم تغيير كلمة مرورك الآن. إذا لم تكن أنت من فعل ذلك فاتصل بالعيادة.",
        ),
        Letter::SignInChanged => (
            "تغيرت طريقة تسجيل دخولك",
            "أضيفت أو أزيلت الآن طريقة لتسجيل الدخول إلى حسابك. إذا لم تكن أنت من فعل ذلك فاتصل بالعيادة.",
        ),
        Letter::Invitation => ("أنت مدعو", "أنت مدعو للعمل هنا. افتح هذا الرابط للقبول:"),
        Letter::PhoneCode => ("رمزك", "رمزك، صالح لعشر دقائق:"),
        Letter::JoinLink => ("طريقك إلى الاستشارة", "افتح هذا الرابط للحضور إلى استشارتك:"),
    }
}

fn swahili(letter: Letter) -> (&'static str, &'static str) {
    match letter {
        Letter::VerifyEmail => ("Maliza kujisajili", "Fungua kiungo hiki ili kumaliza kujisajili:"),
        Letter::AlreadyRegistered => (
            "Tayari una akaunti",
            "Mtu amejisajili kwa anwani hii, ambayo tayari ina akaunti. Ingia hapa:",
        ),
        Letter::MagicLink => ("Kiungo chako cha kuingia", "Fungua kiungo hiki ili kuingia:"),
        Letter::PasswordReset => {
            ("Chagua nenosiri jingine", "Fungua kiungo hiki ili kuchagua nenosiri jingine:")
        }
        Letter::PasswordChanged => (
            "Nenosiri lako limebadilishwa",
            "Nenosiri lako limebadilishwa sasa hivi. Kama si wewe, piga simu kliniki.",
        ),
        Letter::SignInChanged => (
            "Njia yako ya kuingia imebadilishwa",
            "Njia ya kuingia kwenye akaunti yako imeongezwa au kuondolewa sasa hivi. Kama si wewe, piga simu kliniki.",
        ),
        Letter::Invitation => {
            ("Umealikwa", "Umealikwa kufanya kazi hapa. Fungua kiungo hiki ili kukubali:")
        }
        Letter::PhoneCode => ("Msimbo wako", "Msimbo wako, unafaa kwa dakika kumi:"),
        Letter::JoinLink => {
            ("Njia yako ya kuingia kwenye miadi", "Fungua kiungo hiki ili kuhudhuria miadi yako:")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_written_in_every_language() {
        let letters = [
            Letter::VerifyEmail,
            Letter::AlreadyRegistered,
            Letter::MagicLink,
            Letter::PasswordReset,
            Letter::PasswordChanged,
            Letter::SignInChanged,
            Letter::Invitation,
            Letter::JoinLink,
        ];
        for letter in letters {
            let told: std::collections::BTreeSet<_> =
                Tongue::ALL.iter().map(|tongue| words(letter, *tongue)).collect();
            assert_eq!(told.len(), Tongue::ALL.len(), "{letter:?}");
        }
    }
}
