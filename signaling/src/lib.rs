//! The control plane: the signal socket of LiveKit's client protocol (protocol 17; two peer
//! connections at `/rtc`, one at `/rtc/v1`).
//!
//! ```text
//! whip  ──► a participant without a socket
//! twirp ──► one question to the room's shard, one answer      webhooks ◄── what happens in rooms
//! upgrade ─► token, parameters ─► Join ─────────► media_link ─► sfu
//!    │                                                          │
//!    ▼                                                          ▼
//!   ws ◄── session (pure: frame, event, timer -> effects) ◄── event_router
//! ```
//!
//! Owns: who may open a socket, the translation between protobuf and the media plane's commands and
//! events, pings, refresh tokens, what a misbehaving socket gets. Never: rooms, participants,
//! tracks (the media plane owns them), a database, anything of a person or a token in a log.
//!
//! Start order: [`EventRouter`], then the media plane with [`EventRouter::sink`], then
//! [`Signaling::new`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        clippy::too_many_lines,
        reason = "tests may fail loudly"
    )
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use protocol::token::ApiKeys;
use sfu::handle::EventSink;
use tokio::sync::Notify;

mod bearer;
mod budget;
pub mod clock;
pub mod config;
mod error;
mod event_router;
mod fallback;
mod first_uses;
#[doc(hidden)]
pub mod fuzzing;
pub mod ice_servers;
mod join;
mod join_request;
pub mod limits;
pub mod media_link;
pub mod metrics;
mod outbox;
mod people;
mod query;
mod refresh;
mod refusals;
mod registration;
#[cfg(test)]
mod samples;
mod session;
mod simulation;
mod twirp;
mod upgrade;
pub mod webhooks;
mod whip;
mod wire;
mod ws;

pub use config::Config;
pub use event_router::EventRouter;
pub use upgrade::router;

use clock::Clock;
use fallback::Fallback;
use first_uses::FirstUses;
use media_link::MediaLink;
use metrics::{Counters, Metrics};
use people::People;
use refusals::Refusals;
use simulation::Simulations;
use twirp::{revocations::Revocations, throttle::Throttle};
use whip::Resources;

/// The signalling server. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Signaling {
    shared: Arc<Shared>,
}

/// How far the end is. Never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Phase {
    /// Everybody with a token comes in.
    Open,
    /// No new rooms.
    Draining,
    /// Nobody.
    Stopping,
}

/// What all sockets have in common.
struct Shared {
    config: Config,
    link: Arc<dyn MediaLink>,
    keys: ApiKeys,
    clock: Box<dyn Clock>,
    events: EventRouter,
    metrics: Arc<Metrics>,
    refusals: Refusals,
    fallback: Fallback,
    simulations: Simulations,
    people: Arc<People>,
    phase: AtomicU8,
    is_memory_short: AtomicBool,
    whip: Resources,
    revocations: Revocations,
    first_uses: FirstUses,
    throttle: Throttle,
    socket_closed: Arc<Notify>,
}

impl Shared {
    /// Whether the end has come so far.
    fn is_at(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Relaxed) >= phase as u8
    }
}

impl Signaling {
    /// Puts a signalling server before a media plane whose events go to `events`.
    #[must_use]
    pub fn new(
        config: Config,
        link: Arc<dyn MediaLink>,
        keys: ApiKeys,
        clock: impl Clock + 'static,
        events: EventRouter,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                config,
                link,
                keys,
                clock: Box::new(clock),
                events,
                metrics: Arc::default(),
                refusals: Refusals::default(),
                fallback: Fallback::default(),
                simulations: Simulations::default(),
                people: Arc::default(),
                phase: AtomicU8::new(Phase::Open as u8),
                is_memory_short: AtomicBool::new(false),
                whip: Resources::default(),
                revocations: Revocations::default(),
                first_uses: FirstUses::default(),
                throttle: Throttle::default(),
                socket_closed: Arc::default(),
            }),
        }
    }

    /// Where the media plane's events go.
    #[must_use]
    pub fn event_sink(&self) -> EventSink {
        self.shared.events.sink()
    }

    /// Counts since start, and gauges.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.metrics.snapshot(&self.shared.events)
    }

    /// Opens no new rooms (503) from now on. Who is in a call may reconnect, and others may join it.
    pub fn start_draining(&self) {
        self.shared.phase.fetch_max(Phase::Draining as u8, Ordering::Relaxed);
    }

    /// Whether new participants are refused (503) because memory is short. Who is in a call may resume.
    pub fn set_memory_short(&self, is_short: bool) {
        self.shared.is_memory_short.store(is_short, Ordering::Relaxed);
    }

    /// Refuses new sockets (503) from now on. Open ones end when the media plane tells their
    /// participants to leave.
    pub fn stop_accepting(&self) {
        self.shared.phase.store(Phase::Stopping as u8, Ordering::Relaxed);
    }

    /// Returns when no socket is open: every last leave has been flushed.
    pub async fn drained(&self) {
        loop {
            let closed = self.shared.socket_closed.notified();
            tokio::pin!(closed);
            // Enabled before the check, so that a close in between is not missed.
            closed.as_mut().enable();
            if self.shared.metrics.sockets_open() == 0 {
                return;
            }
            closed.await;
        }
    }
}
