//! The server: every message of clients and peers passes here.
//!
//! ```text
//!   handle_client ─┬─ ChannelData, Send ─► data      ─► ToPeer
//!                  ├─ Binding                         ─► reply
//!                  └─ other requests ─► who asks? ─► allocate · refresh · permit ─► reply
//!   handle_peer ────────────────────────► data      ─► ToClient
//! ```
//!
//! After every input: come back at [`Server::poll_timeout`]. Owns: the allocations and the way to them. Never: sockets.

mod allocate;
mod data;
mod permit;
mod refresh;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    net::{IpAddr, SocketAddr},
    ops::{Range, RangeInclusive},
    time::{Duration, Instant},
};

use foldhash::quality::FixedState;
use protocol::{
    stun::{AttributeKind, Builder, Class, ErrorCode, Message, Method},
    turn_credential::TurnSecret,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::{
    allocation::{Allocation, AllocationId},
    authentication::{Authentication, Caller, Form},
    challenge_budget::ChallengeBudget,
    channel_data,
    client::Client,
    counters::{Counters, Refusal},
    limits::{
        AMPLIFICATION_MAX, DATAGRAM_CHALLENGES, MESSAGE_BYTES_MAX, REPLY_BYTES_MAX,
        STREAM_CHALLENGES,
    },
    peer_policy::PeerPolicy,
    ports::{PortPool, Ports},
};

pub use data::ToClient;

/// Allocations that one look at the clock ends, at most.
const ENDED_PER_LOOK: usize = 1024;

/// What a server is told at start.
#[derive(Debug, Clone)]
pub struct Config {
    /// What credentials are minted with.
    pub secret: TurnSecret,
    /// What nonces are made with. Servers with the same one take each other's.
    pub nonce_key: [u8; 32],
    /// Addresses of relays: the first of each family is used.
    pub relay_addresses: Vec<IpAddr>,
    /// Ports of relays.
    pub relay_ports: RangeInclusive<u16>,
    /// Who may be a peer.
    pub policy: PeerPolicy,
    /// Allocations at once.
    pub allocations_max: usize,
    /// Allocations of one user at once.
    pub allocations_per_user_max: u32,
    /// Bytes of payload that one allocation may carry in a second, both ways together.
    pub allocation_bytes_per_second_max: u64,
    /// Whether Binding without credentials is answered (RFC 8489 §2: a TURN server is a STUN server too).
    pub answers_binding: bool,
    /// Whether channels may have the numbers of clients before RFC 8656, which collide with other protocols on one port.
    pub takes_old_channel_numbers: bool,
}

/// What became of a client's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handled {
    /// Nothing to send.
    Nothing,
    /// So many bytes of the caller's buffer go back to the client.
    Reply(usize),
    /// A part of the message goes to a peer.
    ToPeer {
        /// Through which allocation.
        allocation: AllocationId,
        /// From which of its relayed addresses.
        relayed: SocketAddr,
        /// To whom.
        peer: SocketAddr,
        /// Which part.
        payload: Range<usize>,
    },
}

/// Why a message is refused, and what the client is told, if anything: bytes in the caller's buffer.
struct Denied {
    reason: Refusal,
    reply: Option<usize>,
}

impl From<Refusal> for Denied {
    fn from(reason: Refusal) -> Self {
        Self { reason, reply: None }
    }
}

/// What an authenticated request is refused with.
struct Fault {
    code: ErrorCode,
    reason: Refusal,
}

impl From<(ErrorCode, Refusal)> for Fault {
    fn from((code, reason): (ErrorCode, Refusal)) -> Self {
        Self { code, reason }
    }
}

/// A request with all that is needed to answer it.
struct Request<'a> {
    message: &'a Message<'a>,
    client: Client,
    caller: &'a Caller,
    now: Instant,
}

impl Request<'_> {
    /// Begins the success answer.
    fn success<'b>(&self, out: &'b mut [u8]) -> Builder<'b> {
        Builder::new(out, Class::Success, self.message.method(), self.message.transaction_id())
    }
}

/// See the module.
pub struct Server<P> {
    config: Config,
    authentication: Authentication,
    /// Strangers' answers: over datagrams, and over streams.
    budgets: [ChallengeBudget; 2],
    pool: PortPool<P>,
    allocations: HashMap<AllocationId, Allocation, FixedState>,
    clients: HashMap<Client, AllocationId, FixedState>,
    /// By relayed address.
    relays: HashMap<SocketAddr, AllocationId, FixedState>,
    /// Allocations of each user.
    users: HashMap<Box<str>, u32, FixedState>,
    reservations: Vec<Reservation>,
    /// Who is in a call, and how often: see [`arrive`](Self::arrive).
    present: HashMap<Box<str>, u32, FixedState>,
    /// When to look at which allocation: one entry each, which may be early.
    looks: BinaryHeap<Reverse<(Instant, AllocationId)>>,
    latest: AllocationId,
    draining: bool,
    /// Tells indications apart.
    indications: u64,
    /// An instant and the Unix time at it.
    clock: (Instant, Duration),
    rng: StdRng,
    counters: Counters,
}

/// A port that waits for its allocation (RFC 8656 §18.10).
struct Reservation {
    token: [u8; 8],
    address: SocketAddr,
    who: Box<str>,
    expires: Instant,
}

impl<P: Ports> Server<P> {
    /// A server without allocations. `seed` decides every random choice; `unix` is the Unix time at `now`.
    pub fn new(config: Config, ports: P, seed: [u8; 32], now: Instant, unix: Duration) -> Self {
        let mut rng = StdRng::from_seed(seed);
        let mut map_seed = || FixedState::with_seed(rng.random());
        let (allocations, clients, relays, users, present) = (
            HashMap::with_hasher(map_seed()),
            HashMap::with_hasher(map_seed()),
            HashMap::with_hasher(map_seed()),
            HashMap::with_hasher(map_seed()),
            HashMap::with_hasher(map_seed()),
        );
        Self {
            authentication: Authentication::new(config.secret.clone(), &config.nonce_key),
            budgets: [DATAGRAM_CHALLENGES, STREAM_CHALLENGES]
                .map(|rate| ChallengeBudget::new(rate, rng.random(), now)),
            pool: PortPool::new(config.relay_ports.clone(), ports, rng.random()),
            allocations,
            clients,
            relays,
            users,
            reservations: Vec::new(),
            present,
            looks: BinaryHeap::new(),
            latest: AllocationId(0),
            draining: false,
            indications: 0,
            clock: (now, unix),
            rng,
            counters: Counters::default(),
            config,
        }
    }

    /// Somebody is in a call: until [`depart`](Self::depart) is called as often, credentials of theirs open allocations past
    /// their expiry, so that a long call can change networks. The caller bounds how many there are.
    pub fn arrive(&mut self, who: &str) {
        *self.present.entry(who.into()).or_default() += 1;
    }

    /// The opposite of [`arrive`](Self::arrive).
    pub fn depart(&mut self, who: &str) {
        if let Some(count) = self.present.get_mut(who) {
            *count -= 1;
            if *count == 0 {
                self.present.remove(who);
            }
        }
    }

    /// Handles one message of a client, over streams without padding. Replies are written into `out`, which has room for
    /// [`REPLY_BYTES_MAX`]. Data costs two lookups; a request without credentials at most two hashes.
    pub fn handle_client(
        &mut self,
        client: Client,
        bytes: &[u8],
        out: &mut [u8],
        now: Instant,
    ) -> Handled {
        debug_assert!(out.len() >= REPLY_BYTES_MAX);
        if channel_data::is_channel_data(bytes) {
            return self.handle_channel_data(client, bytes, now);
        }
        self.on_stun(client, bytes, out, now).unwrap_or_else(|denied| {
            self.counters.refuse(denied.reason);
            denied.reply.map_or(Handled::Nothing, Handled::Reply)
        })
    }

    /// As [`handle_client`](Self::handle_client), for what [`is_channel_data`](channel_data::is_channel_data) says is
    /// channel data, which is never replied to. Cost: two lookups.
    pub fn handle_channel_data(&mut self, client: Client, bytes: &[u8], now: Instant) -> Handled {
        self.on_channel_data(client, bytes, now).unwrap_or_else(|reason| {
            self.counters.refuse(reason);
            Handled::Nothing
        })
    }

    fn on_stun(
        &mut self,
        client: Client,
        bytes: &[u8],
        out: &mut [u8],
        now: Instant,
    ) -> Result<Handled, Denied> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Refusal::Malformed.into());
        }
        let message = Message::parse(bytes).map_err(|_| Refusal::Malformed)?;
        match (message.class(), message.method()) {
            (Class::Indication, Method::SEND) => Ok(self.on_send(client, bytes, &message, now)?),
            (Class::Request, Method::BINDING) => {
                self.on_binding(client, &message, bytes.len(), out)
            }
            (
                Class::Request,
                Method::ALLOCATE
                | Method::REFRESH
                | Method::CREATE_PERMISSION
                | Method::CHANNEL_BIND,
            ) => self.on_request(client, &message, bytes.len(), out, now),
            _ => Err(Refusal::Unexpected.into()),
        }
    }

    fn on_binding(
        &mut self,
        client: Client,
        message: &Message<'_>,
        asked: usize,
        out: &mut [u8],
    ) -> Result<Handled, Denied> {
        if !self.config.answers_binding {
            return Err(Refusal::Unexpected.into());
        }
        let id = message.transaction_id();
        let is_understood = unknown_attributes(message).next().is_none();
        let builder = if is_understood {
            Builder::new(out, Class::Success, Method::BINDING, id)
                .xor_mapped_address(canonical(client.address))
        } else {
            // RFC 8489 §6.3.1.
            Builder::new(out, Class::Error, Method::BINDING, id)
                .error_code(ErrorCode::UnknownAttribute)
                .unknown_attributes(unknown_attributes(message))
        };
        let len = builder.finish().ok_or(Refusal::Malformed)?;
        if !client.is_stream() && is_amplified(asked, len) {
            return Err(Refusal::WouldAmplify.into());
        }
        if is_understood {
            return Ok(Handled::Reply(len));
        }
        Err(Denied { reason: Refusal::UnknownAttribute, reply: Some(len) })
    }

    fn on_request(
        &mut self,
        client: Client,
        message: &Message<'_>,
        asked: usize,
        out: &mut [u8],
        now: Instant,
    ) -> Result<Handled, Denied> {
        let unix = self.unix(now);
        let known = self.live(client, now).map(|(_, allocation)| allocation);
        let known = known.map(|one| (&*one.username, &one.key));
        let caller = match self.authentication.check(message, client.address, known, unix) {
            Ok(caller) => caller,
            Err((code, reason)) => {
                let reply = self.tell_stranger(client, message, code, (asked, out), now)?;
                return Err(Denied { reason, reply: Some(reply) });
            }
        };
        let request = Request { message, client, caller: &caller, now };
        self.perform(&request, out).map(Handled::Reply).map_err(|fault| {
            let id = message.transaction_id();
            let mut builder = Builder::new(out, Class::Error, message.method(), id);
            builder = builder.error_code(fault.code);
            if fault.code == ErrorCode::UnknownAttribute {
                builder = builder.unknown_attributes(unknown_attributes(message));
            }
            Denied { reason: fault.reason, reply: caller.finish(builder) }
        })
    }

    fn perform(&mut self, request: &Request<'_>, out: &mut [u8]) -> Result<usize, Fault> {
        if unknown_attributes(request.message).next().is_some() {
            return Err((ErrorCode::UnknownAttribute, Refusal::UnknownAttribute).into());
        }
        match request.message.method() {
            Method::ALLOCATE => self.allocate(request, out),
            Method::REFRESH => self.refresh(request, out),
            Method::CREATE_PERMISSION => self.create_permission(request, out),
            _ => self.bind_channel(request, out),
        }
    }

    /// Answers somebody who has not authenticated: rarely, and shortly.
    fn tell_stranger(
        &mut self,
        client: Client,
        message: &Message<'_>,
        code: ErrorCode,
        (asked, out): (usize, &mut [u8]),
        now: Instant,
    ) -> Result<usize, Denied> {
        let [datagrams, streams] = &mut self.budgets;
        let budget = if client.is_stream() { streams } else { datagrams };
        if !budget.take(client.address.ip(), now) {
            return Err(Refusal::ChallengeLimit.into());
        }
        let unix = self.unix(now);
        for form in [Form::Long, Form::Short] {
            let id = message.transaction_id();
            let mut builder = Builder::new(out, Class::Error, message.method(), id);
            builder = builder.error_code(code);
            if code != ErrorCode::BadRequest {
                builder = self.authentication.challenge(builder, client.address, form, unix);
            }
            let len = builder.finish().ok_or(Refusal::Malformed)?;
            if client.is_stream() || !is_amplified(asked, len) {
                return Ok(len);
            }
        }
        Err(Refusal::WouldAmplify.into())
    }

    /// The allocation of a client, while it lasts.
    fn live(&self, client: Client, now: Instant) -> Option<(AllocationId, &Allocation)> {
        let id = *self.clients.get(&client)?;
        let allocation = self.allocations.get(&id)?;
        (allocation.expires > now).then_some((id, allocation))
    }

    /// The allocation of a client that asks for something, if it is its user's (RFC 8656 §5).
    fn own(&mut self, request: &Request<'_>) -> Result<(AllocationId, &mut Allocation), Fault> {
        let mismatch = || Fault::from((ErrorCode::AllocationMismatch, Refusal::AllocationMismatch));
        let (id, _) = self.live(request.client, request.now).ok_or_else(mismatch)?;
        let allocation = self.allocations.get_mut(&id).ok_or_else(mismatch)?;
        if *allocation.username != *request.caller.username {
            return Err((ErrorCode::WrongCredentials, Refusal::ForeignAllocation).into());
        }
        Ok((id, allocation))
    }

    /// A client's stream has ended: so has its allocation (RFC 8656 §3.1).
    pub fn close_client(&mut self, client: Client) {
        if let Some(id) = self.clients.get(&client).copied() {
            self.end(id);
        }
    }

    /// A relayed address could not be opened after all: what it was taken for ends.
    pub fn lose_relay(&mut self, address: SocketAddr) {
        if let Some(id) = self.relays.get(&address).copied() {
            self.end(id);
        }
        self.reservations.retain(|one| one.address != address);
        self.pool.give_back(address);
    }

    fn end(&mut self, id: AllocationId) {
        let Some(allocation) = self.allocations.remove(&id) else { return };
        self.clients.remove(&allocation.client);
        for address in allocation.relayed.iter() {
            self.give_back(address);
        }
        if let Some(count) = self.users.get_mut(&allocation.who) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.users.remove(&allocation.who);
            }
        }
        self.counters.allocations = self.allocations.len() as u64;
    }

    fn give_back(&mut self, relayed: SocketAddr) {
        self.relays.remove(&relayed);
        self.pool.give_back(relayed);
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let look = self.looks.peek().map(|Reverse((at, _))| *at);
        self.reservations.iter().map(|one| one.expires).chain(look).min()
    }

    /// Ends what has not been refreshed.
    pub fn handle_timeout(&mut self, now: Instant) {
        for _ in 0..ENDED_PER_LOOK {
            let Some(Reverse((at, id))) = self.looks.peek().copied() else { break };
            if at > now {
                break;
            }
            self.looks.pop();
            match self.allocations.get(&id) {
                Some(allocation) if allocation.expires > now => {
                    self.looks.push(Reverse((allocation.expires, id)));
                }
                Some(_) => self.end(id),
                None => {}
            }
        }
        let (kept, late): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.reservations).into_iter().partition(|one| one.expires > now);
        self.reservations = kept;
        late.iter().for_each(|one| self.pool.give_back(one.address));
    }

    /// The relayed address of an allocation that a peer at this address sees.
    #[must_use]
    pub fn relayed(&self, allocation: AllocationId, peer: IpAddr) -> Option<SocketAddr> {
        self.allocations.get(&allocation)?.relayed.towards(peer)
    }

    /// Refuses new allocations from now on; those that exist go on.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Tells the Unix time anew: clocks are set.
    pub fn set_unix_time(&mut self, unix: Duration, now: Instant) {
        self.clock = (now, unix);
    }

    fn unix(&self, now: Instant) -> Duration {
        let (then, unix) = self.clock;
        unix.saturating_add(now.saturating_duration_since(then))
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What opens and closes relayed addresses.
    pub fn ports_mut(&mut self) -> &mut P {
        self.pool.ports_mut()
    }
}

/// Attributes that must be understood and are not, in a request to a TURN server.
fn unknown_attributes<'a>(message: &Message<'a>) -> impl Iterator<Item = AttributeKind> + use<'a> {
    message
        .attributes()
        .map(|attribute| attribute.kind)
        .filter(|kind| kind.is_comprehension_required() && !KNOWN.contains(kind))
}

const KNOWN: [AttributeKind; 16] = [
    AttributeKind::USERNAME,
    AttributeKind::MESSAGE_INTEGRITY,
    AttributeKind::MESSAGE_INTEGRITY_SHA256,
    AttributeKind::REALM,
    AttributeKind::NONCE,
    AttributeKind::PASSWORD_ALGORITHM,
    AttributeKind::CHANNEL_NUMBER,
    AttributeKind::LIFETIME,
    AttributeKind::XOR_PEER_ADDRESS,
    AttributeKind::DATA,
    AttributeKind::REQUESTED_ADDRESS_FAMILY,
    AttributeKind::EVEN_PORT,
    AttributeKind::REQUESTED_TRANSPORT,
    // What leaves a relay is never fragmented by us, so the wish is always granted.
    AttributeKind::DONT_FRAGMENT,
    AttributeKind::RESERVATION_TOKEN,
    // Of ICE; clients send it to servers too.
    AttributeKind::PRIORITY,
];

/// Whether an answer is more than may be given for a question to somebody whose address is not known to be his own.
fn is_amplified(asked: usize, answered: usize) -> bool {
    let (most, each) = AMPLIFICATION_MAX;
    answered * each > asked * most
}

/// A dual-stack socket reports IPv4 clients as mapped IPv6 addresses; they know themselves by the IPv4 one.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests;
