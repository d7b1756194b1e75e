//! Makes, changes and reads a practitioner's hours.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::Caller,
        availability::Override,
        id::{ClinicId, PractitionerId, ScheduleId},
        once::Once,
        rev::Rev,
        schedule::{Hours, Schedule},
    },
    store::{
        Scope, StoreError, calendars,
        change::{Change, Transition},
        directory,
        idempotency::Earlier,
        outbox::Event,
        schedules,
    },
    usecase::{Failure, load},
};

/// Makes a practitioner's hours.
pub(crate) async fn create_schedule(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    practitioner: &PractitionerId,
    hours: Hours,
) -> Result<Schedule, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = of_practitioner(clinic, practitioner);
    let permit = access::decide(&caller.actor, Act::CreateSchedule, &resource, now)?;
    hours.availability()?;

    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(schedule) => return Ok(schedule),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    if !directory::is_practitioner_of(change.tx(), clinic, practitioner).await? {
        return Err(Failure::NotFound);
    }
    let schedule = Schedule {
        id: ScheduleId::mint(&api.random, now),
        clinic: clinic.clone(),
        practitioner: practitioner.clone(),
        rev: Rev::FIRST,
        hours,
    };
    schedules::insert(change.tx(), &schedule).await?;
    record(&mut change, &permit, &schedule, "schedule.created").await?;
    change.commit(once, &schedule).await?;
    Ok(schedule)
}

/// How hours are to change.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// All of them.
    Hours(Hours),
    /// Some dates more on which they do not hold.
    Override(Override),
}

/// Changes a practitioner's hours. Appointments that are booked stay: the clinic decides about them.
pub(crate) async fn update_schedule(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    (id, seen): (&ScheduleId, Rev),
    edit: Edit,
) -> Result<Schedule, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(schedule) => return Ok(schedule),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let mut schedule = schedules::find(change.tx(), id).await?.ok_or(Failure::NotFound)?;
    let resource = of_practitioner(&schedule.clinic, &schedule.practitioner);
    let act = match edit {
        Edit::Hours(_) => Act::UpdateSchedule,
        Edit::Override(_) => Act::AddOverride,
    };
    let permit = access::decide(&caller.actor, act, &resource, now)?;
    if schedule.rev != seen {
        return Err(StoreError::Stale.into());
    }
    schedule.rev = schedule.rev.next();
    match edit {
        Edit::Hours(hours) => schedule.hours = hours,
        Edit::Override(exception) => schedule.hours.overrides.push(exception),
    }
    schedule.hours.availability()?;
    schedules::update(change.tx(), &schedule).await?;
    record(&mut change, &permit, &schedule, "schedule.updated").await?;
    change.commit(once, &schedule).await?;
    Ok(schedule)
}

/// Reads a practitioner's hours.
pub(crate) async fn read_schedule(
    api: &Api,
    caller: &Caller,
    id: &ScheduleId,
) -> Result<Schedule, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Clinic(load::clinic_of(&caller.actor)?)).await?;
    let schedule = schedules::find(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    let resource = of_practitioner(&schedule.clinic, &schedule.practitioner);
    let _ = access::decide(&caller.actor, Act::ReadSchedule, &resource, now)?;
    Ok(schedule)
}

/// Finds a practitioner's hours by whose they are.
pub(crate) async fn find_schedule(
    api: &Api,
    caller: &Caller,
    practitioner: &PractitionerId,
) -> Result<Schedule, Failure> {
    let clinic = load::clinic_of(&caller.actor)?;
    let resource = of_practitioner(clinic, practitioner);
    let _ = access::decide(&caller.actor, Act::FindSchedule, &resource, api.clock.now())?;
    let mut tx = api.store.read(Scope::Clinic(clinic)).await?;
    let found = schedules::of_practitioner(&mut tx, practitioner).await?;
    // SQLite has no row-level security: another clinic's is none.
    found.filter(|found| found.clinic == *clinic).ok_or(Failure::NotFound)
}

fn of_practitioner(clinic: &ClinicId, practitioner: &PractitionerId) -> Resource {
    let practitioners = vec![practitioner.clone()];
    Resource { clinic: Some(clinic.clone()), practitioners, ..Resource::default() }
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    schedule: &Schedule,
    topic: &'static str,
) -> Result<(), Failure> {
    calendars::touch(change.tx(), &schedule.clinic, &schedule.practitioner).await?;
    let transition = Transition {
        kind: "schedule",
        id: schedule.id.as_str(),
        rev: schedule.rev,
        patient: None,
        body: serde_json::json!({ "schedule": schedule }),
        events: vec![Event::now(topic)],
    };
    Ok(change.record(permit, transition).await?)
}
