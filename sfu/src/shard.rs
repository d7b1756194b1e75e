//! A shard: one thread's worth of rooms and connections, as a pure state machine.
//!
//! ```text
//!   handle_datagram ─┐                           ┌─► egress (datagrams, grouped by destination)
//!   handle_command  ─┤                           ├─► poll_event, poll_closed
//!   handle_relay    ─┼─► Shard { rooms, context } ┼─► poll_relay
//!   handle_timeout  ─┘                           └─► poll_timeout
//! ```
//!
//! After every input: send what stands in [`egress`](Shard::egress), drain [`poll_event`](Shard::poll_event),
//! [`poll_closed`](Shard::poll_closed) and [`poll_relay`](Shard::poll_relay), and come back at
//! [`poll_timeout`](Shard::poll_timeout). Owns everything below it; never a socket, a clock or a lock.

mod administer;
pub(crate) mod far;
mod look_ahead;
pub(crate) mod through_turn;

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use protocol::{
    ids::{RoomName, RoomSid, SessionId},
    stun,
};
use rand::{SeedableRng, rngs::StdRng};
use slotmap::SlotMap;
use turn::framing::Framing;

use crate::{
    config::ShardConfig,
    connection::{
        Happening,
        demux::{self, Protocol},
        ice::PathChange,
    },
    context::Context,
    directory::ClosedRoom,
    drop_reason::DropReason,
    egress::{self, Egress, EgressTag},
    keys::{ConnectionKey, Owner, ParticipantKey, RoomKey},
    limits::DATAGRAM_BYTES_MAX,
    metrics::Counters,
    recording::feed::Feed,
    room::{Room, speaker::WINDOW},
    timers::Timer,
    turn_relay::{TurnRelay, Way, way},
    words::{
        administration::{Refused, RoomSettings},
        command::{Command, Join},
        event::{Event, JoinRefusal, LeaveAction, Message},
        info::LeaveReason,
        occurrence::{RoomEnd, What},
    },
};

/// Looks in one pass over what is due: some hundred microseconds of them. A thousand connections ask for fifty in a tick.
const LOOKS_PER_TURN: usize = 256;

/// See the module.
pub struct Shard {
    rooms: SlotMap<RoomKey, Room>,
    names: HashMap<RoomName, RoomKey>,
    sessions: HashMap<SessionId, (RoomKey, ParticipantKey)>,
    /// For the directory.
    closed: VecDeque<ClosedRoom>,
    context: Context,
    /// TURN before everything else, if it is spoken.
    turn: Option<Box<TurnRelay>>,
    /// Of what goes to other nodes through allocations, and comes from them.
    node_tag: EgressTag,
    /// Scratch of [`look_ahead`](Self::look_ahead).
    ahead: Vec<look_ahead::Ahead>,
}

impl Shard {
    /// An empty shard. `seed` decides every random choice it will make: take it from the system in production.
    #[must_use]
    pub fn new(config: ShardConfig, seed: [u8; 32], now: Instant) -> Self {
        Self {
            rooms: SlotMap::with_key(),
            names: HashMap::new(),
            sessions: HashMap::new(),
            closed: VecDeque::new(),
            context: Context::new(config, StdRng::from_seed(seed), now),
            turn: None,
            node_tag: EgressTag::default(),
            ahead: Vec::with_capacity(look_ahead::AHEAD_MAX),
        }
    }

    /// Handles one received datagram; it is decrypted in place.
    pub fn handle_datagram(&mut self, source: SocketAddr, datagram: &mut [u8], now: Instant) {
        self.context.counters.datagrams_received += 1;
        self.context.counters.bytes_received += datagram.len() as u64;
        let now = self.context.begin(now);
        let key = self.context.paths.get(&source).copied();
        // One participant's bug must not end the others' calls.
        let handled = catch_unwind(AssertUnwindSafe(|| self.route(source, key, datagram, now)));
        match handled {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => self.context.drop_count(reason),
            Err(_) => self.on_panic(key, now),
        }
        self.settle(now);
    }

    fn route(
        &mut self,
        source: SocketAddr,
        key: Option<ConnectionKey>,
        datagram: &mut [u8],
        now: Instant,
    ) -> Result<(), DropReason> {
        if datagram.len() > DATAGRAM_BYTES_MAX {
            return Err(DropReason::TooLong);
        }
        let protocol = demux::classify(datagram).ok_or(DropReason::UnknownProtocol)?;
        match protocol {
            Protocol::Stun => return self.handle_stun(source, datagram, now),
            Protocol::ChannelData => {
                return self.unwrap(source, datagram, now, DropReason::UnknownProtocol);
            }
            Protocol::Dtls | Protocol::Rtp | Protocol::Rtcp => {}
        }
        // Nobody who has not authenticated by STUN gets so much as an answer.
        let key = key.ok_or(DropReason::UnknownPath)?;
        let connection = self.context.connections.get_mut(key).ok_or(DropReason::UnknownPath)?;
        let owner = connection.owner;
        match protocol {
            Protocol::Dtls => {
                let handled = connection.handle_dtls(datagram, now);
                if handled.is_err() {
                    self.context.happenings.push_back((key, owner, Happening::Closed));
                }
                self.context.drive(key, now);
                handled
            }
            Protocol::Rtp | Protocol::Rtcp => {
                let room = self.rooms.get_mut(owner.room).ok_or(DropReason::UnknownPath)?;
                if protocol == Protocol::Rtp {
                    room.on_rtp(&mut self.context, key, datagram, now)
                } else {
                    room.on_rtcp(&mut self.context, key, datagram, now)
                }
            }
            Protocol::Stun | Protocol::ChannelData => Ok(()),
        }
    }

    fn handle_stun(
        &mut self,
        source: SocketAddr,
        datagram: &mut [u8],
        now: Instant,
    ) -> Result<(), DropReason> {
        let message = stun::Message::parse(datagram).map_err(|_| DropReason::StunMalformed)?;
        let is_check =
            message.class() == stun::Class::Request && message.method() == stun::Method::BINDING;
        // Where nothing but TURN is spoken, Binding is a question to a STUN server.
        if !is_check || matches!(way(source), Way::TurnPort(_) | Way::Stream(_, Framing::Turn)) {
            return self.unwrap(source, datagram, now, DropReason::StunUnexpected);
        }
        let username = message.username().ok_or(DropReason::StunMalformed)?;
        let (local, _) = username.split_once(':').ok_or(DropReason::StunUnknownUfrag)?;
        let context = &mut self.context;
        let key = *context.ufrags.get(local).ok_or(DropReason::StunUnknownUfrag)?;
        let connection = context.connections.get_mut(key).ok_or(DropReason::StunUnknownUfrag)?;
        let slot = context.egress.reserve().ok_or(DropReason::EgressFull)?;
        let checked = connection.ice.handle_request(source, &message, slot, now)?;
        connection.heard = now;
        let removed = connection.ice.take_removed_paths();
        context.egress.commit(&mut EgressTag::default(), source, checked.response_len);
        context.claim_path(source, key);
        context.forget_paths(key, &removed);
        // DTLS may have waited for a path.
        if checked.path == PathChange::Same {
            context.reschedule(key);
        } else {
            context.drive(key, now);
        }
        Ok(())
    }

    /// Handles one command.
    pub fn handle_command(&mut self, command: Command, now: Instant) {
        self.context.counters.commands += 1;
        let now = self.context.begin(now);
        let participant = match &command {
            Command::Request { session, .. } => self.sessions.get(session).copied(),
            _ => None,
        };
        let administrator = match &command {
            Command::Administer { session, .. } => Some(*session),
            _ => None,
        };
        if catch_unwind(AssertUnwindSafe(|| self.command(command, now))).is_err() {
            self.context.counters.panics += 1;
            self.context.drop_count(DropReason::Panicked);
            let failed = Message::Administered(Box::new(Err(Refused::Failed)));
            self.context.emit(administrator, failed);
            if let Some((room, participant)) = participant {
                self.expel(room, participant, now);
            }
        }
        self.settle(now);
    }

    fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Join(join) => self.join(*join, now),
            Command::Request { session, request } => {
                if let Some((room, participant)) = self.speaker(session)
                    && let Some(room) = self.rooms.get_mut(room)
                {
                    room.request(&mut self.context, participant, request, now);
                } else {
                    // Superseded by a resume, or gone: it has nobody to speak for, and is to know.
                    self.end_session(session);
                    let (reason, action) = (LeaveReason::StateMismatch, LeaveAction::Reconnect);
                    self.context.emit(Some(session), Message::Leave { reason, action });
                }
            }
            Command::SessionClosed(session) => self.close_session(session, now),
            Command::Administer { session, act } => self.administer(session, *act, now),
            Command::Observe => self.context.observed = true,
            Command::Drain => {
                if let Some(turn) = &mut self.turn {
                    turn.drain();
                }
                for room in self.rooms.values_mut() {
                    let (reason, action) = (LeaveReason::ServerShutdown, LeaveAction::Reconnect);
                    room.remove_all(&mut self.context, reason, action, now);
                    room.happened(&mut self.context, || What::RoomFinished(RoomEnd::Shutdown));
                }
            }
        }
    }

    fn close_session(&mut self, session: SessionId, now: Instant) {
        if let Some((room, participant)) = self.end_session(session)
            && let Some(room) = self.rooms.get_mut(room)
        {
            room.lose_session(&mut self.context, participant, session, now);
        }
    }

    /// The participant that a session speaks for, if it still does: a resumed participant has a newer session.
    fn speaker(&self, session: SessionId) -> Option<(RoomKey, ParticipantKey)> {
        let (room, participant) = *self.sessions.get(&session)?;
        self.rooms.get(room)?.speaks_for(participant, session).then_some((room, participant))
    }

    fn join(&mut self, join: Join, now: Instant) {
        let session = join.session;
        if let (Some(turn), Ok(unix_ms)) = (&mut self.turn, u64::try_from(join.unix_ms)) {
            turn.set_unix_time(Duration::from_millis(unix_ms), now);
        }
        if join.only_asks {
            let answer =
                self.would_admit(&join).map_or_else(Message::Refused, |()| Message::Admissible);
            return self.context.emit(Some(session), answer);
        }
        self.context.counters.joins += 1;
        let (room, identity) = (join.room.clone(), join.identity.clone());
        let admitted = self.room_for(&join, now).and_then(|key| {
            let room = self.rooms.get_mut(key).ok_or(JoinRefusal::NodeFull)?;
            room.joins += 1;
            Ok((key, room.join(&mut self.context, join, now)?))
        });
        match admitted {
            Ok(place) => {
                self.begin_session(session, (&room, &identity), place);
            }
            Err(refusal) => self.context.emit(Some(session), Message::Refused(refusal)),
        }
    }

    /// Whether a join would succeed. The directory has counted it like any other: see `directory.rs`.
    fn would_admit(&mut self, join: &Join) -> Result<(), JoinRefusal> {
        let Some(room) = self.names.get(&join.room).and_then(|key| self.rooms.get_mut(*key)) else {
            self.closed.push_back(ClosedRoom { room: join.room.clone(), joins: 1 });
            return self.may_open_room(join);
        };
        room.joins += 1;
        room.has_place_for(join).then_some(()).ok_or(JoinRefusal::RoomFull)
    }

    fn may_open_room(&self, join: &Join) -> Result<(), JoinRefusal> {
        if !join.may_open_room {
            return Err(JoinRefusal::RoomNotFound);
        }
        if !self.has_space() {
            return Err(JoinRefusal::NodeFull);
        }
        Ok(())
    }

    fn room_for(&mut self, join: &Join, now: Instant) -> Result<RoomKey, JoinRefusal> {
        if let Some(key) = self.names.get(&join.room) {
            return Ok(*key);
        }
        let opened = self.open_room(join, now);
        if opened.is_err() {
            self.closed.push_back(ClosedRoom { room: join.room.clone(), joins: 1 });
        }
        opened
    }

    fn open_room(&mut self, join: &Join, now: Instant) -> Result<RoomKey, JoinRefusal> {
        if join.resume.is_some() {
            return Err(JoinRefusal::StateMismatch);
        }
        self.may_open_room(join)?;
        let settings = join.room_settings.clone();
        self.insert_room(&join.room, settings, join.unix_ms, now).ok_or(JoinRefusal::NodeFull)
    }

    /// Whether one more room is within the bound.
    fn has_space(&self) -> bool {
        self.rooms.len() < usize::from(self.context.config.limits.rooms_per_shard)
    }

    /// A new room; none if there are too many.
    fn insert_room(
        &mut self,
        name: &RoomName,
        settings: RoomSettings,
        unix_ms: i64,
        now: Instant,
    ) -> Option<RoomKey> {
        if !self.has_space() {
            return None;
        }
        let limits = self.context.config.limits;
        let sid = RoomSid::random(&mut self.context.rng);
        tracing::info!(room = %sid, "room opened");
        let key = self
            .rooms
            .insert_with_key(|key| Room::new(key, sid, name.clone(), unix_ms, limits, now));
        self.names.insert(name.clone(), key);
        self.context.timers.schedule(now, Timer::Room(key));
        if let Some(room) = self.rooms.get_mut(key) {
            room.set(settings, now);
            room.happened(&mut self.context, || What::RoomStarted);
        }
        Some(key)
    }

    /// Handles what is due, or a turn's worth of it: [`poll_timeout`](Self::poll_timeout) then says that more is.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = self.context.begin(now);
        if let Some(turn) = &mut self.turn {
            turn.handle_timeout(now);
        }
        for _ in 0..LOOKS_PER_TURN {
            let Some(timer) = self.context.timers.pop_due(now) else { break };
            self.context.step();
            let handled = catch_unwind(AssertUnwindSafe(|| match timer {
                Timer::Connection(key) => self.tick_connection(key, now),
                Timer::Room(key) => self.tick_room(key, now),
            }));
            if handled.is_err() {
                match timer {
                    Timer::Connection(key) => self.on_panic(Some(key), now),
                    Timer::Room(_) => {
                        self.context.counters.panics += 1;
                        self.context.timers.schedule(now + WINDOW, timer);
                    }
                }
            }
            if self.context.egress.free_slots() < egress::FREE_SLOTS_MIN {
                break;
            }
        }
        self.settle(now);
    }

    fn tick_connection(&mut self, key: ConnectionKey, now: Instant) {
        let context = &mut self.context;
        let Some(connection) = context.connections.get_mut(key) else { return };
        if connection.wake.is_some_and(|wake| wake > now) {
            // An older, later look: the nearer one is scheduled.
            return;
        }
        connection.wake = None;
        let owner = connection.owner;
        if connection.transport_due.is_some_and(|at| at <= now) {
            self.tick_transport(key, now);
        }
        let context = &mut self.context;
        let feedback = match self.rooms.get_mut(owner.room) {
            Some(room) => {
                room.pump_resting(context, owner.participant, now);
                room.send_feedback(context, key, now)
            }
            None => None,
        };
        let Some(connection) = context.connections.get_mut(key) else { return };
        // What was due has moved on or is gone. Only who found the batch full looks again at once.
        debug_assert!(feedback.is_none_or(|at| at > now), "feedback is due again at once");
        debug_assert!(
            connection.is_stalled() || connection.transport_due.is_none_or(|at| at > now),
            "a transport is due again at once"
        );
        if let Some(at) = feedback.into_iter().chain(connection.transport_due).min() {
            connection.wake_by(at, key, &mut context.timers);
        }
    }

    fn tick_transport(&mut self, key: ConnectionKey, now: Instant) {
        let context = &mut self.context;
        let Some(connection) = context.connections.get_mut(key) else { return };
        let owner = connection.owner;
        let mut happenings = Vec::new();
        if let Err(reason) = connection.handle_timeout(&mut happenings, now) {
            context.counters.dropped.count(reason);
            happenings.push(Happening::Closed);
        }
        let removed = connection.ice.take_removed_paths();
        context.forget_paths(key, &removed);
        context.happenings.extend(happenings.into_iter().map(|one| (key, owner, one)));
        context.drive(key, now);
    }

    fn tick_room(&mut self, key: RoomKey, now: Instant) {
        let Some(room) = self.rooms.get_mut(key) else { return };
        let next = room.tick(&mut self.context, now);
        debug_assert!(next > now || room.is_over(now), "a room is due again at once");
        if room.is_over(now) {
            self.close_room(key, RoomEnd::Empty);
        } else {
            self.context.timers.schedule(next, Timer::Room(key));
        }
    }

    /// Ends a room in which nobody is.
    fn close_room(&mut self, key: RoomKey, end: RoomEnd) {
        let Some(mut room) = self.rooms.remove(key) else { return };
        debug_assert!(room.is_empty(), "a room ends when nobody is in it");
        tracing::info!(room = %room.sid(), "room closed");
        room.close_edges(&mut self.context, LeaveReason::RoomClosed, LeaveAction::Disconnect);
        room.happened(&mut self.context, || What::RoomFinished(end));
        self.names.remove(&room.name);
        self.closed.push_back(ClosedRoom { room: room.name.clone(), joins: room.joins });
    }

    /// Tells rooms what their connections did, and connections what their rooms gave them, until nothing more follows
    /// from it.
    fn settle(&mut self, now: Instant) {
        loop {
            let (key, handled) =
                if let Some((key, owner, happening)) = self.context.happenings.pop_front() {
                    let tell = || self.tell_room(key, owner, happening, now);
                    (key, catch_unwind(AssertUnwindSafe(tell)))
                } else if let Some(key) = self.context.pop_fed() {
                    (key, catch_unwind(AssertUnwindSafe(|| self.context.drive(key, now))))
                } else {
                    break;
                };
            if handled.is_err() {
                self.on_panic(Some(key), now);
            }
            self.context.step();
        }
        self.reset_broken(now);
        while let Some(session) = self.context.ended.pop() {
            self.end_session(session);
        }
    }

    fn tell_room(&mut self, key: ConnectionKey, owner: Owner, what: Happening, now: Instant) {
        let Some(room) = self.rooms.get_mut(owner.room) else { return };
        let context = &mut self.context;
        match what {
            Happening::Opened => {
                room.on_opened(context, owner.participant, owner.target, now);
                context.wake_connection(key, now + crate::connection::REPORT_INTERVAL);
            }
            Happening::Channel(event) => {
                room.on_channel(context, key, owner.participant, event, now);
            }
            Happening::Lost => room.on_lost(owner.participant, now),
            Happening::Closed => {
                if context.connections.contains_key(key) {
                    room.on_closed(context, owner.participant, owner.target, now);
                }
            }
        }
    }

    fn on_panic(&mut self, key: Option<ConnectionKey>, now: Instant) {
        self.context.counters.panics += 1;
        self.context.drop_count(DropReason::Panicked);
        let connection = key.and_then(|key| self.context.connections.get_mut(key));
        let owner = connection.map(|connection| {
            connection.abandon();
            connection.owner
        });
        if let Some(owner) = owner {
            self.expel(owner.room, owner.participant, now);
        }
    }

    /// Removes a participant whose handling panicked. Its connections are dropped as they are: what broke must not be
    /// asked to say goodbye.
    fn expel(&mut self, room: RoomKey, participant: ParticipantKey, now: Instant) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        let context = &mut self.context;
        let expelled = catch_unwind(AssertUnwindSafe(|| {
            room.drop_connections(context, participant);
            let (reason, action) = (LeaveReason::MediaFailure, LeaveAction::Disconnect);
            room.remove(context, participant, reason, action, now);
        }));
        if expelled.is_err() {
            tracing::error!("a participant could not be removed after a panic");
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let turn = self.turn.as_ref().and_then(|turn| turn.poll_timeout());
        let turn = turn.map(|at| self.context.outside(at));
        self.context.poll_timeout().into_iter().chain(turn).min()
    }

    /// Steps of work so far, a measure that no machine changes: what one input costs is bounded.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.context.steps()
    }

    /// The next event for signalling.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.context.events.pop_front()
    }

    /// From now on rooms can be recorded: somebody asks [`poll_recording`](Self::poll_recording).
    pub fn open_recordings(&mut self) {
        self.context.recordings.get_or_insert_default();
    }

    /// The next recording for the writer.
    pub fn poll_recording(&mut self) -> Option<Feed> {
        self.context.recordings.as_mut()?.pop_front()
    }

    /// The next room that the directory need no longer know here.
    pub fn poll_closed(&mut self) -> Option<ClosedRoom> {
        self.closed.pop_front()
    }

    /// The datagrams that wait to be sent. The driver sends and clears them.
    pub fn egress(&mut self) -> &mut Egress {
        &mut self.context.egress
    }

    /// The counters, for the driver to add what it counts.
    pub fn counters_mut(&mut self) -> &mut Counters {
        &mut self.context.counters
    }

    /// A copy of the counters, gauges included.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = self.context.counters.clone();
        counters.rooms = self.names.len() as u64;
        if let Some(turn) = &self.turn {
            counters.turn = turn.counters().clone();
        }
        counters.edges = (self.rooms.len() - self.names.len()) as u64;
        for room in self.rooms.values() {
            let (participants, publications, subscriptions) = room.counts();
            counters.participants += participants as u64;
            counters.publications += publications as u64;
            counters.subscriptions += subscriptions as u64;
            room.count_lines(&self.context, &mut counters);
        }
        counters
    }
}
