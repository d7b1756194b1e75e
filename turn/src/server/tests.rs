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

mod allocating;
mod attacks;
mod relaying;
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
