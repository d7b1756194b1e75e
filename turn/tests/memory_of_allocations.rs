//! Counts the bytes that ten thousand allocations hold, each with a permission and a channel: the allocator says it, not a sum of
//! sizes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "tests may fail loudly"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
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

/// Bytes of one, everything counted.
const AT_MOST: isize = 2048;

struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: every call is passed to the system's allocator unchanged; counting touches only a constant-initialised thread-local,
// which does not allocate. Growing goes through `alloc` and `dealloc` too.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.with(|held| held.set(held.get() + layout.size().cast_signed()));
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.with(|held| held.set(held.get() - layout.size().cast_signed()));
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn held() -> isize {
    HELD.with(Cell::get)
}

const UNIX: Duration = Duration::from_secs(1_800_000_000);
const COUNT: u16 = 10_000;

fn peer() -> SocketAddr {
    ([192, 0, 2, 5], 7882).into()
}

/// Asks until it is not challenged any more.
fn ask(
    server: &mut Server<NoSockets>,
    (client, credential): (Client, &TurnCredential),
    method: Method,
    (attributes, peer): (&[(AttributeKind, &[u8])], Option<SocketAddr>),
    nonce: &mut Vec<u8>,
    now: Instant,
) {
    for _ in 0..2 {
        let mut request = [0; 512];
        let id = TransactionId([nonce.len() as u8; 12]);
        let mut builder = Builder::new(&mut request, Class::Request, method, id);
        for (kind, value) in attributes {
            builder = builder.attribute(*kind, value);
        }
        if let Some(peer) = peer {
            builder = builder.xor_address(AttributeKind::XOR_PEER_ADDRESS, peer);
        }
        let TurnCredential { username, password } = credential;
        let len = if nonce.is_empty() {
            builder.finish()
        } else {
            let key = LongTermKey::derive(PasswordAlgorithm::Md5, username, "turn", password);
            builder
                .username(username)
                .attribute(AttributeKind::REALM, b"turn")
                .attribute(AttributeKind::NONCE, nonce)
                .finish_with_integrity(key.as_bytes())
        };
        let mut out = [0; REPLY_BYTES_MAX];
        let handled =
            server.handle_client(client, request.get(..len.unwrap()).unwrap(), &mut out, now);
        let Handled::Reply(len) = handled else { panic!("{handled:?}") };
        let reply = Message::parse(out.get(..len).unwrap()).unwrap();
        match reply.attribute(AttributeKind::NONCE) {
            Some(value) => *nonce = value.to_vec(),
            None => return assert_eq!(reply.class(), Class::Success, "{:?}", reply.error_code()),
        }
    }
    panic!("challenged twice");
}

#[test]
fn ten_thousand_allocations_hold_less_than_two_kibibytes_each() {
    let secret = TurnSecret::new(b"a secret of the measurement");
    let config = Config {
        secret: secret.clone(),
        nonce_key: [1; 32],
        relay_addresses: vec![peer().ip()],
        relay_ports: 20_000..=u16::MAX,
        policy: PeerPolicy::Only(vec![peer()]),
        allocations_max: usize::from(COUNT),
        allocations_per_user_max: 1,
        allocation_bytes_per_second_max: u64::MAX,
        answers_binding: true,
        takes_old_channel_numbers: false,
    };
    let mut now = Instant::now();
    let mut server = Server::new(config, NoSockets, [2; 32], now, UNIX);
    let before = held();
    for number in 0..COUNT {
        let [high, low] = number.to_be_bytes();
        // Each person from an address of their own: an address is challenged ten times a second.
        let client = Client { address: ([198, 18, high, low], 5000).into(), stream: 0 };
        let name = format!("somebody-with-a-long-name-{number}");
        let credential = secret.mint("a-room-with-a-long-name", &name, 0, UNIX.as_secs() + 3600);
        let (who, mut nonce) = ((client, &credential), Vec::new());
        now += Duration::from_millis(1);
        let udp = &[(AttributeKind::REQUESTED_TRANSPORT, &[17, 0, 0, 0][..])];
        ask(&mut server, who, Method::ALLOCATE, (udp, None), &mut nonce, now);
        let channel = &[(AttributeKind::CHANNEL_NUMBER, &[0x40, 1, 0, 0][..])];
        ask(&mut server, who, Method::CHANNEL_BIND, (channel, Some(peer())), &mut nonce, now);
    }
    assert_eq!(server.counters().allocations, u64::from(COUNT));
    let each = (held() - before) / isize::try_from(COUNT).unwrap();
    println!("{each} bytes an allocation");
    assert!(each <= AT_MOST, "{each} bytes an allocation");
    assert!(each > 200, "{each}: the test must see what is held");

    // They end, and nothing is left behind with the server.
    while let Some(due) = server.poll_timeout() {
        server.handle_timeout(due);
    }
    assert_eq!(server.counters().allocations, 0);
    drop(server);
    assert!(held() <= before, "{} bytes are left", held() - before);
}
