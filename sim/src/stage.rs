//! The stage: a shard and clients without a network between them, for measuring what the shard alone does.
//!
//! ```text
//!   act      clients ──► inbox               a step of time; what they send waits as one batch, as from a socket
//!   serve    inbox ──► shard ──► egress      the server's share, and nothing else
//!   deliver  egress ──► clients              and what is said by signalling, both ways
//! ```
//!
//! Owns: the clock, the clients, and the datagrams on their way. Never: delays, or anything that the seed does not
//! decide but the keys of handshakes. For behaviour on a network there is [`World`](crate::World).

use std::{
    collections::HashMap,
    hint::black_box,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use protocol::{
    ids::{RoomName, SessionId},
    recording::{Answer, TextVersion},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sfu::{
    config::ShardConfig,
    connection::dtls::Certificate,
    egress::FREE_SLOTS_MIN,
    limits::{DATAGRAM_BYTES_MAX, Limits},
    placement::ShardId,
    rtp::header::is_rtcp,
    shard::Shard,
    words::{
        administration::{Act, RoomAct},
        command::Command,
        recording::{LayerPolicy, RecordAct, Scope, StartRecording},
    },
};

use crate::{
    client::{ClientConfig, Feedback, TrackSpec, VirtualClient},
    transport::{Identity, Side},
    world::{Recordings, SERVER, usual_join},
};

/// Time between two batches: what a busy driver holds packets back for.
pub const STEP: Duration = Duration::from_millis(1);

/// Steps in which everything must stand.
const SETUP_STEPS_MAX: usize = 10_000;

/// The people of one room.
#[derive(Debug, Clone, Copy)]
pub struct Cast<'a> {
    /// Who publish, and receive each other.
    pub publishers: usize,
    /// Who only receive.
    pub listeners: usize,
    /// What each publisher publishes.
    pub tracks: &'a [TrackSpec],
}

/// A datagram on its way to the shard.
pub struct Incoming {
    /// Where it comes from.
    pub source: SocketAddr,
    len: usize,
    bytes: [u8; DATAGRAM_BYTES_MAX],
}

impl Incoming {
    /// The bytes; the shard decrypts them in place.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Losses: one of so many media datagrams, counted off; 0 for none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Losses {
    /// Of what clients send.
    pub up_one_in: u64,
    /// Of what the shard sends.
    pub down_one_in: u64,
}

struct Seat {
    client: VirtualClient,
    session: SessionId,
    addresses: [SocketAddr; 2],
    plays: Vec<TrackSpec>,
    hears: usize,
}

/// See the module.
pub struct Stage {
    /// The shard.
    pub shard: Shard,
    /// What clients have sent in this step, oldest first.
    pub inbox: Vec<Incoming>,
    /// Now.
    pub now: Instant,
    /// Datagrams that are lost from now on.
    pub losses: Losses,
    seats: Vec<Seat>,
    by_address: HashMap<SocketAddr, (usize, Side)>,
    by_session: HashMap<SessionId, usize>,
    /// Datagrams of the inbox that the shard has taken.
    taken: usize,
    /// Media datagrams that clients sent, and that the shard sent, while some were to be lost.
    losable: [u64; 2],
    /// What was recorded.
    pub recordings: Recordings,
}

impl Stage {
    /// Rooms in which every connection stands, every track is announced, and media has reached everyone.
    ///
    /// # Panics
    /// When it does not come about.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant has no other origin; it never moves by itself"
    )]
    pub fn new(seed: u64, rooms: &[Cast<'_>]) -> Self {
        let now = Instant::now();
        let mut rng = StdRng::seed_from_u64(seed);
        // A hundred may listen to one.
        let limits = Limits { participants_per_room: 128, ..Limits::default() };
        let certificate = Certificate::generate().expect("a certificate");
        let shard = ShardId(0);
        let config = ShardConfig {
            shard,
            limits,
            candidates: vec![SERVER],
            tcp_candidates: Vec::new(),
            certificate,
        };
        let mut stage = Self {
            shard: Shard::new(config, rng.random(), now),
            inbox: Vec::new(),
            now,
            losses: Losses::default(),
            seats: Vec::new(),
            by_address: HashMap::new(),
            by_session: HashMap::new(),
            taken: 0,
            losable: [0; 2],
            recordings: Recordings::default(),
        };
        let identity = Identity::generate();
        for (number, cast) in rooms.iter().enumerate() {
            let room = RoomName::try_from(format!("room-{number}")).expect("a name");
            for place in 0..cast.publishers + cast.listeners {
                let is_publisher = place < cast.publishers;
                let others = cast.publishers - usize::from(is_publisher);
                let plays = if is_publisher { cast.tracks } else { &[] };
                let hears = others * cast.tracks.len();
                stage.seat(&room, &identity, plays.to_vec(), hears, rng.random());
            }
        }
        stage.set_up();
        stage
    }

    fn seat(
        &mut self,
        room: &RoomName,
        identity: &Identity,
        plays: Vec<TrackSpec>,
        hears: usize,
        seed: u64,
    ) {
        let place = self.seats.len();
        let session = SessionId(place as u64 + 1);
        let config = ClientConfig {
            identity: identity.clone(),
            seed,
            keeps_messages: false,
            keeps_deliveries: false,
            wraps_tsn: false,
            is_dtls_server: false,
            is_single: false,
            attends: false,
            feedback: Feedback::TransportCc,
        };
        let addresses = [Side::Publisher, Side::Subscriber].map(|side| {
            let port = 10_000 + 2 * place as u16 + u16::from(side == Side::Subscriber);
            let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)), port);
            self.by_address.insert(address, (place, side));
            address
        });
        self.by_session.insert(session, place);
        let client = VirtualClient::new(config, self.now, self.now);
        self.seats.push(Seat { client, session, addresses, plays, hears });
        let mut join = usual_join(session, &format!("person-{place}"));
        join.room = room.clone();
        self.shard.handle_command(Command::Join(Box::new(join)), self.now);
    }

    fn set_up(&mut self) {
        self.step_until("everyone is connected", |seat| {
            seat.client.publisher.is_open() && seat.client.subscriber.is_open()
        });
        for place in 0..self.seats.len() {
            for spec in std::mem::take(&mut self.seats[place].plays) {
                self.seats[place].client.publish(spec);
                // One after the other: their frames are then not all due at the same time.
                self.step();
            }
        }
        self.step_until("everyone hears and sees everyone", |seat| {
            let whole = seat.client.streams.iter().filter(|one| one.first_frame.is_some());
            whole.count() == seat.hears
        });
    }

    fn step_until(&mut self, what: &str, is_done: impl Fn(&Seat) -> bool) {
        for _ in 0..SETUP_STEPS_MAX {
            if self.seats.iter().all(&is_done) {
                return;
            }
            self.step();
        }
        panic!("never: {what}");
    }

    /// Has the first room recorded, with everyone's consent.
    pub fn record(&mut self) {
        self.shard.open_recordings();
        let version = TextVersion::default();
        let (scope, layer) = (Scope::Room, LayerPolicy::Best);
        self.ask(RecordAct::Start(StartRecording { scope, version, layer, unix_ms: 0 }));
        for place in 0..self.seats.len() {
            let who = format!("person-{place}").try_into().expect("a name");
            let (answer, question) = (Answer::Yes, "1/1".to_owned());
            self.ask(RecordAct::Answer { who, answer, question });
        }
        self.take_recordings();
        assert!(self.recordings.open_tracks() > 0, "it runs");
    }

    fn ask(&mut self, act: RecordAct) {
        let room = RoomName::try_from("room-0".to_owned()).expect("a name");
        let act = Box::new(Act::InRoom { room, act: RoomAct::Record(Box::new(act)) });
        let session = SessionId(u64::MAX);
        self.shard.handle_command(Command::Administer { session, act }, self.now);
    }

    /// Takes what was recorded, as the writer does.
    pub fn take_recordings(&mut self) {
        self.recordings.take(&mut self.shard, self.now);
    }

    /// The client of a seat; seats are numbered room by room, publishers first.
    pub fn client(&mut self, seat: usize) -> &mut VirtualClient {
        &mut self.seats[seat].client
    }

    /// Where a connection of a seat's client is.
    #[must_use]
    pub fn address(&self, seat: usize, side: Side) -> SocketAddr {
        self.seats[seat].addresses[side as usize]
    }

    /// Packets that came as something else than was sent, of all clients.
    #[must_use]
    pub fn corrupt(&self) -> u64 {
        let clients = self.seats.iter().map(|seat| &seat.client);
        let of = |client: &VirtualClient| {
            client.unauthentic + client.streams.iter().map(|one| one.totals.corrupt).sum::<u64>()
        };
        clients.map(of).sum()
    }

    /// One step of everything.
    pub fn step(&mut self) {
        self.act();
        while self.serve() {
            self.deliver();
        }
        self.deliver();
    }

    /// Lets time pass in steps.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.step();
        }
    }

    /// Time passes, and the clients send what is due.
    pub fn act(&mut self) {
        self.now += STEP;
        self.inbox.clear();
        self.taken = 0;
        for place in 0..self.seats.len() {
            let client = &mut self.seats[place].client;
            if client.poll_timeout(self.now).is_some_and(|at| at <= self.now) {
                client.handle_timeout(self.now);
            }
            while let Some(datagram) = self.poll_transmit(place) {
                let [count, _] = &mut self.losable;
                if !counted_off(count, self.losses.up_one_in, datagram.bytes()) {
                    self.inbox.push(datagram);
                }
            }
        }
    }

    /// The next datagram of a seat's client, as it would come to the shard.
    pub fn poll_transmit(&mut self, seat: usize) -> Option<Incoming> {
        let mut bytes = [0; DATAGRAM_BYTES_MAX];
        let seat = &mut self.seats[seat];
        let (side, len) = seat.client.poll_transmit(&mut bytes, self.now)?;
        Some(Incoming { source: seat.addresses[side as usize], len, bytes })
    }

    /// The server's share of a step: takes what waits, does what is due, and walks the batch as a driver that sends it
    /// does. True if the batch became full before everything was taken: [`deliver`](Self::deliver), and again.
    pub fn serve(&mut self) -> bool {
        let waiting = self.inbox.get(self.taken..).unwrap_or_default();
        self.shard.look_ahead(waiting.iter().map(|one| (one.source, one.bytes())));
        while let Some(datagram) = self.inbox.get_mut(self.taken) {
            if self.shard.egress().free_slots() < FREE_SLOTS_MIN {
                self.walk();
                return true;
            }
            self.taken += 1;
            self.shard.handle_datagram(datagram.source, datagram.bytes_mut(), self.now);
        }
        if self.shard.poll_timeout().is_some_and(|at| at <= self.now) {
            self.shard.handle_timeout(self.now);
        }
        self.walk();
        false
    }

    fn walk(&mut self) {
        for (to, datagrams) in self.shard.egress().chains() {
            for datagram in datagrams {
                black_box((to, datagram));
            }
        }
    }

    /// Gives clients what the shard has sent, and carries signalling until nobody has anything more to say.
    pub fn deliver(&mut self) {
        let one_in = self.losses.down_one_in;
        let [_, count] = &mut self.losable;
        let mut bytes = [0; DATAGRAM_BYTES_MAX];
        for (to, datagrams) in self.shard.egress().chains() {
            let Some((place, side)) = self.by_address.get(&to).copied() else { continue };
            for datagram in datagrams.filter(|one| !counted_off(count, one_in, one)) {
                let copy = &mut bytes[..datagram.len()];
                copy.copy_from_slice(datagram);
                self.seats[place].client.handle_datagram(side, SERVER, copy, self.now);
            }
        }
        self.shard.egress().clear();
        while self.signal() {}
    }

    /// Messages to clients, requests to the shard; true if there were any.
    fn signal(&mut self) -> bool {
        let mut was_said = false;
        while let Some(event) = self.shard.poll_event() {
            was_said = true;
            if let Some(place) = self.by_session.get(&event.session) {
                self.seats[*place].client.handle_message(event.message, self.now);
            }
        }
        for seat in &mut self.seats {
            while let Some(request) = seat.client.poll_request() {
                was_said = true;
                let request = request.read();
                let command = Command::Request { session: seat.session, request };
                self.shard.handle_command(command, self.now);
            }
        }
        was_said
    }
}

/// Whether this is a media datagram and its turn to be lost.
fn counted_off(count: &mut u64, one_in: u64, datagram: &[u8]) -> bool {
    if one_in == 0 || !is_media(datagram) {
        return false;
    }
    *count += 1;
    count.is_multiple_of(one_in)
}

/// Whether a datagram is SRTP: not SRTCP, DTLS or STUN (RFC 7983).
#[must_use]
pub fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram.first(), Some(128..=191)) && !is_rtcp(datagram)
}
