//! Notifications of browsers over their push services (RFC 8030), sealed for one browser (RFC 8291), signed by this
//! installation's key (VAPID, RFC 8292).
//!
//! The service's address is a browser's word, so it is asked as clinics' programs are: only where the whole world may
//! ask. A browser that the service no longer knows is told as [`CarryError::Gone`].

use aws_lc_rs::{
    rand,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    crypto::push_message::{self, Receiver},
    ports::{
        carry::{Carry, CarryError, Carrying, Parcel, Repeats},
        hook::Hooks,
        http_client,
    },
};

/// How long a service keeps a message for a browser that is away: a reminder that comes later is useless.
const TTL_S: u32 = 3600;

/// How long a signature lasts; RFC 8292 allows a day.
const SIGNED_S: i64 = 12 * 3600;

/// A browser, as it told of itself (`PushSubscription.toJSON()`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browser {
    /// Where its service takes messages.
    pub endpoint: String,
    /// Its public key, in base64url.
    pub p256dh: String,
    /// Its secret, in base64url.
    pub auth: String,
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Browser(hidden)")
    }
}

/// Sends to browsers.
pub struct WebPush {
    private: [u8; 32],
    /// The public half, as browsers want it.
    public: String,
    contact: String,
    guard: Hooks,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebPushError {
    /// Not 32 bytes in base64url, or not a key.
    #[error("the key must be 32 random bytes in base64url")]
    Key,
    /// Whom a push service writes to when something is wrong.
    #[error("the contact must be mailto:... or https://...")]
    Contact,
    /// The system has no certificates.
    #[error("no certificates to trust push services by")]
    Tls(#[from] std::io::Error),
}

impl WebPush {
    /// With this installation's key: browsers that subscribed with another one hear nothing. `private` lets push services
    /// stand within the network.
    ///
    /// # Errors
    /// When key or contact cannot be used.
    pub fn new(key: &str, contact: &str, private: bool) -> Result<Self, WebPushError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(key.trim().trim_end_matches('='));
        let bytes: [u8; 32] =
            bytes.ok().and_then(|bytes| bytes.try_into().ok()).ok_or(WebPushError::Key)?;
        let public = push_message::public_of(&bytes).map_err(|_| WebPushError::Key)?;
        if !contact.starts_with("mailto:") && !contact.starts_with("https://") {
            return Err(WebPushError::Contact);
        }
        Ok(Self {
            private: bytes,
            public: BASE64_URL_SAFE_NO_PAD.encode(public),
            contact: contact.to_owned(),
            guard: Hooks::new(private)?,
        })
    }

    /// What browsers subscribe with (`applicationServerKey`).
    pub(crate) fn public_key(&self) -> &str {
        &self.public
    }

    /// Whether a browser can be sent to, as far as can be said without asking its service.
    pub(crate) fn check(&self, browser: &Browser) -> Result<(), &'static str> {
        let length = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let length = |text: &str| length(text).map(|bytes| bytes.len());
        if length(&browser.p256dh) != Some(65) {
            return Err("p256dh must be 65 bytes in base64url");
        }
        if length(&browser.auth) != Some(16) {
            return Err("auth must be 16 bytes in base64url");
        }
        let is_short = browser.endpoint.len() <= ENDPOINT_BYTES_MAX;
        let found = self.guard.check(&browser.endpoint).is_ok();
        if is_short && found { Ok(()) } else { Err("endpoint must be a public https address") }
    }

    /// `Authorization` for a service (RFC 8292 §2).
    fn authorization(&self, service: &Url, now_s: i64) -> Result<String, CarryError> {
        let claims = serde_json::json!({
            "aud": service.origin().ascii_serialization(),
            "exp": now_s + SIGNED_S,
            "sub": self.contact,
        });
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let header = encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let text = format!("{header}.{}", encode(&claims.to_string()));
        let broken = || CarryError::refused("our key does not sign");
        let public = BASE64_URL_SAFE_NO_PAD.decode(&self.public).map_err(|_| broken())?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &self.private,
            &public,
        );
        let signature = pair
            .map_err(|_| broken())?
            .sign(&rand::SystemRandom::new(), text.as_bytes())
            .map_err(|_| broken())?;
        let token = format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}

/// Longest address of a browser's service.
const ENDPOINT_BYTES_MAX: usize = 1000;

impl Carry for WebPush {
    fn repeats(&self) -> Repeats {
        // The service shows only the newest of a topic, and the page only one of an id.
        Repeats::Tolerable
    }

    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(async move {
            let refused = |why: &'static str| CarryError::refused(why);
            let browser: Browser =
                serde_json::from_str(parcel.to.expose()).map_err(|_| refused("no such browser"))?;
            self.check(&browser).map_err(refused)?;
            let service =
                self.guard.check(&browser.endpoint).map_err(|_| refused("no such address"))?;
            let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
            let public = bytes(&browser.p256dh).map_err(|_| refused("no such key"))?;
            let auth = bytes(&browser.auth).map_err(|_| refused("no such key"))?;
            let (mut once, mut salt) = ([0; 32], [0; 16]);
            rand::fill(&mut once).map_err(|_| CarryError::later("no randomness"))?;
            rand::fill(&mut salt).map_err(|_| CarryError::later("no randomness"))?;
            let receiver = Receiver { public: &public, auth: &auth };
            let sealed =
                push_message::seal(&receiver, &once, salt, parcel.text.expose().as_bytes())
                    .map_err(|_| refused("the browser's key is none"))?;
            let topic: String = parcel.key.rsplit('_').next().unwrap_or_default().to_owned();
            let authorization = self.authorization(&service, parcel.at.as_second())?;
            let request = self
                .guard
                .post(service)
                .header("ttl", TTL_S)
                .header("urgency", "high")
                .header("topic", topic)
                .header("content-encoding", "aes128gcm")
                .header("content-type", "application/octet-stream")
                .header("authorization", authorization)
                .body(sealed);
            let answer = http_client::ask(request).await?;
            match answer.status.as_u16() {
                404 | 410 => Err(CarryError::Gone),
                _ => answer.judged().map(|_| None),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";

    #[test]
    fn a_key_and_a_contact_are_needed_and_services_are_public() {
        assert!(matches!(WebPush::new("x", "mailto:a@b", false), Err(WebPushError::Key)));
        assert!(matches!(WebPush::new(KEY, "a@b", false), Err(WebPushError::Contact)));
        let push = WebPush::new(KEY, "mailto:it@clinic.example", false).unwrap();
        let browser = |endpoint: &str| Browser {
            endpoint: endpoint.into(),
            p256dh: push.public_key().into(),
            auth: "BTBZMqHH6r4Tts7J_aSIgg".into(),
        };
        assert_eq!(push.check(&browser("https://push.example/1")), Ok(()));
        for inside in ["http://push.example/1", "https://127.0.0.1/1", "https://[::1]/", "x"] {
            assert!(push.check(&browser(inside)).is_err(), "{inside}");
        }
        let short = Browser { auth: "AA".into(), ..browser("https://push.example/1") };
        assert!(push.check(&short).is_err());
    }
}
