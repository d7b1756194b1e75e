//! Forgets what is no longer needed, a bounded batch at a time, so that no table grows for ever and no sweep holds the
//! writer for long. Nothing that is swept decides anything: expired is expired whether its row is there or not.

use jiff::{Timestamp, ToSpan as _};

use crate::{
    api::Api,
    store::{
        Scope, StoreError, Tx, data_requests, deliveries, idempotency, live_events, oauth,
        one_times, outbox, payment_events, sessions,
    },
    usecase::Failure,
};

/// Rows of one kind that one transaction forgets.
const BATCH: u32 = 500;

/// Transactions of one sweep: what is left waits for the next.
const ROUNDS_MAX: u32 = 20;

/// How long messages that were handed out are kept: for who asks what happened last week.
const OUTBOX_DAYS: i64 = 7;

/// How long it is kept what was sent to whom: a quarter.
const DELIVERY_DAYS: i64 = 90;

/// How long a client may be away and go on where it was.
const LIVE_EVENT_DAYS: i64 = 2;

/// How long it is kept which events providers told: far longer than any of them repeats one.
const PAYMENT_EVENT_DAYS: i64 = 90;

/// How long a copy of a patient's data waits for them.
const EXPORT_DAYS: i64 = 30;

/// Forgets; how many rows.
pub(crate) async fn sweep(api: &Api) -> Result<u64, Failure> {
    let mut all = 0;
    for _ in 0..ROUNDS_MAX {
        let now = api.clock.now();
        let mut tx = api.store.write(Scope::Platform).await?;
        let (forgotten, more) = round(&mut tx, now).await?;
        if forgotten > 0 {
            tx.commit().await?;
        }
        all += forgotten;
        if !more {
            break;
        }
    }
    Ok(all)
}

/// One batch of each kind: how many rows, and whether more of some kind are left.
async fn round(tx: &mut Tx, now: Timestamp) -> Result<(u64, bool), StoreError> {
    let days = |days: i64| now - (24 * days).hours();
    let counts = [
        idempotency::sweep(tx, now, BATCH).await?,
        one_times::sweep(tx, now, BATCH).await?,
        sessions::sweep(tx, now, BATCH).await?,
        sessions::sweep_devices(tx, now, BATCH).await?,
        oauth::sweep_codes(tx, days(1), BATCH).await?,
        oauth::sweep_refreshes(tx, now, BATCH).await?,
        outbox::sweep(tx, days(OUTBOX_DAYS), BATCH).await?,
        deliveries::sweep(tx, days(DELIVERY_DAYS), BATCH).await?,
        data_requests::sweep(tx, days(EXPORT_DAYS)).await?,
        live_events::sweep(tx, days(LIVE_EVENT_DAYS), BATCH).await?,
        payment_events::sweep(tx, days(PAYMENT_EVENT_DAYS), BATCH).await?,
    ];
    Ok((counts.iter().sum(), counts.iter().any(|count| *count >= u64::from(BATCH))))
}
