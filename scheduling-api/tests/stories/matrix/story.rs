//! One clinic with something of every kind in it, about one patient; and everybody who may ask about it.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use scheduling_api::{
    clock::Clock as _,
    demo,
    domain::{
        actor::{Actor, Role},
        id::{ClinicId, PatientId, PractitionerId},
        oauth::scope::Scopes,
    },
    invite_first_administrator,
    ports::{
        mail::Letter,
        sms::twilio::{Twilio, TwilioAccount},
        web_push::WebPush,
        whatsapp::{WhatsApp, WhatsAppAccount},
    },
};
use serde_json::{Value, json};

use super::super::{
    passkeys::Phone,
    payments::gateways,
    visit::{checked, text},
};
use crate::{
    fakes::{
        http::{Fate, Http},
        payments::{Daraja, Paypal, Provider, Stripe},
    },
    world::{
        BEGINNING, Reply, World,
        person::PASSWORD,
        practice::{every_day, terms},
        provider::{CLIENT, Provider as Identity},
    },
};

/// The patient whom everything is about.
pub const ANN: &str = "ann@patients.example";
const BEN: &str = "ben@patients.example";
const XAN: &str = "xan@elsewhere.example";
const CYN: &str = "cyn@patients.example";
const DAN: &str = "dan@patients.example";
/// Registered, with an address that is not proved yet.
pub const EVE: &str = "eve@patients.example";
/// Invited, and not come yet.
pub const INVITED: &str = "invited@mwangaza.example";
const PHONE: &str = "+254700000001";
/// What a program of the clinic's own was agreed to know.
pub const VERIFIER: &str = "a-verifier-of-enough-length-for-rfc-7636-0123456789";
/// Where people are sent back to.
pub const BACK: &str = "https://app.example/back";
/// Agreed with WhatsApp.
pub const AGREED: &str = "the agreed token";
/// What signs WhatsApp's words.
pub const APP_SECRET: &str = "the secret";
/// What signs the text message provider's words.
pub const SMS_TOKEN: &str = "the token";
/// Where they come.
pub const SMS_HOOK: &str = "https://clinic.example/v1/hooks/sms";

/// Somebody who asks.
pub struct Somebody {
    pub name: &'static str,
    pub token: Option<String>,
    /// Of their authenticator app.
    pub app: Option<Vec<u8>>,
}

/// The order of a row's columns.
pub const COLUMNS: [&str; 13] = [
    "nobody",
    "the patient",
    "another patient",
    "a patient elsewhere",
    "the practitioner",
    "another practitioner",
    "the desk",
    "the administrator",
    "staff elsewhere",
    "the platform's administrator",
    "a program with every scope",
    "a program without",
    "a guest of the visit",
];

/// Programs that act for somebody (SMART App Launch): the columns that FHIR's rows have besides.
pub const APPS: [&str; 6] = [
    "the patient's app",
    "another patient's app",
    "the practitioner's app",
    "the practitioner's app, launched",
    "the practitioner's app, launched for another patient",
    "the practitioner's app for allergies",
];

/// Everything there is, by its name in `calls`.
pub struct Story {
    pub world: World,
    pub everybody: Vec<Somebody>,
    pub apps: Vec<Somebody>,
    pub clinic: ClinicId,
    pub patient: PatientId,
    pub practitioner: PractitionerId,
    /// Works there too, and has no account.
    pub colleague: PractitionerId,
    /// Has no hours yet.
    pub newcomer: PractitionerId,
    pub ids: HashMap<&'static str, String>,
    pub phone: Mutex<Phone>,
    pub identity: Identity,
    /// Nobody's yet.
    pub second: Identity,
    /// Who is asked by the API; they end with the story.
    _others: (Provider<Stripe>, Provider<Paypal>, Provider<Daraja>, Http, Http, Http),
}

/// Who fills the story with what is in it.
struct Author<'a> {
    world: &'a World,
    clinic: ClinicId,
    patient: PatientId,
    practitioner: PractitionerId,
    desk: String,
    ann: String,
    doctor: String,
    admin: String,
    /// Requests so far: each has a key of its own.
    count: Cell<u32>,
    ids: HashMap<&'static str, String>,
}

impl Story {
    /// Something's id.
    pub fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_else(|| panic!("nothing is called {name}"))
    }

    #[expect(clippy::too_many_lines, reason = "one story, told from its beginning to its end")]
    pub async fn told(world: World) -> Self {
        let (texts, whatsapp) = (Http::start().await, Http::start().await);
        let stripe = Provider::start(Stripe::default()).await;
        let paypal = Provider::start(Paypal::default()).await;
        let daraja = Provider::start(Daraja::default()).await;
        let (identity, second) = (Identity::start().await, Identity::start().await);
        let hook = Http::start().await;
        // Whatever it is told, it is gone.
        (0..200).for_each(|_| hook.next(Fate::status(410)));
        let world = world
            .with_outbound(|outbound| {
                let twilio = Twilio::new(TwilioAccount {
                    base: texts.address.clone(),
                    sid: "AC42".into(),
                    token: SMS_TOKEN.into(),
                    from: "+15550100".into(),
                    callback: SMS_HOOK.into(),
                });
                let whatsapp = WhatsApp::new(WhatsAppAccount {
                    base: format!("{}/v23.0", whatsapp.address),
                    phone_number_id: "106540352242922".into(),
                    token: "the token".into(),
                    app_secret: APP_SECRET.into(),
                    verify_token: AGREED.into(),
                });
                let key = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
                let push = WebPush::new(key, "mailto:it@clinic.example", true).unwrap();
                outbound
                    .with_twilio(twilio.unwrap())
                    .with_whatsapp(whatsapp.unwrap())
                    .with_push(push)
            })
            .with_gateways(gateways(&stripe, &paypal, &daraja));
        world.set_media_clock();
        let clinic: ClinicId = world.clinic("Mwangaza").await.parse().unwrap();
        let elsewhere: ClinicId = world.clinic("Elsewhere").await.parse().unwrap();
        for (email, clinic) in
            [(ANN, &clinic), (BEN, &clinic), (CYN, &clinic), (DAN, &clinic), (XAN, &elsewhere)]
        {
            world.patient(clinic.as_str(), email).await;
        }
        let ann = world.signed_in(ANN).await;
        let ann = world.stepped_up(&ann).await;
        let mut everybody = vec![
            person("nobody", None),
            person("the patient", Some(ann.clone())),
            person("another patient", Some(world.signed_in(BEN).await)),
            person("a patient elsewhere", Some(world.signed_in(XAN).await)),
        ];
        for (name, clinic, role, email) in [
            ("the practitioner", &clinic, "practitioner", "doctor@mwangaza.example"),
            ("another practitioner", &clinic, "practitioner", "other@mwangaza.example"),
            ("the desk", &clinic, "receptionist", "desk@mwangaza.example"),
            ("the administrator", &clinic, "clinic_admin", "admin@mwangaza.example"),
            ("staff elsewhere", &elsewhere, "practitioner", "staff@elsewhere.example"),
        ] {
            everybody.push(employed(&world, name, clinic, role, email).await);
        }
        pause(&world);
        let token = |name: &str, everybody: &[Somebody]| {
            everybody.iter().find(|one| one.name == name).unwrap().token.clone().unwrap()
        };
        let (desk, admin) = (token("the desk", &everybody), token("the administrator", &everybody));
        let doctor = token("the practitioner", &everybody);
        let me = |token: String, key: &'static str| {
            let world = &world;
            async move {
                let me = world.get("/v1/me").by(&token).reply().await.ok();
                text(&me["memberships"][0][key])
            }
        };
        let patient: PatientId = me(ann.clone(), "patient_id").await.parse().unwrap();
        let practitioner: PractitionerId =
            me(doctor.clone(), "practitioner_id").await.parse().unwrap();
        let other = me(token("another practitioner", &everybody), "practitioner_id").await;
        let mut author = Author {
            world: &world,
            clinic: clinic.clone(),
            patient: patient.clone(),
            practitioner: practitioner.clone(),
            desk,
            ann,
            doctor,
            admin: admin.clone(),
            count: Cell::new(0),
            ids: HashMap::from([("other_practitioner", other)]),
        };
        let colleague = world.practitioner(&clinic, "Dr. Colleague").await;
        let newcomer = world.practitioner(&clinic, "Dr. Newcomer").await;
        author.offers().await;
        author.visits().await;
        author.papers(&colleague).await;
        author.waits().await;
        author.talks().await;
        // What is over is billed.
        world.work().await;
        author.money(&daraja, &stripe).await;
        author.administers(&identity, &hook).await;
        pause(&world);
        author.account(&texts).await;
        pause(&world);
        let phone = author.passkey().await;
        let guest = author.guest().await;
        // All of a clinic's staff in one person, so that a wrong word in a row about any of them is found.
        world.everything_elsewhere(&mut everybody, &elsewhere).await;
        everybody.push(root(&world).await);
        let clinical = "system/*.cruds";
        let words =
            "openid appointments:read appointments:write people:read people:write rooms webhooks";
        for (name, scope) in [
            ("a program with every scope", &*format!("{words} {clinical}")),
            ("a program without", "openid"),
        ] {
            let path = format!("/v1/clinics/{clinic}/api-keys");
            let body = json!({ "name": name, "scope": scope });
            let made = world.post(&path).by(&admin).send(body).await.ok();
            everybody.push(person(name, Some(text(&made["secret"]))));
            author.ids.insert("api_key", text(&made["key"]["id"]));
        }
        everybody.push(person("a guest of the visit", Some(guest)));
        assert_eq!(everybody.iter().map(|one| one.name).collect::<Vec<_>>(), COLUMNS);
        world.work().await;
        author.after_work().await;
        let ids = author.ids;
        let apps = world.apps(&everybody).await;
        Self {
            everybody,
            apps,
            clinic,
            patient,
            practitioner,
            colleague,
            newcomer,
            ids,
            phone: Mutex::new(phone),
            identity,
            second,
            _others: (stripe, paypal, daraja, texts, whatsapp, hook),
            world,
        }
    }
}

/// So much time that nobody's tries are too many.
fn pause(world: &World) {
    world.clock.advance(Duration::from_secs(40));
    world.set_media_clock();
}

fn person(name: &'static str, token: Option<String>) -> Somebody {
    Somebody { name, token, app: None }
}

async fn accepted(world: &World, email: &str) -> Reply {
    let secret = world.secret(email, Letter::Invitation).await;
    let account = json!({ "name": "Somebody", "password": PASSWORD, "language": "en", "time_zone": "Africa/Nairobi" });
    let body = json!({ "token": secret, "account": account });
    world.post("/v1/auth/invitations/accept").send(body).await
}

async fn employed(
    world: &World,
    name: &'static str,
    clinic: &ClinicId,
    role: &str,
    email: &str,
) -> Somebody {
    let path = format!("/v1/clinics/{clinic}/invitations");
    let body = json!({ "email": email, "role": role, "language": "en" });
    world.post(&path).by(&world.fresh_admin(clinic.as_str())).send(body).await.ok();
    accepted(world, email).await.ok();
    let (token, app, _) = world.with_app(&world.signed_in(email).await).await;
    Somebody { name, token: Some(token), app: Some(app) }
}

async fn root(world: &World) -> Somebody {
    let email = "root@bedside.example";
    invite_first_administrator(&world.api, email).await.unwrap();
    accepted(world, email).await.ok();
    let (token, app, _) = world.with_app(&world.signed_in(email).await).await;
    Somebody { name: "the platform's administrator", token: Some(token), app: Some(app) }
}

impl World {
    /// What people let act for them, with the scopes that they agreed to.
    async fn apps(&self, everybody: &[Somebody]) -> Vec<Somebody> {
        let mut apps = Vec::new();
        let of = async |name: &str| -> Actor {
            let one = everybody.iter().find(|one| one.name == name).unwrap();
            let token = one.token.as_deref().unwrap();
            self.api.identify.identify(token, self.clock.now()).await.unwrap().unwrap()
        };
        let (ann, ben) = (of("the patient").await, of("another patient").await);
        let doctor = of("the practitioner").await;
        let (hers, his) = (ann.patients.first().cloned(), ben.patients.first().cloned());
        for (name, actor, launched_for, scopes) in [
            (APPS[0], &ann, &hers, "launch/patient patient/*.cruds"),
            (APPS[1], &ben, &his, "launch/patient patient/*.cruds"),
            (APPS[2], &doctor, &None, "user/*.cruds"),
            (APPS[3], &doctor, &hers, "launch/patient patient/*.cruds"),
            (APPS[4], &doctor, &his, "launch/patient patient/*.cruds"),
            (APPS[5], &doctor, &None, "user/AllergyIntolerance.rs"),
        ] {
            let actor = Actor {
                session: None,
                scopes: Some(Scopes::parse(scopes).unwrap()),
                launched_for: launched_for.clone(),
                ..actor.clone()
            };
            apps.push(person(name, Some(self.token(actor))));
        }
        apps
    }

    /// Gives the practitioner elsewhere every other role of staff there.
    async fn everything_elsewhere(&self, everybody: &mut [Somebody], elsewhere: &ClinicId) {
        let now = BEGINNING.parse().unwrap();
        let one = everybody.iter_mut().find(|one| one.name == "staff elsewhere").unwrap();
        let token = one.token.clone().unwrap();
        let mut actor: Actor = self.api.identify.identify(&token, now).await.unwrap().unwrap();
        assert_eq!(actor.clinic.as_ref(), Some(elsewhere));
        actor.roles.extend([Role::Receptionist, Role::ClinicAdmin]);
        one.token = Some(self.token(actor));
    }
}

impl Author<'_> {
    fn keep(&mut self, name: &'static str, id: &Value) -> String {
        self.ids.insert(name, text(id));
        text(id)
    }

    async fn post(&self, path: &str, by: &str, body: Value) -> Value {
        self.count.set(self.count.get() + 1);
        let ask = self.world.post(path).by(by).once(&format!("story-{}", self.count.get()));
        ask.seen(1).send(body).await.ok()
    }

    /// Hours, and visit types: one that is booked at once, one that is asked for.
    async fn offers(&mut self) {
        let hours = every_day("UTC", 0, 23);
        let schedule =
            demo::add_hours(&self.world.api, &self.clinic, &self.practitioner, hours).await;
        self.ids.insert("schedule", schedule.unwrap().to_string());
        for name in ["service", "asked", "spare"] {
            let mut terms = terms(vec![self.practitioner.clone()]);
            terms.duration_min = 10;
            terms.step_min = 10;
            terms.on_demand = true;
            terms.needs_approval = name == "asked";
            let made = demo::add_service(&self.world.api, &self.clinic, terms).await.unwrap();
            self.ids.insert(name, made.to_string());
        }
    }

    /// A visit of the patient's, at a time of day.
    async fn booked(&mut self, name: &'static str, time: &str) -> String {
        let body = json!({
            "service": self.ids["service"], "practitioner": self.practitioner, "patient": self.patient,
            "start": format!("2026-03-02T{time}:00Z"), "reason": "told by a story",
        });
        let ask = self.world.post("/v1/appointments/override").by(&self.desk).once(name);
        let made = ask.send(body).await.ok();
        self.keep(name, &made["id"])
    }

    async fn step(&self, visit: &str, verb: &str, by: &str) {
        self.world.post(&format!("/v1/appointments/{visit}/{verb}")).by(by).reply().await.ok();
    }

    /// One in every state.
    async fn visits(&mut self) {
        for (name, time) in [("absent", "03:00"), ("soon", "06:20"), ("later", "08:00")] {
            self.booked(name, time).await;
        }
        // Called off too late to be free.
        let charged = self.booked("charged", "07:30").await;
        self.step(&charged, "cancel", &self.ann).await;
        for (name, time, steps) in [
            ("reviewed", "03:20", 3),
            ("finished", "03:40", 3),
            ("paid", "04:00", 3),
            ("running", "05:40", 2),
            ("arrived", "05:50", 1),
        ] {
            let visit = self.booked(name, time).await;
            let all = [("check-in", &self.ann), ("start", &self.doctor), ("finish", &self.doctor)];
            for (verb, by) in &all[..steps] {
                self.step(&visit, verb, by).await;
            }
        }
        let visiting = self.booked("visiting", "06:00").await;
        let path = format!("/v1/appointments/{visiting}/consultation");
        let seen = self.world.get(&path).by(&self.doctor).reply().await.ok();
        let visit = self.keep("visit", &seen["id"]);
        let people = seen["participants"].as_array().unwrap();
        let patient = people.iter().find(|one| one["role"] == "patient").unwrap()["id"].clone();
        self.keep("participant", &patient);
        self.world.media.open(&visit);
        self.post(&format!("/v1/consultations/{visit}/check-in"), &self.ann, checked()).await;
        let body = json!({ "service": self.ids["service"], "practitioner": self.practitioner,
            "start": "2026-03-02T08:30:00Z" });
        let held = self.post("/v1/holds", &self.ann, body).await;
        self.keep("held", &held["id"]);
        let body = json!({ "service": self.ids["asked"], "practitioner": self.practitioner,
            "start": "2026-03-02T09:00:00Z" });
        let asked = self.post("/v1/appointments", &self.ann, body).await;
        self.keep("requested", &asked["id"]);
        let body = json!({ "service": self.ids["service"], "practitioner": self.practitioner,
            "start": "2026-03-09T09:00:00Z", "every_weeks": 1, "visits": 2 });
        let series = self.post("/v1/appointments/series", &self.ann, body).await;
        self.keep("series", &series["series"]);
    }

    /// Notes, prescriptions, documents and what is known of the patient.
    async fn papers(&mut self, colleague: &PractitionerId) {
        let note = |visit: &str| format!("/v1/appointments/{visit}/note");
        for name in ["running", "finished"] {
            let path = note(&self.ids[name]);
            let ask = self.world.put(&path).by(&self.doctor);
            ask.send(json!({ "plan": "Canaryplan" })).await.ok();
        }
        self.post(&(note(&self.ids["finished"]) + "/sign"), &self.doctor, json!({})).await;
        for (name, visit) in [("draft", "running"), ("signed", "finished")] {
            let path = format!("/v1/appointments/{}/prescriptions", self.ids[visit]);
            let made = self.post(&path, &self.doctor, super::calls::medicine()).await;
            let id = self.keep(name, &made["id"]);
            if name == "signed" {
                let path = format!("/v1/prescriptions/{id}/sign");
                self.post(&path, &self.doctor, json!({})).await;
            }
        }
        for name in ["begun", "whole", "document"] {
            let body = json!({ "patient": self.patient, "name": format!("{name}.txt"), "size": 5 });
            let begun = self.post("/v1/documents", &self.ann, body).await;
            let id = self.keep(name, &begun["document"]["id"]);
            if name != "begun" {
                let part = format!("/v1/documents/{id}/parts/0");
                assert_eq!(self.world.put(&part).by(&self.ann).raw("hello").await.status, 204);
            }
            if name == "document" {
                let path = format!("/v1/documents/{id}/complete");
                self.post(&path, &self.ann, json!({})).await;
            }
        }
        let body = json!({ "practitioner": colleague, "until": "2026-03-03T06:00:00Z" });
        let path = format!("/v1/patients/{}/shares", self.patient);
        let share = self.post(&path, &self.ann, body).await;
        self.keep("share", &share["id"]);
        let path = format!("/v1/patients/{}/record", self.patient);
        let body = json!({ "content": super::super::record::condition("Canarycondition") });
        let entry = self.post(&path, &self.ann, body).await;
        self.keep("entry", &entry["id"]);
        let asked = self.post("/v1/questionnaires", &self.admin, super::calls::questions()).await;
        let questionnaire = self.keep("questionnaire", &asked["id"]);
        let told = json!({ "text": "Canaryword" });
        for (name, content) in [
            (
                "allergy",
                json!({ "kind": "allergy", "code": told, "clinical": "active", "verification": "unconfirmed" }),
            ),
            ("medication", json!({ "kind": "medication", "code": told, "status": "active" })),
            ("observation", super::super::record::pulse("2026-03-01", 70.0)),
            (
                "answers",
                json!({ "kind": "answers", "questionnaire": questionnaire, "status": "completed",
                "items": [{ "link_id": "smokes", "answers": [{ "boolean": true }] }] }),
            ),
        ] {
            let entry = self.post(&path, &self.ann, json!({ "content": content })).await;
            self.keep(name, &entry["id"]);
        }
        let path = format!("/v1/appointments/{}/review", self.ids["reviewed"]);
        let review = self.post(&path, &self.ann, json!({ "stars": 4, "text": "Canary" })).await;
        self.keep("review", &review["id"]);
        let path = format!("/v1/reviews/{}/moderation", review["id"].as_str().unwrap());
        let path = path.as_str();
        self.world.put(path).by(&self.admin).seen(1).send(json!({})).await.ok();
        let path = format!("/v1/appointments/{}/review", self.ids["paid"]);
        let review = self.post(&path, &self.ann, json!({ "stars": 3 })).await;
        self.keep("unseen_review", &review["id"]);
    }

    /// Places where the patient waits.
    async fn waits(&mut self) {
        let service = self.ids["service"].clone();
        let wish = json!({ "service": service, "from": "2026-03-04T08:00:00Z", "to": "2026-03-04T08:30:00Z" });
        let place = self.post("/v1/waitlist", &self.ann, wish).await;
        self.keep("place", &place["id"]);
        let place = self.post("/v1/queue", &self.ann, json!({ "service": service })).await;
        self.keep("queued", &place["id"]);
    }

    /// A thread for the practitioner, and one for the clinic.
    async fn talks(&mut self) {
        for (name, whom) in [("thread", json!(self.practitioner)), ("desk_thread", Value::Null)] {
            let body = json!({
                "patient": self.patient, "practitioner": whom, "appointment": self.ids["finished"],
                "subject": name, "message": { "text": "Canarytext" },
            });
            let begun = self.post("/v1/threads", &self.ann, body).await;
            self.keep(name, &begun["thread"]["id"]);
        }
        let body = json!({ "name": "Results", "text": "Your results are there." });
        let template = self.post("/v1/message-templates", &self.desk, body).await;
        self.keep("template", &template["id"]);
    }

    /// Payments in the states that are asked about.
    async fn money(&mut self, daraja: &Provider<Daraja>, stripe: &Provider<Stripe>) {
        let rules = json!({ "seller": "Mwangaza Ltd", "prefix": "MW-", "practitioner_bps": 7000,
            "tax": { "name": "VAT", "rate_bps": 1600, "is_included": true } });
        let ask = self.world.put("/v1/billing").by(&self.admin).seen(0);
        ask.send(rules).await.ok();
        let payer = self.post("/v1/payers", &self.admin, super::calls::payer("SHA-01")).await;
        let payer = self.keep("payer", &payer["id"]);
        let body = json!({ "patient": self.patient, "payer": payer, "member_id": "M-1",
            "relationship": "self" });
        let coverage = self.post("/v1/coverages", &self.ann, body).await;
        self.keep("coverage", &coverage["id"]);
        self.insured().await;
        for (name, visit) in [("cash", "reviewed"), ("refunded", "paid")] {
            let path = format!("/v1/appointments/{}/desk-payments", self.ids[visit]);
            let paid = self.post(&path, &self.desk, json!({ "method": "cash" })).await;
            self.keep(name, &paid["id"]);
        }
        let path = format!("/v1/payments/{}/refunds", self.ids["refunded"]);
        let refund = self.post(&path, &self.admin, json!({ "reason": "mistake" })).await;
        self.keep("refund", &refund["id"]);
        let path = format!("/v1/appointments/{}/payments", self.ids["later"]);
        let body = json!({ "method": "mpesa", "telephone": "0712 345 678" });
        let paying = self.post(&path, &self.ann, body).await;
        self.keep("paying", &paying["id"]);
        let (url, callback) = daraja.with(|daraja| daraja.decide(0));
        daraja.with(|daraja| daraja.pushes[0].result = None);
        self.ids.insert("mpesa_url", url);
        self.ids.insert("mpesa_word", callback.to_string());
        let mut terms = terms(vec![self.practitioner.clone()]);
        terms.pay = scheduling_api::domain::service::PayPolicy::AuthorizeThenCapture;
        let service = demo::add_service(&self.world.api, &self.clinic, terms).await.unwrap();
        let body = json!({ "service": service, "practitioner": self.practitioner,
            "start": "2026-03-03T10:00:00Z" });
        let held = self.post("/v1/holds", &self.ann, body).await;
        self.keep("reserved_visit", &held["id"]);
        let path = format!("/v1/appointments/{}/payments", self.ids["reserved_visit"]);
        let paying = self.post(&path, &self.ann, json!({ "method": "card" })).await;
        let reserved = self.keep("reserved", &paying["id"]);
        stripe.with(|stripe| {
            let intent = stripe.only();
            stripe.pay(&intent);
        });
        self.post(&format!("/v1/payments/{reserved}/refresh"), &self.ann, json!({})).await;
    }

    /// What administrators set up.
    async fn administers(&mut self, identity: &Identity, hook: &Http) {
        let clinic = self.clinic.to_string();
        let admin = self.admin.clone();
        let path = format!("/v1/patients/{}/proxies", self.patient);
        let body = json!({ "email": CYN, "relationship": "Canarycousin" });
        let proxy = self.post(&path, &self.desk, body).await;
        self.keep("proxy", &proxy["id"]);
        let url = format!("{}/x", hook.address);
        let made = self.post("/v1/webhook-endpoints", &admin, json!({ "url": url })).await;
        self.keep("endpoint", &made["endpoint"]["id"]);
        for confidential in [true, false] {
            let body = json!({ "name": "Diary", "confidential": confidential, "redirect_uris": [BACK],
                "scope": "openid profile email offline_access people:read" });
            let made =
                self.post(&format!("/v1/clinics/{clinic}/oauth-clients"), &admin, body).await;
            let client = &made["client"];
            if confidential {
                self.keep("server_client", &client["client_id"]);
                self.keep("server_secret", &made["client_secret"]);
            } else {
                self.keep("client", &client["client_id"]);
                let id = client.get("id").unwrap_or(&client["client_id"]);
                self.keep("client_id", id);
            }
        }
        let invited = json!({ "email": INVITED, "role": "receptionist", "language": "en" });
        let path = format!("/v1/clinics/{clinic}/invitations");
        self.world.post(&path).by(&admin).send(invited).await.ok();
        let secret = self.world.secret(INVITED, Letter::Invitation).await;
        self.ids.insert("invite_secret", secret);
        let staff = self.world.get(&format!("/v1/clinics/{clinic}/staff")).by(&admin);
        let staff = staff.reply().await.ok();
        let desk = staff["items"].as_array().unwrap();
        let desk = desk.iter().find(|one| one["role"] == "receptionist").unwrap()["id"].clone();
        self.keep("membership", &desk);
        let fresh = self.world.token(Actor {
            roles: vec![Role::User, Role::PlatformAdmin],
            second_factor: true,
            stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
            ..Actor::default()
        });
        let path = format!("/v1/clinics/{clinic}/identity-providers");
        let body = json!({ "name": "Hospital", "issuer": identity.issuer, "client_id": CLIENT.0, "client_secret": CLIENT.1 });
        self.post(&path, &fresh, body).await;
        let listed = self.world.get(&path).reply().await.ok();
        self.keep("identity", &listed["items"][0]["id"]);
        let stranger = self.world.doctor(&self.clinic, &self.practitioner);
        let other = demo::add_patient(&self.world.api, &self.clinic).await.unwrap();
        let plea = json!({ "patient": other, "why": "emergency", "reason": "collapsed in the corridor", "minutes": 5 });
        let broken = self.post("/v1/break-glass", &stranger, plea).await;
        self.keep("broken", &broken["id"]);
        let room = json!({ "name": "room-1" });
        self.post("/v1/rooms", &admin, room).await;
        self.ids.insert("room", "room-1".into());
    }

    /// The patient's own account: a telephone, a browser, requests about their data.
    async fn account(&mut self, texts: &Http) {
        let path = "/v1/me/notification-preferences";
        let chosen = json!({ "email": true, "sms": true, "phone": PHONE });
        self.world.put(path).by(&self.ann).seen(0).send(chosen).await.ok();
        texts.forget();
        let sent = self.world.post("/v1/me/phone-code").by(&self.ann).reply().await.ok();
        self.world.work().await;
        let asked = texts.asked();
        let said = &asked.last().expect("a text message").form()["Body"];
        self.ids.insert("phone_code", said.rsplit(' ').next().unwrap().to_owned());
        self.keep("phone_challenge", &sent["challenge"]);
        let callback = asked.last().unwrap().form()["StatusCallback"].clone();
        self.ids.insert("sms_delivery", callback.rsplit('/').next().unwrap().to_owned());
        let made =
            self.post("/v1/me/push-subscriptions", &self.ann, super::calls::subscription(1)).await;
        self.keep("subscription", &made["id"]);
        let export =
            self.post("/v1/me/data-requests", &self.ann, json!({ "kind": "export" })).await;
        self.keep("export", &export["id"]);
        let path = format!("/v1/data-requests/{}/approve", self.ids["export"]);
        self.post(&path, &self.admin, json!({})).await;
        self.world.work().await;
        let again = self.world.post("/v1/me/data-requests").by(&self.ann).once("again");
        let again = again.send(json!({ "kind": "export" })).await.ok();
        self.keep("wish", &again["id"]);
        let me = self.world.get("/v1/me").by(&self.ann).reply().await.ok();
        self.keep("user", &me["id"]);
        // A second session of the patient's.
        let other = self.world.signed_in(ANN).await;
        let sessions = self.world.get("/v1/auth/sessions").by(&other).reply().await.ok();
        let sessions = sessions["items"].as_array().unwrap().clone();
        let other = sessions.iter().find(|one| one["current"] == true).unwrap();
        self.keep("session", &other["id"]);
        let body = crate::world::person::registration(self.clinic.as_str(), EVE);
        self.world.post("/v1/auth/register").send(body).await.ok();
        for path in ["/v1/auth/magic-link", "/v1/auth/password-reset"] {
            self.world.post(path).send(json!({ "email": ANN })).await.ok();
        }
        for (name, whose, letter) in [
            ("verify_secret", EVE, Letter::VerifyEmail),
            ("magic_secret", ANN, Letter::MagicLink),
            ("reset_secret", ANN, Letter::PasswordReset),
        ] {
            let secret = self.world.secret(whose, letter).await;
            self.ids.insert(name, secret);
        }
    }

    async fn passkey(&mut self) -> Phone {
        let asked = self.world.post("/v1/auth/passkeys/register").by(&self.ann).reply().await.ok();
        let (phone, made) = Phone::make(&asked["options"]);
        let body = json!({ "ceremony": asked["ceremony"], "name": "My phone", "credential": made });
        let made = self.world.post("/v1/auth/passkeys").by(&self.ann).send(body).await.ok();
        self.keep("passkey", &made["id"]);
        phone
    }

    /// Links into the visit: one that is not used, and whose guest came.
    async fn guest(&mut self) -> String {
        let path = format!("/v1/appointments/{}/join-links", self.ids["visiting"]);
        let link = json!({ "role": "relative", "name": "Canaryrelative" });
        let link = self.post(&path, &self.ann, link).await;
        self.keep("link", &link["id"]);
        self.keep("link_secret", &link["secret"]);
        let link = json!({ "role": "interpreter", "name": "Canaryinterpreter" });
        let link = self.post(&path, &self.doctor, link).await;
        let body = json!({ "secret": link["secret"] });
        let entered = self.world.post("/v1/join/exchange").send(body).await.ok();
        text(&entered["session_token"])
    }

    /// Two insured visits that are over: one is billed to the insurer by `insures`, one stays a draft with codes.
    async fn insured(&mut self) {
        let mut terms = terms(vec![self.practitioner.clone()]);
        terms.pay = scheduling_api::domain::service::PayPolicy::Insurance;
        terms.duration_min = 10;
        let service = demo::add_service(&self.world.api, &self.clinic, terms).await.unwrap();
        for (name, time) in [("insured_visit", "04:20"), ("handed_in_visit", "04:40")] {
            let body = json!({ "service": service, "practitioner": self.practitioner, "patient": self.patient,
                "start": format!("2026-03-02T{time}:00Z"), "reason": "told by a story" });
            let ask = self.world.post("/v1/appointments/override").by(&self.desk).once(name);
            let made = ask.send(body).await.ok();
            let visit = self.keep(name, &made["id"]);
            for (verb, by) in
                [("check-in", &self.ann), ("start", &self.doctor), ("finish", &self.doctor)]
            {
                self.step(&visit, verb, by).await;
            }
        }
    }

    /// Claims of them, with codes; one is handed in.
    async fn claimed(&mut self) {
        let list = self.world.get("/v1/insurance-claims").by(&self.desk).reply().await.ok();
        let claims = list["items"].as_array().unwrap();
        for (name, visit) in [("insured", "insured_visit"), ("handed_in", "handed_in_visit")] {
            let claim = claims.iter().find(|one| one["appointment"] == self.ids[visit]).unwrap();
            let path = format!("/v1/insurance-claims/{}", text(&claim["id"]));
            let ask = self.world.put(&format!("{path}/codes")).by(&self.doctor).seen(1);
            ask.send(super::super::insurance::codes()).await.ok();
            if name == "handed_in" {
                self.post(&format!("{path}/steps"), &self.desk, json!({ "step": "submit" })).await;
                self.keep(name, &claim["control"]);
            } else {
                self.keep(name, &claim["id"]);
            }
        }
    }

    /// What exists once the worker went round.
    async fn after_work(&mut self) {
        self.claimed().await;
        let invoices = self.world.get("/v1/invoices").by(&self.admin).reply().await.ok();
        self.keep("invoice", &invoices["items"][0]["id"]);
        let path = format!("/v1/webhook-endpoints/{}/deliveries", self.ids["endpoint"]);
        let deliveries = self.world.get(&path).by(&self.admin).reply().await.ok();
        self.keep("delivery", &deliveries["items"][0]["id"]);
        let path = format!("/v1/prescriptions/{}", self.ids["signed"]);
        let signed = self.world.get(&path).by(&self.ann).reply().await.ok();
        assert_eq!(signed["state"], "active");
        let paper = self.world.get(&format!("{path}/pdf")).by(&self.ann).bytes().await.bytes;
        let paper = super::super::records::text_of(&paper);
        let code = paper.split("/v1/prescription-checks/").nth(1).expect("where it is checked");
        let code = code.split_whitespace().next().unwrap().to_owned();
        self.ids.insert("code", code);
        let page = super::calls::authorize(&self.ids["client"]);
        let page = self.world.get(&page).by(&self.ann).reply().await;
        let request = page.header("location").split_once("#request=").expect("a question").1;
        self.ids.insert("question", request.to_owned());
    }
}

/// The stories' worlds are shared by tasks.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Arc<Story>>();
};
