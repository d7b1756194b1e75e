//! Text messages: a provider of Twilio's shape and its signed word, and any other by a template.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use scheduling_api::ports::sms::{
    template::{BodyKind, SmsTemplate, Templated},
    twilio::{Twilio, TwilioAccount},
};
use serde_json::{Value, json};

use super::notifications::{ANN, House, house};
use crate::{
    fakes::http::{Fate, Http},
    world::World,
};

const NEXT_WEEK: &str = "2026-03-09T09:00:00Z";
const CALLBACK: &str = "https://clinic.example/v1/hooks/sms";

async fn texting(world: World) -> (House, Http) {
    let provider = Http::start().await;
    let twilio = Twilio::new(TwilioAccount {
        base: provider.address.clone(),
        sid: "AC42".into(),
        token: "the token".into(),
        from: "+15550100".into(),
        callback: CALLBACK.into(),
    });
    let world = world.with_outbound(|outbound| outbound.with_twilio(twilio.unwrap()));
    let house = house(world).await;
    house.choose(json!({ "email": false, "sms": true, "phone": PHONE })).await;
    house.prove_phone(&provider).await;
    (house, provider)
}

const PHONE: &str = "+254700000001";

impl House {
    /// Has a code sent to the telephone; what it is handed back with, and the code.
    async fn phone_code(&self, provider: &Http) -> (Value, String) {
        let sent = self.world.post("/v1/me/phone-code").by(&self.ann).reply().await.ok();
        self.world.work().await;
        let asked = provider.asked().pop().expect("a text message");
        let text = match asked.header("content-type") {
            "application/json" => asked.json()["message"].as_str().unwrap().to_owned(),
            _ => asked.form()["Body"].clone(),
        };
        let code = text.rsplit(' ').next().unwrap().to_owned();
        assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()), "{text}");
        (sent["challenge"].clone(), code)
    }

    async fn confirm(&self, challenge: &Value, code: &str) -> crate::world::Reply {
        let body = json!({ "challenge": challenge, "code": code });
        self.world.post("/v1/me/phone-code/confirm").by(&self.ann).send(body).await
    }

    /// Proves the telephone as its owner does.
    pub async fn prove_phone(&self, provider: &Http) {
        let (challenge, code) = self.phone_code(provider).await;
        assert_eq!(self.confirm(&challenge, &code).await.ok()["phone_proved"], true);
        provider.forget();
    }

    async fn texts(&self) -> Vec<Value> {
        let jobs = self.world.get("/v1/admin/jobs?kind=sms").by(&self.practice.admin);
        jobs.reply().await.ok()["items"].as_array().unwrap().clone()
    }

    async fn state(&self, id: &str) -> (String, Value) {
        let texts = self.texts().await;
        let job = texts.iter().find(|job| job["id"] == id).unwrap();
        (job["state"].as_str().unwrap().to_owned(), job["reason"].clone())
    }

    /// The provider's word about a message.
    async fn word(&self, delivery: &str, fields: &[(&str, &str)], token: &str) -> u16 {
        let path = format!("/v1/hooks/sms/{delivery}");
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut sorted = fields.to_vec();
        sorted.sort_unstable();
        let signed = format!("{CALLBACK}/{delivery}")
            + &sorted.iter().map(|(name, value)| format!("{name}{value}")).collect::<String>();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
        let signature = BASE64_STANDARD.encode(hmac::sign(&key, signed.as_bytes()));
        let ask = self.world.post(&path).with("content-type", "application/x-www-form-urlencoded");
        ask.with("x-twilio-signature", &signature).raw(form).await.status.as_u16()
    }
}

async fn a_text_message_is_asked_for_as_the_provider_wants_it(world: World) {
    let (house, provider) = texting(world).await;
    let booked = house.book(NEXT_WEEK).await;
    house.world.work().await;
    let [asked] = &provider.asked()[..] else { panic!("{:?}", provider.asked()) };
    assert_eq!(asked.path, "/2010-04-01/Accounts/AC42/Messages.json");
    assert_eq!(asked.header("authorization"), "Basic QUM0Mjp0aGUgdG9rZW4=");
    let form = asked.form();
    assert_eq!((form["To"].as_str(), form["From"].as_str()), ("+254700000001", "+15550100"));
    let link = format!("https://clinic.example/appointments/{}", booked["id"].as_str().unwrap());
    let text = "Miadi yako ni Jumatatu, 9 Machi 2026, 12:00 (Africa/Nairobi).";
    assert_eq!(form["Body"], format!("{text} {link}"));
    assert!(form["StatusCallback"].starts_with(&format!("{CALLBACK}/dlv_")));
    assert_eq!(house.mail.taken().len(), 0, "mail was switched off");
}

async fn the_providers_word_counts_once_signed_and_in_any_order(world: World) {
    let (house, provider) = texting(world).await;
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    let sid = format!("SM{:032}", 1);
    let callback = provider.asked()[0].form()["StatusCallback"].clone();
    let delivery = callback.rsplit('/').next().unwrap().to_owned();
    let delivered = [("MessageSid", sid.as_str()), ("MessageStatus", "delivered")];
    let sent = [("MessageSid", sid.as_str()), ("MessageStatus", "sent")];
    assert_eq!(house.state(&delivery).await.0, "sent");
    assert_eq!(house.word(&delivery, &delivered, "another token").await, 404);
    assert_eq!(house.state(&delivery).await.0, "sent");
    // Delivered is told before sent, and twice.
    for fields in [delivered, sent, delivered] {
        assert_eq!(house.word(&delivery, &fields, "the token").await, 204);
    }
    assert_eq!(house.state(&delivery).await.0, "delivered");
    let failed =
        [("ErrorCode", "30005"), ("MessageSid", sid.as_str()), ("MessageStatus", "failed")];
    assert_eq!(house.word(&delivery, &failed, "the token").await, 204);
    assert_eq!(house.state(&delivery).await.0, "delivered", "what arrived stays so");
    // About another message of the provider's.
    house.book("2026-03-09T10:00:00Z").await;
    house.world.work().await;
    let callback = provider.asked()[1].form()["StatusCallback"].clone();
    let second = callback.rsplit('/').next().unwrap().to_owned();
    assert_eq!(house.word(&second, &failed, "the token").await, 204);
    assert_eq!(house.state(&second).await.0, "sent");
}

async fn a_busy_provider_is_asked_again_when_it_says_and_no_sooner(world: World) {
    let (house, provider) = texting(world).await;
    provider.next(Fate { retry_after: Some("90"), ..Fate::status(429) });
    provider.next(Fate::status(500));
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(89));
    house.world.work().await;
    assert_eq!(provider.asked().len(), 1);
    house.world.clock.advance(Duration::from_secs(30));
    house.world.work().await;
    assert_eq!(provider.asked().len(), 2);
    house.world.clock.advance(Duration::from_secs(6));
    house.world.work().await;
    assert_eq!(provider.asked().len(), 3);
    assert_eq!(house.texts().await.iter().filter(|job| job["state"] == "sent").count(), 1);
}

async fn what_the_provider_refuses_is_not_asked_again(world: World) {
    let (house, provider) = texting(world).await;
    let body = json!({ "code": 21610, "message": "unsubscribed +254700000001", "status": 400 });
    provider.next(Fate { body, ..Fate::status(400) });
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(4000));
    house.world.work().await;
    assert_eq!(provider.asked().len(), 1);
    let texts = house.texts().await;
    let failed = texts.iter().find(|job| job["state"] == "failed").unwrap();
    assert_eq!(failed["reason"], "code 21610");
}

async fn a_text_message_whose_answer_was_lost_is_never_sent_again(world: World) {
    let (house, provider) = texting(world).await;
    provider.next(Fate::silent());
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(4000));
    house.world.work().await;
    assert_eq!(provider.asked().len(), 1);
    let texts = house.texts().await;
    let unknown = texts.iter().find(|job| job["state"] == "unknown").unwrap();
    // The provider's word ends the doubt.
    let delivery = unknown["id"].as_str().unwrap();
    let delivered = [("MessageSid", "SM1"), ("MessageStatus", "delivered")];
    assert_eq!(house.word(delivery, &delivered, "the token").await, 204);
    assert_eq!(house.state(delivery).await.0, "delivered");
}

async fn any_provider_is_asked_by_a_template(world: World) {
    let provider = Http::start().await;
    let template = Templated::new(SmsTemplate {
        url: format!("{}/send", provider.address),
        body: r#"{"recipient":"{to}","message":"{text}"}"#.into(),
        kind: BodyKind::Json,
        authorization: Some("Bearer abc".into()),
        key_header: Some("Idempotency-Key".into()),
    });
    let world = world.with_outbound(|outbound| outbound.with_template(template.unwrap()));
    let house = house(world).await;
    house.choose(json!({ "email": false, "sms": true, "phone": PHONE })).await;
    house.prove_phone(&provider).await;
    // Its answer is lost; it knows the repetition by the key.
    provider.next(Fate::silent());
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(3));
    house.world.work().await;
    let [first, second] = &provider.asked()[..] else { panic!("{:?}", provider.asked()) };
    assert_eq!(first.json()["recipient"], "+254700000001");
    assert_eq!((first.path.as_str(), first.header("authorization")), ("/send", "Bearer abc"));
    assert!(first.header("idempotency-key").starts_with("dlv_"));
    assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
}

async fn nothing_is_sent_to_a_telephone_that_its_owner_has_not_proved(world: World) {
    let (house, provider) = texting(world).await;
    // Another number is another telephone.
    house.choose(json!({ "email": false, "sms": true, "phone": "+254700000002" })).await;
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    assert_eq!(provider.asked().len(), 0);
    let (challenge, code) = house.phone_code(&provider).await;
    let [asked] = &provider.asked()[..] else { panic!("{:?}", provider.asked()) };
    assert_eq!(asked.form()["To"], "+254700000002");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        assert_eq!(house.confirm(&challenge, wrong).await.problem(), (401, "credentials"));
    }
    // A code is for the number that it was sent to.
    house.choose(json!({ "email": false, "sms": true, "phone": "+254700000003" })).await;
    assert_eq!(house.confirm(&challenge, &code).await.problem(), (401, "credentials"));
    assert_eq!(house.confirm(&challenge, &code).await.problem(), (410, "link"), "five tries");
    let other = house.world.signed_in(ANN).await;
    let (challenge, code) = house.phone_code(&provider).await;
    let body = json!({ "challenge": challenge, "code": code });
    let confirmed = house.world.post("/v1/me/phone-code/confirm").by(&other).send(body).await.ok();
    assert_eq!(confirmed["phone_proved"], true);
    let again = house.world.post("/v1/me/phone-code").by(&house.ann).reply().await;
    assert_eq!(again.problem(), (409, "not-possible"));
    // Neither number nor code stands anywhere.
    for file in house.world.files() {
        for secret in ["254700000003", &code] {
            let holds = file.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
            assert!(!holds || secret.len() == 6, "{secret}");
        }
    }
    // Codes cost money: they are few.
    let mut last = 202;
    for number in 4..9 {
        house
            .choose(
                json!({ "email": false, "sms": true, "phone": format!("+25470000000{number}") }),
            )
            .await;
        last = house.world.post("/v1/me/phone-code").by(&house.ann).reply().await.status.as_u16();
    }
    assert_eq!(last, 429);
}

stories! {
    nothing_is_sent_to_a_telephone_that_its_owner_has_not_proved
    a_text_message_is_asked_for_as_the_provider_wants_it
    the_providers_word_counts_once_signed_and_in_any_order
    a_busy_provider_is_asked_again_when_it_says_and_no_sooner
    what_the_provider_refuses_is_not_asked_again
    a_text_message_whose_answer_was_lost_is_never_sent_again
    any_provider_is_asked_by_a_template
}
