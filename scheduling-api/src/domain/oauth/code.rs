//! An authorization code: what was agreed to, redeemable once, for a minute, by who asked.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::domain::{id::OauthClientId, oauth::pkce::Challenge};

/// A code as far as redeeming it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Who asked for it.
    pub client: OauthClientId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The proof that only who asked can give.
    pub challenge: Challenge,
    /// When it was made.
    pub issued: Timestamp,
    /// When it was redeemed, if it was.
    pub redeemed: Option<Timestamp>,
}

/// What comes with a code to the token endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// Who says to be who.
    pub client: &'a OauthClientId,
    /// Repeated from the authorization request.
    pub redirect_uri: &'a str,
    /// The proof.
    pub verifier: &'a str,
}

/// Why a code is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodeError {
    /// It was redeemed before: it leaked, and all that came of it is revoked (RFC 6749 §4.1.2).
    #[error("the code was used before")]
    Replayed,
    /// Too late.
    #[error("the code has expired")]
    Expired,
    /// Another client's.
    #[error("the code was given to another client")]
    OtherClient,
    /// Another address.
    #[error("the redirect address is another one")]
    OtherRedirect,
    /// The verifier does not fit.
    #[error("the code verifier does not fit")]
    Verifier,
}

/// RFC 6749 §4.1.2 allows ten minutes, ASVS 10.4.3 too; a browser needs a second.
pub const CODE_LIFE: Duration = Duration::from_secs(60);

impl Code {
    /// Redeems it. The first success marks it used; a wrong proof does not, so that nobody can spoil another's code.
    ///
    /// # Errors
    /// Why it is worth nothing.
    pub fn redeem(&mut self, redemption: Redemption<'_>, now: Timestamp) -> Result<(), CodeError> {
        if *redemption.client != self.client {
            return Err(CodeError::OtherClient);
        }
        if redemption.redirect_uri != self.redirect_uri {
            return Err(CodeError::OtherRedirect);
        }
        if !self.challenge.is_met_by(redemption.verifier) {
            return Err(CodeError::Verifier);
        }
        if self.redeemed.is_some() {
            return Err(CodeError::Replayed);
        }
        if now >= self.expires() {
            return Err(CodeError::Expired);
        }
        self.redeemed = Some(now);
        Ok(())
    }

    fn expires(&self) -> Timestamp {
        let life = SignedDuration::try_from(CODE_LIFE).unwrap_or(SignedDuration::ZERO);
        self.issued.saturating_add(life).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const REDIRECT: &str = "https://app.example/cb";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn client(seed: u64) -> OauthClientId {
        OauthClientId::mint(&Random::seeded(seed), at(0))
    }

    fn code() -> Code {
        Code {
            client: client(1),
            redirect_uri: REDIRECT.to_owned(),
            challenge: Challenge::parse(
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                Some("S256"),
            )
            .unwrap(),
            issued: at(0),
            redeemed: None,
        }
    }

    fn redeem(
        code: &mut Code,
        seed: u64,
        redirect_uri: &str,
        verifier: &str,
        second: i64,
    ) -> Result<(), CodeError> {
        code.redeem(Redemption { client: &client(seed), redirect_uri, verifier }, at(second))
    }

    #[test]
    fn a_code_is_redeemed_once() {
        let mut code = code();
        assert_eq!(redeem(&mut code, 1, REDIRECT, VERIFIER, 59), Ok(()));
        assert_eq!(redeem(&mut code, 1, REDIRECT, VERIFIER, 59), Err(CodeError::Replayed));
        assert_eq!(
            redeem(&mut code, 1, REDIRECT, VERIFIER, 5000),
            Err(CodeError::Replayed),
            "a late replay is one too"
        );
    }

    #[test]
    fn what_does_not_fit_neither_redeems_nor_spoils() {
        let mut code = code();
        let verifier = VERIFIER.replace('d', "e");
        assert_eq!(redeem(&mut code, 2, REDIRECT, VERIFIER, 1), Err(CodeError::OtherClient));
        assert_eq!(
            redeem(&mut code, 1, "https://app.example/", VERIFIER, 1),
            Err(CodeError::OtherRedirect)
        );
        assert_eq!(redeem(&mut code, 1, REDIRECT, &verifier, 1), Err(CodeError::Verifier));
        assert_eq!(redeem(&mut code.clone(), 1, REDIRECT, VERIFIER, 60), Err(CodeError::Expired));
        assert_eq!(redeem(&mut code, 1, REDIRECT, VERIFIER, 1), Ok(()));
    }
}
