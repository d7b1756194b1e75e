//! Notifications of browsers: subscribed, sealed for one browser, signed, and forgotten when the service says so.

use std::time::Duration;

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree},
    hmac,
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as Verifier},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use scheduling_api::ports::web_push::WebPush;
use serde_json::{Value, json};

use super::notifications::{House, house};
use crate::{
    fakes::http::{Asked, Fate, Http},
    world::World,
};

const KEY: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const NEXT_WEEK: &str = "2026-03-09T09:00:00Z";

/// A browser: its keys, as it keeps them.
struct Browser {
    private: PrivateKey,
    auth: [u8; 16],
}

impl Browser {
    fn new() -> Self {
        Self { private: PrivateKey::generate(&ECDH_P256).unwrap(), auth: [7; 16] }
    }

    fn public(&self) -> Vec<u8> {
        self.private.compute_public_key().unwrap().as_ref().to_vec()
    }

    fn subscription(&self, service: &Http) -> Value {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({ "endpoint": format!("{}/send/abc", service.address),
            "keys": { "p256dh": encode(&self.public()), "auth": encode(&self.auth) } })
    }

    /// Opens a message as RFC 8291 tells a browser to, by HMAC alone.
    fn open(&self, body: &[u8]) -> Value {
        let (salt, rest) = body.split_at(16);
        assert_eq!(&rest[..4], 4096_u32.to_be_bytes());
        let theirs = &rest[5..5 + usize::from(rest[4])];
        let mut record = rest[5 + theirs.len()..].to_vec();
        let ours = self.public();
        let tag = |key: &[u8], text: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
        };
        let theirs_key = UnparsedPublicKey::new(&ECDH_P256, theirs);
        let shared = agree(&self.private, theirs_key, (), |shared| Ok(shared.to_vec())).unwrap();
        let info = [b"WebPush: info\0".as_slice(), &ours, theirs, &[1]].concat();
        let input = tag(&tag(&self.auth, &shared), &info);
        let prk = tag(salt, &input);
        let key = tag(&prk, b"Content-Encoding: aes128gcm\0\x01");
        let nonce = tag(&prk, b"Content-Encoding: nonce\0\x01");
        let nonce = Nonce::assume_unique_for_key(nonce[..12].try_into().unwrap());
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..16]).unwrap());
        let plain = key.open_in_place(nonce, Aad::empty(), &mut record).unwrap();
        let end = plain.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(plain[end], 2, "the last record");
        serde_json::from_slice(&plain[..end]).unwrap()
    }
}

/// Checks the signature that a push service checks (RFC 8292).
fn claims(asked: &Asked, key: &str) -> Value {
    let header = asked.header("authorization").strip_prefix("vapid t=").unwrap();
    let (token, public) = header.split_once(", k=").unwrap();
    assert_eq!(public, key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let verifier = Verifier::new(&ECDSA_P256_SHA256_FIXED, bytes(public));
    verifier.verify(signed.as_bytes(), &bytes(signature)).unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    assert_eq!(bytes(head), br#"{"typ":"JWT","alg":"ES256"}"#);
    serde_json::from_slice(&bytes(claims)).unwrap()
}

async fn pushing(world: World) -> (House, Http, Browser) {
    let service = Http::start().await;
    let push = WebPush::new(KEY, "mailto:it@clinic.example", true).unwrap();
    let world = world.with_outbound(|outbound| outbound.with_push(push));
    let house = house(world).await;
    let browser = Browser::new();
    let body = browser.subscription(&service);
    house.world.post("/v1/me/push-subscriptions").by(&house.ann).send(body).await.ok();
    house.choose(json!({ "email": false, "sms": false, "push": true })).await;
    (house, service, browser)
}

async fn a_browser_is_told_what_kind_of_news_there_is_and_nothing_else(world: World) {
    let (house, service, browser) = pushing(world).await;
    let booked = house.book(NEXT_WEEK).await;
    house.world.work().await;
    let [asked] = &service.asked()[..] else { panic!("{:?}", service.asked()) };
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/send/abc"));
    assert_eq!((asked.header("ttl"), asked.header("content-encoding")), ("3600", "aes128gcm"));
    assert!(asked.header("topic").len() == 32 && asked.header("urgency") == "high");
    let told = browser.open(&asked.bytes);
    assert_eq!(told, json!({ "type": "appointment_booked", "id": booked["id"] }));
    let key = house.world.get("/v1/push-key").reply().await.ok();
    let claims = claims(asked, key["public_key"].as_str().unwrap());
    assert_eq!(
        (&claims["aud"], &claims["sub"]),
        (&json!(service.address), &json!("mailto:it@clinic.example"))
    );
    let now = "2026-03-02T06:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    assert_eq!(claims["exp"], json!(now + 12 * 3600));
    for file in house.world.files() {
        assert!(!file.windows(9).any(|bytes| bytes == b"/send/abc"), "the address is sealed");
    }
}

async fn a_browser_that_its_service_no_longer_knows_is_forgotten(world: World) {
    let (house, service, _) = pushing(world).await;
    let mine = async || {
        let listed = house.world.get("/v1/me/push-subscriptions").by(&house.ann).reply().await.ok();
        listed["items"].as_array().unwrap().clone()
    };
    assert_eq!(mine().await[0]["service"], "127.0.0.1");
    service.next(Fate { retry_after: Some("30"), ..Fate::status(429) });
    service.next(Fate::silent());
    service.next(Fate::status(410));
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(29));
    house.world.work().await;
    assert_eq!(service.asked().len(), 1, "not before it was asked to");
    for _ in 0..3 {
        house.world.clock.advance(Duration::from_secs(60));
        house.world.work().await;
    }
    // Busy, lost, gone: and then nobody is asked any more.
    assert_eq!(service.asked().len(), 3);
    let topics: Vec<_> =
        service.asked().iter().map(|asked| asked.header("topic").to_owned()).collect();
    assert!(
        topics.windows(2).all(|two| two[0] == two[1]),
        "a repetition takes the place of the first"
    );
    assert!(mine().await.is_empty());
}

async fn subscriptions_are_ones_own_few_and_lead_to_public_services(world: World) {
    let push = WebPush::new(KEY, "mailto:it@clinic.example", false).unwrap();
    let house = house(world.with_outbound(|outbound| outbound.with_push(push))).await;
    let browser = Browser::new();
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let body = |endpoint: &str| json!({ "endpoint": endpoint, "keys": { "p256dh": encode(&browser.public()), "auth": encode(&browser.auth) } });
    let ask = |body: Value| house.world.post("/v1/me/push-subscriptions").by(&house.ann).send(body);
    for inside in ["http://push.example/1", "https://127.0.0.1/1", "https://192.168.0.1/x"] {
        assert_eq!(ask(body(inside)).await.problem(), (422, "invalid"), "{inside}");
    }
    let mut short = body("https://push.example/1");
    short["keys"]["auth"] = json!("AA");
    assert_eq!(ask(short).await.problem(), (422, "invalid"));
    let mut last = Value::Null;
    for number in 0..12 {
        house.world.clock.advance(Duration::from_millis(10));
        last = ask(body(&format!("https://push.example/{number}"))).await.ok();
    }
    ask(body("https://push.example/11")).await.ok();
    let listed = house.world.get("/v1/me/push-subscriptions").by(&house.ann).reply().await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 10, "the oldest give way");
    let old = format!("/v1/me/push-subscriptions/{}", last["id"].as_str().unwrap());
    let gone = house.world.ask("DELETE", &old).by(&house.ann).reply().await;
    assert_eq!(gone.problem(), (404, "not-found"), "told again, it is another one");
    let id = listed["items"][0]["id"].as_str().unwrap();
    let path = format!("/v1/me/push-subscriptions/{id}");
    house.world.patient(house.practice.clinic.as_str(), "ben@mail.example").await;
    let ben = house.world.signed_in("ben@mail.example").await;
    assert_eq!(
        house.world.ask("DELETE", &path).by(&ben).reply().await.problem(),
        (404, "not-found")
    );
    assert_eq!(house.world.ask("DELETE", &path).by(&house.ann).reply().await.status, 204);
}

stories! {
    a_browser_is_told_what_kind_of_news_there_is_and_nothing_else
    a_browser_that_its_service_no_longer_knows_is_forgotten
    subscriptions_are_ones_own_few_and_lead_to_public_services
}
