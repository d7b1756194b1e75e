//! Passkeys, with an authenticator of our own that speaks what a browser passes on (WebAuthn §6, §7; CTAP2's CBOR).

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::world::{Reply, World};

const ASHA: &str = "asha@patients.example";
const ORIGIN: &str = "https://clinic.example";

/// A phone with one passkey.
pub struct Phone {
    key: EcdsaKeyPair,
    handle: String,
    counter: u32,
}

const USER_PRESENT_AND_VERIFIED: u8 = 0x05;
const HAS_KEY: u8 = 0x40;
const CREDENTIAL_ID: &[u8] = b"a passkey's id!!";

fn b64(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn client_data(kind: &str, challenge: &Value, origin: &str) -> Vec<u8> {
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false })
        .to_string()
        .into_bytes()
}

fn authenticator_data(rp: &str, flags: u8, counter: u32) -> Vec<u8> {
    let mut data = digest(&SHA256, rp.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend(counter.to_be_bytes());
    data
}

impl Phone {
    /// Makes a passkey as it is asked; the phone, and what the browser passes on.
    pub fn make(options: &Value) -> (Self, Value) {
        Self::make_as(CREDENTIAL_ID, options)
    }

    /// The same, with another id than the one passkey of the stories.
    pub fn make_as(id: &[u8], options: &Value) -> (Self, Value) {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
                .unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
        let asked = &options["publicKey"];
        let point = key.public_key().as_ref();
        let mut data = authenticator_data("clinic.example", USER_PRESENT_AND_VERIFIED | HAS_KEY, 0);
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(id);
        // COSE: {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = vec![0xa3, 0x63];
        object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(&data);
        let phone =
            Self { key, handle: asked["user"]["id"].as_str().unwrap().to_owned(), counter: 0 };
        let made = json!({
            "id": b64(id), "rawId": b64(id), "type": "public-key", "extensions": {},
            "response": {
                "attestationObject": b64(&object),
                "clientDataJSON": b64(&client_data("webauthn.create", &asked["challenge"], ORIGIN)),
            },
        });
        (phone, made)
    }

    /// Uses the passkey as its owner does.
    pub fn agree(&mut self, options: &Value) -> Value {
        self.sign(options, ORIGIN, USER_PRESENT_AND_VERIFIED)
    }

    /// Uses the passkey on a page.
    fn sign(&mut self, options: &Value, origin: &str, flags: u8) -> Value {
        self.counter += 1;
        let data = authenticator_data("clinic.example", flags, self.counter);
        let client = client_data("webauthn.get", &options["publicKey"]["challenge"], origin);
        let mut signed = data.clone();
        signed.extend(digest(&SHA256, &client).as_ref());
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": b64(CREDENTIAL_ID), "rawId": b64(CREDENTIAL_ID), "type": "public-key", "extensions": {},
            "response": {
                "authenticatorData": b64(&data), "clientDataJSON": b64(&client),
                "signature": b64(signature.as_ref()), "userHandle": self.handle,
            },
        })
    }
}

async fn with_passkey(world: &World) -> (Phone, String) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let token = world.stepped_up(&world.signed_in(ASHA).await).await;
    let asked = world.post("/v1/auth/passkeys/register").by(&token).reply().await.ok();
    let (phone, made) = Phone::make(&asked["options"]);
    let body = json!({ "ceremony": asked["ceremony"], "name": "My phone", "credential": made });
    world.post("/v1/auth/passkeys").by(&token).send(body).await.ok();
    (phone, token)
}

async fn asked(world: &World) -> Value {
    world.post("/v1/auth/passkeys/sign-in/start").reply().await.ok()
}

async fn sign_in(world: &World, asked: &Value, credential: Value) -> Reply {
    let body =
        json!({ "ceremony": asked["ceremony"], "credential": credential, "carrier": "token" });
    world.post("/v1/auth/passkeys/sign-in").send(body).await
}

async fn a_passkey_signs_in_with_nothing_typed_and_counts_as_two_factors(world: World) {
    let (mut phone, _) = with_passkey(&world).await;
    let asked = asked(&world).await;
    let answer = phone.sign(&asked["options"], ORIGIN, USER_PRESENT_AND_VERIFIED);
    let signed_in = sign_in(&world, &asked, answer.clone()).await.ok();
    assert_eq!(signed_in["second_factor"], true);
    assert_eq!(
        sign_in(&world, &asked, answer).await.problem(),
        (410, "link"),
        "an answer is used once"
    );
    let token = signed_in["token"].as_str().unwrap();
    let listed = world.get("/v1/auth/passkeys").by(token).reply().await.ok();
    assert_eq!(listed["items"][0]["name"], "My phone");
    assert!(listed["items"][0]["last_used_at"].is_string());
}

async fn another_page_another_challenge_or_an_unverified_user_is_refused(world: World) {
    let (mut phone, _) = with_passkey(&world).await;
    let (old, new) = (asked(&world).await, asked(&world).await);
    let foreign = phone.sign(
        &new["options"],
        "https://clinic.example.evil.example",
        USER_PRESENT_AND_VERIFIED,
    );
    assert_eq!(sign_in(&world, &new, foreign).await.problem(), (401, "credentials"));
    let new = asked(&world).await;
    let replayed = phone.sign(&old["options"], ORIGIN, USER_PRESENT_AND_VERIFIED);
    assert_eq!(sign_in(&world, &new, replayed).await.problem(), (401, "credentials"));
    let new = asked(&world).await;
    let unverified = phone.sign(&new["options"], ORIGIN, 0x01);
    assert_eq!(sign_in(&world, &new, unverified).await.problem(), (401, "credentials"));
    let new = asked(&world).await;
    assert_eq!(sign_in(&world, &new, json!({})).await.problem(), (401, "credentials"));
}

async fn a_counter_that_goes_back_is_a_copied_passkey(world: World) {
    let (mut phone, _) = with_passkey(&world).await;
    phone.counter = 10;
    let first = asked(&world).await;
    let answer = phone.sign(&first["options"], ORIGIN, USER_PRESENT_AND_VERIFIED);
    sign_in(&world, &first, answer).await.ok();
    phone.counter = 5;
    let second = asked(&world).await;
    let copied = phone.sign(&second["options"], ORIGIN, USER_PRESENT_AND_VERIFIED);
    assert_eq!(sign_in(&world, &second, copied).await.problem(), (401, "credentials"));
}

async fn who_has_a_passkey_needs_it_after_the_password_too(world: World) {
    let (_, token) = with_passkey(&world).await;
    let first = world.sign_in(ASHA, crate::world::person::PASSWORD).await.ok();
    assert_eq!(
        (&first["status"], &first["methods"]),
        (&json!("second_factor"), &json!(["passkey"]))
    );
    let listed = world.get("/v1/auth/passkeys").by(&token).reply().await.ok();
    let path = format!("/v1/auth/passkeys/{}", listed["items"][0]["id"].as_str().unwrap());
    world.ask("DELETE", &path).by(&token).reply().await.ok();
    world.signed_in(ASHA).await;
}

stories! {
    a_passkey_signs_in_with_nothing_typed_and_counts_as_two_factors
    another_page_another_challenge_or_an_unverified_user_is_refused
    a_counter_that_goes_back_is_a_copied_passkey
    who_has_a_passkey_needs_it_after_the_password_too
}
