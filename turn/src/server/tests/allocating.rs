//! How allocations begin, are refreshed and end, and what they cost (RFC 8656 §6-8).

use super::*;

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
