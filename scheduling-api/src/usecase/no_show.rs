//! Patients who do not come: decided by the rule that was agreed, and taken back by staff.

use jiff::Timestamp;

use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::{Actor, Caller},
        appointment::Appointment,
        id::{AppointmentId, ClinicId, RequestId},
        once::Once,
        rev::Rev,
    },
    store::{Scope, StoreError, appointments, change::Change, idempotency::Earlier},
    usecase::{Failure, load, override_rules, place},
};

/// Most appointments that one sweep decides.
const SWEEP_MAX: u32 = 200;

/// Decides about what nobody came to; how many. `since` is when this program began to run: to a visit that was to begin
/// while it did not, nobody could have come, and staff decide.
pub(crate) async fn sweep(api: &Api, since: Timestamp) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let missed = appointments::missed(&mut tx, since, SWEEP_MAX, now).await?;
    drop(tx);
    let mut decided = 0;
    for (clinic, id) in missed {
        match decide(api, &clinic, &id).await {
            Ok(()) => decided += 1,
            // The patient has come, or staff have decided, since it was listed.
            Err(Failure::Transition(_) | Failure::Store(StoreError::Stale)) => {}
            // The others' turn comes all the same.
            Err(failure) => tracing::warn!(%id, %failure, "a missed appointment was left as it is"),
        }
    }
    Ok(decided)
}

async fn decide(api: &Api, clinic: &ClinicId, id: &AppointmentId) -> Result<(), Failure> {
    let now = api.clock.now();
    let request = RequestId::mint(&api.random, now);
    let caller = Caller { actor: Actor::system(clinic.clone()), request };
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    let act = Act::DecideNoShow;
    let (mut found, permit) = load::appointment(&mut change, &caller, act, id, None, now).await?;
    if found.no_show_from().is_none_or(|from| now < from) {
        return Ok(());
    }
    found.no_show(now)?;
    load::save(&mut change, &permit, &found).await?;
    Ok(change.commit(None, &()).await?)
}

/// Says that a patient who was missed has come after all. Their time is claimed again, beside whom it was given to since.
///
/// # Errors
/// When nobody was missed, or a day is over.
pub(crate) async fn take_back_no_show(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    (id, seen): (&AppointmentId, Option<Rev>),
) -> Result<Appointment, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(appointment) => return Ok(appointment),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let act = Act::TakeBackNoShow;
    let (mut found, permit) = load::appointment(&mut change, caller, act, id, seen, now).await?;
    found.come_late(now)?;
    place::make_room(&mut change, &found, now).await?;
    let state = override_rules::claim_state(&mut change, &found).await?;
    place::claim(api, &mut change, &found, state, now).await?;
    load::save_row(&mut change, &permit, &found).await?;
    change.commit(once, &found).await?;
    Ok(found)
}
