//! Ends visits that nobody leads any more. Hygiene: such a visit cannot be joined whether it is marked or not, but its
//! room is closed and its appointment completed here.

use crate::{
    api::Api,
    domain::{
        access,
        actor::{Actor, Caller},
        id::RequestId,
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
        let request = RequestId::mint(&api.random, now);
        let caller = Caller { actor: Actor::system(clinic), request };
        let act = access::Act::EndAbandonedConsultation;
        let mut open = Open::begin(api, &caller, act, &id, now).await?;
        // Somebody may have come back or ended it since it was listed.
        if open.consultation.tick(now) {
            match open.commit(api, &caller, "consultation.ended", now).await {
                // Somebody was faster: what they made of it counts.
                Err(Failure::Store(StoreError::Stale)) => continue,
                other => drop(other?),
            }
            ended += 1;
            // Whoever is still in there hears that it is over; if not now, when the room empties.
            let _ = api.media.media.act(id.as_str(), Act::Close, now.as_second()).await;
        }
    }
    Ok(ended)
}
