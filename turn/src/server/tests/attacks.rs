//! What a stranger, or a user with bad intentions, gets: the rows T1 to T6 of the threat list.

use super::*;

const METHODS: [Method; 4] =
    [Method::ALLOCATE, Method::REFRESH, Method::CREATE_PERMISSION, Method::CHANNEL_BIND];

/// Every special-purpose address in every encoding.
fn special() -> Vec<IpAddr> {
    let natives = SPECIAL_IPV4.iter().chain(SPECIAL_IPV6).map(|text| text.parse().unwrap());
    let encoded =
        SPECIAL_IPV4.iter().flat_map(|text| encodings(text.parse().unwrap())).map(IpAddr::from);
    natives.chain(encoded).collect()
}

#[test]
fn no_special_purpose_address_is_reached_by_any_method_in_any_encoding() {
    let public = PeerPolicy::Rules(PeerRules { allows_public: true, ..PeerRules::default() });
    for policy in [config().policy, public] {
        let mut world = World::with(Config { policy, ..config() });
        let mut caller = Caller::new("mallory", 5000);
        let both = (AttributeKind::ADDITIONAL_ADDRESS_FAMILY, vec![2, 0, 0, 0]);
        assert_eq!(caller.allocate(&mut world, &[both]).code(), 0);
        for address in special() {
            let peer = SocketAddr::new(address, 50_000);
            assert_eq!(caller.permit(&mut world, &[peer]).code(), 403, "{address}");
            assert_eq!(caller.bind(&mut world, 0x4000, peer).code(), 403, "{address}");
            assert_eq!(caller.indicate(&mut world, peer, b"x"), Handled::Nothing, "{address}");
            assert_eq!(caller.channel(&mut world, 0x4000, b"x"), Handled::Nothing);
        }
        let counters = world.server.counters();
        assert_eq!(counters.to_peers_packets, 0, "not one packet");
        assert_eq!(counters.refused(Refusal::PeerForbidden), 2 * special().len() as u64);
    }
}

#[test]
fn a_permission_for_our_address_opens_no_other_port_of_it() {
    let mut world = World::new();
    let (mut caller, relayed) = allocated(&mut world);
    assert_eq!(caller.permit(&mut world, &[peer()]).code(), 0);
    // Databases, the TURN port itself, another allocation, its own relay: no loop, no pivot.
    for port in [0, 22, 53, 3478, 5432, 6379, 7880, 7881, relayed.port()] {
        let other = SocketAddr::new(peer().ip(), port);
        assert_eq!(caller.indicate(&mut world, other, b"x"), Handled::Nothing, "{port}");
        assert_eq!(caller.bind(&mut world, 0x4000, other).code(), 403, "{port}");
    }
    assert_eq!(world.server.counters().to_peers_packets, 0);
}

#[test]
fn tcp_to_peers_is_not_spoken() {
    let mut world = World::new();
    let (caller, _) = allocated(&mut world);
    // Connect, ConnectionBind, ConnectionAttempt of RFC 6062.
    for method in [0x00A, 0x00B, 0x00C] {
        let request = caller.signed(Method(method), &[]);
        assert_eq!(world.send(caller.at, &request), Handled::Nothing, "{method:x}");
    }
    assert_eq!(world.server.counters().refused(Refusal::Unexpected), 3);
}

#[test]
fn an_unauthenticated_flood_takes_no_memory_and_disturbs_nobody() {
    let mut world = World::new();
    let (mut caller, _) = allocated(&mut world);
    caller.bind(&mut world, 0x4000, peer());
    for n in 0..100_000_u32 {
        let [_, a, b, c] = n.to_be_bytes();
        let address = SocketAddr::from(([100, a, b, c], 1024 + (n % 60_000) as u16));
        let request = plain(METHODS[n as usize % 4], &[udp()], a);
        world.send(Client { address, stream: 0 }, &request);
    }
    let server = &world.server;
    assert_eq!((server.allocations.len(), server.clients.len(), server.users.len()), (1, 1, 1));
    assert_eq!((server.looks.len(), server.pool.len(), server.reservations.len()), (1, 1, 0));
    assert!(matches!(caller.channel(&mut world, 0x4000, b"media"), Handled::ToPeer { .. }));
    assert_eq!(caller.refresh(&mut world, 600).code(), 0);
}

#[test]
fn one_user_cannot_take_what_others_need() {
    let mut world = World::new();
    let codes: Vec<u16> =
        (0..8).map(|n| Caller::new("mallory", 5000 + n).allocate(&mut world, &[]).code()).collect();
    assert_eq!(codes, [0, 0, 0, 0, 0, 486, 486, 486]);
    assert_eq!(Caller::new("patient", 6000).allocate(&mut world, &[]).code(), 0);
    // A second credential of the same person does not help.
    let mut caller = Caller::new("mallory", 7000);
    caller.credential = secret().mint("room", "mallory", 0, UNIX.as_secs() + 7200);
    assert_eq!(caller.allocate(&mut world, &[]).code(), 486);
}

#[test]
fn no_stranger_is_answered_with_more_than_eight_fifths_of_what_he_sent() {
    let addresses =
        [SocketAddr::from(([198, 51, 100, 1], 5000)), "[2001:db8::9]:5000".parse().unwrap()];
    let mut answered = 0;
    for address in addresses {
        let client = Client { address, stream: 0 };
        for method in METHODS.into_iter().chain([Method::BINDING]) {
            for padding in 0..64 {
                let mut world = World::new();
                for attributes in [
                    vec![(AttributeKind(0x8022), vec![1; padding])],
                    vec![udp(), (AttributeKind(0x8022), vec![1; padding])],
                    // Must be understood and is not.
                    vec![(AttributeKind(0x7000), vec![1; padding])],
                    // An integrity without anything that it could be checked with, and one with a wrong nonce.
                    vec![(AttributeKind::MESSAGE_INTEGRITY, vec![1; 20])],
                    vec![
                        (AttributeKind::USERNAME, b"1999999999:a".to_vec()),
                        (AttributeKind::REALM, REALM.into()),
                        (AttributeKind::NONCE, vec![b'n'; padding]),
                        (AttributeKind::MESSAGE_INTEGRITY, vec![1; 20]),
                    ],
                ] {
                    let request = plain(method, &attributes, 1);
                    if let Some(reply) = world.ask(client, &request) {
                        answered += 1;
                        let (asked, got) = (request.len(), reply.bytes.len());
                        assert!(
                            got * 5 <= asked * 8,
                            "{method:?} {attributes:?}: {asked} -> {got}"
                        );
                    }
                }
            }
        }
    }
    assert!(answered > 500, "{answered}: the test must see answers");
}

#[test]
fn the_first_request_of_a_browser_is_answered() {
    // REQUESTED-TRANSPORT and nothing else, as Chromium sends it: 28 bytes.
    let request = plain(Method::ALLOCATE, &[udp()], 1);
    let reply = World::new().ask(Caller::new("a", 5000).at, &request).unwrap();
    assert_eq!((request.len(), reply.bytes.len(), reply.code()), (28, 44, 401));
    let padding = (AttributeKind(0x8022), vec![]);
    let bare = plain(Method::REFRESH, &[padding], 1);
    assert!(World::new().ask(Caller::new("a", 5000).at, &bare).is_none(), "24 bytes are too few");
}

#[test]
fn one_source_is_challenged_ten_times_a_second_and_then_met_with_silence() {
    let mut world = World::new();
    let request = plain(Method::ALLOCATE, &[udp()], 1);
    let answers = |world: &mut World| {
        (0..1000u16)
            .filter(|n| world.ask(Caller::new("a", 5000 + n).at, &request).is_some())
            .count()
    };
    assert_eq!(answers(&mut world), DATAGRAM_CHALLENGES.burst as usize);
    world.pass(Duration::from_secs(1));
    assert_eq!(answers(&mut world), 10);
    assert!(world.server.counters().refused(Refusal::ChallengeLimit) > 1900);
}

#[test]
fn streams_of_one_source_are_challenged_more_often_and_not_for_ever() {
    let mut world = World::new();
    let request = plain(Method::ALLOCATE, &[udp()], 1);
    let answers = |world: &mut World| {
        let streams = (1..=10_000u32).map(|stream| Client { stream, ..Caller::new("a", 5000).at });
        streams.filter(|at| world.ask(*at, &request).is_some()).count()
    };
    assert_eq!(answers(&mut world), STREAM_CHALLENGES.burst as usize);
    world.pass(Duration::from_secs(1));
    assert_eq!(answers(&mut world), STREAM_CHALLENGES.per_second as usize);
    assert!(world.ask(Caller::new("a", 5000).at, &request).is_some(), "datagrams have their own");
}

#[test]
fn nothing_but_requests_and_send_indications_is_ever_answered() {
    let mut world = World::new();
    let client = Caller::new("a", 5000).at;
    for class in [Class::Indication, Class::Success, Class::Error] {
        for method in 0..0x20 {
            let mut out = [0; 100];
            let len = Builder::new(&mut out, class, Method(method), TransactionId([1; 12]))
                .finish()
                .unwrap();
            assert_eq!(world.send(client, &out[..len]), Handled::Nothing);
        }
    }
    for bytes in
        [&[][..], &[0], &[0, 1, 0, 0], &[0x40], &[0x40, 0, 0, 9, 1], &[0x16, 3, 1], &[0x80; 40]]
    {
        assert_eq!(world.send(client, bytes), Handled::Nothing);
    }
}

#[test]
fn expired_and_far_future_credentials_open_nothing() {
    for (expires_at, code) in [
        (UNIX.as_secs(), 401),
        (0, 401),
        (UNIX.as_secs() + 1, 0),
        (UNIX.as_secs() + 48 * 3600, 0),
        (UNIX.as_secs() + 48 * 3600 + 1, 401),
        (u64::MAX, 401),
    ] {
        let mut world = World::new();
        let mut caller = Caller::new("a", 5000);
        caller.credential = secret().mint("room", "a", 0, expires_at);
        assert_eq!(caller.allocate(&mut world, &[]).code(), code, "{expires_at}");
    }
}

#[test]
fn a_call_that_runs_outlives_its_credential_and_a_new_one_does_not_begin() {
    let mut world = World::new();
    let (mut caller, _) = allocated(&mut world);
    caller.refresh(&mut world, 3600);
    world.pass(Duration::from_secs(3550));
    assert_eq!(caller.refresh(&mut world, 3600).code(), 0);
    world.pass(Duration::from_secs(100));
    assert_eq!(caller.refresh(&mut world, 3600).code(), 0, "past its expiry");
    let mut late = Caller::new("dr-mora", 5001);
    assert_eq!(late.allocate(&mut world, &[]).code(), 401);
    // But not for ever.
    let mut hours = 0;
    while caller.refresh(&mut world, 3600).code() == 0 {
        world.pass(Duration::from_secs(1800));
        hours += 1;
        assert!(hours < 100);
    }
    assert!((45..=48).contains(&hours), "{hours} half hours");
}

#[test]
fn who_is_in_a_call_begins_anew_past_the_expiry_and_nobody_else_does() {
    let mut world = World::new();
    let expired = secret().mint("room", "dr-mora", 0, UNIX.as_secs() + 60);
    let who = secret().who("room", "dr-mora", 0);
    world.pass(Duration::from_secs(3600));
    let code = |world: &mut World, credential: &TurnCredential, port| {
        let credential = credential.clone();
        Caller { credential, ..Caller::new("x", port) }.allocate(world, &[]).code()
    };
    assert_eq!(code(&mut world, &expired, 5000), 401);
    // Two sessions, as while one takes over from the other.
    world.server.arrive(&who);
    world.server.arrive(&who);
    assert_eq!(code(&mut world, &expired, 5000), 0);
    world.server.depart(&who);
    assert_eq!(code(&mut world, &expired, 5001), 0);
    let other = secret().mint("room", "mallory", 0, UNIX.as_secs() + 60);
    assert_eq!(code(&mut world, &other, 5002), 401, "somebody else");
    let far = secret().mint("room", "dr-mora", 0, u64::MAX);
    assert_eq!(code(&mut world, &far, 5002), 401, "a time that we never name");
    world.server.depart(&who);
    assert_eq!(code(&mut world, &expired, 5003), 401, "who has left");
    world.server.depart(&who);
    assert!(world.server.present.is_empty());
}

#[test]
fn wrong_passwords_realms_and_users_are_told_nothing_but_no() {
    let mut world = World::new();
    let mut caller = Caller::new("a", 5000);
    let reply = world.ask(caller.at, &plain(Method::ALLOCATE, &[udp()], 1)).unwrap();
    caller.nonce = String::from_utf8(reply.value(AttributeKind::NONCE).unwrap()).unwrap();
    for username in [
        "",
        "a",
        "nobody",
        "1999999999",
        "99999999999999999999:a",
        &caller.credential.username.clone(),
    ] {
        let mut wrong = caller.clone();
        wrong.credential.username = username.to_owned();
        wrong.credential.password = "guess".to_owned();
        let reply = world.ask(wrong.at, &wrong.signed(Method::ALLOCATE, &[udp()])).unwrap();
        assert_eq!(reply.code(), 401, "{username}");
        assert!(!reply.message().has_integrity());
    }
    assert_eq!(world.server.counters().refused(Refusal::WrongCredential), 6);
    assert_eq!(caller.allocate(&mut world, &[]).code(), 0, "the right one still works");
}

#[test]
fn a_nonce_of_another_address_or_an_old_one_is_stale() {
    let mut world = World::new();
    let (caller, _) = allocated(&mut world);
    let mut thief = caller.clone();
    thief.at.address.set_port(6000);
    let reply = world.ask(thief.at, &thief.signed(Method::ALLOCATE, &[udp()])).unwrap();
    assert_eq!(reply.code(), 438);
    assert!(
        reply.value(AttributeKind::NONCE).is_some() && reply.value(AttributeKind::REALM).is_some()
    );
    world.pass(NONCE_EPOCH * 2);
    let reply = world.ask(caller.at, &caller.signed(Method::REFRESH, &[])).unwrap();
    assert_eq!(reply.code(), 438);
    for nonce in ["", "x", "obMatJos2", "obMatJos2gAAA", "obMatJos2gAAAxxxxxxxxxxxx"] {
        let made_up = Caller { nonce: nonce.to_owned(), ..caller.clone() };
        let reply = world.ask(made_up.at, &made_up.signed(Method::REFRESH, &[])).unwrap();
        assert_eq!(reply.code(), 438, "{nonce}");
    }
}

#[test]
fn another_user_cannot_touch_an_allocation() {
    let mut world = World::new();
    let (caller, _) = allocated(&mut world);
    let mut thief = Caller { credential: credential("mallory"), ..caller.clone() };
    assert_eq!(thief.refresh(&mut world, 0).code(), 441);
    assert_eq!(thief.permit(&mut world, &[peer()]).code(), 441);
    assert_eq!(thief.bind(&mut world, 0x4000, peer()).code(), 441);
    thief.transaction = caller.transaction;
    assert_eq!(world.ask(thief.at, &thief.signed(Method::ALLOCATE, &[udp()])).unwrap().code(), 437);
    assert_eq!(world.server.counters().allocations, 1);
}

#[test]
fn every_byte_of_padding_that_is_sent_is_zero() {
    let mut world = World::new();
    let mut caller = Caller::new("a", 5000);
    caller.algorithm = None;
    let reply = caller.allocate(&mut world, &[(AttributeKind::EVEN_PORT, vec![0x80])]);
    let mut at = 20;
    while at < reply.bytes.len() {
        let len = usize::from(u16::from_be_bytes([reply.bytes[at + 2], reply.bytes[at + 3]]));
        let end = at + 4 + len;
        let padded = end.next_multiple_of(4);
        assert!(reply.bytes[end..padded].iter().all(|byte| *byte == 0));
        at = padded;
    }
}
