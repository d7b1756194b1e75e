//! Visits that repeat: booked together at the same time of day, and called off together. Each is an appointment of its
//! own; the series is what they have in common.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Caller, Role},
        appointment::{Appointment, Party, State},
        availability::Span,
        claim::Resource as Claimed,
        id::{ClinicId, PatientId, PractitionerId, SeriesId, ServiceId},
        once::Once,
        page::PageRequest,
        slot,
    },
    store::{
        Scope, StoreError,
        appointments::{self, Filter},
        change::Change,
        claims,
        idempotency::Earlier,
        schedules,
    },
    usecase::{
        Failure, book, load, patient,
        place::{self, Found, Place},
    },
};

/// Visits of a series: half a year of weeks.
pub(crate) const VISITS: std::ops::RangeInclusive<u32> = 2..=26;

/// Weeks between two visits.
pub(crate) const WEEKS: std::ops::RangeInclusive<u32> = 1..=12;

/// What is to be booked.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) service: ServiceId,
    pub(crate) practitioner: PractitionerId,
    pub(crate) patient: Option<PatientId>,
    pub(crate) start: Timestamp,
    pub(crate) every_weeks: u32,
    pub(crate) visits: u32,
    /// Whether what cannot be booked is left out; otherwise nothing is booked then.
    pub(crate) skip_taken: bool,
}

/// What was booked, and what was left out.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Booked {
    pub(crate) series: SeriesId,
    pub(crate) appointments: Vec<Appointment>,
    pub(crate) skipped: Vec<Timestamp>,
}

/// Books a series: all of it, or nothing, or what is free of it.
pub(crate) async fn create_series(
    api: &Api,
    caller: &Caller,
    once: &Once,
    wish: &Series,
) -> Result<Booked, Failure> {
    let now = api.clock.now();
    if !VISITS.contains(&wish.visits) {
        return Err(Failure::invalid("/visits", "2 to 26 visits"));
    }
    if !WEEKS.contains(&wish.every_weeks) {
        return Err(Failure::invalid("/every_weeks", "1 to 12 weeks"));
    }
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = wish.patient.clone().or_else(|| caller.actor.only_patient());
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: patient.clone(),
        practitioners: vec![wish.practitioner.clone()],
        ..Resource::default()
    };
    let permit = access::decide(&caller.actor, Act::CreateSeries, &resource, now)?;
    let patient = patient.ok_or_else(|| Failure::invalid("/patient", "is missing"))?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(Some(once)).await? {
        Earlier::None => {}
        Earlier::Done(booked) => return Ok(booked),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    patient::check(change.tx(), clinic, Some(&patient)).await?;
    let zone = zone(&mut change, &wish.practitioner).await?;
    let series = SeriesId::mint(&api.random, now);
    let mut booked =
        Booked { series: series.clone(), appointments: Vec::new(), skipped: Vec::new() };
    // Every resource is locked before the first is looked at: nobody else books between two visits of the series.
    let everybody = [Claimed::from(&wish.practitioner), Claimed::from(&patient)];
    claims::lock(change.tx(), &everybody).await?;
    for start in starts(wish, &zone) {
        match free(&mut change, (clinic, wish, &patient), start, now).await {
            Ok(found) => {
                let who = (patient.clone(), series.clone());
                booked
                    .appointments
                    .push(book_one(api, &mut change, &permit, (&found, who), now).await?);
            }
            Err(Failure::Slot(_) | Failure::Store(StoreError::SlotTaken)) if wish.skip_taken => {
                booked.skipped.push(start);
            }
            Err(failure) => return Err(failure),
        }
    }
    if booked.appointments.is_empty() {
        return Err(StoreError::SlotTaken.into());
    }
    change.commit(Some(once), &booked).await?;
    Ok(booked)
}

/// The zone that the practitioner keeps hours in: the visits keep their time of day there.
async fn zone(change: &mut Change<'_>, practitioner: &PractitionerId) -> Result<TimeZone, Failure> {
    let schedule = schedules::of_practitioner(change.tx(), practitioner).await?;
    let schedule = schedule.ok_or(slot::SlotRefusal::OutsideHours)?;
    TimeZone::get(&schedule.hours.time_zone).map_err(|_| Failure::NotFound)
}

/// The same time of day, week after week; where the clocks leave it out, the first minute behind the gap.
fn starts(wish: &Series, zone: &TimeZone) -> Vec<Timestamp> {
    let first = wish.start.to_zoned_datetime(zone.clone());
    (0..wish.visits)
        .filter_map(|number| {
            let weeks = i64::from(number * wish.every_weeks).weeks();
            Some(first.checked_add(weeks).ok()?.timestamp())
        })
        .collect()
}

/// Finds the place of one visit, if everybody is free then. Asked before anything is written: what PostgreSQL refuses
/// cannot be left out of a transaction any more.
async fn free(
    change: &mut Change<'_>,
    (clinic, wish, patient): (&ClinicId, &Series, &PatientId),
    start: Timestamp,
    now: Timestamp,
) -> Result<Found, Failure> {
    let practitioner = Some(wish.practitioner.clone());
    let place = Place { service: wish.service.clone(), practitioner, start };
    let found = place::find(change.tx(), clinic, &place, now).await?;
    let terms = &found.service.terms;
    let spans = [
        (Claimed::from(&wish.practitioner), slot::claim_of(terms, found.visit)),
        (Claimed::from(patient), found.visit),
    ];
    for (resource, span) in spans {
        let active = claims::active(change.tx(), clinic, &resource, span).await?;
        let is_kept =
            |(_, until): &(Span, Option<Timestamp>)| until.is_none_or(|until| now < until);
        if active.iter().any(is_kept) {
            return Err(StoreError::SlotTaken.into());
        }
    }
    Ok(found)
}

async fn book_one(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    (found, (patient, series)): (&Found, (PatientId, SeriesId)),
    now: Timestamp,
) -> Result<Appointment, Failure> {
    let terms = &found.service.terms;
    let wanted = place::wanted(api, found, Some(patient), Some(series), now);
    if terms.needs_approval {
        let request = Appointment::request(wanted, terms, now)?;
        place::put(api, change, permit, &request, now).await?;
        return Ok(request);
    }
    let hold = Appointment::hold(wanted, terms, now);
    book::book_new(api, change, permit, hold, now).await
}

/// Calls off what is left of a series: visits that are agreed or asked for, and have not begun. Each by its policy.
pub(crate) async fn cancel_series(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    series: &SeriesId,
) -> Result<Vec<Appointment>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(cancelled) => return Ok(cancelled),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let filter = Filter { series: Some(series.clone()), ..Filter::default() };
    let page = PageRequest { limit: *VISITS.end(), after: None };
    let found = appointments::list(change.tx(), clinic, &filter, &page).await?.items;
    if found.is_empty() {
        return Err(Failure::NotFound);
    }
    let mut cancelled = Vec::new();
    for mut visit in found {
        let permit =
            access::decide(&caller.actor, Act::CancelSeries, &load::resource(&visit), now)?;
        let is_left = matches!(visit.state, State::Booked | State::Requested { .. });
        if !is_left || visit.visit.start <= now {
            continue;
        }
        let by = if permit.role() == Role::Patient { Party::Patient } else { Party::Clinic };
        visit.cancel(by, now)?;
        load::save(&mut change, &permit, &visit).await?;
        cancelled.push(visit);
    }
    if cancelled.is_empty() {
        return Err(Failure::Stands("nothing of the series is left"));
    }
    change.commit(once, &cancelled).await?;
    Ok(cancelled)
}
