//! What was before the demo clinic is opened: visits that were held, what was written, said and paid.
//!
//! Through the use cases too, by a clock that is set back.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use super::{DemoError, ZONE, once, place, staff, whole_minute};
use crate::{
    api::Api,
    clock::ManualClock,
    domain::{
        actor::{Actor, Caller, Role},
        id::{AppointmentId, ClinicId, PatientId, PractitionerId, RequestId, ServiceId, UserId},
        note::NoteText,
        payment::Method,
        prescription::{Item, PrescriptionText},
        profile::patient::PatientProfile,
        record_settings::RecordSettings,
        thread::MessageText,
    },
    store::{Scope, patients},
    usecase::{
        advance::{Step, advance_appointment},
        messages::{
            open::{Opening, create_thread},
            write::create_message,
        },
        payments::by_hand::{Taken, record_payment},
        record_settings::{read_record_settings, update_record_settings},
        records::{
            create_entry::{NewEntry, create_entry},
            prescribe::create_prescription,
            sign_note::sign_note,
            sign_prescription::sign_prescription,
            write_note::write_note,
        },
        reviews::{
            moderate::{moderate_review, reply_to_review},
            write::create_review,
        },
    },
};

/// Where it was, and who was there.
pub(super) struct Before<'a> {
    pub(super) clinic: &'a ClinicId,
    pub(super) service: &'a ServiceId,
    pub(super) doctor: (&'a PractitionerId, &'a UserId),
    pub(super) patient: (&'a PatientId, &'a UserId),
}

/// Who else came: days ago, stars, what they say, and what the doctor answers.
const OTHERS: [(i64, &str, &str, u8, &str, &str); 4] = [
    (24, "Juma", "Mwangi", 5, "Listened, and explained what the medicine does.", ""),
    (18, "Grace", "Wanjiru", 4, "On time. The picture was clear on my phone.", ""),
    (12, "Daudi", "Kiprop", 5, "", ""),
    (
        6,
        "Zainab",
        "Hassan",
        3,
        "Helpful, but I waited ten minutes.",
        "Sorry: an emergency came first.",
    ),
];

/// Days ago, the demo patient's own visit.
const OWN_VISIT_DAYS: i64 = 3;

/// Lets it have happened.
///
/// # Errors
/// When the database refuses.
pub(super) async fn tell(api: &Api, before: &Before<'_>) -> Result<(), DemoError> {
    let today = api.clock.now();
    let clock = Arc::new(ManualClock::at(today));
    let past = Past { api: Api { clock: clock.clone(), ..api.clone() }, clock, before };
    past.clinics_choices().await?;
    for (days, given, family, stars, text, answer) in OTHERS {
        past.set(today, days);
        let who = past.somebody(given, family).await?;
        let visit = past.held(&who, true).await?;
        past.reviewed(&who, &visit, (stars, text, answer)).await?;
    }
    past.set(today, OWN_VISIT_DAYS);
    let (patient, _) = before.patient;
    past.known(patient).await?;
    let visit = past.held(patient, false).await?;
    past.written(patient, &visit).await?;
    past.asked(patient, &visit).await
}

struct Past<'a> {
    api: Api,
    clock: Arc<ManualClock>,
    before: &'a Before<'a>,
}

impl Past<'_> {
    fn set(&self, today: Timestamp, days: i64) {
        self.clock.set(whole_minute(today) - (24 * days).hours());
    }

    fn caller(&self, actor: Actor) -> Caller {
        let clinic = Some(self.before.clinic.clone());
        let stepped_up_until = Some(self.api.clock.now() + 1.hours());
        let actor = Actor { clinic, second_factor: true, stepped_up_until, ..actor };
        Caller { actor, request: RequestId::mint(&self.api.random, self.api.clock.now()) }
    }

    fn doctor(&self) -> Caller {
        let (practitioner, user) = self.before.doctor;
        self.caller(Actor {
            user: Some(user.clone()),
            roles: vec![Role::Practitioner],
            practitioner: Some(practitioner.clone()),
            ..Actor::default()
        })
    }

    fn patient(&self, patient: &PatientId) -> Caller {
        let (own, user) = self.before.patient;
        self.caller(Actor {
            user: (own == patient).then(|| user.clone()),
            roles: vec![Role::Patient],
            patients: vec![patient.clone()],
            ..Actor::default()
        })
    }

    /// Few reviews are enough here to show them, and visits may be recorded.
    async fn clinics_choices(&self) -> Result<(), DemoError> {
        let caller = staff(&self.api, self.before.clinic);
        let (rev, settings) = read_record_settings(&self.api, &caller, self.before.clinic).await?;
        let settings = RecordSettings {
            reviews_min: 3,
            recording: true,
            urgent_notice: "When it cannot wait, call +254 20 0000000.".to_owned(),
            ..settings
        };
        update_record_settings(&self.api, &caller, self.before.clinic, rev, settings).await?;
        Ok(())
    }

    async fn somebody(&self, given: &str, family: &str) -> Result<PatientId, DemoError> {
        let Api { store, keys, random, clock, .. } = &self.api;
        let id = PatientId::mint(random, clock.now());
        let [given, family, language, zone] = [given, family, "en", ZONE].map(str::to_owned);
        let profile = PatientProfile::named(given, family, language, zone);
        let mut tx = store.write(Scope::Clinic(self.before.clinic)).await?;
        patients::insert(&mut tx, keys, random, self.before.clinic, &id, &profile, clock.now())
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A visit that was held, paid at the desk or not yet.
    async fn held(&self, patient: &PatientId, is_paid: bool) -> Result<AppointmentId, DemoError> {
        let Before { clinic, service, doctor: (practitioner, _), .. } = *self.before;
        let start = self.api.clock.now() + 1.minutes();
        let visit = place(&self.api, clinic, (service, practitioner, patient), start).await?;
        let (api, desk, doctor) = (&self.api, staff(&self.api, clinic), self.doctor());
        let id = (&visit.id, None);
        advance_appointment(api, &desk, None, id, Step::CheckIn).await?;
        if is_paid {
            let taken = Taken { method: Method::Cash, number: None };
            record_payment(api, &desk, None, &visit.id, taken).await?;
        }
        advance_appointment(api, &doctor, None, id, Step::Start).await?;
        self.clock.advance(std::time::Duration::from_secs(25 * 60));
        advance_appointment(api, &doctor, None, id, Step::Finish).await?;
        Ok(visit.id)
    }

    async fn reviewed(
        &self,
        patient: &PatientId,
        visit: &AppointmentId,
        (stars, text, answer): (u8, &str, &str),
    ) -> Result<(), DemoError> {
        let (api, text) = (&self.api, text.to_owned());
        let review = create_review(api, &self.patient(patient), visit, stars, text).await?;
        let desk = staff(api, self.before.clinic);
        let review = moderate_review(api, &desk, &review.id, review.rev, None).await?;
        if !answer.is_empty() {
            let answer = answer.to_owned();
            reply_to_review(api, &self.doctor(), &review.id, review.rev, answer).await?;
        }
        Ok(())
    }

    /// What the patient says of themselves.
    async fn known(&self, patient: &PatientId) -> Result<(), DemoError> {
        for content in [
            json!({"kind": "allergy", "code": {"text": "Penicillin"}, "clinical": "active",
                "verification": "unconfirmed", "criticality": "high"}),
            json!({"kind": "condition", "code": {"text": "Asthma"}, "clinical": "active",
                "verification": "unconfirmed", "onset": "2011"}),
            json!({"kind": "medication", "code": {"text": "Salbutamol inhaler"}, "status": "active",
                "dosage": "2 puffs when needed"}),
        ] {
            let content = serde_json::from_value(content);
            let content = content.map_err(|error| DemoError(error.to_string()))?;
            let new =
                NewEntry { patient: patient.clone(), appointment: None, content, unless: None };
            create_entry(&self.api, &self.patient(patient), None, new).await?;
        }
        Ok(())
    }

    /// The signed note and prescription of a visit.
    async fn written(&self, patient: &PatientId, visit: &AppointmentId) -> Result<(), DemoError> {
        let (api, doctor) = (&self.api, self.doctor());
        let text = NoteText {
            reason: "Cough for a week, worse at night.".to_owned(),
            findings: "No fever. Breathes easily while talking.".to_owned(),
            plan: "Inhaler before going to bed. Call again if it does not get better.".to_owned(),
            history: String::new(),
            assessment: String::new(),
        };
        let note = write_note(api, &doctor, visit, None, text).await?;
        sign_note(api, &doctor, visit, note.rev).await?;
        let item = Item {
            medicine: "Salbutamol 100 micrograms inhaler".to_owned(),
            code: None,
            dose: "2 puffs".to_owned(),
            frequency: "before going to bed".to_owned(),
            duration_days: Some(14),
            repeats: 1,
            instructions: String::new(),
        };
        let text = PrescriptionText { items: vec![item], remark: String::new() };
        let key = once(self.before.clinic, &format!("rx-{patient}"));
        let draft = create_prescription(api, &doctor, &key, visit, text).await?;
        sign_prescription(api, &doctor, &draft.id, draft.rev).await?;
        Ok(())
    }

    /// A question afterwards, and its answer.
    async fn asked(&self, patient: &PatientId, visit: &AppointmentId) -> Result<(), DemoError> {
        let (practitioner, _) = self.before.doctor;
        let says = |text: &str| MessageText { text: text.to_owned(), documents: Vec::new() };
        let opening = Opening {
            patient: patient.clone(),
            practitioner: Some(practitioner.clone()),
            appointment: Some(visit.clone()),
            subject: "How to use the inhaler".to_owned(),
            text: says("Shall I use the inhaler before or after brushing my teeth?"),
        };
        let key = once(self.before.clinic, &format!("thread-{patient}"));
        let shown = create_thread(&self.api, &self.patient(patient), &key, opening).await?;
        self.clock.advance(std::time::Duration::from_secs(2 * 60 * 60));
        let key = once(self.before.clinic, &format!("answer-{patient}"));
        let answer = says("Before. Rinse your mouth afterwards.");
        create_message(&self.api, &self.doctor(), &key, &shown.thread.id, answer).await?;
        Ok(())
    }
}
