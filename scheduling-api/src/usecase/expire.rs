//! Ends holds and requests that nobody decided in time.
//!
//! Expiry is a predicate first: a hold that has ended cannot be booked, and whoever wants its time ends it within their
//! own change ([`within`]). The sweep ([`sweep`]) is hygiene, for calendars and history.

use jiff::Timestamp;

use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        actor::{Actor, Caller},
        id::{AppointmentId, ClinicId, RequestId},
    },
    store::{Scope, StoreError, appointments, change::Change},
    usecase::{Failure, load},
};

/// Most appointments that one sweep ends.
const SWEEP_MAX: u32 = 200;

/// Ends one, within a change that needs its time.
///
/// # Errors
/// When it has time left: then whoever wants it has read something old.
pub(crate) async fn within(
    change: &mut Change<'_>,
    clinic: &ClinicId,
    id: &AppointmentId,
    now: Timestamp,
) -> Result<(), Failure> {
    let found = appointments::find(change.tx(), id).await?;
    let Some(mut appointment) = found else { return Ok(()) };
    let system = Actor::system(clinic.clone());
    let resource = load::resource(&appointment);
    let permit = access::decide(&system, Act::ExpireAppointment, &resource, now)?;
    appointment.expire(now)?;
    load::save(change, &permit, &appointment).await
}

/// Ends what is overdue; how many.
pub(crate) async fn sweep(api: &Api) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let overdue = appointments::overdue(&mut tx, SWEEP_MAX, now).await?;
    drop(tx);
    let mut ended = 0;
    for (clinic, id) in overdue {
        match end(api, &clinic, &id).await {
            Ok(()) => ended += 1,
            // Somebody has booked or ended it since it was listed.
            Err(Failure::Transition(_) | Failure::Store(StoreError::Stale)) => {}
            // The others' turn comes all the same.
            Err(failure) => tracing::warn!(%id, %failure, "a hold that is over was not ended"),
        }
    }
    Ok(ended)
}

async fn end(api: &Api, clinic: &ClinicId, id: &AppointmentId) -> Result<(), Failure> {
    let now = api.clock.now();
    let request = RequestId::mint(&api.random, now);
    let caller = Caller { actor: Actor::system(clinic.clone()), request };
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    within(&mut change, clinic, id, now).await?;
    Ok(change.commit(None, &()).await?)
}
