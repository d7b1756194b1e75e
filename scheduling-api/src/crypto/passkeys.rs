//! Passkeys (WebAuthn level 3): the ceremonies, as `webauthn-rs` verifies them, in JSON in and JSON out.
//!
//! No attestation is asked for (who made a phone is none of our business) and the authenticator always verifies its user.
//! Owns: the relying party's name and origin. Never: stores; what a ceremony must remember is given to the caller.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use url::Url;
use uuid::Uuid;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        CredentialID, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration,
        PublicKeyCredential, RegisterPublicKeyCredential,
    },
};

/// Verifies passkeys for one origin.
pub(crate) struct Passkeys(Webauthn);

/// An answer that is none, or not to what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this is not the passkey that was asked for")]
pub(crate) struct WrongPasskey;

/// The beginning of a ceremony.
pub(crate) struct Begun {
    /// For the browser.
    pub(crate) options: serde_json::Value,
    /// For us, until the answer comes.
    pub(crate) state: String,
}

/// A passkey that was verified.
pub(crate) struct Verified {
    /// What it is found by.
    pub(crate) credential_id: String,
    /// The record to keep, with its counter.
    pub(crate) record: String,
}

impl Passkeys {
    /// For pages at an origin; none when passkeys cannot work there (an address without a domain name).
    pub(crate) fn at(origin: &str, product: &str) -> Option<Self> {
        let origin = Url::parse(origin).ok()?;
        let domain = origin.domain()?.to_owned();
        let builder = WebauthnBuilder::new(&domain, &origin).ok()?.rp_name(product);
        builder.build().ok().map(Self)
    }

    /// Asks a browser to make a passkey, other than those that are known.
    pub(crate) fn begin_registration(
        &self,
        user: Uuid,
        name: &str,
        known: &[String],
    ) -> Result<Begun, WrongPasskey> {
        let known = known.iter().filter_map(|id| BASE64_URL_SAFE_NO_PAD.decode(id).ok());
        let known: Vec<CredentialID> = known.collect();
        let (options, state) = self
            .0
            .start_passkey_registration(user, name, name, Some(known))
            .map_err(|_| WrongPasskey)?;
        let mut options = to_value(&options)?;
        // A passkey that the authenticator can find by itself: nobody types an address to use it.
        if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection") {
            selection["residentKey"] = "preferred".into();
        }
        Ok(Begun { options, state: to_text(&state)? })
    }

    /// Verifies what the browser made.
    pub(crate) fn finish_registration(
        &self,
        answer: &str,
        state: &str,
    ) -> Result<Verified, WrongPasskey> {
        let (answer, state): (RegisterPublicKeyCredential, PasskeyRegistration) =
            (read(answer)?, read(state)?);
        let passkey =
            self.0.finish_passkey_registration(&answer, &state).map_err(|_| WrongPasskey)?;
        verified(&passkey)
    }

    /// Asks a browser for any passkey of ours.
    pub(crate) fn begin_sign_in(&self) -> Result<Begun, WrongPasskey> {
        let (options, state) =
            self.0.start_discoverable_authentication().map_err(|_| WrongPasskey)?;
        Ok(Begun { options: to_value(&options)?, state: to_text(&state)? })
    }

    /// Whose passkey an answer says to be: the user, and what the passkey is found by. Proves nothing yet.
    pub(crate) fn claimed(&self, answer: &str) -> Result<(Uuid, String), WrongPasskey> {
        let answer: PublicKeyCredential = read(answer)?;
        let (user, id) =
            self.0.identify_discoverable_authentication(&answer).map_err(|_| WrongPasskey)?;
        Ok((user, BASE64_URL_SAFE_NO_PAD.encode(id)))
    }

    /// Verifies an answer against the passkey's record.
    pub(crate) fn finish_sign_in(
        &self,
        answer: &str,
        state: &str,
        record: &str,
    ) -> Result<Verified, WrongPasskey> {
        let (answer, state): (PublicKeyCredential, DiscoverableAuthentication) =
            (read(answer)?, read(state)?);
        let mut passkey: Passkey = read(record)?;
        let key = DiscoverableKey::from(&passkey);
        let result = self
            .0
            .finish_discoverable_authentication_v2(&answer, state, &key)
            .map_err(|_| WrongPasskey)?;
        passkey.update_credential(&result);
        verified(&passkey)
    }
}

impl std::fmt::Debug for Passkeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passkeys")
    }
}

fn verified(passkey: &Passkey) -> Result<Verified, WrongPasskey> {
    let credential_id = BASE64_URL_SAFE_NO_PAD.encode(passkey.cred_id());
    Ok(Verified { credential_id, record: to_text(passkey)? })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, WrongPasskey> {
    serde_json::from_str(text).map_err(|_| WrongPasskey)
}

fn to_text<T: Serialize>(value: &T) -> Result<String, WrongPasskey> {
    serde_json::to_string(value).map_err(|_| WrongPasskey)
}

fn to_value<T: Serialize>(value: &T) -> Result<serde_json::Value, WrongPasskey> {
    serde_json::to_value(value).map_err(|_| WrongPasskey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_domain_name() {
        assert!(Passkeys::at("https://clinic.example", "Bedside").is_some());
        assert!(Passkeys::at("https://192.0.2.1:7443", "Bedside").is_none());
    }

    #[test]
    fn an_answer_that_is_none_is_refused() {
        let passkeys = Passkeys::at("https://clinic.example", "Bedside").unwrap();
        let begun = passkeys.begin_sign_in().unwrap();
        assert!(passkeys.claimed("{}").is_err());
        assert!(passkeys.finish_sign_in("{}", &begun.state, "{}").is_err());
    }
}
