//! One round of everything about money that is due: events, payments, refunds, visits to settle, the hourly comparison.
//! One that fails does not hold up the others: it is tried again later.

use jiff::SignedDuration;

use crate::{
    api::Api,
    store::{Scope, payment_events, payments},
    usecase::{
        Failure,
        payments::{drive, drive_refund, process, reconcile, settle},
    },
};

/// Of each kind in one round: a provider that is away holds up a round for this many time-outs at most.
const BATCH: u32 = 20;

/// How long a visit that could not be settled waits.
const REST: SignedDuration = SignedDuration::from_mins(1);

/// One round; how many things were done.
pub(crate) async fn work(api: &Api) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let events = payment_events::due(&mut tx, now, BATCH).await?;
    let due = payments::due(&mut tx, now, BATCH).await?;
    let refunds = payments::due_refunds(&mut tx, now, BATCH).await?;
    let visits = payment_events::to_settle(&mut tx, now, BATCH).await?;
    drop(tx);
    let mut failed = 0;
    for event in &events {
        failed += usize::from(is_left(process::process(api, event).await, &event.event)?);
    }
    for payment in &due {
        failed += usize::from(is_left(drive::drive(api, &payment.id).await, payment.id.as_str())?);
    }
    for refund in &refunds {
        let driven = drive_refund::drive_refund(api, &refund.id).await;
        failed += usize::from(is_left(driven, refund.id.as_str())?);
    }
    for (clinic, visit) in &visits {
        if is_left(settle::settle(api, clinic, visit).await, visit.as_str())? {
            let mut tx = api.store.write(Scope::Clinic(clinic)).await?;
            payment_events::settle_later(&mut tx, visit, now + REST).await?;
            tx.commit().await?;
            failed += 1;
        }
    }
    reconcile::reconcile_hourly(api).await?;
    Ok((events.len() + due.len() + refunds.len() + visits.len()).saturating_sub(failed))
}

/// Whether something failed and is left for later; an outage ends the round.
fn is_left<T>(outcome: Result<T, Failure>, about: &str) -> Result<bool, Failure> {
    use crate::store::StoreError;
    match outcome {
        Ok(_) => Ok(false),
        Err(Failure::Store(error @ (StoreError::Unavailable(_) | StoreError::TimedOut))) => {
            Err(error.into())
        }
        Err(failure) => {
            tracing::warn!(%failure, about, "something about money was not done, and is tried again");
            Ok(true)
        }
    }
}
