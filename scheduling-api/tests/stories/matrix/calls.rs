//! A valid request for every route: what the role that may do it would send about what is in the story.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    digest::{SHA256, digest},
    hmac,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use scheduling_api::clock::Clock as _;
use serde_json::{Value, json};

use super::{
    super::{
        insurance::{codes, remittance},
        passkeys::Phone,
        visit::checked,
    },
    story::{AGREED, APP_SECRET, BACK, SMS_HOOK, SMS_TOKEN, Somebody, Story, VERIFIER},
};
use crate::{
    fakes::payments::{STRIPE_SECRET, paypal_signature},
    world::{Reply, World, person::PASSWORD},
};

/// What a request says beside its route.
#[derive(Default)]
pub struct Call {
    /// What stands in the places of its path.
    places: Vec<String>,
    query: String,
    body: Option<Value>,
    raw: Option<(&'static str, String)>,
    seen: Option<u32>,
    headers: Vec<(&'static str, String)>,
}

/// What a clinic says about an insurer.
pub fn payer(code: &str) -> Value {
    json!({ "name": "Social Health Authority", "code": code, "provider_number": "1234567893",
        "share": { "kind": "fixed", "amount": { "minor": 50_000, "currency": "KES" } } })
}

/// A request whose path has these in its places.
pub fn at(places: &[&str]) -> Call {
    Call { places: places.iter().map(ToString::to_string).collect(), ..Call::default() }
}

impl Call {
    pub fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        Self { raw: Some(("application/x-www-form-urlencoded", form(fields))), ..self }
    }

    pub fn query(self, query: String) -> Self {
        Self { query, ..self }
    }

    pub fn seen(self, rev: u32) -> Self {
        Self { seen: Some(rev), ..self }
    }

    fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Asks.
    pub async fn ask(self, world: &World, method: &str, path: &str, by: Option<&str>) -> Reply {
        let mut places = self.places.into_iter();
        let path: Vec<_> = path
            .split('/')
            .map(|part| {
                if part.starts_with('{') {
                    places.next().unwrap_or_else(|| panic!("{path}: nothing for {part}"))
                } else {
                    part.to_owned()
                }
            })
            .collect();
        let mark = if self.query.is_empty() { "" } else { "?" };
        let mut ask = world.ask(method, &format!("{}{mark}{}", path.join("/"), self.query));
        // Who proves themselves as a client has said so.
        let says_who = self.headers.iter().any(|(name, _)| *name == "authorization");
        if let (Some(token), false) = (by, says_who) {
            ask = ask.by(token);
        }
        for (name, value) in &self.headers {
            ask = ask.with(name, value);
        }
        if method == "POST" {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            ask = ask.once(&format!("matrix-{number}"));
        }
        if let Some(rev) = self.seen {
            ask = ask.seen(rev);
        }
        match (self.body, self.raw) {
            (Some(body), _) => ask.send(body).await,
            (None, Some((kind, text))) => ask.with("content-type", kind).raw(text).await,
            (None, None) => ask.reply().await,
        }
    }
}

pub fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub fn medicine() -> Value {
    json!({ "items": [{ "medicine": "Canarycillin", "dose": "1 tablet", "frequency": "daily" }] })
}

pub fn questions() -> Value {
    json!({ "title": "Before the visit", "status": "active", "services": [],
        "items": [{ "link_id": "smokes", "text": "Do you smoke?", "type": "boolean" }] })
}

/// A browser's subscription.
pub fn subscription(number: u8) -> Value {
    let public = PrivateKey::generate(&ECDH_P256).unwrap().compute_public_key().unwrap();
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    json!({ "endpoint": format!("http://127.0.0.1:9/send/{number}"),
        "keys": { "p256dh": encode(public.as_ref()), "auth": encode(&[number; 16]) } })
}

fn authorization(client: &str) -> String {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    form(&[
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", BACK),
        ("scope", "openid"),
        ("state", "state 1"),
        ("nonce", "nonce-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ])
}

/// What a client sends a person to.
pub fn authorize(client: &str) -> String {
    format!("/oauth/authorize?{}", authorization(client))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signed(algorithm: hmac::Algorithm, key: &str, text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), text.as_bytes()).as_ref().to_vec()
}

fn visit_type(story: &Story) -> Value {
    json!({ "name": "Video visit", "mode": "video", "duration_min": 10, "step_min": 10, "pay": "pay_after",
        "cancel": { "free_until_min": 120 }, "price": { "minor": 1000, "currency": "KES" },
        "practitioners": [story.practitioner], "on_demand": true })
}

fn week() -> Value {
    json!([{ "weekday": 2, "windows": [{ "from": "10:00", "to": "11:00" }] }])
}

fn card() -> Value {
    json!({ "time_zone": "UTC", "profile": { "display_name": "Dr. Osei", "specialties": ["dermatology"],
        "languages": ["en"] } })
}

/// The request for an act; `@` and a word after it: about something else.
#[expect(clippy::too_many_lines, reason = "one line a route, told in the table's order")]
pub async fn call(story: &Story, world: &World, act: &str, who: &Somebody) -> Call {
    let id = |name: &str| story.id(name);
    let (clinic, patient) = (story.clinic.as_str(), story.patient.as_str());
    let doctor = story.practitioner.as_str();
    let booking = |start: &str| {
        json!({ "service": id("service"), "practitioner": doctor, "patient": patient,
            "start": format!("2026-03-02T{start}:00Z") })
    };
    match act {
        // -- Clinics
        "create_clinic" => at(&[]).body(json!({ "name": "New", "time_zone": "UTC" })),
        "update_clinic" => at(&[clinic]).seen(1).body(json!({ "name": "New", "time_zone": "UTC" })),
        "list_clinics" => at(&[]),
        "read_clinic" | "list_providers" | "read_record_settings" | "read_retention"
        | "list_staff" | "list_api_keys" | "list_oauth_clients" | "search_audit" => at(&[clinic]),
        "update_retention" => at(&[clinic]).seen(0).body(json!({ "deliveries_days": 90, "exports_days": 30,
            "join_links_days": 90, "waitlist_days": 90 })),
        "update_record_settings" => at(&[clinic]).seen(0).body(json!({ "reviews_min": 3 })),

        // -- Availability
        "create_service" => at(&[]).body(visit_type(story)),
        "list_services" => at(&[]).query(format!("clinic={clinic}")),
        "read_service" => at(&[id("service")]),
        "update_service" => at(&[id("service")]).seen(1).body(visit_type(story)),
        "create_schedule" => at(&[]).body(json!({ "practitioner": story.newcomer, "time_zone": "UTC", "weekly": week() })),
        "create_schedule@other" => at(&[]).body(
            json!({ "practitioner": id("other_practitioner"), "time_zone": "UTC", "weekly": week() }),
        ),
        "read_schedule" => at(&[id("schedule")]),
        "find_schedule" => at(&[doctor]),
        "update_schedule" => at(&[id("schedule")]).seen(1).body(json!({ "time_zone": "UTC", "weekly": week() })),
        "add_override" => at(&[id("schedule")]).seen(1).body(json!({ "first": "2026-04-03", "last": "2026-04-03", "windows": [] })),
        "search_slots" => at(&[]).query(format!("service={}&from=2026-03-02T10:00:00Z&to=2026-03-02T11:00:00Z", id("service"))),
        "search_practitioners" => at(&[]).query(format!("clinic={clinic}")),

        // -- Appointments
        "create_hold" => at(&[]).body(booking("11:00")),
        "release_hold" => at(&[id("held")]),
        "create_appointment" => at(&[]).body(booking("11:00")),
        "create_appointment@hold" => at(&[]).body(json!({ "hold_id": id("held") })),
        "override_appointment" => {
            let mut body = booking("11:00");
            body["reason"] = json!("agreed with everybody");
            at(&[]).body(body)
        }
        "create_series" => {
            let mut body = booking("11:00");
            body["every_weeks"] = json!(1);
            body["visits"] = json!(2);
            at(&[]).body(body)
        }
        "cancel_series" => at(&[id("series")]),
        "read_appointment" | "read_calendar_entry" | "cancel_appointment"
        | "enter_appointment_in_error" => at(&[id("later")]),
        "list_appointments" => at(&[]),
        "list_appointments@patient" => at(&[]).query(format!("patient={patient}")),
        "list_appointments@practitioner" => at(&[]).query(format!("practitioner={doctor}")),
        "reschedule_appointment" => {
            at(&[id("later")]).seen(2).body(json!({ "start": "2026-03-02T11:00:00Z" }))
        }
        "approve_appointment" | "decline_appointment" => at(&[id("requested")]),
        "check_in_appointment" => at(&[id("soon")]),
        "start_appointment" => at(&[id("arrived")]),
        "finish_appointment" => at(&[id("running")]),
        "mark_no_show" => at(&[id("absent")]),
        "take_back_no_show" => {
            // Missed first, unless it is already.
            let desk = story.everybody.iter().find(|one| one.name == "the desk").unwrap();
            let path = format!("/v1/appointments/{}/no-show", id("absent"));
            world.post(&path).by(desk.token.as_deref().unwrap()).reply().await;
            at(&[id("absent")])
        }

        // -- Waiting
        "join_waitlist" => at(&[]).body(json!({ "service": id("spare"), "patient": patient,
            "from": "2026-03-05T08:00:00Z", "to": "2026-03-05T08:30:00Z" })),
        "list_waitlist" | "list_queue" | "list_waiting_room" => at(&[]),
        "list_waitlist@patient" | "list_queue@patient" => at(&[]).query(format!("patient={patient}")),
        "list_waiting_room@practitioner" => at(&[]).query(format!("practitioner={doctor}")),
        "withdraw_from_waitlist" => at(&[id("place")]),
        "join_queue" => at(&[]).body(json!({ "service": id("asked"), "patient": patient })),
        "read_queue_entry" | "leave_queue" => at(&[id("queued")]),
        "take_from_queue" => at(&[]).body(json!({ "service": id("service") })),

        // -- The visit
        "read_appointment_consultation" => at(&[id("visiting")]),
        "read_consultation" => at(&[id("visit")]),
        "create_visit_token" => {
            if who.name == "a guest of the visit" {
                // Who has not checked in waits nowhere.
                let path = format!("/v1/consultations/{}/check-in", id("visit"));
                world.post(&path).by(who.token.as_deref().unwrap()).send(checked()).await.ok();
            }
            at(&[id("visit")])
        }
        "end_consultation" => at(&[id("visit")]),
        "check_in_consultation" => at(&[id("visit")]).body(checked()),
        "admit_participant" | "hold_participant" | "remove_participant" => {
            if act == "hold_participant" {
                let path = format!("/v1/consultations/{}/participants/{}/admit", id("visit"), id("participant"));
                let desk = story.everybody.iter().find(|one| one.name == "the desk").unwrap();
                world.post(&path).by(desk.token.as_deref().unwrap()).reply().await.ok();
            }
            at(&[id("visit"), id("participant")])
        }
        "extend_consultation" => at(&[id("visit")]).body(json!({ "minutes": 5 })),
        "set_notice" => at(&[id("visit")]).body(json!({ "text": "running late" })),
        "create_join_link" => {
            at(&[id("visiting")]).body(json!({ "role": "relative", "name": "Somebody" }))
        }
        "list_join_links" => at(&[id("visiting")]),
        "revoke_join_link" => at(&[id("visiting"), id("link")]),
        "exchange_join_link" => at(&[]).body(json!({ "secret": id("link_secret") })),
        "recover_join_link" => at(&[]).body(json!({ "contact": super::story::ANN })),

        // -- Rooms
        "create_room" => at(&[]).body(json!({ "name": "room-2" })),
        "read_room" | "close_room" => at(&[id("room")]),
        "create_room_token" => at(&[id("room")]).body(json!({ "identity": "somebody" })),
        "admit_to_room" | "hold_in_room" | "remove_from_room" => at(&[id("room"), "somebody"]),

        // -- What is written about a visit
        "write_note" => at(&[id("running")]).seen(1).body(json!({ "plan": "Rest." })),
        "sign_note" => at(&[id("running")]).seen(1),
        "add_addendum" => at(&[id("finished")]).body(json!({ "text": "More." })),
        "read_note" => at(&[id("finished")]),
        "read_note@draft" => at(&[id("running")]),
        "list_notes" | "list_prescriptions" | "list_documents" | "list_shares" | "list_proxies"
        | "list_record_entries" | "read_record_summary" | "read_patient" => at(&[patient]),
        "create_prescription" => at(&[id("running")]).body(medicine()),
        "update_prescription" => at(&[id("draft")]).seen(1).body(medicine()),
        "sign_prescription" | "discard_prescription" => at(&[id("draft")]).seen(1),
        "cancel_prescription" => at(&[id("signed")]).seen(2).body(json!({ "reason": "An allergy." })),
        "read_prescription" | "print_prescription" => at(&[id("signed")]),
        "read_prescription@draft" => at(&[id("draft")]),
        "check_prescription" => at(&[id("code")]),
        "create_document" => at(&[]).body(json!({ "patient": patient, "name": "a.txt", "size": 5 })),
        "upload_part" => Call { raw: Some(("application/octet-stream", "hello".into())), ..at(&[id("begun"), "0"]) },
        "complete_document" => at(&[id("whole")]).body(json!({})),
        "discard_document" => at(&[id("begun")]),
        "read_document" | "download_document" => at(&[id("document")]),
        "list_recordings" => at(&[id("finished")]),
        "create_share" => at(&[patient]).body(json!({ "practitioner": story.colleague, "document": id("document"),
            "until": "2026-03-03T06:00:00Z" })),
        "revoke_share" => at(&[id("share")]),
        "create_thread" => at(&[]).body(json!({ "patient": patient, "practitioner": doctor, "appointment": id("finished"),
            "subject": "Again", "message": { "text": "Hello" } })),
        "create_thread@desk" => at(&[]).body(json!({ "patient": patient, "appointment": id("finished"),
            "subject": "Again", "message": { "text": "Hello" } })),
        "read_thread" | "list_messages" | "close_thread" => at(&[id("thread")]),
        "read_thread@desk" | "list_messages@desk" | "close_thread@desk" => at(&[id("desk_thread")]),
        "list_threads" => at(&[]),
        "list_threads@patient" => at(&[]).query(format!("patient={patient}")),
        "create_message" => at(&[id("thread")]).body(json!({ "text": "Hello" })),
        "create_message@desk" => at(&[id("desk_thread")]).body(json!({ "text": "Hello" })),
        "mark_read" => at(&[id("thread")]).body(json!({ "number": 1 })),
        "mark_read@desk" => at(&[id("desk_thread")]).body(json!({ "number": 1 })),
        "assign_thread" => at(&[id("thread")]).seen(1).body(json!({ "user": null })),
        "assign_thread@desk" => at(&[id("desk_thread")]).seen(1).body(json!({ "user": null })),
        "create_message_template" => at(&[]).body(json!({ "name": "A", "text": "B" })),
        "list_message_templates" => at(&[]),
        "update_message_template" => at(&[id("template")]).seen(1).body(json!({ "name": "A", "text": "B" })),
        "end_message_template" => at(&[id("template")]),
        "create_review" => at(&[id("finished")]).body(json!({ "stars": 5 })),
        "read_review" => at(&[id("reviewed")]),
        "read_review@unseen" => at(&[id("paid")]),
        "list_reviews" | "list_own_reviews" => at(&[]),
        "moderate_review" => at(&[id("unseen_review")]).seen(1).body(json!({})),
        "reply_to_review" => at(&[id("review")]).seen(2).body(json!({ "text": "Thank you." })),
        "list_practitioner_reviews" | "read_practitioner" => at(&[doctor]),
        "create_record_entry" => {
            let mut content = super::super::record::condition("Asthma");
            content["verification"] = json!("unconfirmed");
            at(&[patient]).body(json!({ "content": content }))
        }
        "correct_record_entry" => {
            let content = super::super::record::condition("Asthma");
            at(&[id("entry")]).seen(1).body(json!({ "content": content, "reason": "Heard." }))
        }
        "read_record_entry" | "list_record_versions" => at(&[id("entry")]),
        "create_questionnaire" => at(&[]).body(questions()),
        "update_questionnaire" => at(&[id("questionnaire")]).seen(1).body(questions()),
        "read_questionnaire" => at(&[id("questionnaire")]),
        "list_questionnaires" => at(&[]),

        // -- Money
        "list_payment_methods" | "read_billing" | "list_payments" | "list_invoices" | "read_earnings"
        | "export_earnings" | "list_payouts_due" | "list_payouts" | "list_differences" | "reconcile" => at(&[]),
        "list_payments@patient" | "list_invoices@patient" => at(&[]).query(format!("patient={patient}")),
        "read_earnings@practitioner" | "export_earnings@practitioner" | "list_payouts@practitioner" => {
            at(&[]).query(format!("practitioner={doctor}"))
        }
        "make_payout" => at(&[]).body(json!({ "practitioner": doctor, "reference": "FT-1",
            "amount": { "minor": 1, "currency": "KES" } })),
        "create_payer" => at(&[]).body(payer("SHA-02")),
        "update_payer" => at(&[id("payer")]).seen(1).body(payer("SHA-03")),
        "list_payers" | "list_coverages" | "list_insurance_claims" | "list_remittances" => at(&[]),
        "read_insurance_claim" | "read_fhir_claim" | "read_x12_claim" | "close_insurance_claim" => {
            at(&[id("insured")])
        }
        "code_insurance_claim" => at(&[id("insured")]).seen(2).body(codes()),
        "advance_insurance_claim" => at(&[id("insured")]).body(json!({ "step": "submit" })),
        "post_remittance" => Call {
            raw: Some(("application/edi-x12", remittance("EFT-9", "2000",
                &[(id("handed_in"), "1", "2500", "2000", "CAS*PR*3*500~")]))),
            ..at(&[id("payer")])
        },
        "list_coverages@patient" | "list_insurance_claims@patient" => at(&[]).query(format!("patient={patient}")),
        "list_insurance_claims@visit" => at(&[]).query(format!("appointment={}", id("insured_visit"))),
        "create_coverage" => at(&[]).body(json!({ "patient": patient, "payer": id("payer"), "member_id": "M-2",
            "relationship": "self" })),
        "read_coverage" => at(&[id("coverage")]),
        "update_coverage" => at(&[id("coverage")]).seen(1).body(json!({ "member_id": "M-3", "relationship": "self" })),
        "update_billing" => at(&[]).seen(1).body(json!({ "seller": "X",
            "tax": { "name": "VAT", "rate_bps": 1600, "is_included": true } })),
        "start_payment" => {
            at(&[id("finished")]).body(json!({ "method": "mpesa", "telephone": "0712 345 678" }))
        }
        "record_payment" => at(&[id("finished")]).body(json!({ "method": "cash" })),
        "read_payment" | "list_refunds" => at(&[id("cash")]),
        "refresh_payment" | "void_payment" => at(&[id("paying")]),
        "capture_payment" => at(&[id("reserved")]).body(json!({ "amount_minor": 250_000 })),
        "refund_payment" => at(&[id("cash")]).body(json!({ "reason": "mistake", "amount_minor": 100 })),
        "resolve_refund" => at(&[id("refund")]).body(json!({ "state": "succeeded" })),
        "waive_fee" => at(&[id("charged")]),
        "read_invoice" | "print_invoice" => at(&[id("invoice")]),
        "receive_stripe_event" => {
            let body = json!({ "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "data": { "object": {
                "id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount_received": 1 } } });
            let now = world.clock.now().as_second();
            let tag = signed(hmac::HMAC_SHA256, STRIPE_SECRET, &format!("{now}.{body}"));
            let call = Call { raw: Some(("application/json", body.to_string())), ..at(&[]) };
            call.with("stripe-signature", format!("t={now},v1={}", hex(&tag)))
        }
        "receive_paypal_event" => {
            let body = json!({ "id": "WH-EV-1", "event_type": "CHECKOUT.ORDER.APPROVED",
                "resource": { "id": "ORDER1", "custom_id": id("paying") } }).to_string();
            let signature = paypal_signature(&body);
            Call { raw: Some(("application/json", body)), ..at(&[]) }
                .with("paypal-auth-algo", "SHA256withRSA".into())
                .with("paypal-cert-url", "https://api.paypal.com/cert".into())
                .with("paypal-transmission-id", "t-1".into())
                .with("paypal-transmission-sig", signature)
                .with("paypal-transmission-time", world.clock.now().to_string())
        }
        "receive_mpesa_event" => {
            let mut parts = id("mpesa_url").rsplit('/');
            let (secret, payment) = (parts.next().unwrap(), parts.next().unwrap());
            Call { raw: Some(("application/json", id("mpesa_word").into())), ..at(&[payment, secret]) }
        }

        // -- Being told
        "read_notification_preferences" | "list_push_subscriptions" | "read_push_key"
        | "list_my_data_requests" | "read_access_log" | "list_break_glass" | "list_data_requests"
        | "list_jobs" | "list_webhook_endpoints" => at(&[]),
        "list_my_data_requests@patient" | "read_access_log@patient" => {
            at(&[]).query(format!("patient={patient}"))
        }
        "update_notification_preferences" => {
            let etag = match &who.token {
                Some(token) => {
                    let read = world.get("/v1/me/notification-preferences").by(token).reply().await;
                    read.header("etag").to_owned()
                }
                None => String::new(),
            };
            let etag = if etag.is_empty() { "\"0\"".to_owned() } else { etag };
            at(&[]).with("if-match", etag).body(json!({ "email": true, "sms": false }))
        }
        "send_phone_code" => at(&[]),
        "confirm_phone" => {
            at(&[]).body(json!({ "challenge": id("phone_challenge"), "code": id("phone_code") }))
        }
        "create_push_subscription" => at(&[]).body(subscription(2)),
        "remove_push_subscription" => at(&[id("subscription")]),
        "break_glass" => at(&[]).body(json!({ "patient": patient, "why": "emergency",
            "reason": "collapsed in the corridor", "minutes": 5 })),
        "review_break_glass" => at(&[id("broken")]).body(json!({ "justified": true })),
        "create_data_request" => at(&[]).body(json!({ "kind": "erasure", "patient": patient })),
        "read_data_export" => at(&[id("export")]),
        "approve_data_request" | "refuse_data_request" => at(&[id("wish")]),
        "create_events_ticket" => at(&[]),
        "open_events" => at(&[])
            .query("ticket=none".into())
            .with("connection", "upgrade".into())
            .with("upgrade", "websocket".into())
            .with("sec-websocket-version", "13".into())
            .with("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".into()),
        "verify_whatsapp" => at(&[]).query(form(&[
            ("hub.mode", "subscribe"),
            ("hub.verify_token", AGREED),
            ("hub.challenge", "x"),
        ])),
        "receive_whatsapp_status" => {
            let body = json!({ "object": "whatsapp_business_account", "entry": [] }).to_string();
            let tag = format!("sha256={}", hex(&signed(hmac::HMAC_SHA256, APP_SECRET, &body)));
            Call { raw: Some(("application/json", body)), ..at(&[]) }.with("x-hub-signature-256", tag)
        }
        "receive_sms_status" => {
            let fields = [("MessageSid", "SM00000000000000000000000000000001"), ("MessageStatus", "delivered")];
            let delivery = id("sms_delivery");
            let text = format!("{SMS_HOOK}/{delivery}")
                + &fields.iter().map(|(name, value)| format!("{name}{value}")).collect::<String>();
            let tag = signed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SMS_TOKEN, &text);
            at(&[delivery]).form(&fields).with("x-twilio-signature", BASE64_STANDARD.encode(tag))
        }
        "replay_job" | "replay_webhook_delivery" => at(&[id("delivery")]),
        "create_webhook_endpoint" => at(&[]).body(json!({ "url": "http://127.0.0.1:9/y" })),
        "read_webhook_endpoint" | "end_webhook_endpoint" | "list_webhook_deliveries"
        | "rotate_webhook_secret" => at(&[id("endpoint")]),
        "update_webhook_endpoint" => {
            at(&[id("endpoint")]).seen(1).body(json!({ "url": "http://127.0.0.1:9/y" }))
        }

        // -- Signing in
        "register" => at(&[]).body(crate::world::person::registration(clinic, "new@patients.example")),
        "verify_email" => at(&[]).body(json!({ "token": id("verify_secret") })),
        "sign_in" => at(&[]).body(json!({ "email": super::story::ANN, "password": PASSWORD, "carrier": "token" })),
        "answer_second_factor" => {
            world.clock.advance(std::time::Duration::from_secs(60));
            let doctor = story.everybody.iter().find(|one| one.name == "the practitioner").unwrap();
            let first = world.sign_in("doctor@mwangaza.example", PASSWORD).await.ok();
            let code = world.code(doctor.app.as_deref().unwrap());
            at(&[]).body(json!({ "challenge": first["challenge"], "totp": code, "carrier": "token" }))
        }
        "request_magic_link" | "request_password_reset" => {
            at(&[]).body(json!({ "email": super::story::ANN }))
        }
        "redeem_magic_link" => at(&[]).body(json!({ "token": id("magic_secret"), "carrier": "token" })),
        "reset_password" => {
            at(&[]).body(json!({ "token": id("reset_secret"), "password": "seven quiet green doors" }))
        }

        // -- People
        "accept_invitation" => at(&[]).body(json!({ "token": id("invite_secret"),
            "account": { "name": "New", "password": PASSWORD, "language": "en", "time_zone": "UTC" } })),
        "invite_member" => {
            let body = json!({ "email": "more@mwangaza.example", "role": "receptionist", "language": "en" });
            at(&[clinic]).body(body)
        }
        "end_membership" => at(&[clinic, id("membership")]),
        "list_accounts" | "read_health" => at(&[]),
        "disable_account" | "enable_account" => at(&[id("user")]),
        "search_patients" => at(&[]).query("name=Canary".into()),
        "update_patient" => at(&[patient]).seen(1).body(json!({ "given_name": "Wanjiru", "family_name": "Canary",
            "language": "sw", "time_zone": "Africa/Nairobi" })),
        "add_proxy" => at(&[patient]).body(json!({ "email": "dan@patients.example", "relationship": "brother" })),
        "end_proxy" => at(&[patient, id("proxy")]),
        "update_practitioner" => at(&[doctor]).seen(1).body(card()),

        // -- The authorization server
        "authorize" => at(&[]).query(authorization(id("client"))),
        "token" => {
            let proof = BASE64_STANDARD.encode(format!("{}:{}", id("server_client"), id("server_secret")));
            at(&[]).form(&[("grant_type", "client_credentials")]).with("authorization", format!("Basic {proof}"))
        }
        "introspect" | "revoke" => {
            let proof = BASE64_STANDARD.encode(format!("{}:{}", id("server_client"), id("server_secret")));
            at(&[]).form(&[("token", "nonsense")]).with("authorization", format!("Basic {proof}"))
        }
        "read_signing_keys" | "read_oauth_metadata" | "read_openid_configuration" | "user_info"
        | "rotate_signing_key" => at(&[]),
        "read_consent" => at(&[id("question")]),
        "decide_consent" => at(&[id("question")]).body(json!({ "agreed": true })),
        "create_oauth_client" => at(&[clinic]).body(json!({ "name": "App", "confidential": true,
            "redirect_uris": [BACK], "scope": "openid" })),
        "disable_oauth_client" => at(&[clinic, id("client_id")]),
        "create_api_key" => at(&[clinic]).body(json!({ "name": "K", "scope": "rooms" })),
        "revoke_api_key" => at(&[clinic, id("api_key")]),
        "create_provider" => at(&[clinic]).body(json!({ "name": "Other", "issuer": story.second.issuer,
            "client_id": "x", "client_secret": "y" })),
        "start_provider_sign_in" => at(&[id("identity")]),
        "finish_provider_sign_in" => {
            let sent = world.post(&format!("/v1/auth/providers/{}/start", id("identity"))).reply().await.ok();
            let person = json!({ "sub": "4711", "email": "newcomer@patients.example", "email_verified": true,
                "name": "New Comer", "locale": "sw" });
            let (state, code) = story.identity.agree(sent["redirect_to"].as_str().unwrap(), person);
            at(&[]).body(json!({ "state": state, "code": code, "browser": sent["browser"], "carrier": "token" }))
        }
        "start_passkey_sign_in" => at(&[]),
        "finish_passkey_sign_in" => {
            let asked = world.post("/v1/auth/passkeys/sign-in/start").reply().await.ok();
            let answer = story.phone.lock().unwrap().agree(&asked["options"]);
            at(&[]).body(json!({ "ceremony": asked["ceremony"], "credential": answer, "carrier": "token" }))
        }

        // -- The own account
        "start_passkey" | "list_passkeys" | "read_me" | "sign_out" | "list_sessions"
        | "enrol_totp" | "renew_recovery_codes" | "remove_totp" => at(&[]),
        "finish_passkey" => {
            let mut body = json!({ "ceremony": "none", "name": "x", "credential": {} });
            if let Some(token) = &who.token {
                let asked = world.post("/v1/auth/passkeys/register").by(token).reply().await;
                if asked.status.is_success() {
                    let (_, made) = Phone::make_as(b"another passkey's", &asked.body["options"]);
                    body = json!({ "ceremony": asked.body["ceremony"], "name": "x", "credential": made });
                }
            }
            at(&[]).body(body)
        }
        "remove_passkey" => at(&[id("passkey")]),
        "choose_clinic" => at(&[]).body(json!({ "clinic_id": clinic })),
        "step_up" => match &who.app {
            Some(app) => {
                world.clock.advance(std::time::Duration::from_secs(60));
                at(&[]).body(json!({ "totp": world.code(app) }))
            }
            None => at(&[]).body(json!({ "password": PASSWORD })),
        },
        "end_session" => at(&[id("session")]),
        "change_password" => at(&[]).body(json!({ "password": "seven quiet green doors" })),
        "confirm_totp" => {
            let mut code = "000000".to_owned();
            if let Some(token) = &who.token {
                let offer = world.post("/v1/auth/totp").by(token).reply().await;
                if let Some(secret) = offer.body["secret"].as_str() {
                    code = world.code(&crate::world::person::unbase32(secret));
                }
            }
            at(&[]).body(json!({ "code": code }))
        }
        _ => panic!("{act} has no request"),
    }
}
