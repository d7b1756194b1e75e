//! A program that asks for tokens: what it is, where it is sent back to, what it may ask for.

use thiserror::Error;

use crate::domain::{
    id::{ClinicId, OauthClientId},
    oauth::{redirect::RedirectUri, scope::Scopes},
};

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Which one.
    pub id: OauthClientId,
    /// The clinic that registered it; its tokens reach nothing else.
    pub clinic: ClinicId,
    /// What people are shown.
    pub name: String,
    /// Whether it can keep a secret.
    pub kind: ClientKind,
    /// Where it may be sent back to; none for a program without people.
    pub redirect_uris: Vec<RedirectUri>,
    /// The most it may ask for.
    pub scopes: Scopes,
    /// The clinic's own program: its people are not asked whether they agree.
    pub trusted: bool,
    /// Whether it was switched off.
    pub disabled: bool,
}

/// Whether a client can keep a secret (RFC 6749 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// An app on a person's device: PKCE is its only proof.
    Public,
    /// A server: it has a secret, and may act for itself.
    Confidential,
}

/// Why a client is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClientError {
    /// No name or too long a one.
    #[error("a client's name has 1 to {NAME_CHARS_MAX} characters")]
    Name,
    /// Too many addresses, or none for an app.
    #[error("a client has at most {REDIRECTS_MAX} redirect addresses, and an app at least one")]
    Redirects,
    /// It asks for nothing.
    #[error("a client has at least one scope")]
    Scopes,
}

const NAME_CHARS_MAX: usize = 80;
const REDIRECTS_MAX: usize = 10;

impl Client {
    /// Checks what a clinic wants to register.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn checked(self) -> Result<Self, ClientError> {
        let name = self.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
            return Err(ClientError::Name);
        }
        let is_app = self.kind == ClientKind::Public;
        if self.redirect_uris.len() > REDIRECTS_MAX || (is_app && self.redirect_uris.is_empty()) {
            return Err(ClientError::Redirects);
        }
        if self.scopes.is_empty() {
            return Err(ClientError::Scopes);
        }
        Ok(Self { name, ..self })
    }

    /// Whether it may be sent back to an address.
    #[must_use]
    pub fn may_redirect_to(&self, requested: &str) -> bool {
        self.redirect_uris.iter().any(|uri| uri.matches(requested))
    }
}

impl ClientKind {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Confidential => "confidential",
        }
    }

    /// The kind of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Public, Self::Confidential].into_iter().find(|kind| kind.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::random::Random;

    fn client(name: &str, kind: ClientKind, redirects: usize, scopes: &str) -> Client {
        let random = Random::seeded(1);
        Client {
            id: OauthClientId::mint(&random, Timestamp::UNIX_EPOCH),
            clinic: ClinicId::mint(&random, Timestamp::UNIX_EPOCH),
            name: name.to_owned(),
            kind,
            redirect_uris: (0..redirects)
                .map(|index| RedirectUri::parse(&format!("https://app.example/{index}")).unwrap())
                .collect(),
            scopes: Scopes::parse(scopes).unwrap(),
            trusted: false,
            disabled: false,
        }
    }

    #[test]
    fn what_may_be_registered() {
        use ClientKind::{Confidential, Public};
        for (client, expected) in [
            (client("App", Public, 1, "openid"), Ok(())),
            (client("Server", Confidential, 0, "rooms"), Ok(())),
            (client(" ", Public, 1, "openid"), Err(ClientError::Name)),
            (client("App", Public, 0, "openid"), Err(ClientError::Redirects)),
            (client("App", Public, 11, "openid"), Err(ClientError::Redirects)),
            (client("App", Public, 1, ""), Err(ClientError::Scopes)),
        ] {
            assert_eq!(client.checked().map(|_| ()), expected);
        }
    }

    #[test]
    fn a_client_is_sent_back_only_to_its_own_addresses() {
        let client = client("App", ClientKind::Public, 2, "openid");
        assert!(client.may_redirect_to("https://app.example/1"));
        assert!(!client.may_redirect_to("https://app.example/2"));
    }
}
