//! Getting paid: by M-Pesa, card, PayPal and at the desk; what is lost on the way; what goes back.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use jiff::Timestamp;
use scheduling_api::{
    Location,
    clock::Clock as _,
    domain::{
        actor::{Actor, Role},
        id::UserId,
        money::Money,
        payment::Method,
        service::{PayPolicy, ServiceTerms},
    },
    ports::payments::{
        Deaf, Gateways,
        mpesa::{Mpesa, MpesaAccount},
        paypal::{Paypal, PaypalAccount},
        stripe::{Stripe, StripeAccount},
    },
};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::{
    fakes::payments::{self as fakes, Fate, Provider},
    world::{BEGINNING, Reply, World, practice::Practice},
};

const NEXT_WEEK: &str = "2026-03-09T09:00:00Z";

pub struct Till {
    pub world: World,
    pub practice: Practice,
    pub stripe: Provider<fakes::Stripe>,
    pub paypal: Provider<fakes::Paypal>,
    pub daraja: Provider<fakes::Daraja>,
    pub admin: String,
}

/// Three providers that take money, on loopback.
pub fn gateways(
    stripe: &Provider<fakes::Stripe>,
    paypal: &Provider<fakes::Paypal>,
    daraja: &Provider<fakes::Daraja>,
) -> Gateways {
    Gateways {
        card: Some(Arc::new(
            Stripe::new(StripeAccount {
                base: stripe.address.clone(),
                secret_key: fakes::STRIPE_KEY.to_owned().into(),
                webhook_secrets: vec![
                    fakes::STRIPE_SECRET.to_owned().into(),
                    "whsec_old".to_owned().into(),
                ],
            })
            .unwrap(),
        )),
        paypal: Some(Arc::new(
            Paypal::new(PaypalAccount {
                base: paypal.address.clone(),
                client_id: "the-id".into(),
                client_secret: "the-secret".to_owned().into(),
                webhook_ids: vec!["WH-0".into(), fakes::PAYPAL_WEBHOOK.into()],
            })
            .unwrap(),
        )),
        mpesa: Some(Arc::new(
            Mpesa::new(MpesaAccount {
                base: daraja.address.clone(),
                consumer_key: "the-key".into(),
                consumer_secret: "the-secret".to_owned().into(),
                shortcode: "174379".into(),
                passkey: "the-passkey".to_owned().into(),
                is_till: false,
                initiator: Some(("bedside".into(), "the-credential".to_owned().into())),
            })
            .unwrap(),
        )),
        ..Gateways::default()
    }
}

pub async fn till(world: World, pay: PayPolicy, adjust: fn(&mut ServiceTerms)) -> Till {
    let stripe = Provider::start(fakes::Stripe::default()).await;
    let paypal = Provider::start(fakes::Paypal::default()).await;
    let daraja = Provider::start(fakes::Daraja::default()).await;
    let world = world.with_gateways(gateways(&stripe, &paypal, &daraja));
    let practice = world
        .practice_with("UTC", (8, 18), |terms| {
            terms.pay = pay;
            adjust(terms);
        })
        .await;
    let admin = world.token(Actor {
        user: Some(UserId::mint(&world.api.random, BEGINNING.parse().unwrap())),
        clinic: Some(practice.clinic.clone()),
        roles: vec![Role::ClinicAdmin],
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    });
    let till = Till { world, practice, stripe, paypal, daraja, admin };
    let rules = json!({
        "seller": "Mwangaza Ltd", "prefix": "MW-", "practitioner_bps": 7000,
        "tax": { "name": "VAT", "rate_bps": 1600, "is_included": true },
    });
    till.world.put("/v1/billing").by(&till.admin).seen(0).send(rules).await.ok();
    till
}

impl Till {
    async fn hold(&self) -> String {
        let ask = self.world.post("/v1/holds").by(&self.practice.patient_token);
        let mut wish = self.practice.booking(NEXT_WEEK);
        wish["reason"] = json!("Canarycough");
        let hold = ask.send(wish).await.ok();
        hold["id"].as_str().unwrap().to_owned()
    }

    async fn pay(&self, visit: &str, body: Value) -> Reply {
        let path = format!("/v1/appointments/{visit}/payments");
        self.world.post(&path).by(&self.practice.patient_token).send(body).await
    }

    async fn payment(&self, id: &Value) -> Value {
        let path = format!("/v1/payments/{}", id.as_str().unwrap());
        self.world.get(&path).by(&self.practice.desk).reply().await.ok()
    }

    async fn visit(&self, id: &str) -> Value {
        let path = format!("/v1/appointments/{id}");
        self.world.get(&path).by(&self.practice.desk).reply().await.ok()
    }

    pub async fn step(&self, visit: &str, verb: &str, by: &str) -> Value {
        self.world.post(&format!("/v1/appointments/{visit}/{verb}")).by(by).reply().await.ok()
    }

    pub async fn invoices(&self) -> Vec<Value> {
        let list = self.world.get("/v1/invoices").by(&self.practice.patient_token).reply().await;
        list.ok()["items"].as_array().unwrap().clone()
    }

    async fn refunds(&self, payment: &Value) -> Vec<Value> {
        let path = format!("/v1/payments/{}/refunds", payment.as_str().unwrap());
        let list = self.world.get(&path).by(&self.admin).reply().await;
        list.ok()["items"].as_array().unwrap().clone()
    }

    async fn differences(&self) -> Vec<String> {
        let root = self.world.member(Role::PlatformAdmin, None);
        self.world.post("/v1/reconciliation").by(&root).reply().await.ok();
        let list = self.world.get("/v1/reconciliation").by(&root).reply().await.ok();
        let kinds = list["items"].as_array().unwrap().iter();
        kinds.map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
    }

    pub async fn earnings(&self, by: &str) -> Value {
        let path = "/v1/earnings?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z";
        self.world.get(path).by(by).reply().await.ok()["items"].clone()
    }

    /// A provider's word, at the path of an address.
    async fn post(&self, url: &str, body: &Value) -> u16 {
        let path = url.strip_prefix("https://clinic.example").unwrap();
        let ask = self.world.post(path).with("content-type", "application/json");
        ask.raw(body.to_string()).await.status.as_u16()
    }

    pub async fn later(&self, seconds: u64) {
        self.world.clock.advance(Duration::from_secs(seconds));
        self.world.work().await;
    }

    /// Stripe's word, signed with a secret so many seconds ago.
    async fn stripe_says(&self, event: &Value, secret: &str, age_s: i64) -> u16 {
        let body = event.to_string();
        let at = self.world.clock.now().as_second() - age_s;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{at}.{body}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = format!("t={at},v1={},v1={hex},v0=00", "0".repeat(64));
        let ask = self.world.post("/v1/hooks/stripe").with("stripe-signature", &signature);
        ask.raw(body).await.status.as_u16()
    }

    fn count(&self, method: Method, why: Deaf) -> u64 {
        let counts = self.world.api.gateways.refused.counts();
        counts.into_iter().find(|(one, reason, _)| *one == method && *reason == why).unwrap().2
    }
}

fn event(id: &str, kind: &str, intent: &str) -> Value {
    json!({ "id": id, "object": "event", "type": kind, "data": { "object": {
        "id": intent, "object": "payment_intent", "status": "succeeded", "amount_received": 1 } } })
}

fn mpesa() -> Value {
    json!({ "method": "mpesa", "telephone": "0712 345 678" })
}

async fn a_held_time_is_booked_by_paying_for_it_with_mpesa(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    let (world, practice) = (&till.world, &till.practice);
    let at_once = world.post("/v1/appointments").by(&practice.patient_token).once("a");
    let at_once = at_once.send(practice.booking(NEXT_WEEK)).await;
    assert_eq!(at_once.problem(), (402, "payment-needed"));
    let visit = till.hold().await;
    let wrong = till.pay(&visit, json!({ "method": "mpesa", "telephone": "12" })).await;
    assert_eq!(wrong.problem(), (422, "invalid"));
    let paying = till.pay(&visit, mpesa()).await.ok();
    assert_eq!(
        (&paying["state"], &paying["action"]["kind"]),
        (&json!("requires_action"), &json!("telephone"))
    );
    // The time is kept for who pays.
    assert_eq!(till.visit(&visit).await["expires_at"], "2026-03-02T06:15:00Z");
    // A second prompt is not sent beside the first.
    assert_eq!(till.pay(&visit, mpesa()).await.problem(), (409, "exists"));
    let push = till.daraja.asked("stkpush/v1")[0].json();
    assert_eq!((&push["Amount"], &push["PartyA"]), (&json!(2500), &json!("254712345678")));
    // A forged word: to an address that nobody knows, and with a good one before the payer decided.
    let (url, callback) = till.daraja.with(|daraja| daraja.decide(0));
    till.daraja.with(|daraja| daraja.pushes[0].result = None);
    let forged =
        url.rsplit_once('/').unwrap().0.to_owned() + "/0000000000000000000000000000000000000000";
    assert_eq!(till.post(&forged, &callback).await, 404);
    assert_eq!(till.count(Method::Mpesa, Deaf::Address), 1);
    assert_eq!(till.post(&url, &callback).await, 200);
    world.work().await;
    assert_eq!(
        till.payment(&paying["id"]).await["state"],
        "requires_action",
        "only a query moves money"
    );
    assert_eq!(till.visit(&visit).await["state"], "held");
    // Now it is so; and the word comes again, twice.
    till.daraja.with(|daraja| daraja.decide(0));
    assert_eq!(till.post(&url, &callback).await, 200);
    assert_eq!(till.post(&url, &callback).await, 200);
    till.later(60).await;
    let paid = till.payment(&paying["id"]).await;
    assert_eq!((&paid["state"], &paid["captured_minor"]), (&json!("captured"), &json!(250_000)));
    assert_eq!(paid["receipt"], "NLJ7RT61S1");
    assert_eq!(till.visit(&visit).await["state"], "booked");
    // Booking what is paid is no mistake of the client's.
    let again = world.post("/v1/appointments").by(&practice.patient_token).once("b");
    assert_eq!(again.send(json!({ "hold_id": visit })).await.ok()["state"], "booked");
    let [invoice] = &till.invoices().await[..] else { panic!("one invoice") };
    assert_eq!((&invoice["number"], &invoice["state"]), (&json!("MW-000001"), &json!("issued")));
    assert_eq!(
        (&invoice["lines"][0]["net_minor"], &invoice["total_minor"]),
        (&json!(215_517), &json!(250_000))
    );
    let path = format!("/v1/invoices/{}/pdf", invoice["id"].as_str().unwrap());
    let paper = world.get(&path).by(&practice.patient_token).bytes().await;
    assert_eq!(
        (paper.status.as_u16(), &paper.headers["content-type"].to_str().unwrap()),
        (200, &"application/pdf")
    );
    assert!(paper.bytes.starts_with(b"%PDF-1."));
    // 70 % of the net.
    assert_eq!(till.earnings(&practice.practitioner_token).await[0]["earned_minor"], 150_862);
    pays_the_practitioner(&till).await;
    assert_eq!(till.earnings(&practice.practitioner_token).await[0]["earned_minor"], 150_862);
    assert!(till.differences().await.is_empty());
    assert!(matches!(world.api.verify_audits().await, Ok(Ok(_))));
    // Nobody's name, nor telephone, is where it need not be.
    assert!(
        !till.daraja.everything().contains("Mwangaza")
            && !till.daraja.everything().contains("Demo")
    );
    for file in world.files() {
        assert!(!contains(&file, b"254712345678") && !contains(&file, b"0712 345 678"));
        assert!(!contains(&file, fakes::STRIPE_KEY.as_bytes()) && !contains(&file, b"the-passkey"));
    }
}

/// 1,508.62 are owed: paid in two transfers, never more, and a request that is sent twice is one transfer.
async fn pays_the_practitioner(till: &Till) {
    let (world, own) = (&till.world, &till.practice.practitioner_token);
    let due = async || world.get("/v1/payouts/due").by(own).reply().await.ok()["items"].clone();
    let transfer = |minor: i64, currency: &str, reference: &str| {
        json!({ "practitioner": till.practice.practitioner.as_str(), "reference": reference,
            "amount": { "minor": minor, "currency": currency } })
    };
    let pay = async |key: &str, by: &str, body: Value| {
        world.post("/v1/payouts").by(by).once(key).send(body).await
    };
    assert_eq!(due().await[0]["amount"], json!({ "minor": 150_862, "currency": "KES" }));
    let too_much = pay("p1", &till.admin, transfer(150_863, "KES", "FT-1")).await;
    assert_eq!(too_much.problem(), (409, "not-possible"));
    let other = pay("p2", &till.admin, transfer(1, "USD", "FT-1")).await;
    assert_eq!(other.problem(), (409, "not-possible"));
    let formula = pay("p3", &till.admin, transfer(1, "KES", "=1+1")).await;
    assert_eq!(formula.problem(), (422, "invalid"));
    for minor in [0, -1, i64::MIN] {
        let nothing = pay("p4", &till.admin, transfer(minor, "KES", "FT-1")).await;
        assert_eq!(nothing.problem(), (422, "invalid"), "{minor}");
    }
    let to_oneself = pay("p5", own, transfer(1, "KES", "FT-1")).await;
    assert_eq!(to_oneself.problem().0, 403);
    let made = pay("p6", &till.admin, transfer(100_000, "KES", "FT-1")).await;
    assert_eq!(made.status, 201);
    let again = pay("p6", &till.admin, transfer(100_000, "KES", "FT-1")).await.ok();
    assert_eq!(again["id"], made.body["id"]);
    assert_eq!(due().await[0]["amount"]["minor"], 50_862);
    pay("p7", &till.admin, transfer(50_862, "KES", "FT-2")).await.ok();
    assert_eq!(due().await, json!([]));
    let list = world.get("/v1/payouts").by(own).reply().await.ok();
    let references = list["items"].as_array().unwrap().iter().map(|one| &one["reference"]);
    assert_eq!(references.collect::<Vec<_>>(), ["FT-2", "FT-1"]);
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

async fn a_push_whose_answer_was_lost_is_found_and_never_sent_again(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    let visit = till.hold().await;
    till.daraja.next("stkpush/v1", Fate::LostAfter);
    let paying = till.pay(&visit, mpesa()).await.ok();
    assert_eq!(paying["state"], "unknown");
    assert_eq!(till.pay(&visit, mpesa()).await.problem(), (409, "exists"));
    // The payer has agreed; no word comes, and the list lags.
    till.daraja.with(|daraja| {
        daraja.decide(0);
        daraja.list_lags = true;
    });
    till.later(70).await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "unknown");
    till.daraja.with(|daraja| daraja.list_lags = false);
    till.later(70).await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "captured");
    assert_eq!(till.visit(&visit).await["state"], "booked");
    assert_eq!(till.daraja.asked("stkpush/v1").len(), 1);
    assert!(till.differences().await.is_empty());
}

async fn a_push_that_never_arrived_is_given_up_and_may_be_tried_again(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    let visit = till.hold().await;
    till.daraja.next("stkpush/v1", Fate::LostBefore);
    let lost = till.pay(&visit, mpesa()).await.ok();
    for _ in 0..11 {
        till.later(61).await;
    }
    let lost = till.payment(&lost["id"]).await;
    assert_eq!((&lost["state"], &lost["reason"]), (&json!("failed"), &json!("never_arrived")));
    // Somebody else fetched a token meanwhile.
    till.daraja.with(fakes::Daraja::end_tokens);
    let paying = till.pay(&visit, mpesa()).await.ok();
    assert_eq!(paying["state"], "requires_action");
    // The payer says no; the next prompt waits two minutes, as M-Pesa asks.
    let (url, callback) = till.daraja.with(|daraja| daraja.decide(1032));
    assert_eq!(till.post(&url, &callback).await, 200);
    till.later(1).await;
    let failed = till.payment(&paying["id"]).await;
    assert_eq!((&failed["state"], &failed["reason"]), (&json!("failed"), &json!("1032")));
    assert_eq!(till.pay(&visit, mpesa()).await.problem(), (429, "too-often"));
}

async fn words_that_do_not_fit_move_nothing_and_are_listed(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    let visit = till.hold().await;
    let paying = till.pay(&visit, mpesa()).await.ok();
    let (url, mut callback) = till.daraja.with(|daraja| daraja.decide(0));
    till.daraja.with(|daraja| daraja.pushes[0].result = None);
    callback["Body"]["stkCallback"]["CallbackMetadata"]["Item"][0]["Value"] = json!(1.0);
    assert_eq!(till.post(&url, &callback).await, 200);
    callback["Body"]["stkCallback"]["CheckoutRequestID"] = json!("ws_CO_of_another_clinic");
    assert_eq!(till.post(&url, &callback).await, 200);
    assert_eq!(till.post(&url, &json!({ "Body": 1 })).await, 404);
    till.world.work().await;
    let same = till.payment(&paying["id"]).await;
    assert_eq!((&same["state"], &same["receipt"]), (&json!("requires_action"), &Value::Null));
    let list = till.world.get("/v1/reconciliation").by(&till.admin).reply().await.ok();
    let kinds: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, [&json!("other_amount"), &json!("other_payment")]);
    // Stripe's object says another amount, another currency.
    let elsewhere = till.world.practice("UTC", (8, 18)).await;
    let theirs = till.world.get("/v1/reconciliation").by(&elsewhere.admin).reply().await.ok();
    assert_eq!(theirs["items"], json!([]), "another clinic's are not theirs to see");
}

async fn authorised_lost_captured_refunded_disputed(world: World) {
    let till = till(world, PayPolicy::AuthorizeThenCapture, |_| ()).await;
    // Within the week for which a card stays reserved.
    let ask = till.world.post("/v1/holds").by(&till.practice.patient_token);
    let hold = ask.send(till.practice.booking("2026-03-03T09:00:00Z")).await.ok();
    let visit = hold["id"].as_str().unwrap();
    // The answer is lost, and the repetition is the same.
    till.stripe.next("payment_intents", Fate::LostAfter);
    let paying = till.pay(visit, json!({ "method": "card" })).await.ok();
    assert_eq!(paying["state"], "created");
    till.later(70).await;
    let intent = till.stripe.with(|stripe| stripe.only());
    let refresh = format!("/v1/payments/{}/refresh", paying["id"].as_str().unwrap());
    let secret = till.world.post(&refresh).by(&till.practice.patient_token).reply().await.ok();
    assert_eq!(secret["action"]["value"], "pi_1_secret_x");
    till.stripe.with(|stripe| stripe.pay(&intent));
    // The event never comes; it is looked at all the same.
    till.later(120).await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "authorized");
    assert_eq!(till.visit(visit).await["state"], "booked");
    assert!(till.invoices().await.iter().all(|one| one["state"] == "draft"), "nothing is owed yet");
    // The visit happens.
    let start: Timestamp = "2026-03-03T09:00:00Z".parse().unwrap();
    let until = start.duration_since(till.world.clock.now()).unsigned_abs();
    till.world.clock.advance(until);
    till.step(visit, "check-in", &till.practice.desk).await;
    till.step(visit, "start", &till.practice.practitioner_token).await;
    till.step(visit, "finish", &till.practice.practitioner_token).await;
    till.world.work().await;
    let paid = till.payment(&paying["id"]).await;
    assert_eq!((&paid["state"], &paid["captured_minor"]), (&json!("captured"), &json!(250_000)));
    assert_eq!(till.invoices().await[0]["number"], "MW-000001");
    // Part of it goes back; more than there is does not.
    let path = format!("/v1/payments/{}/refunds", paying["id"].as_str().unwrap());
    let refund = async |minor: i64, key: &str| {
        let body = json!({ "amount_minor": minor, "reason": "requested_by_customer" });
        till.world.post(&path).by(&till.admin).once(key).send(body).await
    };
    assert_eq!(
        till.world
            .post(&path)
            .by(&till.practice.admin)
            .send(json!({ "reason": "mistake" }))
            .await
            .problem(),
        (403, "step-up")
    );
    till.stripe.next("/v1/refunds", Fate::LostAfter);
    let lost = refund(50_000, "r").await.ok();
    assert_eq!(refund(50_000, "r").await.ok()["id"], lost["id"], "the same request");
    assert_eq!(refund(200_001, "s").await.problem(), (409, "not-possible"));
    till.later(200).await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "part_refunded");
    assert_eq!(till.stripe.with(|stripe| stripe.refunds.len()), 1);
    // The bank takes the rest.
    till.stripe.with(|stripe| {
        stripe.intents.get_mut(&intent).unwrap()["latest_charge"]["disputed"] = json!(true);
        stripe.disputes.push(json!({ "id": "dp_1", "status": "needs_response" }));
    });
    let word = json!({ "id": "evt_d", "type": "charge.dispute.created", "data": { "object": {
        "id": "dp_1", "object": "dispute", "payment_intent": intent } } });
    assert_eq!(till.stripe_says(&word, fakes::STRIPE_SECRET, 0).await, 204);
    till.world.work().await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "disputed");
    let one = &till.earnings(&till.practice.admin).await[0];
    assert_eq!(one["received_minor"], 0);
    till.stripe.with(|stripe| stripe.disputes[0]["status"] = json!("won"));
    let word = json!({ "id": "evt_w", "type": "charge.dispute.closed", "data": { "object": {
        "id": "dp_1", "object": "dispute", "payment_intent": intent } } });
    assert_eq!(till.stripe_says(&word, fakes::STRIPE_SECRET, 0).await, 204);
    till.world.work().await;
    assert_eq!(till.earnings(&till.practice.admin).await[0]["received_minor"], 200_000);
    assert!(till.world.api.verify_audits().await.unwrap().is_ok());
}

async fn stripes_word_counts_once_signed_lately_and_by_either_secret(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    let visit = till.hold().await;
    let paying = till.pay(&visit, json!({ "method": "card" })).await.ok();
    let intent = till.stripe.with(|stripe| stripe.only());
    let word = event("evt_1", "payment_intent.succeeded", &intent);
    assert_eq!(till.stripe_says(&word, "whsec_wrong", 0).await, 404);
    assert_eq!(till.stripe_says(&word, fakes::STRIPE_SECRET, 301).await, 404);
    assert_eq!(till.stripe_says(&word, fakes::STRIPE_SECRET, -301).await, 404);
    let none = till.world.post("/v1/hooks/stripe").raw(word.to_string()).await;
    assert_eq!(none.status.as_u16(), 404);
    assert_eq!(till.count(Method::Card, Deaf::Signature), 2);
    assert_eq!(till.count(Method::Card, Deaf::Stale), 2);
    // Signed, and before the customer has paid: the word alone moves nothing.
    assert_eq!(till.stripe_says(&word, "whsec_old", 299).await, 204);
    till.world.work().await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "requires_action");
    till.stripe.with(|stripe| stripe.pay(&intent));
    // The same again is not worked on again; another is, whatever its kind and order.
    let reads = || till.stripe.asked(&format!("/v1/payment_intents/{intent}")).len();
    let before = reads();
    assert_eq!(till.stripe_says(&word, fakes::STRIPE_SECRET, 0).await, 204);
    till.world.work().await;
    assert_eq!(reads(), before);
    let old = event("evt_0", "payment_intent.created", &intent);
    assert_eq!(till.stripe_says(&old, fakes::STRIPE_SECRET, 0).await, 204);
    till.world.work().await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "captured");
    // Of another's payment, and of none.
    for (id, about) in [("evt_2", "pi_elsewhere"), ("evt_3", "")] {
        let word = event(id, "payment_intent.succeeded", about);
        assert_eq!(till.stripe_says(&word, fakes::STRIPE_SECRET, 0).await, 204);
    }
    till.world.work().await;
    assert_eq!(till.payment(&paying["id"]).await["captured_minor"], 250_000);
}

async fn a_paid_visit_called_off_late_keeps_the_fee_and_gives_back_the_rest(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    let visit = till.hold().await;
    let paying = till.pay(&visit, json!({ "method": "card" })).await.ok();
    let intent = till.stripe.with(|stripe| stripe.only());
    till.stripe.with(|stripe| stripe.pay(&intent));
    till.later(30).await;
    // An hour before: two would have been free.
    let until = NEXT_WEEK.parse::<Timestamp>().unwrap().duration_since(till.world.clock.now());
    till.world.clock.advance(until.unsigned_abs() - Duration::from_secs(3600));
    till.step(&visit, "cancel", &till.practice.patient_token).await;
    till.world.work().await;
    let paid = till.payment(&paying["id"]).await;
    assert_eq!(
        (&paid["state"], &paid["refunded_minor"]),
        (&json!("part_refunded"), &json!(200_000))
    );
    let [credit, invoice] = &till.invoices().await[..] else { panic!("two documents") };
    assert_eq!(
        (&credit["number"], &credit["total_minor"]),
        (&json!("MW-C000001"), &json!(200_000))
    );
    assert_eq!(credit["of"], invoice["id"]);
    let lines = credit["lines"].as_array().unwrap();
    assert_eq!((&lines[0]["kind"], &lines[1]["kind"]), (&json!("visit"), &json!("cancel_fee")));
    let rule = format!("{}@1", till.practice.service);
    assert_eq!(lines[1]["rule"], rule, "by which rule, in which revision");
    assert!(till.differences().await.is_empty());
    // The clinic lets the patient off.
    let path = format!("/v1/appointments/{visit}/waive-fee");
    assert_eq!(
        till.world.post(&path).by(&till.practice.desk).reply().await.problem(),
        (403, "forbidden")
    );
    till.world.post(&path).by(&till.admin).reply().await.ok();
    till.world.work().await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "refunded");
    assert_eq!(till.earnings(&till.practice.admin).await[0]["earned_minor"], 0);
    assert_eq!(till.earnings(&till.practice.admin).await[0]["billed_minor"], 0);
    assert!(till.differences().await.is_empty());
}

async fn money_for_a_time_that_was_given_up_goes_back(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    let visit = till.hold().await;
    let paying = till.pay(&visit, mpesa()).await.ok();
    let release = till.world.ask("DELETE", &format!("/v1/holds/{visit}"));
    release.by(&till.practice.patient_token).reply().await.ok();
    till.world.work().await;
    // The payer agrees all the same: a prompt cannot be called back.
    till.daraja.with(|daraja| daraja.decide(0));
    till.later(120).await;
    let paid = till.payment(&paying["id"]).await;
    assert_eq!(paid["state"], "captured");
    let [refund] = &till.refunds(&paying["id"]).await[..] else { panic!("one refund") };
    assert_eq!(refund["state"], "submitted");
    let body = till.daraja.with(|daraja| daraja.reversals[0].clone());
    assert_eq!((&body["TransactionID"], &body["Amount"]), (&json!("NLJ7RT61S1"), &json!(2500)));
    let result = json!({ "Result": { "ResultType": 0, "ResultCode": 0, "ResultDesc": "x",
        "ConversationID": "AG_1", "OriginatorConversationID": "o", "TransactionID": "X1" } });
    let url = body["ResultURL"].as_str().unwrap();
    assert_eq!(till.post(url, &result).await, 200);
    assert_eq!(till.post(url, &result).await, 200);
    till.world.work().await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "refunded");
    assert!(till.differences().await.is_empty());
}

async fn paypal_is_confirmed_when_the_customer_agreed(world: World) {
    let dollars = |terms: &mut ServiceTerms| {
        terms.price = Money { minor: 4050, currency: "USD".parse().unwrap() };
    };
    let till = till(world, PayPolicy::PayAtBooking, dollars).await;
    let visit = till.hold().await;
    assert_eq!(till.pay(&visit, mpesa()).await.problem(), (422, "invalid"), "shillings only");
    let paying = till.pay(&visit, json!({ "method": "paypal" })).await.ok();
    assert_eq!(
        paying["action"],
        json!({ "kind": "redirect", "value": "https://paypal.example/ORDER1" })
    );
    let asked = &till.paypal.asked("/v2/checkout/orders")[0].json();
    assert_eq!(
        asked["purchase_units"][0]["amount"],
        json!({ "currency_code": "USD", "value": "40.50" })
    );
    let order = till.paypal.with(|paypal| paypal.only());
    till.paypal.with(|paypal| {
        paypal.approve(&order);
        paypal.declines = true;
        paypal.end_tokens();
    });
    let word = json!({ "id": "WH-EV-1", "event_type": "CHECKOUT.ORDER.APPROVED",
        "resource": { "id": order, "custom_id": paying["id"] } });
    assert_eq!(till.paypal_says(&word, "forged").await, 404);
    assert_eq!(till.count(Method::Paypal, Deaf::Signature), 1);
    let signature = fakes::paypal_signature(&word.to_string());
    assert_eq!(till.paypal_says(&word, &signature).await, 204);
    till.world.work().await;
    assert_eq!(till.payment(&paying["id"]).await["state"], "requires_action", "the bank declined");
    till.paypal.with(|paypal| paypal.approve(&order));
    till.later(120).await;
    let paid = till.payment(&paying["id"]).await;
    assert_eq!((&paid["state"], &paid["captured_minor"]), (&json!("captured"), &json!(4050)));
    assert_eq!(till.visit(&visit).await["state"], "booked");
    let path = format!("/v1/payments/{}/refunds", paying["id"].as_str().unwrap());
    let refund = till.world.post(&path).by(&till.admin).send(json!({ "reason": "mistake" })).await;
    assert_eq!(refund.ok()["state"], "succeeded");
    assert_eq!(till.payment(&paying["id"]).await["state"], "refunded");
}

impl Till {
    async fn paypal_says(&self, event: &Value, signature: &str) -> u16 {
        let ask = self
            .world
            .post("/v1/hooks/paypal")
            .with("paypal-auth-algo", "SHA256withRSA")
            .with("paypal-cert-url", "https://api.paypal.com/cert")
            .with("paypal-transmission-id", "t-1")
            .with("paypal-transmission-sig", signature)
            .with("paypal-transmission-time", &self.world.clock.now().to_string());
        ask.raw(event.to_string()).await.status.as_u16()
    }
}

async fn the_desk_takes_cash_and_gives_it_back_by_hand(world: World) {
    let till = till(world, PayPolicy::PayAfter, |_| ()).await;
    let ask = till.world.post("/v1/appointments").by(&till.practice.patient_token).once("k");
    let booked = ask.send(till.practice.booking(NEXT_WEEK)).await.ok();
    let visit = booked["id"].as_str().unwrap();
    let path = format!("/v1/appointments/{visit}/desk-payments");
    let take = async |by: &str| {
        till.world.post(&path).by(by).once("cash").send(json!({ "method": "cash" })).await
    };
    assert_eq!(take(&till.practice.patient_token).await.problem(), (403, "forbidden"));
    let paid = take(&till.practice.desk).await.ok();
    assert_eq!(paid["state"], "captured");
    assert_eq!(take(&till.practice.desk).await.ok()["id"], paid["id"], "the same request");
    assert_eq!(till.pay(visit, mpesa()).await.problem(), (409, "not-possible"), "nothing is owed");
    till.step(visit, "cancel", &till.practice.desk).await;
    till.world.work().await;
    let [refund] = &till.refunds(&paid["id"]).await[..] else { panic!("one refund") };
    assert_eq!((&refund["state"], &refund["amount"]["minor"]), (&json!("manual"), &json!(250_000)));
    assert_eq!(till.differences().await, ["refund_waits"]);
    let path = format!("/v1/refunds/{}/resolve", refund["id"].as_str().unwrap());
    let resolve = async |state: &str| {
        till.world.post(&path).by(&till.admin).send(json!({ "state": state })).await
    };
    assert_eq!(resolve("requested").await.problem(), (409, "not-possible"));
    assert_eq!(resolve("succeeded").await.ok()["state"], "succeeded");
    assert_eq!(resolve("waived").await.problem(), (409, "not-possible"));
    assert_eq!(till.payment(&paid["id"]).await["state"], "refunded");
    till.world.clock.advance(Duration::from_secs(1));
    assert!(till.differences().await.is_empty());
}

async fn a_visit_that_is_paid_after_is_billed_when_it_is_over(world: World) {
    let till = till(world, PayPolicy::PayAfter, |_| ()).await;
    for (number, hour) in ["09", "10", "11"].into_iter().enumerate() {
        let start = format!("2026-03-02T{hour}:00:00Z");
        let ask = till.world.post("/v1/appointments").by(&till.practice.patient_token).once(&start);
        let booked = ask.send(till.practice.booking(&start)).await.ok();
        let visit = booked["id"].as_str().unwrap();
        let until = start.parse::<Timestamp>().unwrap().duration_since(till.world.clock.now());
        till.world.clock.advance(until.unsigned_abs() + Duration::from_secs(960));
        // The second one is not there.
        if number == 1 {
            till.step(visit, "no-show", &till.practice.desk).await;
        } else {
            till.step(visit, "check-in", &till.practice.desk).await;
            till.step(visit, "start", &till.practice.practitioner_token).await;
            till.step(visit, "finish", &till.practice.practitioner_token).await;
        }
        till.world.work().await;
    }
    let all = till.invoices().await;
    let shown: Vec<_> = all
        .iter()
        .map(|one| (one["number"].as_str().unwrap(), one["total_minor"].as_i64().unwrap()))
        .collect();
    assert_eq!(shown, [("MW-000003", 250_000), ("MW-000002", 100_000), ("MW-000001", 250_000)]);
    assert_eq!(all[1]["lines"][0]["kind"], "no_show_fee");
    let one = &till.earnings(&till.practice.admin).await[0];
    assert_eq!((&one["received_minor"], &one["earned_minor"]), (&json!(0), &json!(0)));
    let csv = till.world.get("/v1/earnings.csv?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z");
    let csv = csv.by(&till.practice.practitioner_token).reply().await;
    assert!(csv.body.as_str().unwrap().contains(",KES,"), "{:?}", csv.body);
}

async fn money_that_nobody_asked_for_is_listed(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    till.stripe.with(|stripe| {
        for number in 0..25 {
            let id = format!("pi_x{number:02}");
            let intent = json!({ "id": id, "object": "payment_intent", "amount": 100, "currency": "kes",
                "amount_received": if number == 24 { 100 } else { 0 }, "metadata": {} });
            stripe.intents.insert(id, intent);
        }
    });
    assert_eq!(till.differences().await, ["missing_here"], "on the last page of the list");
    till.stripe.with(|stripe| stripe.intents.clear());
    till.later(3700).await;
    assert!(till.differences().await.is_empty(), "it is not listed for ever");
    // A list that cannot be read clears nothing.
    till.stripe.next("/v1/payment_intents", Fate::Status(500));
    assert!(till.differences().await.is_empty());
}

/// Statements past the program.
pub async fn sql(world: &World, text: &'static str) -> Result<(), String> {
    let done = match &world.location {
        Location::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query(text).execute(&mut db).await.map(drop)
        }
        Location::Postgres(options) => {
            let mut db = sqlx::PgConnection::connect_with(options).await.unwrap();
            let scope = "SELECT set_config('bedside.clinic', '*', false)";
            sqlx::query(scope).execute(&mut db).await.unwrap();
            sqlx::query(text).execute(&mut db).await.map(drop)
        }
    };
    done.map_err(|error| error.to_string())
}

async fn the_database_refuses_to_undo_money(world: World) {
    let till = till(world, PayPolicy::PayAfter, |_| ()).await;
    let ask = till.world.post("/v1/appointments").by(&till.practice.patient_token).once("k");
    let booked = ask.send(till.practice.booking(NEXT_WEEK)).await.ok();
    let path = format!("/v1/appointments/{}/desk-payments", booked["id"].as_str().unwrap());
    till.world.post(&path).by(&till.practice.desk).send(json!({ "method": "cash" })).await.ok();
    for (text, why) in [
        ("UPDATE ledger SET minor = 1", "ledger_is_final"),
        ("DELETE FROM ledger", "ledger_is_final"),
        ("INSERT INTO ledger SELECT 'x', 1, clinic_id, debit, credit, 0, currency, appointment_id, practitioner_id,
            service_id, payment_id, at_ms FROM ledger LIMIT 1", "check"),
        ("INSERT INTO ledger SELECT 'x', 1, clinic_id, debit, debit, 5, currency, appointment_id, practitioner_id,
            service_id, payment_id, at_ms FROM ledger LIMIT 1", "check"),
        ("INSERT INTO ledger SELECT * FROM ledger LIMIT 1", "ledger"),
        ("UPDATE invoice SET issued_ms = 1", "issued_is_final"),
        ("DELETE FROM invoice_line", "issued_is_final"),
        ("UPDATE invoice_line SET net_minor = 1", "issued_is_final"),
        ("INSERT INTO invoice_line SELECT invoice_id, 9, clinic_id, kind, 1, 0, rule FROM invoice_line LIMIT 1", "issued_is_final"),
        ("UPDATE payment SET captured_minor = 0, claimed_minor = 0", "payment_only_grows"),
        ("UPDATE payment SET captured_minor = captured_minor + 1", "check"),
        ("UPDATE payment SET claimed_minor = captured_minor + 1", "check"),
    ] {
        let refused = sql(&till.world, text).await.expect_err(text);
        assert!(refused.to_lowercase().contains(why), "{text}: {refused}");
    }
}

async fn a_crash_anywhere_loses_no_payment_and_takes_none_twice(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |terms| terms.step_min = 30).await;
    let mut visits = Vec::new();
    for waits in 0..40_usize {
        let minutes = i64::try_from(waits).unwrap();
        let start = "2026-03-09T08:00:00Z".parse::<Timestamp>().unwrap()
            + Duration::from_secs(
                u64::try_from(minutes / 18 * 86_400 + minutes % 18 * 1800).unwrap(),
            );
        let hold = held(&till, &start.to_string()).await;
        let visit = hold["id"].as_str().unwrap().to_owned();
        let paying = till.pay(&visit, json!({ "method": "card" })).await.ok();
        till.stripe.with(|stripe| {
            let ours = |(_, one): &(&String, &Value)| one["metadata"]["payment"] == paying["id"];
            let intent = stripe.intents.iter().find(ours).unwrap().0.clone();
            stripe.pay(&intent);
        });
        till.world.clock.advance(Duration::from_secs(20));
        super::crashes::killed_at(&till.world, waits).await;
        till.world.clock.advance(Duration::from_secs(61));
        super::crashes::recovered(&till.world).await;
        visits.push((visit, paying["id"].clone()));
    }
    for (visit, payment) in &visits {
        assert_eq!(till.visit(visit).await["state"], "booked");
        assert_eq!(till.payment(payment).await["captured_minor"], 250_000);
    }
    assert_eq!(till.stripe.with(|stripe| stripe.intents.len()), visits.len());
    let received = &till.earnings(&till.practice.admin).await[0]["received_minor"];
    assert_eq!(received.as_i64().unwrap(), 250_000 * i64::try_from(visits.len()).unwrap());
    assert!(till.differences().await.is_empty());
}

/// Holds a time. A killed worker's connections may still be cleared away.
async fn held(till: &Till, start: &str) -> Value {
    for _ in 0..20 {
        let ask = till.world.post("/v1/holds").by(&till.practice.patient_token);
        let reply = ask.send(till.practice.booking(start)).await;
        if reply.status != 503 {
            return reply.ok();
        }
    }
    panic!("nothing can be held")
}

async fn those_who_watch_see_how_a_payment_stands(world: World) {
    let till = till(world, PayPolicy::PayAtBooking, |_| ()).await;
    let visit = till.hold().await;
    till.pay(&visit, json!({ "method": "card" })).await.ok();
    let intent = till.stripe.with(|stripe| stripe.only());
    till.stripe.with(|stripe| stripe.pay(&intent));
    till.later(30).await;
    let topics = topics(&till.world).await;
    for topic in
        ["payment.requires_action", "payment.captured", "invoice.issued", "appointment.booked"]
    {
        assert!(topics.iter().any(|one| one == topic), "{topic}: {topics:?}");
    }
}

/// What those who watch were told.
async fn topics(world: &World) -> Vec<String> {
    use sqlx::Row as _;
    let text = "SELECT topic FROM live_event ORDER BY seq";
    match &world.location {
        Location::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            let rows = sqlx::query(text).fetch_all(&mut db).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
        Location::Postgres(options) => {
            let mut db = sqlx::PgConnection::connect_with(options).await.unwrap();
            let scope = "SELECT set_config('bedside.clinic', '*', false)";
            sqlx::query(scope).execute(&mut db).await.unwrap();
            let rows = sqlx::query(text).fetch_all(&mut db).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
    }
}

stories! {
    a_held_time_is_booked_by_paying_for_it_with_mpesa
    a_push_whose_answer_was_lost_is_found_and_never_sent_again
    a_push_that_never_arrived_is_given_up_and_may_be_tried_again
    words_that_do_not_fit_move_nothing_and_are_listed
    authorised_lost_captured_refunded_disputed
    stripes_word_counts_once_signed_lately_and_by_either_secret
    a_paid_visit_called_off_late_keeps_the_fee_and_gives_back_the_rest
    money_for_a_time_that_was_given_up_goes_back
    paypal_is_confirmed_when_the_customer_agreed
    the_desk_takes_cash_and_gives_it_back_by_hand
    a_visit_that_is_paid_after_is_billed_when_it_is_over
    money_that_nobody_asked_for_is_listed
    the_database_refuses_to_undo_money
    a_crash_anywhere_loses_no_payment_and_takes_none_twice
    those_who_watch_see_how_a_payment_stands
}
