//! Sends what is due. Each delivery passes three points, and a crash between two of them is survived so:
//!
//! ```text
//! waiting ──(1)── sending ──(2)── on the wire ──(3)── sent
//! ```
//!
//! before 1: nothing happened, it is due as before. Between 1 and 3: the lease ends, and whoever takes over finds
//! `sending`: something may have gone out. A program knows the repetition by its key, and gets it; a mail is sent again,
//! under the same message id; a text message is not, it becomes `unknown` for a person to decide. After 3: done.

use std::{future::poll_fn, sync::Arc, task::Poll};

use jiff::{Timestamp, ToSpan as _};

use crate::{
    api::Api,
    domain::{
        delivery::{DeliveryState, attempts_max, wait_after},
        id::DeliveryId,
        notification::Channel,
    },
    ports::carry::{Carry, CarryError, Parcel, Repeats},
    store::{
        Scope, StoreError,
        deliveries::{self, Delivery, Verdict},
        push_subscriptions,
    },
    usecase::{
        Failure,
        outbound::{
            fan_out::later,
            parcel::{self, Due},
        },
    },
};

/// Sent at once.
const BATCH: u32 = 16;

/// How long a worker keeps a delivery: longer than any channel takes to answer or give up.
const LEASE_S: i64 = 120;

/// One that is on its way.
struct Taken {
    id: DeliveryId,
    channel: Channel,
    /// The browser that it goes to, if it goes to one.
    browser: Option<String>,
    attempts: u32,
    carrier: Arc<dyn Carry>,
    parcel: Parcel,
}

/// Sends what is due by a channel; how many were looked at.
pub(crate) async fn send_due(api: &Api, channel: Channel) -> Result<usize, Failure> {
    let worker = worker(api);
    let (looked_at, taken) = take(api, channel, &worker).await?;
    let mut sending: Vec<_> =
        taken.into_iter().map(|one| Box::pin(send(api, &worker, one))).collect();
    // All at once, on this task: what is dropped with it has stopped.
    poll_fn(|context| {
        sending.retain_mut(|one| match one.as_mut().poll(context) {
            Poll::Pending => true,
            Poll::Ready(ended) => {
                match ended {
                    // Stale: another worker has taken it over.
                    Ok(()) | Err(StoreError::Stale) => {}
                    Err(error) => {
                        tracing::warn!(
                            reason = error.chain(),
                            "what became of a delivery was not kept"
                        );
                    }
                }
                false
            }
        });
        if sending.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    Ok(looked_at)
}

/// A name for one round: what was taken in another is not ours.
fn worker(api: &Api) -> String {
    api.random.bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn take(api: &Api, channel: Channel, worker: &str) -> Result<(usize, Vec<Taken>), Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    if !deliveries::is_any_due(&mut tx, channel, now).await? {
        return Ok((0, Vec::new()));
    }
    drop(tx);
    let mut tx = api.store.write(Scope::Platform).await?;
    let due = deliveries::due(&mut tx, channel, BATCH, now).await?;
    let mut taken = Vec::new();
    for delivery in &due {
        let Some(carrier) = api.outbound.carrier(delivery.channel) else {
            let reason = "the channel is not set up";
            deliveries::settle(&mut tx, &delivery.id, DeliveryState::Failed, reason, now).await?;
            continue;
        };
        if delivery.state == DeliveryState::Sending && carrier.repeats() == Repeats::Harmful {
            let reason = "its worker stopped while it was sent";
            deliveries::settle(&mut tx, &delivery.id, DeliveryState::Unknown, reason, now).await?;
            continue;
        }
        match parcel::look(api, &mut tx, delivery, now).await? {
            Due::Send(parcel) => {
                deliveries::begin(&mut tx, &delivery.id, worker, now + LEASE_S.seconds()).await?;
                taken.push(Taken::new(delivery, carrier, *parcel));
            }
            Due::Wait(until) => deliveries::postpone(&mut tx, &delivery.id, until).await?,
            Due::Skip(reason) => {
                let state = DeliveryState::Skipped;
                deliveries::settle(&mut tx, &delivery.id, state, reason, now).await?;
            }
            Due::Fail(reason) => {
                let state = DeliveryState::Failed;
                deliveries::settle(&mut tx, &delivery.id, state, reason, now).await?;
            }
        }
    }
    if !due.is_empty() {
        tx.commit().await?;
    }
    Ok((due.len(), taken))
}

impl Taken {
    fn new(delivery: &Delivery, carrier: Arc<dyn Carry>, parcel: Parcel) -> Self {
        Self {
            id: delivery.id.clone(),
            channel: delivery.channel,
            browser: delivery.recipient.clone().filter(|_| delivery.channel == Channel::Push),
            attempts: delivery.attempts.saturating_add(1),
            carrier,
            parcel,
        }
    }
}

async fn send(api: &Api, worker: &str, taken: Taken) -> Result<(), StoreError> {
    let carried = taken.carrier.carry(&taken.parcel).await;
    let now = api.clock.now();
    let mut tx = api.store.write(Scope::Platform).await?;
    if carried == Err(CarryError::Gone)
        && let Some(browser) = &taken.browser
    {
        push_subscriptions::forget(&mut tx, browser).await?;
    }
    match judged(api, &taken, carried, now) {
        After::End(verdict) => {
            if verdict.state != DeliveryState::Sent {
                let reason = verdict.reason.as_deref().unwrap_or_default();
                tracing::warn!(delivery = %taken.id, channel = taken.channel.name(), reason, "not delivered");
            }
            deliveries::finish(&mut tx, &taken.id, worker, &verdict, now).await?;
        }
        After::Again { reason, at } => {
            deliveries::retry(&mut tx, &taken.id, worker, &reason, at).await?;
        }
    }
    tx.commit().await
}

enum After {
    End(Verdict),
    Again { reason: String, at: Timestamp },
}

fn judged(
    api: &Api,
    taken: &Taken,
    carried: Result<Option<String>, CarryError>,
    now: Timestamp,
) -> After {
    let end =
        |state, reason| After::End(Verdict { state, provider_id: None, reason: Some(reason) });
    let (why, asked) = match carried {
        Ok(provider_id) => {
            let state = DeliveryState::Sent;
            return After::End(Verdict { state, provider_id, reason: None });
        }
        Err(CarryError::Refused { why }) => return end(DeliveryState::Failed, why),
        Err(CarryError::Gone) => return end(DeliveryState::Failed, "gone".to_owned()),
        Err(CarryError::Unclear { why }) if taken.carrier.repeats() == Repeats::Harmful => {
            return end(DeliveryState::Unknown, why);
        }
        Err(CarryError::Unclear { why }) => (why, None),
        Err(CarryError::Later { why, after }) => (why, after),
    };
    if taken.attempts >= attempts_max(taken.channel) {
        return end(DeliveryState::Failed, why);
    }
    let [jitter] = api.random.bytes();
    After::Again { reason: why, at: later(now, wait_after(taken.attempts, asked, jitter)) }
}
