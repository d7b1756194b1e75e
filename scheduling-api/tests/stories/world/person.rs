//! Somebody with an account of their own, made over HTTP.

use scheduling_api::ports::mail::Letter;
use serde_json::{Value, json};

use super::World;

/// A password that the policy takes.
pub const PASSWORD: &str = "zebra cloud oven 77";

impl World {
    /// A patient of a clinic with a proved address.
    pub async fn patient(&self, clinic: &str, email: &str) {
        self.post("/v1/auth/register").send(registration(clinic, email)).await.ok();
        let secret = self.secret(email, Letter::VerifyEmail).await;
        self.post("/v1/auth/verify-email").send(json!({ "token": secret })).await.ok();
    }

    /// Signs in by password; the answer.
    pub async fn sign_in(&self, email: &str, password: &str) -> super::Reply {
        let body = json!({ "email": email, "password": password, "carrier": "token" });
        self.post("/v1/auth/login").send(body).await
    }

    /// A session's token.
    pub async fn signed_in(&self, email: &str) -> String {
        let reply = self.sign_in(email, PASSWORD).await.ok();
        reply["token"].as_str().expect("a token").to_owned()
    }

    /// Gives an account an authenticator app; the session's new token, the app's secret, the recovery codes.
    pub async fn with_app(&self, token: &str) -> (String, Vec<u8>, Vec<String>) {
        let token = self.stepped_up(token).await;
        let offer = self.post("/v1/auth/totp").by(&token).reply().await.ok();
        let secret = unbase32(offer["secret"].as_str().unwrap());
        let code = self.code(&secret);
        let confirmed =
            self.post("/v1/auth/totp/confirm").by(&token).send(json!({ "code": code })).await.ok();
        let codes = confirmed["recovery_codes"].as_array().unwrap();
        let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        (confirmed["token"].as_str().unwrap().to_owned(), secret, codes)
    }

    /// Proves anew by password; the session's new token.
    pub async fn stepped_up(&self, token: &str) -> String {
        let fresh = self
            .post("/v1/auth/step-up")
            .by(token)
            .send(json!({ "password": PASSWORD }))
            .await
            .ok();
        fresh["token"].as_str().unwrap().to_owned()
    }

    /// What an authenticator app shows now: computed by another implementation than the API's.
    pub fn code(&self, secret: &[u8]) -> String {
        use scheduling_api::clock::Clock as _;
        let step = self.clock.now().as_second() / 30;
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        let tag = aws_lc_rs::hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

/// What somebody writes to register.
pub fn registration(clinic: &str, email: &str) -> Value {
    json!({
        "clinic_id": clinic,
        "email": email,
        "password": PASSWORD,
        "given_name": "Wanjiru",
        "family_name": "Canary",
        "language": "sw",
        "time_zone": "Africa/Nairobi",
    })
}

/// The bytes of an app's secret as it is shown.
pub fn unbase32(text: &str) -> Vec<u8> {
    let digits = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' => byte - b'A',
        _ => byte - b'2' + 26,
    });
    let bits: Vec<u8> =
        digits.flat_map(|digit| (0..5).rev().map(move |bit| digit >> bit & 1)).collect();
    bits.chunks_exact(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}
