//! An e-mail address as a person types it, and the one form it is looked up by.
//!
//! Owns: what is accepted as an address, and [`EmailAddress::canonical`]. Never: prints one (addresses identify
//! people), asks whether it can be delivered (only a mail that was answered proves that).

use protocol::redact::Redacted;
use thiserror::Error;

/// An accepted address. Prints nothing of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress(Redacted<String>);

/// Why a text is not taken as an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Longer than RFC 5321 §4.5.3.1.3 lets a path be.
    #[error("an e-mail address has at most {EMAIL_BYTES_MAX} bytes")]
    TooLong,
    /// No local part, no domain, white space or a control character inside.
    #[error("this is not an e-mail address")]
    Malformed,
}

/// RFC 5321 §4.5.3.1.3: a path has 256 bytes, two of them are angle brackets.
pub const EMAIL_BYTES_MAX: usize = 254;

/// RFC 5321 §4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;

impl EmailAddress {
    /// Reads an address. Surrounding white space is dropped: phones add it when completing a word.
    ///
    /// # Errors
    /// If the text is too long or cannot be an address.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.len() > EMAIL_BYTES_MAX {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::Malformed)?;
        let plain = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| {
                    !c.is_whitespace()
                        && !c.is_control()
                        && !matches!(c, '<' | '>' | ',' | ';' | '"' | '@' | '\\')
                })
        };
        let labels_are_sound = domain
            .split('.')
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
        if !plain(local) || local.len() > LOCAL_BYTES_MAX || !plain(domain) || !labels_are_sound {
            return Err(EmailError::Malformed);
        }
        Ok(Self(Redacted::new(format!("{local}@{}", domain.to_lowercase()))))
    }

    /// As the person wrote it, for sending to.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The form two spellings of one mailbox share. Case is folded in the local part too: no provider in use tells
    /// `Ann@` from `ann@`, people type both, and two accounts for one mailbox would be a way around a closed one.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.0.expose().to_lowercase()
    }

    /// The part before the `@`, which a password must not repeat.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.expose().rsplit_once('@').map_or("", |(local, _)| local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_address_and_what_is_not() {
        for good in [
            "a@b",
            "ann.lee+visit@clinic.example",
            " ann@clinic.example ",
            "ann@xn--bcher-kva.example",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "ann",
            "a b@c.d",
            "a@b..c",
            "a@-b.c",
            "a@b.c,d@e.f",
            "a@b\r\nBcc: x@y",
            "<a@b.c>",
            "a@b@c",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(EmailError::Malformed), "{bad:?}");
        }
        assert_eq!(
            EmailAddress::parse(&format!("{}@b.c", "a".repeat(300))),
            Err(EmailError::TooLong)
        );
    }

    #[test]
    fn two_spellings_of_one_mailbox_are_one() {
        let (a, b) = (
            EmailAddress::parse("Ann@Clinic.Example").unwrap(),
            EmailAddress::parse("ann@clinic.example").unwrap(),
        );
        assert_eq!(a.canonical(), b.canonical());
        assert_eq!(a.expose(), "Ann@clinic.example");
    }

    #[test]
    fn an_address_does_not_print() {
        assert!(
            !format!("{:?}", EmailAddress::parse("canary@clinic.example").unwrap())
                .contains("canary")
        );
    }
}
