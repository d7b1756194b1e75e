//! Insurance: who is billed, by whom patients are insured, and what becomes of the money.

use std::time::Duration;

use jiff::Timestamp;
use scheduling_api::{
    clock::Clock as _,
    domain::{
        insurance::x12::{self, BYTES_MAX},
        service::PayPolicy,
    },
};
use serde_json::{Value, json};

use crate::{
    payments::{Till, till},
    world::{Reply, World},
};

struct Office {
    till: Till,
    payer: String,
}

/// A clinic whose visits are paid by an insurer: patients pay 500.00 of 2,500.00.
async fn office(world: World) -> Office {
    let till = till(world, PayPolicy::Insurance, |_| ()).await;
    let payer = till.world.post("/v1/payers").by(&till.admin).once("payer");
    let payer = payer.send(card("SHA-01")).await.ok();
    let payer = payer["id"].as_str().unwrap().to_owned();
    Office { till, payer }
}

fn card(code: &str) -> Value {
    json!({ "name": "Social Health Authority", "code": code, "provider_number": "1234567893",
        "share": { "kind": "fixed", "amount": { "minor": 50_000, "currency": "KES" } } })
}

impl Office {
    fn world(&self) -> &World {
        &self.till.world
    }

    fn coverage(&self) -> Value {
        json!({ "patient": self.till.practice.patient, "payer": self.payer, "member_id": "MEMBER-4711",
            "plan": "Silver", "relationship": "self", "starts_on": "2026-01-01", "ends_on": "2026-12-31" })
    }

    async fn insure(&self, key: &str, body: Value) -> Reply {
        self.world()
            .post("/v1/coverages")
            .by(&self.till.practice.patient_token)
            .once(key)
            .send(body)
            .await
    }
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

async fn a_coverage_is_written_down_by_its_patient_and_seen_by_the_desk(world: World) {
    let office = office(world).await;
    let (world, practice) = (office.world(), &office.till.practice);
    let (ann, desk) = (&practice.patient_token, &practice.desk);
    let twice =
        world.post("/v1/payers").by(&office.till.admin).once("p2").send(card("SHA-01")).await;
    assert_eq!(twice.problem(), (409, "exists"));
    let good = office.coverage();
    let made = office.insure("c1", good.clone()).await;
    assert_eq!((made.status.as_u16(), &made.body["member_id"]), (201, &json!("MEMBER-4711")));
    let id = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(office.insure("c1", good.clone()).await.ok()["id"], json!(id), "the same request");
    for (key, bad, status) in [
        ("b1", with(good.clone(), "member_id", json!("4711*~")), 422),
        ("b2", with(good.clone(), "ends_on", json!("2025-01-01")), 422),
        ("b3", with(good.clone(), "relationship", json!("child")), 422),
        ("b4", with(good.clone(), "document", json!("doc_01932f3e5a7c7d2e8f3a000000000001")), 422),
        ("b5", with(good.clone(), "payer", json!("pyr_01932f3e5a7c7d2e8f3a000000000001")), 422),
        ("b6", with(good.clone(), "memberid", json!("x")), 400),
    ] {
        assert_eq!(office.insure(key, bad).await.status.as_u16(), status, "{key}");
    }
    let list = world.get("/v1/coverages").by(desk).reply().await.ok();
    assert_eq!(list["items"][0]["id"], json!(id));
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let path = format!("/v1/coverages/{id}");
    let mut ended = with(good, "active", json!(false));
    ended.as_object_mut().unwrap().retain(|field, _| field != "patient" && field != "payer");
    let stale = world.put(&path).by(desk).seen(7).send(ended.clone()).await;
    assert_eq!(stale.status.as_u16(), 412);
    let ended = world.put(&path).by(desk).seen(1).send(ended).await.ok();
    assert_eq!((&ended["active"], &ended["rev"]), (&json!(false), &json!(2)));
    let read = world.get(&path).by(ann).reply().await.ok();
    assert_eq!((&read["active"], &read["plan"]), (&json!(false), &json!("Silver")));
    assert_eq!(
        world.get(&path).by(&practice.practitioner_token).reply().await.status.as_u16(),
        403
    );
    // Twenty at most; the number is nowhere in the open.
    for n in 1..20 {
        office.insure(&format!("n{n}"), office.coverage()).await.ok();
    }
    assert_eq!(office.insure("n20", office.coverage()).await.problem(), (409, "not-possible"));
    for file in world.files() {
        assert!(!file.windows(11).any(|window| window == b"MEMBER-4711"));
    }
}

/// A file in which an insurer says what these claims are paid: control, status, charge, paid, adjustments.
pub fn remittance(trace: &str, paid: &str, claims: &[(&str, &str, &str, &str, &str)]) -> String {
    let mut body = format!("BPR*I*{paid}*C*ACH~TRN*1*{trace}*1999999999~CUR*PR*KES~LX*1~");
    for (control, status, charge, paid, adjustments) in claims {
        body += &format!("CLP*{control}*{status}*{charge}*{paid}**12*777~{adjustments}");
    }
    let count = body.matches('~').count() + 2;
    format!(
        "ISA*00*          *00*          *ZZ*SHA-01         *ZZ*1234567893     *260310*0900*^*00501*000000007*0*P*:~\
         GS*HP*SHA-01*1234567893*20260310*0900*7*X*005010X221A1~ST*835*0001~{body}SE*{count}*0001~GE*1*7~IEA*1*000000007~"
    )
}

/// The codes of a visit of 2,500.00.
pub fn codes() -> Value {
    json!({ "diagnoses": ["J06.9"],
        "procedures": [{ "code": "99213", "modifiers": ["95"], "charge_minor": 250_000 }] })
}

impl Office {
    /// A visit that has been held.
    async fn held(&self, start: &str) -> String {
        let (till, practice) = (&self.till, &self.till.practice);
        let ask = till.world.post("/v1/appointments").by(&practice.patient_token).once(start);
        let booked = ask.send(practice.booking(start)).await.ok();
        let visit = booked["id"].as_str().unwrap().to_owned();
        let until = start.parse::<Timestamp>().unwrap().duration_since(till.world.clock.now());
        till.world.clock.advance(until.unsigned_abs() + Duration::from_secs(60));
        till.step(&visit, "check-in", &practice.desk).await;
        till.step(&visit, "start", &practice.practitioner_token).await;
        till.step(&visit, "finish", &practice.practitioner_token).await;
        till.world.work().await;
        visit
    }

    async fn claims(&self) -> Vec<Value> {
        let list =
            self.world().get("/v1/insurance-claims").by(&self.till.practice.desk).reply().await;
        list.ok()["items"].as_array().unwrap().clone()
    }

    async fn claim(&self) -> Value {
        let [one] = &self.claims().await[..] else { panic!("one claim") };
        one.clone()
    }

    async fn code(&self, claim: &Value, codes: Value) -> Reply {
        let path = format!("/v1/insurance-claims/{}/codes", claim["id"].as_str().unwrap());
        let rev = u32::try_from(claim["rev"].as_i64().unwrap()).unwrap();
        let ask = self.world().put(&path).by(&self.till.practice.practitioner_token);
        ask.seen(rev).send(codes).await
    }

    async fn step(&self, claim: &Value, body: Value) -> Reply {
        let path = format!("/v1/insurance-claims/{}/steps", claim["id"].as_str().unwrap());
        self.world().post(&path).by(&self.till.practice.desk).send(body).await
    }

    async fn close(&self, claim: &Value, by: &str) -> Reply {
        let path = format!("/v1/insurance-claims/{}/close", claim["id"].as_str().unwrap());
        self.world().post(&path).by(by).reply().await
    }

    /// A while later, so that documents have an order.
    async fn remit(&self, file: String) -> Reply {
        self.world().clock.advance(Duration::from_secs(60));
        let path = format!("/v1/payers/{}/remittances", self.payer);
        let ask = self.world().post(&path).by(&self.till.admin);
        ask.with("content-type", "application/edi-x12").raw(file).await
    }

    /// What is on the patient's documents: kind, total and rule of the first line.
    async fn billed(&self) -> Vec<(String, i64, String)> {
        let mut all = self.till.invoices().await;
        all.reverse();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all.iter()
            .map(|one| {
                let line = text(&one["lines"][0]["rule"]);
                (text(&one["kind"]), one["total_minor"].as_i64().unwrap(), line)
            })
            .collect()
    }

    async fn balance(&self, account: &str) -> i64 {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(CASE WHEN debit = '{account}' THEN minor ELSE 0 END), 0)
                - COALESCE(SUM(CASE WHEN credit = '{account}' THEN minor ELSE 0 END), 0) AS TEXT) FROM ledger"
        );
        self.world().raw(&sql).await[0].parse().unwrap()
    }
}

/// Everything that a file for an insurer needs: the clinic's numbers, the patient's day of birth and address.
async fn papers(office: &Office) {
    let (world, practice, admin) = (office.world(), &office.till.practice, &office.till.admin);
    let rules = json!({
        "seller": "Mwangaza Ltd", "prefix": "MW-", "practitioner_bps": 7000, "tax_number": "P051234567X",
        "tax": { "name": "VAT", "rate_bps": 1600, "is_included": true },
    });
    world.put("/v1/billing").by(admin).seen(1).send(rules).await.ok();
    let clinic =
        json!({ "name": "Mwangaza", "time_zone": "Africa/Nairobi", "phone": "+254 700 000000" });
    world
        .put(&format!("/v1/clinics/{}", practice.clinic))
        .by(admin)
        .seen(1)
        .send(clinic)
        .await
        .ok();
    let address = json!({ "street": "1 Moi Avenue", "city": "Nairobi", "postal_code": "00100" });
    let payer = with(card("SHA-01"), "address", address);
    world.put(&format!("/v1/payers/{}", office.payer)).by(admin).seen(1).send(payer).await.ok();
    let patient = json!({ "given_name": "Wanjiru", "family_name": "Canary", "language": "sw",
        "time_zone": "Africa/Nairobi", "birth_date": "1990-02-03", "gender": "female",
        "address": { "lines": ["2 Kenyatta Road"], "city": "Nairobi", "country": "KE" } });
    let ask = world.put(&format!("/v1/patients/{}", practice.patient)).by(&practice.patient_token);
    ask.seen(1).send(patient).await.ok();
}

async fn an_insured_visit_is_divided_claimed_and_paid(world: World) {
    let office = office(world).await;
    papers(&office).await;
    let (world, till, practice) = (office.world(), &office.till, &office.till.practice);
    office.insure("c", office.coverage()).await.ok();
    let visit = office.held("2026-03-02T09:00:00Z").await;
    // The patient's part is billed, the insurer's claimed; the rule has the revision that it had then.
    let rule = format!("{}@2", office.payer);
    assert_eq!(office.billed().await, [("invoice".to_owned(), 50_000, rule.clone())]);
    let drawn = office.claim().await;
    assert_eq!((&drawn["state"], &drawn["rule"]), (&json!("draft"), &json!(rule)));
    assert_eq!((&drawn["charge_minor"], &drawn["open_minor"]), (&json!(250_000), &json!(200_000)));
    let of_visit = format!("/v1/insurance-claims?appointment={visit}");
    let of_visit = world.get(&of_visit).by(&practice.practitioner_token).reply().await.ok();
    assert_eq!(of_visit["items"], json!([drawn]), "to who held the visit");
    assert_eq!(
        (office.balance("receivable").await, office.balance("insurer").await),
        (50_000, 200_000)
    );
    let path = format!("/v1/appointments/{visit}/desk-payments");
    let paid = world
        .post(&path)
        .by(&practice.desk)
        .once("cash")
        .send(json!({ "method": "cash" }))
        .await
        .ok();
    assert_eq!(paid["amount"]["minor"], 50_000);
    assert_eq!(office.balance("receivable").await, 0);
    let coded = is_written(&office, &drawn).await;
    let control = drawn["control"].as_str().unwrap();
    // Handed in, mended, handed in, taken.
    assert_eq!(
        office.step(&coded, json!({ "step": "accept" })).await.problem(),
        (409, "not-possible")
    );
    office.step(&coded, json!({ "step": "submit" })).await.ok();
    let rejected = office.step(&coded, json!({ "step": "reject", "reason": "A7-33" })).await.ok();
    assert_eq!((&rejected["state"], &rejected["reasons"]), (&json!("rejected"), &json!(["A7-33"])));
    office.step(&coded, json!({ "step": "submit" })).await.ok();
    office.step(&coded, json!({ "step": "accept" })).await.ok();
    is_paid(&office, control).await;
    // The visit was none: the patient owes nothing, and what the insurer paid is owed to it.
    till.step(&visit, "enter-in-error", &practice.practitioner_token).await;
    world.work().await;
    let void = office.claim().await;
    assert_eq!((&void["state"], &void["open_minor"]), (&json!("void"), &json!(-190_000)));
    assert_eq!((office.balance("insurer").await, office.balance("revenue").await), (-190_000, 0));
    assert_eq!((office.balance("tax").await, office.balance("adjusted").await), (0, 0));
    assert!(matches!(world.api.verify_audits().await, Ok(Ok(_))));
    for file in world.files() {
        for secret in [&b"MEMBER-4711"[..], b"J06.9", b"J069"] {
            assert!(!file.windows(secret.len()).any(|window| window == secret));
        }
    }
}

/// Codes make it a file: X12, and FHIR.
async fn is_written(office: &Office, drawn: &Value) -> Value {
    let (world, practice) = (office.world(), &office.till.practice);
    let control = drawn["control"].as_str().unwrap().to_owned();
    let file = format!("/v1/insurance-claims/{}/x12", drawn["id"].as_str().unwrap());
    let read = async || world.get(&file).by(&practice.practitioner_token).bytes().await;
    assert_eq!(read().await.status.as_u16(), 409);
    let codes = codes();
    let mut cheaper = codes.clone();
    cheaper["procedures"][0]["charge_minor"] = json!(249_999);
    assert_eq!(office.code(drawn, cheaper).await.problem(), (422, "invalid"));
    assert_eq!(
        office.step(drawn, json!({ "step": "submit" })).await.problem(),
        (409, "not-possible")
    );
    let coded = office.code(drawn, codes).await.ok();
    let text = String::from_utf8(read().await.bytes.to_vec()).unwrap();
    let segments = x12::read(&text, "837").expect("its own reader takes it");
    let all: Vec<&str> = text.lines().collect();
    for wanted in [
        "NM1*85*2*MWANGAZA LTD*****XX*1234567893~",
        "REF*EI*P051234567X~",
        "SBR*P*18**SILVER*****CI~",
        "NM1*IL*1*CANARY*WANJIRU****MI*MEMBER-4711~",
        "DMG*D8*19900203*F~",
        "HI*ABK:J069~",
        "SV1*HC:99213:95*2500*UN*1***1~",
        "DTP*472*D8*20260302~",
        "AMT*F5*500~",
    ] {
        assert!(all.contains(&wanted), "{wanted} in {text}");
    }
    assert!(text.contains(&format!("CLM*{control}*2500***10:B:1*Y*A*Y*Y~")));
    assert_eq!(segments.iter().filter(|one| one.name() == "HL").count(), 2);
    let fhir = format!("/v1/insurance-claims/{}/fhir", drawn["id"].as_str().unwrap());
    let fhir = world.get(&fhir).by(&practice.practitioner_token).reply().await.ok();
    assert_eq!(
        (&fhir["resourceType"], &fhir["use"], &fhir["status"]),
        (&json!("Claim"), &json!("claim"), &json!("active"))
    );
    assert_eq!(
        (&fhir["total"]["value"], &fhir["total"]["currency"]),
        (&json!(2500.0), &json!("KES"))
    );
    assert_eq!(fhir["diagnosis"][0]["diagnosisCodeableConcept"]["coding"][0]["code"], "J06.9");
    assert_eq!(fhir["contained"][0]["subscriberId"], "MEMBER-4711");
    coded
}

/// 1,800 of 2,500 are paid, and 600 are the patient's; then the insurer makes it 1,900 and 500.
async fn is_paid(office: &Office, control: &str) {
    let (world, till) = (office.world(), &office.till);
    let first = ("invoice".to_owned(), 50_000, format!("{}@2", office.payer));
    let good = [(control, "1", "2500", "1800", "CAS*PR*3*600~CAS*CO*45*100~")];
    let other = [("ANOTHERCLAIM", "1", "10", "10", "")];
    assert_eq!(
        office.remit(remittance("EFT-0", "10", &other)).await.problem(),
        (409, "not-possible")
    );
    let more = [(control, "1", "2600", "1900", "CAS*PR*3*600~CAS*CO*45*100~"), other[0]];
    assert_eq!(
        office.remit(remittance("EFT-0", "1910", &more)).await.problem(),
        (409, "not-possible")
    );
    assert_eq!(office.balance("insurer").await, 200_000, "nothing was posted");
    let posted = office.remit(remittance("EFT-1", "1810", &[good[0], other[0]])).await.ok();
    assert_eq!((&posted["posted"], &posted["misfits"]), (&json!(1), &json!(1)));
    assert_eq!(posted["posted_minor"], 180_000);
    assert_eq!(posted["claims"][1]["outcome"], "unknown_claim");
    let paid = office.claim().await;
    assert_eq!((&paid["state"], &paid["open_minor"]), (&json!("paid"), &json!(0)));
    assert_eq!((&paid["paid_minor"], &paid["shifted_minor"]), (&json!(180_000), &json!(10_000)));
    assert_eq!(paid["reasons"], json!(["PR-3", "CO-45"]));
    // Neither the same transfer nor the same claim is posted again.
    let again = office.remit(remittance("EFT-2", "1800", &good)).await;
    assert_eq!(again.problem(), (409, "not-possible"));
    world.work().await;
    let second = ("invoice".to_owned(), 10_000, paid["id"].as_str().unwrap().to_owned());
    assert_eq!(office.billed().await, [first.clone(), second.clone()]);
    assert_eq!(till.invoices().await[0]["lines"][0]["kind"], "remainder");
    let earning = till.earnings(&till.practice.practitioner_token).await[0].clone();
    assert_eq!(
        (&earning["billed_minor"], &earning["received_minor"]),
        (&json!(215_517), &json!(230_000))
    );
    assert_eq!(earning["earned_minor"], 30_172 + 108_620);
    let mended = [
        (control, "22", "-2500", "-1800", "CAS*PR*3*-600~CAS*CO*45*-100~"),
        (control, "1", "2500", "1900", "CAS*PR*3*500~CAS*CO*45*100~"),
    ];
    assert_eq!(office.remit(remittance("EFT-1", "100", &mended)).await.problem(), (409, "exists"));
    let posted = office.remit(remittance("EFT-3", "100", &mended)).await.ok();
    assert_eq!((&posted["posted"], &posted["posted_minor"]), (&json!(2), &json!(10_000)));
    world.work().await;
    let third = ("credit_note".to_owned(), 10_000, second.2.clone());
    assert_eq!(office.billed().await, [first, second, third]);
    assert_eq!((office.balance("insurer").await, office.balance("receivable").await), (0, 0));
    assert_eq!(office.balance("till.bank_transfer").await, 190_000);
    let list = world.get("/v1/remittances").by(&till.admin).reply().await.ok();
    let traces: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|one| &one["trace"]).collect();
    assert_eq!(traces, ["EFT-3", "EFT-1"]);
}

async fn what_an_insurer_denies_stays_open_until_it_is_let_go(world: World) {
    let office = office(world).await;
    let (world, practice) = (office.world(), &office.till.practice);
    office.held("2026-03-02T09:00:00Z").await;
    assert!(
        office.claims().await.is_empty() && office.billed().await.is_empty(),
        "nobody is asked yet"
    );
    // Not good on that day; then one that is.
    let late = with(office.coverage(), "starts_on", json!("2026-03-03"));
    office.insure("c1", late).await.ok();
    world.work().await;
    assert!(office.claims().await.is_empty());
    office.insure("c2", office.coverage()).await.ok();
    world.work().await;
    let claim = office.claim().await;
    assert_eq!(office.billed().await[0].1, 50_000);
    office.code(&claim, codes()).await.ok();
    office.step(&claim, json!({ "step": "submit" })).await.ok();
    let control = claim["control"].as_str().unwrap();
    let denial = [(control, "4", "2500", "0", "CAS*CO*50*2500~")];
    office.remit(remittance("EFT-1", "0", &denial)).await.ok();
    let denied = office.claim().await;
    assert_eq!((&denied["state"], &denied["reasons"]), (&json!("denied"), &json!(["CO-50"])));
    assert_eq!(
        (&denied["open_minor"], office.balance("insurer").await),
        (&json!(200_000), 200_000)
    );
    office.step(&claim, json!({ "step": "appeal" })).await.ok();
    assert_eq!(office.close(&claim, &practice.desk).await.problem().0, 403);
    assert_eq!(office.close(&claim, &practice.admin).await.problem(), (403, "step-up"));
    let closed = office.close(&claim, &office.till.admin).await.ok();
    assert_eq!((&closed["state"], &closed["open_minor"]), (&json!("closed"), &json!(0)));
    assert_eq!((office.balance("insurer").await, office.balance("adjusted").await), (0, 200_000));
    let late = [(control, "1", "2500", "2000", "CAS*PR*3*500~")];
    assert_eq!(
        office.remit(remittance("EFT-2", "2000", &late)).await.problem(),
        (409, "not-possible")
    );
    // What is no file of an insurer.
    for bad in ["", "ISA", "hello", "ISA*00*~", "{}"] {
        assert_eq!(office.remit(bad.to_owned()).await.problem(), (422, "invalid"), "{bad}");
    }
    let large = office.remit("A".repeat(BYTES_MAX + 1)).await;
    assert_eq!(large.status.as_u16(), 413);
    // The database holds what the program promises.
    let sql = "UPDATE remittance SET paid_minor = 1";
    let refused =
        crate::payments::sql(world, sql).await.expect_err("a remittance is never changed");
    assert!(refused.contains("ledger_is_final"), "{refused}");
    world.work().await;
    assert_eq!(office.billed().await.len(), 1, "the patient is not billed for what is let go");
}

stories! {
    a_coverage_is_written_down_by_its_patient_and_seen_by_the_desk
    an_insured_visit_is_divided_claimed_and_paid
    what_an_insurer_denies_stays_open_until_it_is_let_go
}
