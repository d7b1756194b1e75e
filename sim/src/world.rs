//! The world: shards, clients, the links between them, and time that moves from event to event.
//!
//! Everything that leaves a shard is seen by the nonce oracle and counted by destination, so that a test can say that
//! an address was never sent anything. [`World::drop`] fails a test whose wire broke a promise.

mod administrator;
mod flight;
mod network;
mod recordings;
mod relays;
mod signals;
mod stops;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    hash::DefaultHasher,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use protocol::{
    ids::{Identity as ParticipantIdentity, RoomName, SessionId},
    permission::Permission,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sfu::{
    config::ShardConfig,
    connection::dtls::Certificate,
    drop_reason::DropReason,
    limits::Limits,
    metrics::Counters,
    placement::ShardId,
    shard::Shard,
    words::{
        administration::{Administered, RoomSettings},
        command::{Command, Connections, Join, Resume},
        info::{ClientInfo, ParticipantKind},
        occurrence::Occurrence,
    },
};

use self::{flight::Flight, network::Waiting, relays::Parcel, signals::Signal, stops::Stop};
pub use self::{
    network::{LineCounts, SharedLine},
    recordings::{Recorded, Recordings},
};
use crate::{
    client::{Asking, ClientConfig, Feedback, VirtualClient},
    delivery::Delivery,
    link::{Line, Link, bottleneck::Bottleneck},
    nat::Nat,
    oracle::NonceOracle,
    transport::{Identity, Side},
};

/// Where the first shard listens; the others have the ports after it.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 7882);

/// Events after which a world that does not come to rest is declared broken.
const EVENTS_MAX: u64 = 50_000_000;

/// Steps of a shard for one input: a message in a full room costs one or two for each of its people.
const STEPS_MAX: u64 = 2000;

/// Looks at one shard at one instant: each serves a turn's worth of what is due.
const LOOKS_MAX: u32 = 50;

/// A client of this world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub usize);

/// A client with its place in the network.
struct Resident {
    client: VirtualClient,
    identity: String,
    room: String,
    session: Option<SessionId>,
    /// The shard that its connections are on, by their candidates.
    shard: usize,
    addresses: HashMap<Side, SocketAddr>,
    /// To the server, and from it, behind the bottlenecks.
    up: Line,
    down: Line,
    /// The bottleneck that it has in common with others.
    shared: Option<SharedLine>,
    nat: Option<Nat>,
}

/// A session as signalling knows it.
struct Seat {
    client: ClientId,
    /// Where its commands go.
    shard: usize,
    /// Before its join is answered, a session has no socket to ask anything.
    is_answered: bool,
}

/// See the module.
pub struct World {
    /// Now.
    pub now: Instant,
    /// The beginning.
    pub epoch: Instant,
    shards: Vec<Shard>,
    parcels: VecDeque<Parcel>,
    /// How long a relay between shards takes. Not to be changed while shards talk.
    pub relay_delay: Duration,
    /// The home shard of the next room that is opened.
    pub next_home: usize,
    homes: HashMap<String, usize>,
    residents: Vec<Resident>,
    flights: BinaryHeap<Reverse<Flight>>,
    /// The bottlenecks of each client: up, down.
    ways: Vec<Bottleneck<Waiting>>,
    /// Those that several share.
    shared: Vec<Bottleneck<Waiting>>,
    transcript: DefaultHasher,
    owners: HashMap<SocketAddr, (ClientId, Side)>,
    sessions: HashMap<SessionId, Seat>,
    rng: StdRng,
    identity: Identity,
    /// How long signalling takes, each way. Zero: it arrives within the same instant.
    pub signal_delay: Duration,
    signals: VecDeque<(Instant, Signal)>,
    next_session: u64,
    next_port: u16,
    next_outer: u8,
    next_flight: u64,
    events: u64,
    /// The server's process stands still.
    stop: Option<Stop>,
    /// Most steps of work that one input may cost a shard: the watchdog. Counted, since no machine changes a count.
    pub steps_max: u64,
    /// The last shard that was looked at because something was due, when, and how often at that instant.
    looked: (usize, Instant, u32),
    /// Datagrams that the server sent, by destination.
    sent_to: HashMap<SocketAddr, u64>,
    /// What the server protects, and what clients do.
    pub nonces: NonceOracle,
    /// Datagrams of clients as they were sent, if they are captured.
    pub captured: Vec<(SocketAddr, Vec<u8>)>,
    /// Datagrams of the server as they were sent, if they are captured.
    pub heard: Vec<(SocketAddr, Vec<u8>)>,
    /// Capture what clients and the server send.
    pub captures: bool,
    /// Answers to administrators.
    administered: HashMap<SessionId, Administered>,
    /// What clients said to questions of the server, and to whom.
    pub answered: Vec<(SessionId, Vec<u8>)>,
    /// What the observer was told.
    pub occurrences: Vec<Occurrence>,
    /// What rooms have had recorded.
    pub recordings: Recordings,
    /// Called before (true) and after a shard works, so that a test can measure what its work costs.
    pub meter: Option<fn(bool)>,
}

impl World {
    /// A world with the default limits.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_limits(seed, Limits::default())
    }

    /// A world whose shard has these limits.
    #[must_use]
    pub fn with_limits(seed: u64, limits: Limits) -> Self {
        Self::with_shards(seed, limits, 1)
    }

    /// A world of so many shards, with these limits each.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant has no other origin; it never moves by itself"
    )]
    pub fn with_shards(seed: u64, limits: Limits, shards: u16) -> Self {
        let epoch = Instant::now();
        let mut rng = StdRng::seed_from_u64(seed);
        let certificate = Certificate::generate().expect("a certificate");
        let shard = |number| {
            let certificate = certificate.clone();
            let candidates = vec![address_of(usize::from(number))];
            let config = ShardConfig {
                shard: ShardId(number),
                limits,
                candidates,
                tcp_candidates: Vec::new(),
                certificate,
            };
            Shard::new(config, rng.random(), epoch)
        };
        let shards = (0..shards).map(shard).collect();
        Self {
            now: epoch,
            epoch,
            shards,
            parcels: VecDeque::new(),
            relay_delay: Self::RELAY_DELAY,
            next_home: 0,
            homes: HashMap::new(),
            residents: Vec::new(),
            flights: BinaryHeap::new(),
            ways: Vec::new(),
            shared: Vec::new(),
            transcript: network::new_transcript(),
            owners: HashMap::new(),
            sessions: HashMap::new(),
            rng,
            identity: Identity::generate(),
            signal_delay: Duration::ZERO,
            signals: VecDeque::new(),
            next_session: 1,
            next_port: 10_000,
            next_outer: 0,
            next_flight: 0,
            events: 0,
            stop: None,
            steps_max: STEPS_MAX,
            looked: (0, epoch, 0),
            sent_to: HashMap::new(),
            nonces: NonceOracle::default(),
            captured: Vec::new(),
            heard: Vec::new(),
            captures: false,
            administered: HashMap::new(),
            answered: Vec::new(),
            occurrences: Vec::new(),
            recordings: Recordings::default(),
            meter: None,
        }
    }

    // People.

    /// Joins the room `consultation` as `identity`.
    pub fn join(&mut self, identity: &str) -> ClientId {
        self.join_with(identity, |_, _| {})
    }

    /// Joins with a change to what is usual.
    pub fn join_with(
        &mut self,
        identity: &str,
        change: impl FnOnce(&mut Join, &mut ClientConfig),
    ) -> ClientId {
        let mut config = ClientConfig {
            identity: self.identity.clone(),
            seed: self.rng.random(),
            keeps_messages: true,
            keeps_deliveries: true,
            wraps_tsn: false,
            is_dtls_server: false,
            is_single: false,
            attends: false,
            feedback: Feedback::TransportCc,
        };
        let session = self.new_session();
        let mut join = usual_join(session, identity);
        change(&mut join, &mut config);
        join.connections = connections(config.is_single);
        let id = ClientId(self.residents.len());
        let client = VirtualClient::new(config, self.epoch, self.now);
        let mut resident = Resident {
            client,
            identity: identity.to_owned(),
            room: join.room.as_str().to_owned(),
            session: Some(session),
            shard: 0,
            addresses: HashMap::new(),
            up: Line::new(Link::default()),
            down: Line::new(Link::default()),
            shared: None,
            nat: None,
        };
        self.ways.extend([(), ()].map(|()| Bottleneck::new(Link::default(), self.now)));
        for side in [Side::Publisher, Side::Subscriber] {
            let address = self.new_address();
            resident.addresses.insert(side, address);
            self.owners.insert(address, (id, side));
        }
        if resident.client.is_single() {
            let address = resident.addresses[&Side::Publisher];
            resident.addresses.insert(Side::Subscriber, address);
        }
        self.residents.push(resident);
        self.send_join(id, join);
        id
    }

    /// Gives a join to the home of its room, as the directory does.
    fn send_join(&mut self, id: ClientId, join: Join) {
        let room = join.room.as_str().to_owned();
        let home = *self.homes.entry(room).or_insert(self.next_home);
        let seat = Seat { client: id, shard: home, is_answered: false };
        self.sessions.insert(join.session, seat);
        self.tell_loads();
        self.serve(home, |shard, now| shard.handle_command(Command::Join(Box::new(join)), now));
        self.settle();
    }

    fn new_session(&mut self) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        session
    }

    /// The client's socket is lost without a leave.
    pub fn lose_session(&mut self, id: ClientId) {
        if let Some(session) = self.residents[id.0].session.take() {
            if let Some(seat) = self.sessions.remove(&session) {
                let command = Command::SessionClosed(session);
                self.serve(seat.shard, |shard, now| shard.handle_command(command, now));
            }
            self.settle();
        }
    }

    /// The client comes back over a new socket and continues.
    pub fn resume(&mut self, id: ClientId) {
        let session = self.new_session();
        let resident = &mut self.residents[id.0];
        let participant = resident.client.sid.clone().expect("a participant that joined");
        let mut join = usual_join(session, &resident.identity);
        join.room = RoomName::try_from(resident.room.clone()).expect("a name");
        join.resume = Some(Resume { participant });
        join.connections = connections(resident.client.is_single());
        // Signalling closes the socket that is replaced.
        if let Some(older) = resident.session.replace(session) {
            self.sessions.remove(&older);
        }
        self.send_join(id, join);
    }

    /// The client.
    pub fn client(&mut self, id: ClientId) -> &mut VirtualClient {
        &mut self.residents[id.0].client
    }

    /// How many clients there ever were.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.residents.len()
    }

    /// Who a client joined as.
    #[must_use]
    pub fn identity(&self, id: ClientId) -> &str {
        &self.residents[id.0].identity
    }

    /// Lets a client act, and carries what follows from it.
    pub fn act<T>(
        &mut self,
        id: ClientId,
        act: impl FnOnce(&mut VirtualClient, Instant) -> T,
    ) -> T {
        let done = act(&mut self.residents[id.0].client, self.now);
        self.settle();
        done
    }

    /// Sends a request of a client's session.
    pub fn request(&mut self, id: ClientId, request: impl Into<Asking>) {
        self.act(id, |client, _| client.request(request));
    }

    /// A doctor and a patient whose connections stand.
    pub fn pair(&mut self) -> (ClientId, ClientId) {
        let (doctor, patient) = (self.join("doctor"), self.join("patient"));
        assert!(self.connect(&[doctor, patient]), "two clients on a clean link connect");
        (doctor, patient)
    }

    /// Runs until all connections of these clients stand; false if they do not within ten seconds.
    pub fn connect(&mut self, clients: &[ClientId]) -> bool {
        self.run_until(Duration::from_secs(10), |world| {
            clients.iter().all(|id| world.client(*id).is_connected())
        })
    }

    /// What was delivered of one track of another client.
    pub fn delivered(&mut self, to: ClientId, from: ClientId, track: usize) -> Vec<Delivery> {
        let Some(sid) = self.client(from).tracks[track].sid.clone() else { return Vec::new() };
        let client = self.client(to);
        let streams = client.streams.iter().filter(|stream| stream.track == sid);
        let ssrcs: Vec<_> = streams.map(|stream| stream.ssrc).collect();
        client.deliveries.iter().filter(|one| ssrcs.contains(&one.ssrc)).copied().collect()
    }

    /// The first shard's counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shards[0].counters()
    }

    /// Datagrams dropped for a reason.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.counters().dropped.iter().find(|(one, _)| *one == reason).map_or(0, |(_, count)| count)
    }

    // Time.

    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.step(end) {}
        self.now = end;
    }

    /// Lets time pass until `is_done`, at most so long; answers whether it came about.
    pub fn run_until(
        &mut self,
        most: Duration,
        mut is_done: impl FnMut(&mut Self) -> bool,
    ) -> bool {
        let end = self.now + most;
        loop {
            if is_done(self) {
                return true;
            }
            if !self.step(end) {
                self.now = end;
                return is_done(self);
            }
        }
    }

    /// One event not later than `end`; false if there is none.
    fn step(&mut self, end: Instant) -> bool {
        self.events += 1;
        assert!(self.events < EVENTS_MAX, "the world does not come to rest");
        let flight = self.flights.peek().map(|Reverse(flight)| flight.at);
        let shard = self.next_shard();
        let now = self.now;
        let client = (0..self.residents.len())
            .filter_map(|place| Some((self.residents[place].client.poll_timeout(now)?, place)))
            .min();
        let signal = self.signals.front().map(|(at, _)| *at);
        let parcel = self.next_parcel();
        let departure = self.next_departure();
        let known =
            [departure, flight, shard.map(|(at, _)| at), signal, parcel, client.map(|(at, _)| at)];
        let next = known.into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next <= end) else { return false };
        self.now = self.now.max(next);
        if signal == Some(next) || parcel == Some(next) {
            // Delivered below.
        } else if departure == Some(next) {
            self.depart();
        } else if flight == Some(next) {
            if let Some(Reverse(flight)) = self.flights.pop() {
                self.arrive(flight);
            }
        } else if let Some((_, place)) = shard.filter(|(at, _)| *at == next) {
            self.look_after(place);
        } else if let Some((_, place)) = client {
            self.residents[place].client.handle_timeout(self.now);
            self.pump(ClientId(place));
        }
        self.settle();
        true
    }

    /// Gives a shard an input. The watchdog looks at what it costs.
    fn serve(&mut self, place: usize, input: impl FnOnce(&mut Shard, Instant)) {
        let shard = &mut self.shards[place];
        let before = shard.steps();
        let meter = self.meter.unwrap_or(|_| ());
        meter(true);
        input(shard, self.now);
        meter(false);
        let steps = shard.steps() - before;
        assert!(steps <= self.steps_max, "watchdog: {steps} steps for one input");
    }

    /// Lets a shard do what is due. The watchdog looks at how often that is at one instant.
    fn look_after(&mut self, place: usize) {
        self.looked = match self.looked {
            (shard, at, count) if (shard, at) == (place, self.now) => (shard, at, count + 1),
            _ => (place, self.now, 1),
        };
        assert!(self.looked.2 <= LOOKS_MAX, "watchdog: a shard is due again and again");
        self.serve(place, Shard::handle_timeout);
    }

    /// Carries everything that waits, until nobody has anything to say at this instant.
    fn settle(&mut self) {
        loop {
            self.take_egress();
            let mut is_quiet = !self.take_relays();
            is_quiet &= !self.deliver_parcels();
            for shard in &mut self.shards {
                self.recordings.take(shard, self.now);
                while shard.poll_closed().is_some() {}
                while let Some(event) = shard.poll_event() {
                    is_quiet = false;
                    self.signals.push_back((self.now + self.signal_delay, Signal::ToClient(event)));
                }
            }
            for place in 0..self.residents.len() {
                let session = self.residents[place].session;
                let seat = session.and_then(|session| self.sessions.get(&session));
                let waits = seat.is_some_and(|seat| !seat.is_answered);
                while !waits && let Some(request) = self.residents[place].client.poll_request() {
                    is_quiet = false;
                    if let Some(session) = session {
                        let signal = Signal::ToServer(session, request);
                        self.signals.push_back((self.now + self.signal_delay, signal));
                    }
                }
                self.pump(ClientId(place));
            }
            while self.signals.front().is_some_and(|(at, _)| *at <= self.now) {
                is_quiet = false;
                if let Some((_, signal)) = self.signals.pop_front() {
                    self.deliver(signal);
                }
            }
            if is_quiet {
                return;
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.nonces.violations, [""; 0], "SRTP indices used twice");
        }
    }
}

/// Where a shard listens.
fn address_of(shard: usize) -> SocketAddr {
    SocketAddr::new(SERVER.ip(), SERVER.port() + shard as u16)
}

fn association(id: ClientId, side: Side) -> u64 {
    2 * id.0 as u64 + u64::from(side == Side::Publisher)
}

fn connections(is_single: bool) -> Connections {
    if is_single { Connections::One } else { Connections::Two }
}

/// How a browser joins the room `consultation`.
pub(crate) fn usual_join(session: SessionId, identity: &str) -> Join {
    Join {
        session,
        room: RoomName::try_from("consultation".to_owned()).expect("a name"),
        may_open_room: true,
        room_settings: RoomSettings::default(),
        identity: ParticipantIdentity::try_from(identity.to_owned()).expect("a name"),
        name: identity.to_owned(),
        metadata: String::new(),
        attributes: std::collections::BTreeMap::new(),
        kind: ParticipantKind::Standard,
        permission: Permission {
            can_subscribe: true,
            can_publish: true,
            can_publish_data: true,
            can_publish_sources: Vec::new(),
            hidden: false,
            recorder: false,
            can_update_metadata: true,
        },
        auto_subscribe: true,
        adaptive_stream: false,
        may_pause: true,
        connections: Connections::Two,
        client: ClientInfo {
            sdk: "js".to_owned(),
            browser: "Chrome".to_owned(),
            protocol: 17,
            client_protocol: 1,
            capabilities: Vec::new(),
        },
        resume: None,
        unix_ms: 1_790_000_000_000,
        only_asks: false,
        admission: None,
    }
}
