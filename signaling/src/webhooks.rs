//! Webhooks: what happens in rooms, told to the clinic's own servers as LiveKit's signed `WebhookEvent`s.
//!
//! ```text
//! shards ─► (bounded) ─► intake: event, JSON, id ─┬─► receiver 1: lanes, one a room ─► POST, retried
//!                                                └─► receiver 2: …
//! ```
//!
//! Each receiver has a task of its own, so that one that is down keeps no other waiting. In a receiver's queue every
//! room is a lane: its events go out one after the other, in order; lanes overtake each other. What cannot be kept is
//! dropped and counted, never waited for: a call does not depend on a webhook.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::uri::Scheme;
use axum::http::{StatusCode, Uri};
use bytes::Bytes;
use protocol::token::ApiKeys;
use sfu::words::occurrence::Occurrence;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::event_router::EventRouter;
use crate::limits::OCCURRENCES_QUEUED_MAX;

mod event;
mod lanes;
mod receiver;

use event::Prepared;
use receiver::{Receiver, Way};

/// Where webhooks go, and how.
#[derive(Clone)]
pub struct Config {
    /// The receivers.
    pub urls: Vec<WebhookUrl>,
    /// Name of the API key that signs; the first one if absent.
    pub api_key: Option<String>,
    /// A receiver within this process, if there is one.
    pub local: Option<LocalReceiver>,
    /// Whom to trust behind `https`; not needed without [`urls`](Self::urls).
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// How long one delivery may take.
    pub timeout: Duration,
    /// The first pause after a failure; it doubles each time.
    pub retry_first: Duration,
    /// The longest pause. A receiver that is back is found again within it.
    pub retry_max: Duration,
    /// How old an event may become: a receiver may be down for so long without missing anything.
    pub age_max: Duration,
}

impl Config {
    /// Webhooks to these receivers, at the usual pace.
    #[must_use]
    pub fn new(
        urls: Vec<WebhookUrl>,
        api_key: Option<String>,
        tls: Arc<rustls::ClientConfig>,
    ) -> Self {
        Self { urls, tls: Some(tls), ..Self::without_urls(api_key) }
    }

    /// Webhooks to nobody outside this process, at the usual pace.
    #[must_use]
    pub fn without_urls(api_key: Option<String>) -> Self {
        Self {
            urls: Vec::new(),
            api_key,
            local: None,
            tls: None,
            timeout: Duration::from_secs(10),
            retry_first: Duration::from_millis(500),
            retry_max: Duration::from_secs(10),
            age_max: Duration::from_mins(15),
        }
    }
}

/// Takes an event's body and its signature, and answers with a status as over HTTP.
pub type TakeEvent = Arc<dyn Fn(Bytes, String) -> Taking + Send + Sync>;

/// The status, later.
pub type Taking = Pin<Box<dyn Future<Output = StatusCode> + Send>>;

/// A receiver within this process. It is signed for, retried and counted like any other.
#[derive(Clone)]
pub struct LocalReceiver {
    /// Whether it wants to hear of a room of this name.
    pub wants: fn(&str) -> bool,
    /// Takes an event.
    pub take: TakeEvent,
}

/// The address of a receiver: absolute, `http` or `https`, without user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl(Uri);

/// An address that no webhook can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook address is http:// or https:// with a host, and without user name or fragment")]
pub struct WebhookUrlError;

impl std::str::FromStr for WebhookUrl {
    type Err = WebhookUrlError;

    fn from_str(text: &str) -> Result<Self, WebhookUrlError> {
        let uri: Uri = text.parse().map_err(|_| WebhookUrlError)?;
        let is_http =
            uri.scheme().is_some_and(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme));
        let host = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let is_whole = host.is_some_and(|host| !host.host().is_empty()) && !text.contains('#');
        if is_http && is_whole { Ok(Self(uri)) } else { Err(WebhookUrlError) }
    }
}

/// Absolute counts since start, and a gauge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Deliveries that are queued or under way (gauge).
    pub pending: u64,
    /// Deliveries that a receiver took.
    pub delivered: u64,
    /// Attempts that failed and are made again.
    pub retried: u64,
    /// Dropped because too many waited.
    pub dropped_full: u64,
    /// Dropped because they had become too old.
    pub dropped_old: u64,
    /// Dropped because the receiver refused them for good.
    pub dropped_refused: u64,
}

#[derive(Default)]
struct Counts {
    pending: AtomicU64,
    delivered: AtomicU64,
    retried: AtomicU64,
    dropped_full: AtomicU64,
    dropped_old: AtomicU64,
    dropped_refused: AtomicU64,
}

/// The running webhooks. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Webhooks {
    counts: Arc<Counts>,
}

impl Webhooks {
    /// Begins to send what `events` is told of rooms. The media plane tells once it is asked to
    /// ([`sfu::Handle::observe`]). To be called within a runtime, once for each router.
    #[must_use]
    pub fn start(
        config: &Config,
        keys: &ApiKeys,
        clock: impl Clock + 'static,
        events: &EventRouter,
    ) -> Self {
        let counts = Arc::new(Counts::default());
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let client = config.tls.as_ref().map(|tls| receiver::client(tls));
        let urls = config.urls.iter().zip(client.iter().cycle());
        let ways = urls.map(|(url, client)| Way::Http(Box::new(client.clone()), url.0.clone()));
        let ways = ways.chain(config.local.clone().map(Way::Local));
        let receivers = ways.map(|way| {
            Receiver::start(config, way, keys.clone(), Arc::clone(&clock), Arc::clone(&counts))
        });
        let receivers = receivers.collect();
        let (sender, occurrences) = mpsc::channel(OCCURRENCES_QUEUED_MAX);
        let observed = Arc::clone(&counts);
        events.observe(Box::new(move |occurrence| {
            add(&observed.pending);
            if sender.try_send(occurrence).is_err() {
                add(&observed.dropped_full);
                remove(&observed.pending);
            }
        }));
        tokio::spawn(take_in(occurrences, receivers, clock, Arc::clone(&counts)));
        Self { counts }
    }

    /// Counts since start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let read = |count: &AtomicU64| count.load(Ordering::Acquire);
        Counters {
            pending: read(&self.counts.pending),
            delivered: read(&self.counts.delivered),
            retried: read(&self.counts.retried),
            dropped_full: read(&self.counts.dropped_full),
            dropped_old: read(&self.counts.dropped_old),
            dropped_refused: read(&self.counts.dropped_refused),
        }
    }

    /// Returns when nothing waits to be delivered any more.
    pub async fn drained(&self) {
        while self.counters().pending > 0 {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    }
}

/// How often [`Webhooks::drained`] looks; it is asked once, when the process ends.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// Turns occurrences into events, each once, and gives them to every receiver.
async fn take_in(
    mut occurrences: mpsc::Receiver<Occurrence>,
    receivers: Vec<Receiver>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
) {
    while let Some(occurrence) = occurrences.recv().await {
        let room = occurrence.room.name.clone();
        let wanted = receivers.iter().filter(|receiver| receiver.wants(room.as_str()));
        let wanted: Vec<_> = wanted.collect();
        if !wanted.is_empty() {
            let prepared = Prepared::new(occurrence, clock.now());
            for receiver in wanted {
                receiver.hand_over(prepared.clone(), &counts);
            }
        }
        remove(&counts.pending);
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::AcqRel);
}

fn remove(count: &AtomicU64) {
    let before = count.fetch_sub(1, Ordering::AcqRel);
    debug_assert!(before > 0, "what is no longer pending was so before");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_http_addresses_are_taken() {
        for good in ["http://127.0.0.1:9/hook", "https://clinic.example/a?b=c"] {
            assert!(good.parse::<WebhookUrl>().is_ok(), "{good}");
        }
        for bad in
            ["", "/hook", "clinic.example", "ftp://a/b", "http://", "http://u:p@a/", "http://a/#b"]
        {
            assert!(bad.parse::<WebhookUrl>().is_err(), "{bad}");
        }
    }
}
