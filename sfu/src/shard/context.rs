//! What a room needs of the shard it lives on: connections, the way out, timers, counters.
//!
//! Rooms and connections are owned side by side, so that a room can be changed while it sends.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use protocol::ids::SessionId;
use rand::rngs::StdRng;
use slotmap::SlotMap;

use super::{
    command::{Event, Message},
    egress::Egress,
    timers::{Timer, Timers},
};
use crate::{
    connection::{Connection, ConnectionKey, FastMap, Happening, Owner, dtls::Certificate},
    drop_reason::DropReason,
    limits::Limits,
    metrics::Counters,
    rtp::{extension::abs_send_time_24, ids::Seq},
};

/// What a shard is told at start.
#[derive(Clone)]
pub struct ShardConfig {
    /// Bounds.
    pub limits: Limits,
    /// Where clients reach this shard: advertised addresses with its UDP port.
    pub candidates: Vec<SocketAddr>,
    /// The node's DTLS certificate.
    pub certificate: Certificate,
}

/// See the module.
pub(crate) struct Context {
    pub(crate) config: ShardConfig,
    pub(crate) connections: SlotMap<ConnectionKey, Connection>,
    /// Authenticated paths.
    pub(crate) paths: FastMap<SocketAddr, ConnectionKey>,
    /// Local ICE user fragments, old ones too while a restart is under way.
    pub(crate) ufrags: HashMap<String, ConnectionKey>,
    pub(crate) egress: Egress,
    pub(crate) events: VecDeque<Event>,
    pub(crate) counters: Counters,
    pub(crate) rng: StdRng,
    pub(crate) timers: Timers,
    started: Instant,
    /// `abs-send-time` of everything sent while one input is handled.
    pub(crate) abs_send_time: u32,
    /// Scratch: sequence numbers to ask for.
    pub(crate) missing: Vec<Seq>,
    /// What connections did while they were driven, for their rooms: see [`drive`](Self::drive).
    pub(crate) happenings: VecDeque<(ConnectionKey, Owner, Happening)>,
    scratch: Vec<Happening>,
    /// Sessions whose participant is gone.
    pub(crate) ended: Vec<SessionId>,
}

impl Context {
    pub(crate) fn new(config: ShardConfig, rng: StdRng, now: Instant) -> Self {
        Self {
            config,
            connections: SlotMap::with_key(),
            paths: FastMap::default(),
            ufrags: HashMap::new(),
            egress: Egress::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
            rng,
            timers: Timers::default(),
            started: now,
            abs_send_time: 0,
            missing: Vec::new(),
            happenings: VecDeque::new(),
            scratch: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Begins handling an input that came at `now`.
    pub(crate) fn begin(&mut self, now: Instant) {
        // A day's offset keeps the clock above zero for whatever precedes the start.
        let since = now.saturating_duration_since(self.started) + Duration::from_secs(86_400);
        self.abs_send_time = abs_send_time_24(since);
    }

    pub(crate) fn drop_count(&mut self, reason: DropReason) {
        self.counters.dropped.count(reason);
    }

    /// Tells a session something; nothing if the participant has no session just now.
    pub(crate) fn emit(&mut self, session: Option<SessionId>, message: Message) {
        if let Some(session) = session {
            self.events.push_back(Event { session, message });
        }
    }

    pub(crate) fn open_connection(&mut self, owner: Owner, now: Instant) -> ConnectionKey {
        let connection = Connection::new(owner, &self.config.certificate, &mut self.rng, now);
        let ufrag = connection.ice.local().ufrag.clone();
        let key = self.connections.insert(connection);
        self.ufrags.insert(ufrag, key);
        self.reschedule(key);
        key
    }

    pub(crate) fn close_connection(&mut self, key: ConnectionKey, now: Instant) {
        if let Some(mut connection) = self.connections.remove(key) {
            connection.close(&mut self.egress, now);
        }
        self.paths.retain(|_, owner| *owner != key);
        self.ufrags.retain(|_, owner| *owner != key);
    }

    /// Paths that a connection no longer has.
    pub(crate) fn forget_paths(&mut self, key: ConnectionKey, removed: &[SocketAddr]) {
        for path in removed {
            if self.paths.get(path) == Some(&key) {
                self.paths.remove(path);
            }
        }
    }

    /// New ICE credentials (RFC 8445 §9); the old path serves until the new credentials authenticate.
    pub(crate) fn restart_ice(&mut self, key: ConnectionKey) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.ice.restart(&mut self.rng);
            let (new, old) = (&connection.ice.local().ufrag, connection.ice.previous_ufrag());
            self.ufrags.retain(|ufrag, owner| *owner != key || old == Some(ufrag.as_str()));
            self.ufrags.insert(new.clone(), key);
        }
    }

    /// Moves all that waits in a connection; what its room must know is queued in `happenings`.
    pub(crate) fn drive(&mut self, key: ConnectionKey, now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        let owner = connection.owner;
        if let Err(reason) = connection.drive(&mut self.egress, &mut self.scratch, now) {
            self.counters.dropped.count(reason);
            self.scratch.push(Happening::Closed);
        }
        self.happenings.extend(self.scratch.drain(..).map(|happening| (key, owner, happening)));
        self.reschedule(key);
    }

    /// Looks at the connection when its next deadline comes.
    pub(crate) fn reschedule(&mut self, key: ConnectionKey) {
        if let Some(at) = self.connections.get(key).and_then(Connection::poll_timeout) {
            self.wake_connection(key, at);
        }
    }

    /// Looks at the connection no later than `at`.
    pub(crate) fn wake_connection(&mut self, key: ConnectionKey, at: Instant) {
        if let Some(connection) = self.connections.get_mut(key)
            && connection.wake.is_none_or(|wake| at < wake)
        {
            connection.wake = Some(at);
            self.timers.schedule(at, Timer::Connection(key));
        }
    }
}
