//! Patients who wait for the next practitioner who is free: they stand in the queue of a visit type that is given on
//! demand, see how many stand before them, and leave; a practitioner takes the first, and the visit begins.

use jiff::{Timestamp, ToSpan as _};
use serde_json::json;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Actor, Caller},
        appointment::Appointment,
        id::{PatientId, QueueEntryId, RequestId, ServiceId},
        once::Once,
        page::{Page, PageRequest},
        rev::Rev,
        slot,
        waitlist::{QUEUE_HOURS, QueueEntry, QueueState},
    },
    store::{
        Scope, StoreError,
        change::{Change, Transition},
        idempotency::Earlier,
        outbox::Event,
        queue,
    },
    usecase::{
        Failure, load, override_rules, patient,
        place::{self, Found},
    },
};

/// A place, with how many stand before it where that was asked for.
pub(crate) struct Standing {
    pub(crate) entry: QueueEntry,
    pub(crate) ahead: Option<i64>,
}

/// Most places that one sweep ends.
const SWEEP_MAX: u32 = 200;

/// Joins a queue.
pub(crate) async fn join_queue(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    (service, patient): (ServiceId, Option<PatientId>),
) -> Result<Standing, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = patient.or_else(|| caller.actor.only_patient());
    let resource =
        Resource { clinic: Some(clinic.clone()), patient: patient.clone(), ..Resource::default() };
    let permit = access::decide(&caller.actor, Act::JoinQueue, &resource, now)?;
    let patient = patient.ok_or_else(|| Failure::invalid("/patient", "is missing"))?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier::<QueueEntryId>(once).await? {
        Earlier::None => {}
        Earlier::Done(id) => {
            let entry = queue::find(change.tx(), &id).await?.ok_or(Failure::NotFound)?;
            let ahead = Some(queue::ahead_of(change.tx(), &entry).await?);
            return Ok(Standing { entry, ahead });
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    patient::check(change.tx(), clinic, Some(&patient)).await?;
    let service = place::service_of(change.tx(), clinic, &service).await?;
    if !service.terms.on_demand || !service.terms.active {
        return Err(Failure::Stands("this visit type has no queue"));
    }
    let entry = QueueEntry {
        id: QueueEntryId::mint(&api.random, now),
        clinic: clinic.clone(),
        rev: Rev::FIRST,
        state: QueueState::Waiting,
        patient,
        service: service.id,
        created: now,
        ended: None,
    };
    match queue::insert(change.tx(), &entry).await {
        Err(StoreError::Duplicate(_)) => return Err(Failure::Exists("such a place")),
        other => other?,
    }
    let ahead = Some(queue::ahead_of(change.tx(), &entry).await?);
    record(&mut change, &permit, &entry, "queue.joined").await?;
    change.commit(once, &entry.id).await?;
    Ok(Standing { entry, ahead })
}

/// Reads a place.
pub(crate) async fn read_queue_entry(
    api: &Api,
    caller: &Caller,
    id: &QueueEntryId,
) -> Result<Standing, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let entry = queue::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let permit = access::decide(&caller.actor, Act::ReadQueueEntry, &resource(&entry), now)?;
    let ahead = Some(queue::ahead_of(change.tx(), &entry).await?);
    change.saw(&permit, "queue_entry", Some(id.as_str()), Some(&entry.patient));
    change.commit(None, &()).await?;
    Ok(Standing { entry, ahead })
}

/// Lists who stands in a clinic's queues, or in one of them, in order; or one patient's places, with how many stand before
/// each.
pub(crate) async fn list_queue(
    api: &Api,
    caller: &Caller,
    (service, patient): (Option<ServiceId>, Option<PatientId>),
    page: &PageRequest,
) -> Result<Page<Standing>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let patient = patient.or_else(|| caller.actor.only_patient());
    let resource =
        Resource { clinic: Some(clinic.clone()), patient: patient.clone(), ..Resource::default() };
    let permit = access::decide(&caller.actor, Act::ListQueue, &resource, now)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let which = (service.as_ref(), patient.as_ref());
    let found = queue::list(change.tx(), clinic, which, page).await?;
    let mut items = Vec::new();
    for entry in found.items {
        let ahead = match &patient {
            // At most one place a visit type.
            Some(_) => Some(queue::ahead_of(change.tx(), &entry).await?),
            None => None,
        };
        change.saw(&permit, "queue_entry", Some(entry.id.as_str()), Some(&entry.patient));
        items.push(Standing { entry, ahead });
    }
    if !items.is_empty() {
        change.commit(None, &()).await?;
    }
    Ok(Page { items, next: found.next })
}

/// Leaves a queue.
pub(crate) async fn leave_queue(
    api: &Api,
    caller: &Caller,
    id: &QueueEntryId,
) -> Result<QueueEntry, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let mut entry = queue::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let permit = access::decide(&caller.actor, Act::LeaveQueue, &resource(&entry), now)?;
    entry.leave(now)?;
    queue::update(change.tx(), &entry).await?;
    record(&mut change, &permit, &entry, "queue.left").await?;
    change.commit(None, &()).await?;
    Ok(entry)
}

/// Takes the first of a queue: an appointment that begins now, whatever the hours say.
///
/// # Errors
/// [`Failure::NotFound`] when nobody stands there.
pub(crate) async fn take_from_queue(
    api: &Api,
    caller: &Caller,
    once: &Once,
    service: &ServiceId,
) -> Result<Appointment, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    // Also of somebody who runs the clinic besides: who takes is the practitioner.
    let me = caller.actor.practitioner.clone();
    let resource = Resource {
        clinic: Some(clinic.clone()),
        practitioners: me.iter().cloned().collect(),
        ..Resource::default()
    };
    let _ = access::decide(&caller.actor, Act::TakeFromQueue, &resource, now)?;
    let practitioner = me.ok_or(Failure::NotFound)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(Some(once)).await? {
        Earlier::None => {}
        Earlier::Done(appointment) => return Ok(appointment),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let service = place::service_of(change.tx(), clinic, service).await?;
    if !service.terms.practitioners.contains(&practitioner) {
        return Err(Failure::invalid("/service", "you do not offer this visit type"));
    }
    let first = queue::first(change.tx(), &service.id).await?;
    let mut entry = first.ok_or(Failure::Stands("nobody waits"))?;
    let resource = Resource { patient: Some(entry.patient.clone()), ..resource };
    let permit = access::decide(&caller.actor, Act::TakeFromQueue, &resource, now)?;
    // A visit begins at a whole minute, as calendars have it.
    let start = now - (now.as_millisecond().rem_euclid(60_000)).milliseconds();
    let visit = slot::visit_at(&service.terms, start);
    let found = Found { service, practitioner, visit };
    let patient = entry.patient.clone();
    let appointment =
        override_rules::book_outside(api, &mut change, &permit, (&found, patient), now).await?;
    entry.take(appointment.id.clone(), now)?;
    queue::update(change.tx(), &entry).await?;
    record(&mut change, &permit, &entry, "queue.taken").await?;
    change.commit(Some(once), &appointment).await?;
    Ok(appointment)
}

/// Takes out of queues who has stood there too long; how many.
pub(crate) async fn sweep(api: &Api) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let older = queue::older(&mut tx, now - QUEUE_HOURS.hours(), SWEEP_MAX).await?;
    drop(tx);
    let mut ended = 0;
    for entry in older {
        match end(api, entry, now).await {
            Ok(()) => ended += 1,
            Err(Failure::Store(StoreError::Stale) | Failure::Stands(_)) => {}
            Err(failure) => tracing::warn!(%failure, "a place in a queue was left as it is"),
        }
    }
    Ok(ended)
}

async fn end(api: &Api, mut entry: QueueEntry, now: Timestamp) -> Result<(), Failure> {
    let request = RequestId::mint(&api.random, now);
    let caller = Caller { actor: Actor::system(entry.clinic.clone()), request };
    let permit = access::decide(&caller.actor, Act::EndQueueEntry, &resource(&entry), now)?;
    entry.leave(now)?;
    let scope = Scope::Clinic(&entry.clinic);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    queue::update(change.tx(), &entry).await?;
    record(&mut change, &permit, &entry, "queue.ended").await?;
    Ok(change.commit(None, &()).await?)
}

fn resource(entry: &QueueEntry) -> Resource {
    Resource {
        clinic: Some(entry.clinic.clone()),
        patient: Some(entry.patient.clone()),
        ..Resource::default()
    }
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    entry: &QueueEntry,
    topic: &'static str,
) -> Result<(), Failure> {
    let payload = json!({
        "queue_entry": entry.id,
        "state": entry.state.name(),
        "service": entry.service,
        "appointment": entry.state.appointment(),
        "patient": entry.patient,
    });
    let transition = Transition {
        kind: "queue_entry",
        id: entry.id.as_str(),
        rev: entry.rev,
        patient: Some(&entry.patient),
        body: json!({ "queue_entry": entry }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    Ok(change.record(permit, transition).await?)
}
