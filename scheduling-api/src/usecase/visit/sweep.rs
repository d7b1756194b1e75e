//! Ends visits that nobody leads any more. Hygiene: such a visit cannot be joined whether it is marked or not, but its
//! room is closed and its appointment completed here.

use crate::{
    api::Api,
    domain::{
        access,
        actor::{Actor, Caller},
        id::{ClinicId, ConsultationId, RequestId},
    },
    ports::media::Act,
    store::{Scope, StoreError, consultations},
    usecase::{Failure, visit::load::Open},
};

/// Most visits that one sweep ends.
const SWEEP_MAX: u32 = 100;

/// Ends what is overdue; how many.
pub(crate) async fn sweep(api: &Api) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let overdue = consultations::overdue(&mut tx, SWEEP_MAX, now).await?;
    drop(tx);
    let mut ended = 0;
    for (clinic, id) in overdue {
        match end(api, clinic, &id).await {
            Ok(one) => ended += usize::from(one),
            // Somebody was faster: what they made of it counts.
            Err(Failure::Store(StoreError::Stale)) => {}
            // The others' turn comes all the same.
            Err(failure) => tracing::warn!(%id, %failure, "an abandoned visit was not ended"),
        }
    }
    Ok(ended)
}

/// Ends one; whether it was still to be ended.
async fn end(api: &Api, clinic: ClinicId, id: &ConsultationId) -> Result<bool, Failure> {
    let now = api.clock.now();
    let request = RequestId::mint(&api.random, now);
    let caller = Caller { actor: Actor::system(clinic), request };
    let act = access::Act::EndAbandonedConsultation;
    let mut open = Open::begin(api, &caller, act, id, now).await?;
    // Somebody may have come back or ended it since it was listed.
    if !open.consultation.tick(now) {
        return Ok(false);
    }
    open.commit(api, &caller, "consultation.ended", now).await?;
    // Whoever is still in there hears that it is over; if not now, when the room empties.
    let _ = api.media.media.act(id.as_str(), Act::Close, now.as_second()).await;
    Ok(true)
}
