//! Patients who wait for a time that becomes free: they join, are shown where they stand, and give it up. What is offered
//! to them, and when, is `offer`.

pub(crate) mod offer;

use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        appointment::{Party, State},
        availability::Span,
        id::{PatientId, PractitionerId, ServiceId, WaitlistId},
        once::Once,
        page::{Page, PageRequest},
        rev::Rev,
        waitlist::{SPAN_DAYS_MAX, Stands, WAITING_MAX, WaitState, WaitlistEntry},
    },
    store::{
        Scope, StoreError, appointments,
        change::{Change, Transition},
        idempotency::Earlier,
        outbox::Event,
        waitlist,
    },
    usecase::{Failure, load, patient, place},
};

impl From<Stands> for Failure {
    fn from(Stands(state): Stands) -> Self {
        Self::Stands(state)
    }
}

/// What somebody waits for.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) service: ServiceId,
    pub(crate) practitioner: Option<PractitionerId>,
    pub(crate) patient: Option<PatientId>,
    pub(crate) span: Span,
}

/// Takes a place.
pub(crate) async fn join_waitlist(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    waiting: Waiting,
) -> Result<WaitlistEntry, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = waiting.patient.or_else(|| caller.actor.only_patient());
    let resource =
        Resource { clinic: Some(clinic.clone()), patient: patient.clone(), ..Resource::default() };
    let permit = access::decide(&caller.actor, Act::JoinWaitlist, &resource, now)?;
    let patient = patient.ok_or_else(|| Failure::invalid("/patient", "is missing"))?;
    let span = Span { start: waiting.span.start.max(now), end: waiting.span.end };
    if span.end <= span.start {
        return Err(Failure::invalid("/to", "the span must end after it begins, and after now"));
    }
    if span.end > span.start + (SPAN_DAYS_MAX * 24).hours() {
        return Err(Failure::invalid("/to", "nobody waits for more than 62 days"));
    }
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let earlier = match change.earlier::<WaitlistId>(once).await? {
        Earlier::None => None,
        Earlier::Done(id) => Some(id),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    };
    if let Some(id) = earlier {
        return waitlist::find(change.tx(), &id).await?.ok_or(Failure::NotFound);
    }
    patient::check(change.tx(), clinic, Some(&patient)).await?;
    let service = place::service_of(change.tx(), clinic, &waiting.service).await?;
    if service.terms.needs_approval {
        return Err(Failure::NeedsApproval);
    }
    let offers = |one: &PractitionerId| service.terms.practitioners.contains(one);
    if waiting.practitioner.as_ref().is_some_and(|one| !offers(one)) {
        return Err(Failure::invalid("/practitioner", "does not offer this visit type"));
    }
    if waitlist::waiting(change.tx(), &service.id).await? >= WAITING_MAX {
        return Err(Failure::Stands("as many patients as may wait do so"));
    }
    let entry = WaitlistEntry {
        id: WaitlistId::mint(&api.random, now),
        clinic: clinic.clone(),
        rev: Rev::FIRST,
        state: WaitState::Waiting,
        patient,
        service: service.id,
        practitioner: waiting.practitioner,
        span,
        lapsed: 0,
        created: now,
        ended: None,
    };
    match waitlist::insert(change.tx(), &entry).await {
        Err(StoreError::Duplicate(_)) => return Err(Failure::Exists("such a place")),
        other => other?,
    }
    record(&mut change, &permit, &entry, "waitlist.joined").await?;
    change.commit(once, &entry.id).await?;
    Ok(entry)
}

/// Lists places: a patient's own, or the clinic's.
pub(crate) async fn list_waitlist(
    api: &Api,
    caller: &Caller,
    patient: Option<PatientId>,
    page: &PageRequest,
) -> Result<Page<WaitlistEntry>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = patient.or_else(|| caller.actor.only_patient());
    let resource =
        Resource { clinic: Some(clinic.clone()), patient: patient.clone(), ..Resource::default() };
    let permit = access::decide(&caller.actor, Act::ListWaitlist, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = waitlist::list(change.tx(), clinic, patient.as_ref(), page).await?;
    if found.items.is_empty() {
        return Ok(found);
    }
    for one in &found.items {
        change.saw(&permit, "waitlist_entry", Some(one.id.as_str()), Some(&one.patient));
    }
    change.commit(None, &()).await?;
    Ok(found)
}

/// Gives a place up; a time that was kept is free again.
pub(crate) async fn withdraw_from_waitlist(
    api: &Api,
    caller: &Caller,
    id: &WaitlistId,
) -> Result<WaitlistEntry, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = waitlist::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let resource = resource(&found);
    let permit = access::decide(&caller.actor, Act::WithdrawFromWaitlist, &resource, now)?;
    let mut entry = found;
    let kept = entry.state.appointment().cloned();
    entry.withdraw(now)?;
    waitlist::update(change.tx(), &entry).await?;
    if let Some(kept) = kept
        && let Some(mut hold) = appointments::find(change.tx(), &kept).await?
        && matches!(hold.state, State::Held { .. })
    {
        hold.cancel(Party::Patient, now)?;
        load::save(&mut change, &permit, &hold).await?;
    }
    record(&mut change, &permit, &entry, "waitlist.withdrawn").await?;
    change.commit(None, &()).await?;
    Ok(entry)
}

/// The hold of an offer was booked, in the transaction that books it.
pub(crate) async fn booked(
    change: &mut Change<'_>,
    permit: &Permit,
    hold: &crate::domain::id::AppointmentId,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(mut entry) = waitlist::of_offer(change.tx(), hold).await? else { return Ok(()) };
    if entry.book(now).is_ok() {
        waitlist::update(change.tx(), &entry).await?;
        record(change, permit, &entry, "waitlist.booked").await?;
    }
    Ok(())
}

fn resource(entry: &WaitlistEntry) -> Resource {
    Resource {
        clinic: Some(entry.clinic.clone()),
        patient: Some(entry.patient.clone()),
        practitioners: entry.practitioner.iter().cloned().collect(),
        ..Resource::default()
    }
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    entry: &WaitlistEntry,
    topic: &'static str,
) -> Result<(), Failure> {
    let payload = json!({
        "waitlist_entry": entry.id,
        "state": entry.state.name(),
        "appointment": entry.state.appointment(),
        "patient": entry.patient,
    });
    let transition = Transition {
        kind: "waitlist_entry",
        id: entry.id.as_str(),
        rev: entry.rev,
        patient: Some(&entry.patient),
        body: json!({ "waitlist_entry": entry }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
