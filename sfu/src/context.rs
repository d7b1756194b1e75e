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

use crate::{
    clock::ShardClock,
    config::ShardConfig,
    connection::{Connection, Happening},
    drop_reason::DropReason,
    egress::Egress,
    keys::{ConnectionKey, FastMap, Owner},
    metrics::Counters,
    recording::feed::Feed,
    relay::links::Relays,
    rtp::{extension::abs_send_time_24, ids::Seq},
    timers::Timers,
    words::event::{Event, Message},
};

/// Steps that no input of any honest or hostile client comes near: a message to a full room is driven through 63
/// transports, and a pass over timers is bounded by itself.
const STEPS_PER_INPUT_MAX: u64 = 1 << 14;

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
    pub(crate) relays: Relays,
    /// Somebody wants to know what happens in rooms.
    pub(crate) observed: bool,
    /// Recordings for the writer, if there is one.
    pub(crate) recordings: Option<VecDeque<Feed>>,
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
    /// Connections that were given data to send: driven once, when the input has been handled.
    fed: Vec<ConnectionKey>,
    /// When the input that is being handled came, by the shard's clock.
    pub(crate) now: Instant,
    clock: ShardClock,
    /// See [`step`](Self::step).
    steps: u64,
    /// Steps before this input.
    steps_before: u64,
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
            timers: Timers::new(now),
            relays: Relays::default(),
            observed: false,
            recordings: None,
            started: now,
            abs_send_time: 0,
            missing: Vec::new(),
            happenings: VecDeque::new(),
            scratch: Vec::new(),
            ended: Vec::new(),
            fed: Vec::new(),
            now,
            clock: ShardClock::new(now),
            steps: 0,
            steps_before: 0,
        }
    }

    /// Begins handling an input that came at `came`; answers when that is by the shard's clock. Hot: inputs of one batch
    /// came at one time.
    pub(crate) fn begin(&mut self, came: Instant) -> Instant {
        self.steps_before = self.steps;
        if !self.clock.is_at(came) {
            self.now = self.clock.advance(came, self.timers.next());
            // A day's offset keeps the clock above zero for whatever precedes the start.
            let since =
                self.now.saturating_duration_since(self.started) + Duration::from_secs(86_400);
            self.abs_send_time = abs_send_time_24(since);
        }
        self.now
    }

    /// A time of the shard's clock, by the caller's.
    pub(crate) fn outside(&self, at: Instant) -> Instant {
        self.clock.outside(at)
    }

    /// When the next look is due, by the caller's clock.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next().map(|at| self.clock.outside(at))
    }

    /// Counts a step of work that an input leads to: a look, a happening, a turn of a transport. Whatever an input asks
    /// for, it is bounded: a loop that feeds itself would reach any number.
    pub(crate) fn step(&mut self) {
        self.steps += 1;
        debug_assert!(
            self.steps - self.steps_before <= STEPS_PER_INPUT_MAX,
            "an input does not come to an end"
        );
    }

    /// Steps taken so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
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
        let node = (self.config.shard, &self.config.certificate);
        let mut connection = Connection::new(owner, node, &mut self.rng, now);
        let ufrag = connection.ice.local().ufrag.clone();
        connection.ufrags.push(ufrag.clone());
        let key = self.connections.insert(connection);
        self.ufrags.insert(ufrag, key);
        self.reschedule(key);
        key
    }

    pub(crate) fn close_connection(&mut self, key: ConnectionKey, now: Instant) {
        if let Some(mut connection) = self.drop_connection(key) {
            connection.close(&mut self.egress, now);
        }
    }

    /// Takes a connection out without a word to its peer.
    pub(crate) fn drop_connection(&mut self, key: ConnectionKey) -> Option<Connection> {
        let mut connection = self.connections.remove(key)?;
        let mut paths = connection.ice.take_removed_paths();
        paths.extend(connection.ice.authenticated_paths());
        self.forget_paths(key, &paths);
        for ufrag in connection.ufrags.drain(..) {
            self.ufrags.remove(&ufrag);
        }
        Some(connection)
    }

    /// An authenticated check came over this path. A path belongs to whom it authenticated first, for as long as that
    /// one keeps it: a check with a forged source must not take another's traffic.
    pub(crate) fn claim_path(&mut self, source: SocketAddr, key: ConnectionKey) {
        let owner = self.paths.get(&source).filter(|owner| **owner != key);
        let taken = owner
            .and_then(|owner| self.connections.get(*owner))
            .is_some_and(|owner| owner.ice.is_authenticated(source));
        if !taken {
            self.paths.insert(source, key);
        }
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
            let ufrag = connection.ice.local().ufrag.clone();
            let previous = connection.ice.previous_ufrag();
            let (kept, outdated): (Vec<_>, Vec<_>) =
                connection.ufrags.drain(..).partition(|known| previous == Some(known.as_str()));
            connection.ufrags = kept;
            connection.ufrags.push(ufrag.clone());
            for ufrag in outdated {
                self.ufrags.remove(&ufrag);
            }
            self.ufrags.insert(ufrag, key);
        }
    }

    /// The next connection that was fed and must be driven.
    pub(crate) fn pop_fed(&mut self) -> Option<ConnectionKey> {
        self.fed.pop()
    }

    /// Has a connection driven when the input has been handled.
    pub(crate) fn feed(&mut self, key: ConnectionKey) {
        if !self.fed.contains(&key) {
            self.fed.push(key);
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
        let stalled = connection.is_stalled();
        self.happenings.extend(self.scratch.drain(..).map(|happening| (key, owner, happening)));
        self.reschedule(key);
        if stalled && let Some(connection) = self.connections.get_mut(key) {
            connection.transport_due = Some(now);
            connection.wake_by(now, key, &mut self.timers);
        }
    }

    /// Looks at the connection when the next deadline of its transport comes.
    pub(crate) fn reschedule(&mut self, key: ConnectionKey) {
        let Some(connection) = self.connections.get_mut(key) else { return };
        connection.transport_due = connection.poll_timeout();
        if let Some(at) = connection.transport_due {
            self.wake_connection(key, at);
        }
    }

    /// Looks at the connection no later than `at`.
    pub(crate) fn wake_connection(&mut self, key: ConnectionKey, at: Instant) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.wake_by(at, key, &mut self.timers);
        }
    }
}
