//! Messages by WhatsApp: an approved text with values, the provider's codes, and its signed word.

use std::time::Duration;

use aws_lc_rs::hmac;
use scheduling_api::ports::{
    sms::twilio::{Twilio, TwilioAccount},
    whatsapp::{WhatsApp, WhatsAppAccount},
};
use serde_json::{Value, json};

use super::notifications::{House, house};
use crate::{
    fakes::http::{Fate, Http},
    world::World,
};

const NEXT_WEEK: &str = "2026-03-09T09:00:00Z";

async fn messaging(world: World) -> (House, Http) {
    // The telephone is proved by a text message.
    let texts = Http::start().await;
    let twilio = Twilio::new(TwilioAccount {
        base: texts.address.clone(),
        sid: "AC42".into(),
        token: "the token".into(),
        from: "+15550100".into(),
        callback: "https://clinic.example/v1/hooks/sms".into(),
    });
    let provider = Http::start().await;
    let whatsapp = WhatsApp::new(WhatsAppAccount {
        base: format!("{}/v23.0", provider.address),
        phone_number_id: "106540352242922".into(),
        token: "the token".into(),
        app_secret: "the secret".into(),
        verify_token: "the agreed token".into(),
    });
    let world = world.with_outbound(|outbound| {
        outbound.with_twilio(twilio.unwrap()).with_whatsapp(whatsapp.unwrap())
    });
    let house = house(world).await;
    house
        .choose(json!({ "email": false, "sms": false, "whatsapp": true, "phone": "+254700000001" }))
        .await;
    house.prove_phone(&texts).await;
    (house, provider)
}

/// As the Cloud API answers.
fn taken(wamid: &str) -> Fate {
    let body = json!({ "messaging_product": "whatsapp", "contacts": [{ "input": "254700000001", "wa_id": "254700000001" }],
        "messages": [{ "id": wamid }] });
    Fate { body, ..Fate::status(200) }
}

fn trouble(status: u16, code: i64) -> Fate {
    let body = json!({ "error": { "message": "for +254700000001", "type": "OAuthException", "code": code, "fbtrace_id": "x" } });
    Fate { body, ..Fate::status(status) }
}

impl House {
    async fn whatsapps(&self) -> Vec<Value> {
        let jobs = self.world.get("/v1/admin/jobs?kind=whatsapp").by(&self.practice.admin);
        jobs.reply().await.ok()["items"].as_array().unwrap().clone()
    }

    async fn now_booked(&self) -> Vec<Value> {
        let all = self.whatsapps().await.into_iter();
        all.filter(|job| job["message"] == "appointment.booked").collect()
    }

    /// The provider's word.
    async fn told(&self, body: &Value, secret: &str) -> u16 {
        let text = body.to_string();
        let tag =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let ask = self
            .world
            .post("/v1/hooks/whatsapp")
            .with("x-hub-signature-256", &format!("sha256={hex}"));
        ask.with("content-type", "application/json").raw(text).await.status.as_u16()
    }
}

fn word(wamid: &str, status: &str, delivery: &str, errors: Value) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages",
        "value": { "messaging_product": "whatsapp", "metadata": { "phone_number_id": "106540352242922" },
            "statuses": [{ "id": wamid, "status": status, "recipient_id": "254700000001",
                "biz_opaque_callback_data": delivery, "errors": errors }] } }] }] })
}

async fn a_message_is_an_approved_text_with_values_and_no_word_about_health(world: World) {
    let (house, provider) = messaging(world).await;
    provider.next(taken("wamid.1"));
    let booked = house.book(NEXT_WEEK).await;
    house.world.work().await;
    let [asked] = &provider.asked()[..] else { panic!("{:?}", provider.asked()) };
    assert_eq!(asked.path, "/v23.0/106540352242922/messages");
    assert_eq!(asked.header("authorization"), "Bearer the token");
    let body = asked.json();
    assert_eq!((&body["to"], &body["type"]), (&json!("254700000001"), &json!("template")));
    let template = &body["template"];
    assert_eq!(template["name"], "appointment_booked");
    assert_eq!(template["language"], json!({ "policy": "deterministic", "code": "sw" }));
    let link = format!("https://clinic.example/appointments/{}", booked["id"].as_str().unwrap());
    let values = json!([{ "type": "text", "text": "Jumatatu, 9 Machi 2026, 12:00 (Africa/Nairobi)" }, { "type": "text", "text": link }]);
    assert_eq!(template["components"], json!([{ "type": "body", "parameters": values }]));
    for secret in ["Canary", "Osei", "Mwangaza", "Video", "Wanjiru"] {
        assert!(!asked.body.contains(secret), "{secret}");
    }
    assert_eq!(house.now_booked().await[0]["state"], "sent");
}

async fn the_providers_word_counts_once_signed_and_in_any_order(world: World) {
    let (house, provider) = messaging(world).await;
    let ask = |token: &str| {
        let path = format!(
            "/v1/hooks/whatsapp?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444"
        );
        house.world.get(&path).reply()
    };
    assert_eq!(ask("wrong").await.problem(), (404, "not-found"));
    let answered = ask("the%20agreed%20token").await;
    assert_eq!((answered.status.as_u16(), answered.body), (200, json!(1_158_201_444)));
    provider.next(taken("wamid.1"));
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    let delivery = house.now_booked().await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(provider.asked()[0].json()["biz_opaque_callback_data"], json!(delivery));
    let state = async || house.now_booked().await[0]["state"].clone();
    let delivered = word("wamid.1", "delivered", &delivery, json!([]));
    assert_eq!(house.told(&delivered, "another secret").await, 404);
    assert_eq!(state().await, "sent");
    for (status, errors) in
        [("read", json!([])), ("sent", json!([])), ("failed", json!([{ "code": 131_026 }]))]
    {
        assert_eq!(
            house.told(&word("wamid.1", status, &delivery, errors), "the secret").await,
            204
        );
    }
    assert_eq!(state().await, "delivered", "what arrived stays so");
    // About another message of theirs, and things that are none.
    house.world.clock.advance(Duration::from_secs(1));
    provider.next(taken("wamid.2"));
    house.book("2026-03-09T10:00:00Z").await;
    house.world.work().await;
    let second = house.now_booked().await[0]["id"].as_str().unwrap().to_owned();
    let failed = word("wamid.9", "failed", &second, json!([{ "code": 131_026 }]));
    assert_eq!(house.told(&failed, "the secret").await, 204);
    assert_eq!(house.told(&json!({ "object": "page" }), "the secret").await, 204);
    assert_eq!(house.told(&json!({ "nothing": 1 }), "the secret").await, 404);
    assert_eq!(state().await, "sent");
    let failed = word("wamid.2", "failed", &second, json!([{ "code": 131_026 }]));
    assert_eq!(house.told(&failed, "the secret").await, 204);
    let jobs = house.now_booked().await;
    assert_eq!((&jobs[0]["state"], &jobs[0]["reason"]), (&json!("failed"), &json!("code 131026")));
}

async fn a_code_says_whether_another_try_makes_sense(world: World) {
    let (house, provider) = messaging(world).await;
    // Too fast, though the status is 400; then taken.
    provider.next(trouble(400, 130_429));
    provider.next(taken("wamid.1"));
    house.book(NEXT_WEEK).await;
    house.world.work().await;
    assert_eq!(house.now_booked().await[0]["state"], "waiting");
    house.world.clock.advance(Duration::from_secs(3));
    house.world.work().await;
    assert_eq!(
        (provider.asked().len(), &house.now_booked().await[0]["state"]),
        (2, &json!("sent"))
    );
    // No such text in that language: never, though the status is 500.
    provider.next(trouble(500, 132_001));
    house.book("2026-03-09T10:00:00Z").await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(900));
    house.world.work().await;
    let job = house.now_booked().await[0].clone();
    assert_eq!((&job["state"], &job["reason"]), (&json!("failed"), &json!("code 132001")));
    // The answer is lost: it may have been taken, and is not sent again.
    provider.next(Fate::silent());
    house.book("2026-03-09T11:00:00Z").await;
    house.world.work().await;
    house.world.clock.advance(Duration::from_secs(900));
    house.world.work().await;
    assert_eq!(house.now_booked().await[0]["state"], "unknown");
    assert_eq!(provider.asked().len(), 4);
}

stories! {
    a_message_is_an_approved_text_with_values_and_no_word_about_health
    the_providers_word_counts_once_signed_and_in_any_order
    a_code_says_whether_another_try_makes_sense
}
