//! Forgets what is no longer needed, a bounded batch at a time, so that no table grows for ever and no sweep holds the
//! writer for long. Nothing that is swept decides anything: expired is expired whether its row is there or not.

use jiff::{Timestamp, ToSpan as _};

use crate::{
    api::Api,
    domain::{id::ClinicId, retention::Retention},
    store::{
        Scope, StoreError, Tx, clinics, data_requests, deliveries, idempotency, join_links,
        live_events, oauth, one_times, outbox, payment_events, queue, sessions, waitlist,
    },
    usecase::Failure,
};

/// Rows of one kind that one transaction forgets.
const BATCH: u32 = 500;

/// Transactions of one kind and sweep: what is left waits for the next.
const ROUNDS_MAX: u32 = 20;

/// How long messages that were handed out are kept: for who asks what happened last week.
const OUTBOX_DAYS: i64 = 7;

/// How long a client may be away and go on where it was.
const LIVE_EVENT_DAYS: i64 = 2;

/// How long it is kept which events providers told: far longer than any of them repeats one.
const PAYMENT_EVENT_DAYS: i64 = 90;

/// What is swept whatever a clinic wants: none of it tells anything once it is over.
#[derive(Debug, Clone, Copy)]
enum Kind {
    IdempotencyKeys,
    OneTimes,
    Sessions,
    Devices,
    OauthCodes,
    OauthRefreshes,
    Outbox,
    LiveEvents,
    PaymentEvents,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::IdempotencyKeys,
        Self::OneTimes,
        Self::Sessions,
        Self::Devices,
        Self::OauthCodes,
        Self::OauthRefreshes,
        Self::Outbox,
        Self::LiveEvents,
        Self::PaymentEvents,
    ];

    async fn batch(self, tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
        match self {
            Self::IdempotencyKeys => idempotency::sweep(tx, now, BATCH).await,
            Self::OneTimes => one_times::sweep(tx, now, BATCH).await,
            Self::Sessions => sessions::sweep(tx, now, BATCH).await,
            Self::Devices => sessions::sweep_devices(tx, now, BATCH).await,
            Self::OauthCodes => oauth::sweep_codes(tx, before(now, 1), BATCH).await,
            Self::OauthRefreshes => oauth::sweep_refreshes(tx, now, BATCH).await,
            Self::Outbox => outbox::sweep(tx, before(now, OUTBOX_DAYS), BATCH).await,
            Self::LiveEvents => live_events::sweep(tx, before(now, LIVE_EVENT_DAYS), BATCH).await,
            Self::PaymentEvents => {
                payment_events::sweep(tx, before(now, PAYMENT_EVENT_DAYS), BATCH).await
            }
        }
    }
}

/// What is swept as a clinic wants it.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Deliveries,
    Exports,
    JoinLinks,
    Waitlist,
    Queue,
}

impl Kept {
    const ALL: [Self; 5] =
        [Self::Deliveries, Self::Exports, Self::JoinLinks, Self::Waitlist, Self::Queue];

    async fn batch(
        self,
        tx: &mut Tx,
        (clinic, kept): (Option<&ClinicId>, Retention),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let before = |days: u32| before(now, days.into());
        match (self, clinic) {
            (Self::Deliveries, _) => {
                deliveries::sweep(tx, clinic, before(kept.deliveries_days), BATCH).await
            }
            (Self::Exports, Some(clinic)) => {
                data_requests::sweep(tx, clinic, before(kept.exports_days)).await
            }
            (Self::JoinLinks, Some(clinic)) => {
                join_links::sweep(tx, clinic, before(kept.join_links_days), BATCH).await
            }
            (Self::Waitlist, Some(clinic)) => {
                waitlist::sweep(tx, clinic, before(kept.waitlist_days), BATCH).await
            }
            (Self::Queue, Some(clinic)) => {
                queue::sweep(tx, clinic, before(kept.waitlist_days), BATCH).await
            }
            (_, None) => Ok(0),
        }
    }
}

/// One kind of row.
enum What {
    Over(Kind),
    Kept(Kept, Option<ClinicId>, Retention),
}

fn before(now: Timestamp, days: i64) -> Timestamp {
    now - (24 * days).hours()
}

/// Forgets what is over; how many rows. What cannot be forgotten keeps nothing else from being.
pub(crate) async fn sweep(api: &Api) -> Result<u64, Failure> {
    let mut sum = Sum::default();
    for kind in Kind::ALL {
        sum.add(rounds(api, &What::Over(kind)).await);
    }
    sum.told("what is over was not forgotten")
}

/// Forgets what clinics no longer want to keep; how many rows.
pub(crate) async fn sweep_by_clinic(api: &Api) -> Result<u64, Failure> {
    let mut tx = api.store.read(Scope::Platform).await?;
    let clinics = clinics::retentions(&mut tx).await?;
    drop(tx);
    // What belongs to no clinic, letters about accounts, is kept as long as by default.
    let nobody = (None, Retention::default());
    let all = clinics.into_iter().map(|(clinic, kept)| (Some(clinic), kept));
    let mut sum = Sum::default();
    for (clinic, kept) in all.chain([nobody]) {
        for kind in Kept::ALL {
            sum.add(rounds(api, &What::Kept(kind, clinic.clone(), kept)).await);
        }
    }
    sum.told("what a clinic no longer keeps was not forgotten")
}

/// How many rows, and what went wrong last.
#[derive(Default)]
struct Sum {
    rows: u64,
    failure: Option<Failure>,
}

impl Sum {
    fn add(&mut self, swept: Result<u64, Failure>) {
        match swept {
            Ok(rows) => self.rows += rows,
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn told(self, what: &'static str) -> Result<u64, Failure> {
        if let Some(failure) = &self.failure {
            tracing::warn!(%failure, what, "a sweep was not finished");
        }
        self.failure.map_or(Ok(self.rows), Err)
    }
}

/// Batches of one kind, each a transaction of its own, until there is no more or it is enough.
async fn rounds(api: &Api, what: &What) -> Result<u64, Failure> {
    let mut all = 0;
    for _ in 0..ROUNDS_MAX {
        let now = api.clock.now();
        let mut tx = api.store.write(Scope::Platform).await?;
        let forgotten = match what {
            What::Over(kind) => kind.batch(&mut tx, now).await?,
            What::Kept(kind, clinic, kept) => {
                kind.batch(&mut tx, (clinic.as_ref(), *kept), now).await?
            }
        };
        if forgotten > 0 {
            tx.commit().await?;
        }
        all += forgotten;
        if forgotten < u64::from(BATCH) {
            break;
        }
    }
    Ok(all)
}
