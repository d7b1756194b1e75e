//! What the server promises to clients, peers and strangers; RFC sections in the names of the groups.

use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use proptest::prelude::*;
use protocol::{
    stun::{
        Attribute, AttributeKind, Builder, Class, LongTermKey, Message, Method, PasswordAlgorithm,
        TransactionId,
    },
    turn_credential::{TurnCredential, TurnSecret},
};

use super::{Client, Config, Handled, Server};
use crate::{
    allocation::AllocationId,
    authentication::REALM,
    channel_data,
    counters::Refusal,
    limits::{
        CHANNEL_LIFETIME, CHANNELS_MAX, DATAGRAM_CHALLENGES, LIFETIME_DEFAULT, NONCE_EPOCH,
        PERMISSION_LIFETIME, PERMISSIONS_MAX, REPLY_BYTES_MAX, STREAM_CHALLENGES,
    },
    peer_policy::{PeerPolicy, PeerRules},
    ports::NoSockets,
    special::tests::{SPECIAL_IPV4, SPECIAL_IPV6, encodings},
};

mod attacks;
mod walks;

const UNIX: Duration = Duration::from_secs(1_764_000_000);
const PEER: &str = "192.0.2.10:7882";
const PEER_IPV6: &str = "[2001:db8::10]:7882";

fn secret() -> TurnSecret {
    TurnSecret::new(b"the secret of the tests of the server")
}

fn config() -> Config {
    Config {
        secret: secret(),
        nonce_key: [7; 32],
        relay_addresses: vec!["192.0.2.10".parse().unwrap(), "2001:db8::10".parse().unwrap()],
        relay_ports: 40_000..=49_999,
        policy: PeerPolicy::Only(vec![PEER.parse().unwrap(), PEER_IPV6.parse().unwrap()]),
        allocations_max: 100,
        allocations_per_user_max: 5,
        allocation_bytes_per_second_max: 1_000_000,
        answers_binding: true,
        takes_old_channel_numbers: false,
    }
}

fn credential(who: &str) -> TurnCredential {
    secret().mint("room", who, 0, UNIX.as_secs() + 3600)
}

/// The server with a clock.
struct World {
    server: Server<NoSockets>,
    now: Instant,
}

/// What a client got back.
#[derive(Debug, Clone)]
struct Reply {
    bytes: Vec<u8>,
}

impl Reply {
    fn message(&self) -> Message<'_> {
        Message::parse(&self.bytes).unwrap()
    }

    /// 0 for a success.
    fn code(&self) -> u16 {
        self.message().error_code().unwrap_or(0)
    }

    fn value(&self, kind: AttributeKind) -> Option<Vec<u8>> {
        self.message().attribute(kind).map(<[u8]>::to_vec)
    }

    fn address(&self, kind: AttributeKind) -> Option<SocketAddr> {
        let message = self.message();
        let value = message.attribute(kind)?;
        message.xor_address(Attribute { kind, value })
    }

    fn relayed(&self) -> Vec<SocketAddr> {
        let message = self.message();
        message
            .attributes()
            .filter(|one| one.kind == AttributeKind::XOR_RELAYED_ADDRESS)
            .filter_map(|one| message.xor_address(one))
            .collect()
    }
}

impl World {
    fn new() -> Self {
        Self::with(config())
    }

    fn with(config: Config) -> Self {
        let now = Instant::now();
        Self { server: Server::new(config, NoSockets, [1; 32], now, UNIX), now }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        while self.server.poll_timeout().is_some_and(|at| at <= self.now) {
            self.server.handle_timeout(self.now);
        }
    }

    fn send(&mut self, client: Client, bytes: &[u8]) -> Handled {
        let mut out = [0xAA; REPLY_BYTES_MAX];
        self.server.handle_client(client, bytes, &mut out, self.now)
    }

    fn ask(&mut self, client: Client, bytes: &[u8]) -> Option<Reply> {
        let mut out = [0xAA; REPLY_BYTES_MAX];
        match self.server.handle_client(client, bytes, &mut out, self.now) {
            Handled::Reply(len) => Some(Reply { bytes: out[..len].to_vec() }),
            _ => None,
        }
    }
}

/// A client of the tests: asks, is challenged, and asks again.
#[derive(Debug, Clone)]
struct Caller {
    at: Client,
    credential: TurnCredential,
    nonce: String,
    algorithm: Option<PasswordAlgorithm>,
    transaction: u8,
}

/// Attributes of a request, without those that authenticate.
type Attributes = Vec<(AttributeKind, Vec<u8>)>;

fn udp() -> (AttributeKind, Vec<u8>) {
    (AttributeKind::REQUESTED_TRANSPORT, vec![17, 0, 0, 0])
}

fn lifetime(seconds: u32) -> (AttributeKind, Vec<u8>) {
    (AttributeKind::LIFETIME, seconds.to_be_bytes().to_vec())
}

fn plain(method: Method, attributes: &[(AttributeKind, Vec<u8>)], id: u8) -> Vec<u8> {
    let mut out = [0; 1500];
    let mut builder = Builder::new(&mut out, Class::Request, method, TransactionId([id; 12]));
    for (kind, value) in attributes {
        builder = builder.attribute(*kind, value);
    }
    let len = builder.finish().unwrap();
    out[..len].to_vec()
}

impl Caller {
    fn new(who: &str, port: u16) -> Self {
        let address = SocketAddr::from(([198, 51, 100, 1], port));
        Self {
            at: Client { address, stream: 0 },
            credential: credential(who),
            nonce: String::new(),
            algorithm: None,
            transaction: 0,
        }
    }

    fn key(&self) -> LongTermKey {
        let algorithm = self.algorithm.unwrap_or(PasswordAlgorithm::Md5);
        let TurnCredential { username, password } = &self.credential;
        LongTermKey::derive(algorithm, username, REALM, password)
    }

    fn signed(&self, method: Method, attributes: &[(AttributeKind, Vec<u8>)]) -> Vec<u8> {
        let mut out = [0; 1500];
        let id = TransactionId([self.transaction; 12]);
        let mut builder = Builder::new(&mut out, Class::Request, method, id)
            .username(&self.credential.username)
            .attribute(AttributeKind::REALM, REALM.as_bytes())
            .attribute(AttributeKind::NONCE, self.nonce.as_bytes());
        for (kind, value) in attributes {
            builder = builder.attribute(*kind, value);
        }
        let key = self.key();
        let len = match self.algorithm {
            None => builder.finish_with_integrity(key.as_bytes()),
            Some(algorithm) => {
                let [high, low] = algorithm.number().to_be_bytes();
                builder
                    .attribute(AttributeKind::PASSWORD_ALGORITHMS, &[0, 2, 0, 0, 0, 1, 0, 0])
                    .attribute(AttributeKind::PASSWORD_ALGORITHM, &[high, low, 0, 0])
                    .finish_with_integrity_sha256(key.as_bytes())
            }
        };
        let len = len.unwrap();
        out[..len].to_vec()
    }

    /// A request that authenticates; takes a new nonce when told to.
    fn request(
        &mut self,
        world: &mut World,
        method: Method,
        attributes: &[(AttributeKind, Vec<u8>)],
    ) -> Reply {
        for _ in 0..2 {
            self.transaction = self.transaction.wrapping_add(1);
            let request = if self.nonce.is_empty() {
                let mut attributes = attributes.to_vec();
                if attributes.is_empty() {
                    // SOFTWARE: a question large enough to be answered.
                    attributes.push((AttributeKind(0x8022), vec![b'x'; 16]));
                }
                plain(method, &attributes, self.transaction)
            } else {
                self.signed(method, attributes)
            };
            let reply = world.ask(self.at, &request).expect("an answer");
            let message = reply.message();
            assert_eq!(
                (message.method(), message.transaction_id()),
                (method, TransactionId([self.transaction; 12]))
            );
            let is_challenge = matches!(reply.code(), 401 | 438);
            match reply.value(AttributeKind::NONCE) {
                Some(nonce) if is_challenge => self.nonce = String::from_utf8(nonce).unwrap(),
                _ => {
                    let key = self.key();
                    let is_signed = if self.algorithm.is_some() {
                        message.check_integrity_sha256(key.as_bytes())
                    } else {
                        message.check_integrity(key.as_bytes())
                    };
                    assert!(is_signed && message.has_valid_fingerprint());
                    return reply;
                }
            }
        }
        panic!("challenged twice")
    }

    fn allocate(&mut self, world: &mut World, more: &[(AttributeKind, Vec<u8>)]) -> Reply {
        let mut attributes = vec![udp()];
        attributes.extend_from_slice(more);
        self.request(world, Method::ALLOCATE, &attributes)
    }

    fn refresh(&mut self, world: &mut World, seconds: u32) -> Reply {
        self.request(world, Method::REFRESH, &[lifetime(seconds)])
    }

    fn peer(&self, address: SocketAddr) -> (AttributeKind, Vec<u8>) {
        // The value depends on the transaction id, which the next request counts up to.
        let id = TransactionId([self.transaction.wrapping_add(1); 12]);
        (AttributeKind::XOR_PEER_ADDRESS, xor_value(address, id))
    }

    fn permit(&mut self, world: &mut World, peers: &[SocketAddr]) -> Reply {
        let attributes: Attributes = peers.iter().map(|peer| self.peer(*peer)).collect();
        self.request(world, Method::CREATE_PERMISSION, &attributes)
    }

    fn bind(&mut self, world: &mut World, number: u16, peer: SocketAddr) -> Reply {
        let [high, low] = number.to_be_bytes();
        let attributes = [(AttributeKind::CHANNEL_NUMBER, vec![high, low, 0, 0]), self.peer(peer)];
        self.request(world, Method::CHANNEL_BIND, &attributes)
    }

    fn indicate(&self, world: &mut World, peer: SocketAddr, data: &[u8]) -> Handled {
        let mut out = [0; 1500];
        let len = Builder::new(&mut out, Class::Indication, Method::SEND, TransactionId([9; 12]))
            .xor_address(AttributeKind::XOR_PEER_ADDRESS, peer)
            .attribute(AttributeKind::DATA, data)
            .finish()
            .unwrap();
        let handled = world.send(self.at, &out[..len]);
        if let Handled::ToPeer { payload, .. } = &handled {
            assert_eq!(&out[payload.clone()], data);
        }
        handled
    }

    fn channel(&self, world: &mut World, number: u16, data: &[u8]) -> Handled {
        let mut message = channel_data::header(number, data.len()).unwrap().to_vec();
        message.extend_from_slice(data);
        let handled = world.send(self.at, &message);
        if let Handled::ToPeer { payload, .. } = &handled {
            assert_eq!(&message[payload.clone()], data);
        }
        handled
    }
}

fn xor_value(address: SocketAddr, id: TransactionId) -> Vec<u8> {
    let mut out = [0; 100];
    let len = Builder::new(&mut out, Class::Request, Method::BINDING, id)
        .xor_address(AttributeKind::XOR_PEER_ADDRESS, address)
        .finish()
        .unwrap();
    Message::parse(&out[..len])
        .unwrap()
        .attribute(AttributeKind::XOR_PEER_ADDRESS)
        .unwrap()
        .to_vec()
}

fn peer() -> SocketAddr {
    PEER.parse().unwrap()
}

/// A client with an allocation.
fn allocated(world: &mut World) -> (Caller, SocketAddr) {
    let mut caller = Caller::new("dr-mora", 5000);
    let reply = caller.allocate(world, &[]);
    assert_eq!(reply.code(), 0);
    let relayed = reply.relayed()[0];
    (caller, relayed)
}

#[test]
fn a_client_is_challenged_and_then_given_a_relayed_address() {
    let mut world = World::new();
    let mut caller = Caller::new("dr-mora", 5000);
    let reply = caller.allocate(&mut world, &[]);
    assert_eq!(reply.message().class(), Class::Success);
    let relayed = reply.relayed();
    assert_eq!(relayed.len(), 1);
    assert_eq!(relayed[0].ip(), peer().ip());
    assert!((40_000..=49_999).contains(&relayed[0].port()));
    assert_eq!(reply.address(AttributeKind::XOR_MAPPED_ADDRESS), Some(caller.at.address));
    assert_eq!(reply.value(AttributeKind::LIFETIME), Some(600_u32.to_be_bytes().to_vec()));
    assert_eq!(world.server.counters().allocations, 1);
}

#[test]
fn sha_256_is_offered_to_whoever_asks_with_enough_bytes_and_works() {
    let mut world = World::new();
    for algorithm in [PasswordAlgorithm::Sha256, PasswordAlgorithm::Md5] {
        let mut caller = Caller::new("dr-mora", 5000 + algorithm.number());
        caller.algorithm = Some(algorithm);
        let software = (AttributeKind(0x8022), vec![b'x'; 32]);
        let challenge =
            world.ask(caller.at, &plain(Method::ALLOCATE, &[udp(), software], 1)).unwrap();
        assert_eq!(challenge.code(), 401);
        let nonce = String::from_utf8(challenge.value(AttributeKind::NONCE).unwrap()).unwrap();
        assert!(nonce.starts_with("obMatJos2"));
        assert!(challenge.value(AttributeKind::PASSWORD_ALGORITHMS).is_some());
        caller.nonce = nonce;
        assert_eq!(caller.allocate(&mut world, &[]).code(), 0);
        let (id, _) = world.server.live(caller.at, world.now).unwrap();
        assert_eq!(world.server.allocations[&id].key.algorithm(), algorithm);
    }
}

#[test]
fn a_choice_of_algorithm_that_nobody_offered_is_refused() {
    let mut world = World::new();
    let mut caller = Caller::new("dr-mora", 5000);
    // Takes the short nonce.
    let challenge = world.ask(caller.at, &plain(Method::ALLOCATE, &[udp()], 1)).unwrap();
    caller.nonce = String::from_utf8(challenge.value(AttributeKind::NONCE).unwrap()).unwrap();
    caller.algorithm = Some(PasswordAlgorithm::Sha256);
    let reply = world.ask(caller.at, &caller.signed(Method::ALLOCATE, &[udp()])).unwrap();
    assert_eq!(reply.code(), 400);
}

#[test]
fn an_allocate_that_is_sent_again_is_answered_again_and_another_one_is_refused() {
    let mut world = World::new();
    let (mut caller, relayed) = allocated(&mut world);
    let again = world.ask(caller.at, &caller.signed(Method::ALLOCATE, &[udp()])).unwrap();
    assert_eq!((again.code(), again.relayed()), (0, vec![relayed]));
    assert_eq!(caller.allocate(&mut world, &[]).code(), 437);
    assert_eq!(world.server.counters().allocations, 1);
}

#[test]
fn transports_families_and_contradictions_are_refused_by_their_own_codes() {
    let family = |family| (AttributeKind::REQUESTED_ADDRESS_FAMILY, vec![family, 0, 0, 0]);
    let additional = |family| (AttributeKind::ADDITIONAL_ADDRESS_FAMILY, vec![family, 0, 0, 0]);
    let even = |bits| (AttributeKind::EVEN_PORT, vec![bits]);
    let token = || (AttributeKind::RESERVATION_TOKEN, vec![1; 8]);
    let tcp = (AttributeKind::REQUESTED_TRANSPORT, vec![6, 0, 0, 0]);
    let cases: Vec<(Attributes, u16)> = vec![
        (vec![], 400),
        (vec![tcp], 442),
        (vec![udp(), family(3)], 440),
        (vec![udp(), family(1), additional(2)], 400),
        (vec![udp(), additional(1)], 400),
        (vec![udp(), even(0x80), additional(2)], 400),
        (vec![udp(), even(0), token()], 400),
        (vec![udp(), family(1), token()], 400),
        (vec![udp(), additional(2), token()], 400),
        (vec![udp(), token()], 508),
        (vec![udp(), (AttributeKind::LIFETIME, vec![1, 2])], 400),
        (vec![udp(), (AttributeKind(0x7FFF), vec![])], 420),
    ];
    let mut world = World::new();
    for (attributes, code) in cases {
        let mut caller = Caller::new("dr-mora", 5000);
        let reply = caller.request(&mut world, Method::ALLOCATE, &attributes);
        assert_eq!(reply.code(), code, "{attributes:?}");
        assert_eq!(world.server.counters().allocations, 0);
    }
    assert_eq!(world.server.pool.len(), 0);
}

#[test]
fn ipv6_alone_and_both_families_at_once_are_given() {
    let mut world = World::new();
    let ipv6 = (AttributeKind::REQUESTED_ADDRESS_FAMILY, vec![2, 0, 0, 0]);
    let reply = Caller::new("a", 5000).allocate(&mut world, &[ipv6]);
    assert!(reply.relayed()[0].is_ipv6());
    let both = (AttributeKind::ADDITIONAL_ADDRESS_FAMILY, vec![2, 0, 0, 0]);
    let mut caller = Caller::new("b", 5001);
    let reply = caller.allocate(&mut world, std::slice::from_ref(&both));
    let relayed = reply.relayed();
    assert!(relayed[0].is_ipv4() && relayed[1].is_ipv6());
    let peers = [PEER.parse().unwrap(), PEER_IPV6.parse().unwrap()];
    assert_eq!(caller.permit(&mut world, &peers).code(), 0);
    for (peer, relayed) in peers.into_iter().zip(relayed) {
        let handled = caller.indicate(&mut world, peer, b"x");
        assert!(matches!(handled, Handled::ToPeer { relayed: from, .. } if from == relayed));
    }
    // A server without IPv6 gives what it has, and says what is missing.
    let mut world =
        World::with(Config { relay_addresses: vec!["192.0.2.10".parse().unwrap()], ..config() });
    let reply = Caller::new("b", 5001).allocate(&mut world, &[both]);
    assert_eq!(reply.relayed().len(), 1);
    assert_eq!(reply.value(AttributeKind::ADDRESS_ERROR_CODE), Some(vec![2, 0, 4, 40]));
}

#[test]
fn one_family_of_two_can_be_given_up() {
    let mut world = World::new();
    let mut caller = Caller::new("b", 5001);
    caller.allocate(&mut world, &[(AttributeKind::ADDITIONAL_ADDRESS_FAMILY, vec![2, 0, 0, 0])]);
    let ipv4 = (AttributeKind::REQUESTED_ADDRESS_FAMILY, vec![1, 0, 0, 0]);
    let reply = caller.request(&mut world, Method::REFRESH, &[lifetime(0), ipv4.clone()]);
    assert_eq!(reply.code(), 0);
    assert_eq!(world.server.counters().allocations, 1);
    assert_eq!(caller.permit(&mut world, &[peer()]).code(), 443);
    assert_eq!(caller.permit(&mut world, &[PEER_IPV6.parse().unwrap()]).code(), 0);
    assert_eq!(caller.request(&mut world, Method::REFRESH, &[ipv4]).code(), 443);
}

#[test]
fn an_even_port_and_the_next_one_are_given_by_token_to_the_same_user() {
    let mut world = World::new();
    let reply =
        Caller::new("a", 5000).allocate(&mut world, &[(AttributeKind::EVEN_PORT, vec![0x80])]);
    let first = reply.relayed()[0];
    assert!(first.port().is_multiple_of(2));
    let token =
        (AttributeKind::RESERVATION_TOKEN, reply.value(AttributeKind::RESERVATION_TOKEN).unwrap());
    assert_eq!(
        Caller::new("b", 5001).allocate(&mut world, std::slice::from_ref(&token)).code(),
        508
    );
    let next = Caller::new("a", 5002).allocate(&mut world, std::slice::from_ref(&token));
    assert_eq!(next.relayed()[0].port(), first.port() + 1);
    assert_eq!(Caller::new("a", 5003).allocate(&mut world, &[token]).code(), 508, "taken");
    assert_eq!(
        Caller::new("a", 5004)
            .allocate(&mut world, &[(AttributeKind::EVEN_PORT, vec![0])])
            .relayed()[0]
            .port()
            % 2,
        0
    );
}

#[test]
fn what_a_lost_relay_was_taken_for_ends() {
    let mut world = World::new();
    let mut caller = Caller::new("a", 5000);
    let reply = caller.allocate(&mut world, &[(AttributeKind::EVEN_PORT, vec![0x80])]);
    let [first] = reply.relayed()[..] else { panic!("{reply:?}") };
    let next = SocketAddr::new(first.ip(), first.port() + 1);
    assert_eq!(world.server.pool.len(), 2);
    world.server.lose_relay(next);
    let token = reply.value(AttributeKind::RESERVATION_TOKEN).unwrap();
    let mut late = Caller::new("a", 5001);
    let refused = late.allocate(&mut world, &[(AttributeKind::RESERVATION_TOKEN, token)]);
    assert_eq!(refused.code(), 508);
    world.server.lose_relay(first);
    assert_eq!((world.server.pool.len(), world.server.counters().allocations), (0, 0));
    assert_eq!(caller.refresh(&mut world, 600).code(), 437, "there is no allocation any more");
}

#[test]
fn a_reservation_that_nobody_takes_is_given_back() {
    let mut world = World::new();
    let mut caller = Caller::new("a", 5000);
    caller.allocate(&mut world, &[(AttributeKind::EVEN_PORT, vec![0x80])]);
    assert_eq!(world.server.pool.len(), 2);
    world.pass(Duration::from_secs(31));
    assert_eq!(world.server.pool.len(), 1);
}

#[test]
fn lifetimes_are_clamped_and_an_allocation_ends_unless_it_is_refreshed() {
    let mut world = World::new();
    let (mut caller, _) = allocated(&mut world);
    for (asked, given) in [(1, 600), (600, 600), (1000, 1000), (u32::MAX, 3600)] {
        let reply = caller.refresh(&mut world, asked);
        assert_eq!(
            reply.value(AttributeKind::LIFETIME),
            Some(u32::to_be_bytes(given).to_vec()),
            "{asked}"
        );
    }
    caller.refresh(&mut world, 0xFFFF_FFFF);
    world.pass(Duration::from_secs(3599));
    assert_eq!(world.server.counters().allocations, 1);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.server.counters().allocations, 0);
    assert_eq!((world.server.pool.len(), world.server.users.len()), (0, 0));
    assert_eq!(caller.refresh(&mut world, 600).code(), 437);
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn a_refresh_of_zero_ends_the_allocation_at_once() {
    let mut world = World::new();
    let (mut caller, _) = allocated(&mut world);
    let reply = caller.refresh(&mut world, 0);
    assert_eq!((reply.code(), reply.value(AttributeKind::LIFETIME)), (0, Some(vec![0; 4])));
    assert_eq!((world.server.counters().allocations, world.server.pool.len()), (0, 0));
    assert_eq!(caller.allocate(&mut world, &[]).code(), 0, "and another one may be made");
}

#[test]
fn data_passes_both_ways_by_indication_and_by_channel() {
    let mut world = World::new();
    let (mut caller, relayed) = allocated(&mut world);
    assert_eq!(caller.indicate(&mut world, peer(), b"early"), Handled::Nothing);
    assert_eq!(caller.permit(&mut world, &[peer()]).code(), 0);
    let Handled::ToPeer { allocation, relayed: from, peer: to, .. } =
        caller.indicate(&mut world, peer(), b"check")
    else {
        panic!("not sent")
    };
    assert_eq!((from, to), (relayed, peer()));
    let to_client = world.server.handle_peer(allocation, peer(), 5, world.now).unwrap();
    let mut bytes = to_client.prefix().to_vec();
    bytes.extend(b"reply");
    bytes.resize(bytes.len() + to_client.padding, 0);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!((message.class(), message.method()), (Class::Indication, Method::DATA));
    assert_eq!(message.attribute(AttributeKind::DATA), Some(&b"reply"[..]));
    let from = message.attributes().find(|one| one.kind == AttributeKind::XOR_PEER_ADDRESS);
    assert_eq!(message.xor_address(from.unwrap()), Some(peer()));

    assert_eq!(caller.channel(&mut world, 0x4001, b"early"), Handled::Nothing);
    assert_eq!(caller.bind(&mut world, 0x4001, peer()).code(), 0);
    assert!(matches!(caller.channel(&mut world, 0x4001, b"media"), Handled::ToPeer { .. }));
    let to_client = world.server.handle_peer(allocation, peer(), 5, world.now).unwrap();
    assert_eq!((to_client.prefix(), to_client.padding), (&[0x40, 1, 0, 5][..], 0));
    assert_eq!(to_client.client, caller.at);
}

#[test]
fn over_streams_channel_data_is_padded() {
    let mut world = World::new();
    let mut caller = Caller::new("dr-mora", 5000);
    caller.at.stream = 3;
    caller.allocate(&mut world, &[]);
    caller.bind(&mut world, 0x4000, peer());
    let (id, _) = world.server.live(caller.at, world.now).unwrap();
    let padding = |len| world.server.handle_peer(id, peer(), len, world.now).unwrap().padding;
    assert_eq!([0, 1, 2, 3, 4].map(padding), [0, 3, 2, 1, 0]);
    world.server.close_client(caller.at);
    assert_eq!(world.server.counters().allocations, 0, "its stream was the allocation's life");
}

#[test]
fn permissions_and_channels_end_by_themselves() {
    let mut world = World::new();
    let (mut caller, _) = allocated(&mut world);
    caller.refresh(&mut world, 3600);
    caller.permit(&mut world, &[peer()]);
    let (id, _) = world.server.live(caller.at, world.now).unwrap();
    world.pass(PERMISSION_LIFETIME);
    assert_eq!(caller.indicate(&mut world, peer(), b"late"), Handled::Nothing);
    assert_eq!(world.server.handle_peer(id, peer(), 1, world.now), Err(Refusal::NoPermission));
    caller.bind(&mut world, 0x4001, peer());
    assert!(
        world.server.handle_peer(id, peer(), 1, world.now).is_ok(),
        "a channel is a permission too"
    );
    world.pass(CHANNEL_LIFETIME);
    assert_eq!(caller.channel(&mut world, 0x4001, b"late"), Handled::Nothing);
    // Then the number and the peer are free for others.
    assert_eq!(caller.bind(&mut world, 0x4002, peer()).code(), 0);
}

#[test]
fn a_channel_has_one_peer_and_a_peer_one_channel() {
    let policy = PeerPolicy::Rules(PeerRules { allows_public: true, ..PeerRules::default() });
    let mut world = World::with(Config { policy, ..config() });
    let (mut caller, _) = allocated(&mut world);
    let [a, b] = [1, 2].map(|host| SocketAddr::from(([9, 0, 0, host], 5000)));
    for (number, peer, code) in [
        (0x3FFF, a, 400),
        (0x5000, a, 400),
        (0x4000, a, 0),
        (0x4000, a, 0),
        (0x4000, b, 400),
        (0x4001, a, 400),
        (0x4FFF, b, 0),
    ] {
        assert_eq!(caller.bind(&mut world, number, peer).code(), code, "{number:x} {peer}");
    }
}

#[test]
fn the_channel_numbers_of_older_clients_are_taken_where_nothing_shares_the_port() {
    for (takes_old_channel_numbers, code) in [(false, 400), (true, 0)] {
        let mut world = World::with(Config { takes_old_channel_numbers, ..config() });
        let (mut caller, _) = allocated(&mut world);
        assert_eq!(caller.bind(&mut world, 0x7FFF, peer()).code(), code);
        let is_sent = caller.channel(&mut world, 0x7FFF, b"media") != Handled::Nothing;
        assert_eq!(is_sent, code == 0);
        assert_eq!(caller.bind(&mut world, 0x8000, peer()).code(), 400);
    }
}

#[test]
fn permissions_and_channels_are_bounded_and_given_all_or_none() {
    let policy = PeerPolicy::Rules(PeerRules { allows_public: true, ..PeerRules::default() });
    let mut world = World::with(Config { policy, ..config() });
    let (mut caller, _) = allocated(&mut world);
    let peers = |range: std::ops::Range<u8>| -> Vec<SocketAddr> {
        range.map(|host| SocketAddr::from(([9, 0, 0, host], 5000))).collect()
    };
    assert_eq!(caller.permit(&mut world, &[]).code(), 400);
    let most = u8::try_from(PERMISSIONS_MAX).unwrap();
    assert_eq!(caller.permit(&mut world, &peers(0..most + 1)).code(), 508);
    assert_eq!(caller.indicate(&mut world, peers(0..1)[0], b"x"), Handled::Nothing, "none");
    assert_eq!(caller.permit(&mut world, &peers(0..most)).code(), 0);
    assert_eq!(caller.permit(&mut world, &peers(0..most)).code(), 0, "the same again");
    assert_eq!(caller.permit(&mut world, &peers(most..most + 1)).code(), 508);
    let mut forbidden = peers(0..1);
    forbidden.push("127.0.0.1:5000".parse().unwrap());
    world.pass(PERMISSION_LIFETIME);
    assert_eq!(caller.permit(&mut world, &forbidden).code(), 403);
    assert_eq!(caller.indicate(&mut world, forbidden[0], b"x"), Handled::Nothing, "none");
    for (channel, peer) in (0x4000..).zip(peers(0..u8::try_from(CHANNELS_MAX).unwrap())) {
        assert_eq!(caller.bind(&mut world, channel, peer).code(), 0);
    }
    assert_eq!(caller.bind(&mut world, 0x4F00, peers(100..101)[0]).code(), 508);
}

#[test]
fn an_allocation_carries_no_more_than_its_share_of_a_second() {
    let mut world = World::with(Config { allocation_bytes_per_second_max: 2500, ..config() });
    let (mut caller, _) = allocated(&mut world);
    caller.bind(&mut world, 0x4000, peer());
    let passed = |world: &mut World| {
        (0..10).filter(|_| caller.channel(world, 0x4000, &[1; 1000]) != Handled::Nothing).count()
    };
    assert_eq!(passed(&mut world), 2);
    assert_eq!(world.server.counters().refused(Refusal::AllocationCeiling), 8);
    world.pass(Duration::from_secs(1));
    assert_eq!(passed(&mut world), 2);
}

#[test]
fn a_drained_server_keeps_what_it_has_and_takes_nothing_new() {
    let mut world = World::new();
    let (mut caller, _) = allocated(&mut world);
    world.server.drain();
    assert_eq!(Caller::new("b", 5001).allocate(&mut world, &[]).code(), 508);
    assert_eq!(caller.refresh(&mut world, 600).code(), 0);
    assert_eq!(world.server.counters().allocations, 1, "what remains");
}

#[test]
fn ten_thousand_allocations_are_made_refreshed_and_ended() {
    let mut world =
        World::with(Config { allocations_max: 10_000, relay_ports: 32_768..=65_535, ..config() });
    let mut relayed = HashSet::new();
    let mut callers: Vec<Caller> = (0..10_000u16)
        .map(|n| {
            let mut caller = Caller::new(&format!("user-{n}"), n + 1);
            // From addresses of their own: one address is challenged ten times a second.
            caller.at.address.set_ip(IpAddr::from([
                198,
                18,
                n.to_be_bytes()[0],
                n.to_be_bytes()[1],
            ]));
            world.pass(Duration::from_millis(10));
            let reply = caller.allocate(&mut world, &[lifetime(3600)]);
            assert_eq!(reply.code(), 0, "{n}");
            relayed.insert(reply.relayed()[0]);
            caller
        })
        .collect();
    assert_eq!(relayed.len(), 10_000, "no address twice");
    assert_eq!(Caller::new("one-more", 60_000).allocate(&mut world, &[]).code(), 508);
    for caller in &mut callers {
        assert_eq!(caller.refresh(&mut world, 600).code(), 0);
    }
    world.pass(LIFETIME_DEFAULT + Duration::from_secs(3600));
    assert_eq!(world.server.counters().allocations, 0);
    assert_eq!((world.server.pool.len(), world.server.users.len()), (0, 0));
}

#[test]
fn what_one_allocation_holds_stays_below_two_kibibytes() {
    use crate::allocation::Allocation;
    // Full lists, names, map entries and the entry of its timer.
    let lists = PERMISSIONS_MAX * 48 + CHANNELS_MAX * 56;
    let whole = size_of::<Allocation>() + lists + 2 * 128 + 3 * 64;
    assert!(whole <= 4096, "{whole}");
    let usual = size_of::<Allocation>() + 4 * (48 + 56) + 2 * 64 + 3 * 64;
    assert!(usual <= 2048, "{usual}");
}
