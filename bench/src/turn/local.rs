//! What the relay inside a shard adds to a packet: there is no socket in it, and no queue, so what the state machine takes is
//! all that it costs, in CPU time and in delay.

use std::{
    hint::black_box,
    net::SocketAddr,
    time::{Duration, Instant},
};

use protocol::{
    stun::{
        AttributeKind, Builder, Class, LongTermKey, Message, Method, PasswordAlgorithm,
        TransactionId,
    },
    turn_credential::TurnSecret,
};
use turn::{
    AllocationId, Client, Config, Handled, Server, channel_data, limits::REPLY_BYTES_MAX,
    peer_policy::PeerPolicy, ports::NoSockets,
};

use crate::{clock, histogram::Histogram, table};

/// Allocations among which packets are spread: what two hundred relayed people hold.
const ALLOCATIONS: u16 = 400;
const PACKETS: usize = 200_000;
/// Packets between two looks at the clock: a look costs as much as a packet.
const TOGETHER: usize = 16;
const PAYLOAD_BYTES: usize = 1000;

pub(super) fn measure() {
    let mut world = World::new();
    let frames: Vec<Vec<u8>> = vec![channel(PAYLOAD_BYTES); 1];
    let mut out = [0; REPLY_BYTES_MAX];
    let mut unwrapping = Histogram::default();
    let mut wrapping = Histogram::default();
    let mut at = 0_usize;
    let mut next = || {
        // A stride that visits all, so that no one stays in the nearest cache.
        at = (at + 157) % usize::from(ALLOCATIONS);
        at
    };
    for _ in 0..PACKETS / TOGETHER {
        let begin = clock::now();
        for _ in 0..TOGETHER {
            let client = client(next());
            let handled = world.server.handle_client(client, &frames[0], &mut out, world.now);
            debug_assert!(matches!(handled, Handled::ToPeer { .. }));
            black_box(handled);
        }
        let between = clock::now();
        for _ in 0..TOGETHER {
            let id = world.allocations[next()];
            let wrap = world.server.handle_peer(id, peer(), PAYLOAD_BYTES, world.now);
            debug_assert!(wrap.is_ok());
            black_box(wrap.ok());
        }
        let end = clock::now();
        unwrapping.record((between - begin) / TOGETHER as u32);
        wrapping.record((end - between) / TOGETHER as u32);
        world.now += Duration::from_micros(200);
    }
    let line = |name: &str, histogram: &Histogram| {
        let figures = histogram.percentiles(Duration::from_nanos(1));
        vec![name.into(), format!("{:.0}", figures.p50), format!("{:.0}", figures.p99)]
    };
    println!("\nRelay inside a shard: what it adds to a packet, {ALLOCATIONS} allocations");
    table::grid(&[
        vec!["".into(), "ns p50".into(), "ns p99".into()],
        line("from a client", &unwrapping),
        line("to a client", &wrapping),
    ]);
}

fn peer() -> SocketAddr {
    ([192, 0, 2, 5], 7882).into()
}

fn client(number: usize) -> Client {
    let port = 10_000 + u16::try_from(number).unwrap_or_default();
    Client { address: ([198, 51, 100, 7], port).into(), stream: 0 }
}

fn channel(len: usize) -> Vec<u8> {
    let mut frame = channel_data::header(0x4001, len).expect("a packet's length").to_vec();
    frame.resize(frame.len() + len, 7);
    frame
}

struct World {
    server: Server<NoSockets>,
    allocations: Vec<AllocationId>,
    now: Instant,
}

impl World {
    fn new() -> Self {
        let now = clock::now();
        let secret = TurnSecret::new(b"a secret of the measurement");
        let config = Config {
            secret: secret.clone(),
            nonce_key: [1; 32],
            relay_addresses: vec![peer().ip()],
            relay_ports: 20_000..=u16::MAX,
            policy: PeerPolicy::Only(vec![peer()]),
            allocations_max: 10_000,
            allocations_per_user_max: 10_000,
            allocation_bytes_per_second_max: u64::MAX,
            answers_binding: false,
            takes_old_channel_numbers: false,
        };
        let unix = Duration::from_secs(1_800_000_000);
        let server = Server::new(config, NoSockets, [2; 32], now, unix);
        let mut world = Self { server, allocations: Vec::new(), now };
        let credential = secret.mint("room", "patient", 0, unix.as_secs() + 600);
        for number in 0..usize::from(ALLOCATIONS) {
            // Challenges are rationed.
            world.now += Duration::from_millis(200);
            let id = world.allocate(client(number), &credential.username, &credential.password);
            world.allocations.push(id);
        }
        world
    }

    fn allocate(&mut self, client: Client, username: &str, password: &str) -> AllocationId {
        let mut nonce = Vec::new();
        let key = LongTermKey::derive(PasswordAlgorithm::Md5, username, "turn", password);
        let [high, low] = 0x4001_u16.to_be_bytes();
        let mut address = vec![0, 1];
        address.extend((peer().port() ^ 0x2112).to_be_bytes());
        let SocketAddr::V4(v4) = peer() else { unreachable!("an IPv4 address") };
        address.extend((v4.ip().to_bits() ^ protocol::stun::MAGIC_COOKIE).to_be_bytes());
        let allocate = vec![(AttributeKind::REQUESTED_TRANSPORT, vec![17, 0, 0, 0])];
        let bind = vec![
            (AttributeKind::CHANNEL_NUMBER, vec![high, low, 0, 0]),
            (AttributeKind::XOR_PEER_ADDRESS, address),
        ];
        for (method, attributes) in [
            (Method::ALLOCATE, &allocate),
            (Method::ALLOCATE, &allocate),
            (Method::CHANNEL_BIND, &bind),
        ] {
            let mut request = [0; 512];
            let id = TransactionId([3; 12]);
            let mut builder = Builder::new(&mut request, Class::Request, method, id);
            for (kind, value) in attributes {
                builder = builder.attribute(*kind, value);
            }
            let len = if nonce.is_empty() {
                builder.finish()
            } else {
                builder
                    .username(username)
                    .attribute(AttributeKind::REALM, b"turn")
                    .attribute(AttributeKind::NONCE, &nonce)
                    .finish_with_integrity(key.as_bytes())
            };
            let mut out = [0; REPLY_BYTES_MAX];
            let len = len.expect("a request fits");
            let handled = self.server.handle_client(client, &request[..len], &mut out, self.now);
            let Handled::Reply(len) = handled else { panic!("{handled:?}") };
            let reply = Message::parse(&out[..len]).expect("a reply");
            if let Some(value) = reply.attribute(AttributeKind::NONCE) {
                nonce = value.to_vec();
            } else {
                assert_eq!(reply.class(), Class::Success);
            }
        }
        let frame = channel(1);
        let mut out = [0; REPLY_BYTES_MAX];
        match self.server.handle_client(client, &frame, &mut out, self.now) {
            Handled::ToPeer { allocation, .. } => allocation,
            handled => panic!("{handled:?}"),
        }
    }
}
