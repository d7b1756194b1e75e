//! A clinic to try things with: practitioners, hours, a patient, an appointment that begins now.
//!
//! Made through the use cases, so that it is as any other clinic: its history and audit log begin with it.

mod history;
mod ways_in;

use jiff::{Timestamp, ToSpan as _, civil::Time};

use crate::{
    api::Api,
    domain::{
        actor::{Actor, Caller, Role},
        appointment::Appointment,
        availability::{DayHours, Window},
        clinic::{Clinic, ClinicCard},
        directory::Card,
        id::{
            AppointmentId, ClinicId, PatientId, PractitionerId, RequestId, ScheduleId, ServiceId,
        },
        money::{CurrencyError, Money},
        once::Once,
        profile::{patient::PatientProfile, practitioner::PractitionerProfile},
        schedule::Hours,
        service::{CancelPolicy, Mode, PayPolicy, ServiceTerms},
    },
    store::{Scope, StoreError, patients, practitioners},
    usecase::{
        Failure, create_clinic,
        override_rules::{self, Placement},
        schedule, services,
    },
};

pub use ways_in::{WaysIn, ways_in};

/// What was made.
#[derive(Debug, Clone)]
pub struct Demo {
    /// The clinic.
    pub clinic: ClinicId,
    /// Who works there.
    pub practitioners: Vec<PractitionerId>,
    /// What can be booked.
    pub service: ServiceId,
    /// Who comes.
    pub patient: PatientId,
    /// The appointment that begins now.
    pub appointment: AppointmentId,
}

/// The demo clinic could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the demo clinic cannot be made: {0}")]
pub struct DemoError(String);

impl From<Failure> for DemoError {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

impl From<StoreError> for DemoError {
    fn from(error: StoreError) -> Self {
        Self(error.chain())
    }
}

impl From<CurrencyError> for DemoError {
    fn from(error: CurrencyError) -> Self {
        Self(error.to_string())
    }
}

/// The zone of the demo clinic.
const ZONE: &str = "Africa/Nairobi";

/// Makes the demo clinic, beside whatever there is.
///
/// # Errors
/// When the database refuses.
pub async fn seed(api: &Api) -> Result<Demo, DemoError> {
    let clinic = clinic(api).await?;
    let mut practitioners = Vec::new();
    for (name, specialty, languages) in [
        ("Dr. Amara Osei", "general practice", ["en", "sw"]),
        ("Dr. Njeri Kamau", "paediatrics", ["en", "sw"]),
        ("Dr. Léa Moreau", "dermatology", ["en", "fr"]),
    ] {
        let card = card(api, name, specialty, &languages);
        practitioners.push(add_practitioner(api, &clinic.id, card).await?);
    }
    let service = add_service(api, &clinic.id, terms(practitioners.clone())?).await?;
    for practitioner in &practitioners {
        add_hours(api, &clinic.id, practitioner, office_hours()).await?;
    }
    let doctor = practitioners.first().ok_or_else(|| DemoError("no practitioner".to_owned()))?;
    let user = ways_in::employ(api, &clinic.id, doctor, "Dr. Amara Osei").await?;
    let (patient, patient_user) = ways_in::patient(api, &clinic.id).await?;
    let past = history::Before {
        clinic: &clinic.id,
        service: &service,
        doctor: (doctor, &user),
        patient: (&patient, &patient_user),
    };
    history::tell(api, &past).await?;
    let appointment = appointment_now(api, &clinic.id, &service, &practitioners, &patient).await?;
    Ok(Demo { clinic: clinic.id, practitioners, service, patient, appointment: appointment.id })
}

async fn clinic(api: &Api) -> Result<Clinic, DemoError> {
    let root = Caller {
        actor: Actor { roles: vec![Role::PlatformAdmin], second_factor: true, ..Actor::default() },
        request: RequestId::mint(&api.random, api.clock.now()),
    };
    let card = ClinicCard {
        name: "Mwangaza Clinic".to_owned(),
        time_zone: ZONE.to_owned(),
        phone: Some("+254 20 0000000".to_owned()),
    };
    Ok(create_clinic::create_clinic(api, &root, None, card).await?)
}

/// Adds a practitioner to a clinic.
///
/// # Errors
/// When the database refuses.
pub async fn add_practitioner(
    api: &Api,
    clinic: &ClinicId,
    card: Card,
) -> Result<PractitionerId, DemoError> {
    let mut tx = api.store.write(Scope::Clinic(clinic)).await?;
    let profile = PractitionerProfile {
        specialties: card.specialties,
        languages: card.languages,
        ..PractitionerProfile::named(card.display_name)
    };
    let now = api.clock.now();
    practitioners::insert(&mut tx, clinic, &card.id, &profile, &card.time_zone, now).await?;
    tx.commit().await?;
    Ok(card.id)
}

/// Adds a patient to a clinic.
///
/// # Errors
/// When the database refuses.
pub async fn add_patient(api: &Api, clinic: &ClinicId) -> Result<PatientId, DemoError> {
    let now = api.clock.now();
    let patient = PatientId::mint(&api.random, now);
    let mut tx = api.store.write(Scope::Clinic(clinic)).await?;
    let profile = PatientProfile::named(
        "Demo".to_owned(),
        "Patient".to_owned(),
        "en".to_owned(),
        ZONE.to_owned(),
    );
    patients::insert(&mut tx, &api.keys, &api.random, clinic, &patient, &profile, now).await?;
    tx.commit().await?;
    Ok(patient)
}

/// Adds a visit type to a clinic.
///
/// # Errors
/// When it cannot be so, or the database refuses.
pub async fn add_service(
    api: &Api,
    clinic: &ClinicId,
    terms: ServiceTerms,
) -> Result<ServiceId, DemoError> {
    Ok(services::create_service(api, &staff(api, clinic), None, terms).await?.id)
}

/// Gives a practitioner hours.
///
/// # Errors
/// When they cannot be so, or the database refuses.
pub async fn add_hours(
    api: &Api,
    clinic: &ClinicId,
    practitioner: &PractitionerId,
    hours: Hours,
) -> Result<ScheduleId, DemoError> {
    let staff = staff(api, clinic);
    Ok(schedule::create_schedule(api, &staff, None, practitioner, hours).await?.id)
}

/// A practitioner's card.
#[must_use]
pub fn card(api: &Api, name: &str, specialty: &str, languages: &[&str]) -> Card {
    Card {
        id: PractitionerId::mint(&api.random, api.clock.now()),
        display_name: name.to_owned(),
        biography: String::new(),
        time_zone: ZONE.to_owned(),
        licence_region: None,
        specialties: vec![specialty.to_owned()],
        languages: languages.iter().map(ToString::to_string).collect(),
    }
}

fn staff(api: &Api, clinic: &ClinicId) -> Caller {
    let actor = Actor {
        clinic: Some(clinic.clone()),
        roles: vec![Role::ClinicAdmin],
        second_factor: true,
        ..Actor::default()
    };
    Caller { actor, request: RequestId::mint(&api.random, api.clock.now()) }
}

fn terms(practitioners: Vec<PractitionerId>) -> Result<ServiceTerms, CurrencyError> {
    Ok(ServiceTerms {
        name: "Video visit".to_owned(),
        active: true,
        mode: Mode::Video,
        duration_min: 30,
        step_min: 30,
        buffer_before_min: 0,
        buffer_after_min: 5,
        minimum_notice_min: 60,
        horizon_days: 60,
        daily_limit: 0,
        needs_approval: false,
        approval_ttl_min: 24 * 60,
        capacity: 1,
        on_demand: true,
        price: Money { minor: 250_000, currency: "KES".parse()? },
        pay: PayPolicy::PayAfter,
        cancel: CancelPolicy {
            free_until_min: 24 * 60,
            late_fee_minor: 50_000,
            no_show_fee_minor: 100_000,
            no_show_after_min: 15,
            no_show_by_rule: false,
            patient_may_cancel_late: true,
        },
        practitioners,
    })
}

/// Monday to Friday, eight to five with an hour at noon.
fn office_hours() -> Hours {
    let window = |from: i8, to: i8| Window {
        from: Time::constant(from, 0, 0, 0),
        to: Time::constant(to, 0, 0, 0),
    };
    let windows = vec![window(8, 12), window(13, 17)];
    let day = |weekday| DayHours { weekday, windows: windows.clone() };
    Hours { time_zone: ZONE.to_owned(), weekly: (1..=5).map(day).collect(), overrides: Vec::new() }
}

/// An appointment that begins now, whatever the hour: so it is placed outside the rules.
async fn appointment_now(
    api: &Api,
    clinic: &ClinicId,
    service: &ServiceId,
    practitioners: &[PractitionerId],
    patient: &PatientId,
) -> Result<Appointment, DemoError> {
    let now = api.clock.now();
    let practitioner = practitioners.first().cloned();
    let practitioner = practitioner.ok_or_else(|| DemoError("no practitioner".to_owned()))?;
    place(api, clinic, (service, &practitioner, patient), whole_minute(now) + 1.minutes()).await
}

/// An appointment at any hour.
async fn place(
    api: &Api,
    clinic: &ClinicId,
    (service, practitioner, patient): (&ServiceId, &PractitionerId, &PatientId),
    start: Timestamp,
) -> Result<Appointment, DemoError> {
    let placement = Placement {
        service: service.clone(),
        practitioner: practitioner.clone(),
        patient: patient.clone(),
        start,
        reason: "demo".to_owned().into(),
    };
    let once = once(clinic, &format!("place-{}", start.as_second()));
    let caller = staff(api, clinic);
    Ok(override_rules::override_appointment(api, &caller, &once, &placement).await?)
}

fn once(clinic: &ClinicId, what: &str) -> Once {
    Once { key: format!("demo-{clinic}-{what}"), request_hash: [0; 32] }
}

fn whole_minute(now: Timestamp) -> Timestamp {
    let ms = now.as_millisecond();
    Timestamp::from_millisecond(ms - ms.rem_euclid(60_000)).unwrap_or(now)
}
