//! The TURN server as a state machine: bytes are steps of clients, with and without credentials.
//!
//! Promises: no panic; nobody but a permitted peer is reached; a stranger is answered with at most eight fifths of what he
//! sent, and takes no memory; every answer is well-formed; whatever happened, everything ends by itself.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use protocol::{
    stun::{
        AttributeKind, Builder, Class, LongTermKey, Message, Method, PasswordAlgorithm,
        TransactionId,
    },
    turn_credential::{TurnCredential, TurnSecret},
};
use turn::{
    Client, Config, Handled, Server, limits::REPLY_BYTES_MAX, peer_policy::PeerPolicy,
    ports::NoSockets,
};

use super::{pieces::pieces, rehearsal::now};

const UNIX: Duration = Duration::from_secs(1_800_000_000);
const CLIENTS: u8 = 3;
const NONCES: usize = 3;

const METHODS: [Method; 5] = [
    Method::ALLOCATE,
    Method::REFRESH,
    Method::CREATE_PERMISSION,
    Method::CHANNEL_BIND,
    Method::BINDING,
];

/// Each piece is a step: who, what, and its bytes.
pub fn run(data: &[u8]) {
    let mut world = World::new();
    for piece in pieces(data) {
        let [who, what, rest @ ..] = piece else { continue };
        world.step(who % CLIENTS, *what, rest);
    }
    world.end();
}

struct World {
    server: Server<NoSockets>,
    now: Instant,
    nonces: [Vec<u8>; NONCES],
}

fn peer() -> SocketAddr {
    ([192, 0, 2, 10], 7882).into()
}

fn secret() -> TurnSecret {
    TurnSecret::new(b"a secret of the fuzz target")
}

impl World {
    fn new() -> Self {
        let config = Config {
            secret: secret(),
            nonce_key: [1; 32],
            relay_addresses: vec![peer().ip(), "2001:db8::10".parse().expect("an address")],
            relay_ports: 40_000..=40_063,
            policy: PeerPolicy::Only(vec![peer()]),
            allocations_max: 8,
            allocations_per_user_max: 2,
            allocation_bytes_per_second_max: 10_000,
            answers_binding: true,
            takes_old_channel_numbers: true,
        };
        let now = now();
        let server = Server::new(config, NoSockets, [2; 32], now, UNIX);
        Self { server, now, nonces: Default::default() }
    }

    fn step(&mut self, who: u8, what: u8, rest: &[u8]) {
        match what % 8 {
            0..=4 => self.ask(who, METHODS[usize::from(what % 8)], rest, what & 0x80 == 0),
            5 => {
                self.send(who, rest, false);
            }
            6 => {
                let seconds = rest.first().copied().unwrap_or(1);
                self.now += Duration::from_secs(u64::from(seconds) * 4);
                self.server.handle_timeout(self.now);
            }
            _ => self.server.close_client(client(who)),
        }
    }

    /// A request with attributes out of the bytes: a type, a length, a value. Signed, if it is to be.
    fn ask(&mut self, who: u8, method: Method, mut data: &[u8], is_signed: bool) {
        let credential = credential(who);
        let mut out = [0; 2048];
        let id = TransactionId([u8::try_from(data.len() % 256).unwrap_or_default(); 12]);
        let mut builder = Builder::new(&mut out, Class::Request, method, id);
        while let Some(([high, low, len], rest)) = data.split_first_chunk::<3>() {
            let (value, rest) = rest.split_at(usize::from(*len).min(rest.len()));
            builder = builder.attribute(AttributeKind(u16::from_be_bytes([*high, *low])), value);
            data = rest;
        }
        let nonce = self.nonces[usize::from(who)].clone();
        let len = if is_signed && !nonce.is_empty() {
            let TurnCredential { username, password } = &credential;
            let key = LongTermKey::derive(PasswordAlgorithm::Md5, username, "turn", password);
            builder
                .username(username)
                .attribute(AttributeKind::REALM, b"turn")
                .attribute(AttributeKind::NONCE, &nonce)
                .finish_with_integrity(key.as_bytes())
        } else {
            builder.finish()
        };
        let Some(request) = len.and_then(|len| out.get(..len)) else { return };
        self.send(who, request, is_signed && !nonce.is_empty());
    }

    fn send(&mut self, who: u8, bytes: &[u8], is_signed: bool) {
        let mut out = [0xAA; REPLY_BYTES_MAX];
        match self.server.handle_client(client(who), bytes, &mut out, self.now) {
            Handled::Nothing => {}
            Handled::Reply(len) => {
                let reply = Message::parse(&out[..len]).expect("our answer parses");
                if let Some(nonce) = reply.attribute(AttributeKind::NONCE) {
                    self.nonces[usize::from(who)] = nonce.to_vec();
                }
                let is_stranger = !reply.has_integrity() && client(who).stream == 0;
                assert!(!is_stranger || len * 5 <= bytes.len() * 8, "{} -> {len}", bytes.len());
                assert!(is_signed || !reply.has_integrity(), "nobody guesses a password");
            }
            Handled::ToPeer { peer: to, payload, allocation, .. } => {
                assert_eq!(to, peer(), "a peer that nobody allowed");
                assert!(payload.end <= bytes.len());
                let _ = self.server.handle_peer(allocation, to, payload.len(), self.now);
            }
        }
        assert!(self.server.counters().allocations <= 8);
    }

    fn end(&mut self) {
        self.now += Duration::from_secs(2 * 24 * 3600);
        self.server.handle_timeout(self.now);
        assert_eq!(self.server.counters().allocations, 0, "something never ends");
        assert_eq!(self.server.poll_timeout(), None);
    }
}

fn client(who: u8) -> Client {
    Client { address: ([198, 51, 100, who], 5000).into(), stream: u32::from(who % 2) }
}

fn credential(who: u8) -> TurnCredential {
    secret().mint("room", &who.to_string(), 0, UNIX.as_secs() + 40 * 3600)
}
