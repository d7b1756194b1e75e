//! Delivery to one receiver: takes events from its queue, signs and posts them, tries again what failed.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use protocol::ids::RoomSid;
use protocol::token::{ApiKeys, sign_body};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::event::Prepared;
use super::lanes::{Lanes, Outcome, Patience, Settled};
use super::{Config, Counts, LocalReceiver, add, remove};
use crate::clock::Clock;
use crate::limits::{WEBHOOK_ANSWER_BYTES_MAX, WEBHOOK_HANDOVER_MAX, WEBHOOKS_AT_ONCE_MAX};

/// A receiver's door: its task has the rest.
pub(crate) struct Receiver {
    sender: mpsc::Sender<Prepared>,
    /// Absent when it wants everything.
    wants: Option<fn(&str) -> bool>,
}

/// How a receiver is reached.
#[derive(Clone)]
pub(crate) enum Way {
    /// By a connection.
    Http(Box<HttpClient>, Uri),
    /// Within this process.
    Local(LocalReceiver),
}

impl Receiver {
    pub(crate) fn start(
        config: &Config,
        way: Way,
        keys: ApiKeys,
        clock: Arc<dyn Clock>,
        counts: Arc<Counts>,
    ) -> Self {
        let (sender, events) = mpsc::channel(WEBHOOK_HANDOVER_MAX);
        let patience = Patience {
            retry_first: config.retry_first,
            retry_max: config.retry_max,
            age_max: config.age_max,
        };
        let wants = match &way {
            Way::Http(..) => None,
            Way::Local(local) => Some(local.wants),
        };
        let post = Arc::new(Post {
            way,
            keys,
            api_key: config.api_key.clone(),
            timeout: config.timeout,
            clock: Arc::clone(&clock),
        });
        tokio::spawn(deliver(events, Lanes::new(patience), post, clock, counts));
        Self { sender, wants }
    }

    /// Whether it is told of a room of this name.
    pub(crate) fn wants(&self, room: &str) -> bool {
        self.wants.is_none_or(|wants| wants(room))
    }

    /// Queues an event, or drops it if the receiver's task is too far behind.
    pub(crate) fn hand_over(&self, event: Prepared, counts: &Counts) {
        add(&counts.pending);
        if self.sender.try_send(event).is_err() {
            add(&counts.dropped_full);
            remove(&counts.pending);
        }
    }
}

/// For all receivers with an address.
pub(crate) fn client(tls: &rustls::ClientConfig) -> HttpClient {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        .enable_http1()
        .build();
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(WEBHOOKS_AT_ONCE_MAX)
        .build(connector)
}

/// Shorter than what servers usually allow (nginx 75 s, Node 5 s is met by a retry).
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Until the sender is gone and everything is settled.
async fn deliver(
    mut events: mpsc::Receiver<Prepared>,
    mut lanes: Lanes,
    post: Arc<Post>,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
) {
    let mut under_way: JoinSet<(Arc<RoomSid>, Outcome)> = JoinSet::new();
    let mut is_open = true;
    while is_open || lanes.next_due().is_some() || !under_way.is_empty() {
        let now = clock.now().instant;
        while under_way.len() < WEBHOOKS_AT_ONCE_MAX
            && let Some((room, body)) = lanes.take_due(now)
        {
            let post = Arc::clone(&post);
            under_way.spawn(async move { (room, post.attempt(body).await) });
        }
        let may_start = under_way.len() < WEBHOOKS_AT_ONCE_MAX;
        let due = lanes.next_due().filter(|_| may_start);
        tokio::select! {
            event = events.recv(), if is_open => match event {
                None => is_open = false,
                Some(event) => {
                    if !lanes.push(event, clock.now().instant) {
                        add(&counts.dropped_full);
                        remove(&counts.pending);
                    }
                }
            },
            Some(done) = under_way.join_next() => {
                // A delivery's task neither panics nor is aborted.
                if let Ok((room, outcome)) = done {
                    counts.settled(lanes.settle(&room, outcome, clock.now().instant));
                }
            }
            () = sleep_until(due.map_or_else(far_away, Instant::from_std)), if due.is_some() => {}
        }
    }
}

/// Never used: the branch is off without a due time.
fn far_away() -> Instant {
    Instant::now() + IDLE_TIMEOUT
}

impl Counts {
    fn settled(&self, settled: Settled) {
        add(match settled {
            Settled::Delivered => &self.delivered,
            Settled::Refused => &self.dropped_refused,
            Settled::TooOld => &self.dropped_old,
            Settled::Retried => &self.retried,
        });
        if settled != Settled::Retried {
            remove(&self.pending);
        }
    }
}

/// How one event is posted.
struct Post {
    way: Way,
    keys: ApiKeys,
    api_key: Option<String>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl Post {
    async fn attempt(&self, body: Bytes) -> Outcome {
        let now = self.clock.now().unix_s();
        let Ok(signature) = sign_body(&body, &self.keys, self.api_key.as_deref(), now) else {
            return Outcome::Refused;
        };
        let (client, url) = match &self.way {
            Way::Http(client, url) => (client, url.clone()),
            Way::Local(local) => {
                let answered = timeout(self.timeout, (local.take)(body, signature)).await;
                return answered.map_or(Outcome::Failed, judge);
            }
        };
        let request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/webhook+json")
            .header(header::USER_AGENT, "bedside-webhook")
            // The token itself, without "Bearer": so the SDKs' receivers want it.
            .header(header::AUTHORIZATION, signature)
            .body(Full::new(body));
        let Ok(request) = request else { return Outcome::Refused };
        let answered = timeout(self.timeout, exchange(client, request)).await;
        let outcome = answered.ok().flatten().map_or(Outcome::Failed, judge);
        if outcome != Outcome::Delivered {
            tracing::debug!(?outcome, "webhook not delivered");
        }
        outcome
    }
}

/// The status, once the answer is read (so that the connection can be used again) or is longer than one reads.
async fn exchange(client: &HttpClient, request: Request<Full<Bytes>>) -> Option<StatusCode> {
    let response = client.request(request).await.ok()?;
    let status = response.status();
    let _ = Limited::new(response.into_body(), WEBHOOK_ANSWER_BYTES_MAX).collect().await;
    Some(status)
}

/// A receiver that is overloaded, restarts or fails may take it later; one that says "no" will say so again.
fn judge(status: StatusCode) -> Outcome {
    match status {
        _ if status.is_success() => Outcome::Delivered,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Outcome::Failed
        }
        _ if status.is_server_error() => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (status, outcome) in [
            (200, Outcome::Delivered),
            (204, Outcome::Delivered),
            (302, Outcome::Refused),
            (400, Outcome::Refused),
            (404, Outcome::Refused),
            (408, Outcome::Failed),
            (429, Outcome::Failed),
            (500, Outcome::Failed),
            (503, Outcome::Failed),
        ] {
            assert_eq!(judge(StatusCode::from_u16(status).unwrap()), outcome, "{status}");
        }
    }
}
