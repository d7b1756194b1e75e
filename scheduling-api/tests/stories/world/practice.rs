//! A clinic with practitioners, hours, a visit type and patients, and tokens of who works and comes there.

use jiff::civil::Time;
use scheduling_api::{
    demo,
    domain::{
        actor::{Actor, Role},
        availability::{DayHours, Window},
        id::{ClinicId, PatientId, PractitionerId, ScheduleId, ServiceId, UserId},
        money::Money,
        schedule::Hours,
        service::{CancelPolicy, Mode, PayPolicy, ServiceTerms},
    },
};
use serde_json::{Value, json};

use super::{BEGINNING, World};

pub struct Practice {
    pub clinic: ClinicId,
    pub practitioner: PractitionerId,
    pub service: ServiceId,
    pub schedule: ScheduleId,
    pub patient: PatientId,
    /// Tokens.
    pub patient_token: String,
    pub practitioner_token: String,
    pub desk: String,
    pub admin: String,
}

impl World {
    /// A clinic in a zone whose one practitioner is there every day within these hours.
    pub async fn practice(&self, zone: &str, (from, to): (i8, i8)) -> Practice {
        self.practice_with(zone, (from, to), |_| ()).await
    }

    /// The same, with other terms of the visit type.
    pub async fn practice_with(
        &self,
        zone: &str,
        (from, to): (i8, i8),
        adjust: impl FnOnce(&mut ServiceTerms),
    ) -> Practice {
        let clinic: ClinicId = self.clinic("Mwangaza").await.parse().unwrap();
        let practitioner = self.practitioner(&clinic, "Dr. Amara Osei").await;
        let hours = every_day(zone, from, to);
        let schedule = demo::add_hours(&self.api, &clinic, &practitioner, hours).await.unwrap();
        let mut terms = terms(vec![practitioner.clone()]);
        adjust(&mut terms);
        let service = demo::add_service(&self.api, &clinic, terms).await.unwrap();
        let patient = demo::add_patient(&self.api, &clinic).await.unwrap();
        let patient_token = self.patient_token(&clinic, &patient);
        let practitioner_token = self.token(Actor {
            practitioner: Some(practitioner.clone()),
            ..self.actor(Role::Practitioner, &clinic)
        });
        let desk = self.member(Role::Receptionist, Some(clinic.as_str()));
        let admin = self.member(Role::ClinicAdmin, Some(clinic.as_str()));
        Practice {
            clinic,
            practitioner,
            service,
            schedule,
            patient,
            patient_token,
            practitioner_token,
            desk,
            admin,
        }
    }

    pub async fn practitioner(&self, clinic: &ClinicId, name: &str) -> PractitionerId {
        let card = demo::card(&self.api, name, "general practice", &["en", "sw"]);
        demo::add_practitioner(&self.api, clinic, card).await.unwrap()
    }

    pub fn patient_token(&self, clinic: &ClinicId, patient: &PatientId) -> String {
        self.token(Actor { patients: vec![patient.clone()], ..self.actor(Role::Patient, clinic) })
    }

    fn actor(&self, role: Role, clinic: &ClinicId) -> Actor {
        let user = UserId::mint(&self.api.random, BEGINNING.parse().unwrap());
        Actor {
            user: Some(user),
            clinic: Some(clinic.clone()),
            roles: vec![role],
            second_factor: true,
            ..Actor::default()
        }
    }

    /// Starts that are proposed for the practice, between two instants.
    pub async fn starts(&self, practice: &Practice, from: &str, to: &str) -> Vec<String> {
        let path = format!("/v1/slots?service={}&from={from}&to={to}&limit=500", practice.service);
        let found = self.get(&path).reply().await.ok();
        let items = found["items"].as_array().unwrap().iter();
        items.map(|slot| slot["start"].as_str().unwrap().to_owned()).collect()
    }
}

impl Practice {
    /// The body that books a start.
    pub fn booking(&self, start: &str) -> Value {
        json!({ "service": self.service, "practitioner": self.practitioner, "start": start })
    }
}

pub fn every_day(zone: &str, from: i8, to: i8) -> Hours {
    let window = Window { from: Time::constant(from, 0, 0, 0), to: Time::constant(to, 0, 0, 0) };
    let day = |weekday| DayHours { weekday, windows: vec![window] };
    Hours { time_zone: zone.to_owned(), weekly: (1..=7).map(day).collect(), overrides: Vec::new() }
}

pub fn terms(practitioners: Vec<PractitionerId>) -> ServiceTerms {
    ServiceTerms {
        name: "Video visit".to_owned(),
        active: true,
        mode: Mode::Video,
        duration_min: 30,
        step_min: 30,
        buffer_before_min: 0,
        buffer_after_min: 0,
        minimum_notice_min: 0,
        horizon_days: 60,
        daily_limit: 0,
        needs_approval: false,
        approval_ttl_min: 60,
        capacity: 1,
        on_demand: false,
        price: Money { minor: 250_000, currency: "KES".parse().unwrap() },
        pay: PayPolicy::PayAfter,
        cancel: CancelPolicy {
            free_until_min: 120,
            late_fee_minor: 50_000,
            no_show_fee_minor: 100_000,
            no_show_after_min: 15,
            no_show_by_rule: false,
            patient_may_cancel_late: true,
        },
        practitioners,
    }
}
