//! Letters about accounts, as the rest of the program asks for them: who, which letter, which link. The words are in
//! `text`; `ports/email` takes them away.
//!
//! A letter waits in the outbox sealed, under a key of its own that the key file wraps: its address tells of a person,
//! and its link signs somebody in.

pub(crate) mod text;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    crypto::{DataKey, KeyRing, RingClosed, SealError, UnwrapError},
    domain::notification::text::Tongue,
    random::Random,
};

/// The topic that letters wait under.
pub const TOPIC: &str = "mail.send";

/// The topic that text messages of the same kind wait under.
pub const TEXT_TOPIC: &str = "text.send";

/// A letter to one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// What they are called, if known.
    pub name: Option<String>,
    /// The language to write in (BCP 47).
    pub language: String,
    /// Which letter.
    pub letter: Letter,
    /// Where its button leads. Carries a secret.
    pub link: Option<String>,
}

/// The letters that accounts need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    /// Press to finish registering.
    VerifyEmail,
    /// You have an account already; press to sign in.
    AlreadyRegistered,
    /// Press to sign in.
    MagicLink,
    /// Press to choose another password.
    PasswordReset,
    /// Your password was changed.
    PasswordChanged,
    /// A way of signing in was added or removed.
    SignInChanged,
    /// A clinic invites you to its staff.
    Invitation,
    /// Press to come to your visit.
    JoinLink,
    /// The code that proves a telephone. Goes as a text message; the link is the code.
    PhoneCode,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({:?})", self.letter)
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    wrapped_by: String,
    wrapped: String,
    sealed: String,
}

impl Mail {
    /// The letter in words: subject and text.
    pub(crate) fn in_words(&self) -> (&'static str, String) {
        let tongue = Tongue::of(&self.language);
        let (subject, before) = text::words(self.letter, tongue);
        let text = match &self.link {
            Some(link) => format!("{before}\n\n{link}\n\n{}\n", text::not_me(tongue)),
            None => format!("{before}\n"),
        };
        (subject, text)
    }

    /// As a text message: what it says, and what its link carries.
    pub(crate) fn in_one_line(&self) -> String {
        let (_, before) = text::words(self.letter, Tongue::of(&self.language));
        format!("{before} {}", self.link.as_deref().unwrap_or_default()).trim_end().to_owned()
    }

    /// As it waits in the outbox, bound to its aggregate.
    ///
    /// # Errors
    /// While the ring is closed.
    pub(crate) fn seal(
        &self,
        ring: &KeyRing,
        random: &Random,
        aggregate: &str,
    ) -> Result<serde_json::Value, RingClosed> {
        let key = DataKey::mint(random);
        let (wrapped_by, wrapped) = ring.wrap(random, aggregate, &key)?;
        let plain = serde_json::to_vec(self).unwrap_or_default();
        let sealed = key.seal(random, &place(aggregate), &plain);
        Ok(serde_json::json!({
            "letter": self.letter,
            "wrapped_by": wrapped_by,
            "wrapped": BASE64_STANDARD.encode(wrapped),
            "sealed": BASE64_STANDARD.encode(sealed),
        }))
    }

    /// Opens a waiting letter.
    ///
    /// # Errors
    /// When it is none, the key file lacks its key, or the ring is closed.
    pub fn open(ring: &KeyRing, aggregate: &str, payload: &str) -> Result<Self, UnwrapError> {
        let waiting: Sealed = serde_json::from_str(payload).map_err(|_| SealError)?;
        let bytes = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| SealError);
        let key = ring.unwrap(aggregate, &waiting.wrapped_by, &bytes(&waiting.wrapped)?)?;
        let plain = key.open(&place(aggregate), &bytes(&waiting.sealed)?)?;
        serde_json::from_slice(&plain).map_err(|_| SealError.into())
    }
}

fn place(aggregate: &str) -> String {
    format!("outbox.mail/{aggregate}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_waits_unread_and_opens_in_its_place_only() {
        let random = Random::seeded(1);
        let ring = KeyRing::parse(&KeyRing::generate(&random)).unwrap();
        let mail = Mail {
            to: "canary@clinic.example".into(),
            name: Some("Canary".into()),
            language: "en".into(),
            letter: Letter::MagicLink,
            link: Some("https://clinic.example/#token=canary".into()),
        };
        let waiting = mail.seal(&ring, &random, "let_1").unwrap().to_string();
        assert!(!waiting.to_lowercase().contains("canary"));
        assert_eq!(Mail::open(&ring, "let_1", &waiting), Ok(mail.clone()));
        assert_eq!(Mail::open(&ring, "let_2", &waiting), Err(SealError.into()));
        assert!(!format!("{mail:?}").contains("anary"));
    }
}
