//! Permissions, channels and data (RFC 8656 §9-12), and what a STUN server says (RFC 8489).

use super::*;

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
fn a_binding_request_is_answered_with_the_address_that_it_came_from() {
    let mut world = World::new();
    let mapped = "[::ffff:198.51.100.1]:5000".parse().unwrap();
    for address in [Caller::new("a", 5000).at.address, mapped] {
        let client = Client { address, stream: 0 };
        // Without attributes, as browsers ask; SOFTWARE and FINGERPRINT need not be understood.
        for attributes in [vec![], vec![(AttributeKind(0x8022), vec![1; 8])]] {
            let request = plain(Method::BINDING, &attributes, 7);
            let reply = world.ask(client, &request).expect("an answer");
            let message = reply.message();
            let id = (message.class(), message.method(), message.transaction_id());
            assert_eq!(id, (Class::Success, Method::BINDING, TransactionId([7; 12])));
            let mapped = reply.address(AttributeKind::XOR_MAPPED_ADDRESS);
            assert_eq!(mapped, Some(SocketAddr::from(([198, 51, 100, 1], 5000))));
            assert_eq!(message.attributes().count(), 1, "nothing of us is told");
        }
    }
}

#[test]
fn what_a_binding_request_wants_understood_and_is_not_is_named() {
    let mut world = World::new();
    let unknown = [(AttributeKind(0x7123), vec![]), (AttributeKind(0x7124), vec![0; 8])];
    let client = Caller::new("a", 5000).at;
    let reply = world.ask(client, &plain(Method::BINDING, &unknown, 7)).expect("an answer");
    assert_eq!((reply.message().class(), reply.code()), (Class::Error, 420));
    let named = reply.value(AttributeKind::UNKNOWN_ATTRIBUTES);
    assert_eq!(named, Some(vec![0x71, 0x23, 0x71, 0x24]));
    assert_eq!(world.server.counters().refused(Refusal::UnknownAttribute), 1);
}

#[test]
fn over_ipv6_a_binding_request_is_answered_if_it_is_long_enough() {
    let mut world = World::new();
    let client = Client { address: "[2001:db8::9]:5000".parse().unwrap(), stream: 0 };
    let bare = plain(Method::BINDING, &[], 7);
    assert!(world.ask(client, &bare).is_none(), "20 bytes would get 44");
    assert_eq!(world.server.counters().refused(Refusal::WouldAmplify), 1);
    let padded = plain(Method::BINDING, &[(AttributeKind(0x8022), vec![1; 4])], 7);
    assert!(world.ask(client, &padded).is_some());
    let over_stream = Client { stream: 3, ..client };
    assert!(world.ask(over_stream, &bare).is_some(), "whose address is known to be its own");
}
