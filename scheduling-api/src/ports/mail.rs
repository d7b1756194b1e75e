//! Mail, as the rest of the program asks for it: who, which letter, which link. Texts and SMTP are the adapter's.
//!
//! A letter waits in the outbox sealed, under a key of its own that the key file wraps: its address tells of a person,
//! and its link signs somebody in.

use std::pin::Pin;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    crypto::{DataKey, KeyRing},
    random::Random,
};

/// The topic that letters wait under.
pub const TOPIC: &str = "mail.send";

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
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail({:?})", self.letter)
    }
}

/// Why a letter was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Worth another try.
    #[error("the mail server did not take it now")]
    Later,
    /// Never going to work.
    #[error("the mail server refuses it")]
    Refused,
    /// A waiting letter that cannot be opened.
    #[error("the letter cannot be opened")]
    Unreadable,
}

/// The answer, later.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>>;

/// Takes letters to people.
pub trait SendMail: Send + Sync {
    /// Hands a letter over.
    fn send<'a>(&'a self, mail: &'a Mail) -> Sending<'a>;
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    wrapped_by: String,
    wrapped: String,
    sealed: String,
}

impl Mail {
    /// As it waits in the outbox, bound to its aggregate.
    pub(crate) fn seal(
        &self,
        ring: &KeyRing,
        random: &Random,
        aggregate: &str,
    ) -> serde_json::Value {
        let key = DataKey::mint(random);
        let (wrapped_by, wrapped) = ring.wrap(random, aggregate, &key);
        let plain = serde_json::to_vec(self).unwrap_or_default();
        let sealed = key.seal(random, &place(aggregate), &plain);
        serde_json::json!({
            "letter": self.letter,
            "wrapped_by": wrapped_by,
            "wrapped": BASE64_STANDARD.encode(wrapped),
            "sealed": BASE64_STANDARD.encode(sealed),
        })
    }

    /// Opens a waiting letter.
    ///
    /// # Errors
    /// [`MailError::Unreadable`] when it is none, or the key file lacks its key.
    pub fn open(ring: &KeyRing, aggregate: &str, payload: &str) -> Result<Self, MailError> {
        let waiting: Sealed = serde_json::from_str(payload).map_err(|_| MailError::Unreadable)?;
        let bytes = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| MailError::Unreadable);
        let key = ring
            .unwrap(aggregate, &waiting.wrapped_by, &bytes(&waiting.wrapped)?)
            .map_err(|_| MailError::Unreadable)?;
        let plain = key
            .open(&place(aggregate), &bytes(&waiting.sealed)?)
            .map_err(|_| MailError::Unreadable)?;
        serde_json::from_slice(&plain).map_err(|_| MailError::Unreadable)
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
        let waiting = mail.seal(&ring, &random, "let_1").to_string();
        assert!(!waiting.to_lowercase().contains("canary"));
        assert_eq!(Mail::open(&ring, "let_1", &waiting), Ok(mail.clone()));
        assert_eq!(Mail::open(&ring, "let_2", &waiting), Err(MailError::Unreadable));
        assert!(!format!("{mail:?}").contains("anary"));
    }
}
