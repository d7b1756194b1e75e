//! Random walks: whatever clients send in whatever order, the books stay right.

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Allocate(usize, u8),
    Refresh(usize, u32),
    Permit(usize, usize),
    Bind(usize, u16, usize),
    Data(usize, u16),
    Indicate(usize, usize),
    FromPeer(usize, usize),
    Close(usize),
    Pass(u16),
    Noise(usize, Vec<u8>),
}

const CALLERS: usize = 6;

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..CALLERS;
    prop_oneof![
        (who(), 0..5u8).prop_map(|(who, kind)| Step::Allocate(who, kind)),
        (who(), prop_oneof![Just(0), Just(1), Just(4000)])
            .prop_map(|(who, s)| Step::Refresh(who, s)),
        (who(), 0..4usize).prop_map(|(who, peer)| Step::Permit(who, peer)),
        (who(), 0x3FFE..0x4004u16, 0..4usize).prop_map(|(who, n, peer)| Step::Bind(who, n, peer)),
        (who(), 0x4000..0x4004u16).prop_map(|(who, n)| Step::Data(who, n)),
        (who(), 0..4usize).prop_map(|(who, peer)| Step::Indicate(who, peer)),
        (who(), 0..4usize).prop_map(|(who, peer)| Step::FromPeer(who, peer)),
        who().prop_map(Step::Close),
        (0..2000u16).prop_map(Step::Pass),
        (who(), prop::collection::vec(any::<u8>(), 0..80)).prop_map(|(who, b)| Step::Noise(who, b)),
    ]
}

fn peers() -> [SocketAddr; 4] {
    [PEER, PEER_IPV6, "192.0.2.10:22", "127.0.0.1:7882"].map(|text| text.parse().unwrap())
}

fn take(world: &mut World, callers: &mut [Caller], step: Step) {
    match step {
        Step::Allocate(who, kind) => {
            let wish = match kind {
                0 => vec![],
                1 => vec![(AttributeKind::EVEN_PORT, vec![0x80])],
                2 => vec![(AttributeKind::REQUESTED_ADDRESS_FAMILY, vec![2, 0, 0, 0])],
                3 => vec![(AttributeKind::ADDITIONAL_ADDRESS_FAMILY, vec![2, 0, 0, 0])],
                _ => vec![(AttributeKind::RESERVATION_TOKEN, vec![1; 8])],
            };
            callers[who].allocate(world, &wish);
        }
        Step::Refresh(who, seconds) => {
            callers[who].refresh(world, seconds);
        }
        Step::Permit(who, peer) => {
            callers[who].permit(world, &[peers()[peer]]);
        }
        Step::Bind(who, number, peer) => {
            callers[who].bind(world, number, peers()[peer]);
        }
        Step::Data(who, number) => check_sent(&callers[who].channel(world, number, b"media")),
        Step::Indicate(who, peer) => {
            check_sent(&callers[who].indicate(world, peers()[peer], b"media"));
        }
        Step::FromPeer(who, peer) => {
            let id = world.server.clients.get(&callers[who].at).copied();
            let id = id.unwrap_or(AllocationId(0));
            let sent = world.server.handle_peer(id, peers()[peer], 5, world.now);
            // A permission is for an address, whatever the port (RFC 8656 §9).
            assert!(sent.is_err() || peer < 3, "only who may be a peer is heard");
        }
        Step::Close(who) => world.server.close_client(callers[who].at),
        Step::Pass(seconds) => world.pass(Duration::from_secs(seconds.into())),
        Step::Noise(who, bytes) => check_sent(&world.send(callers[who].at, &bytes)),
    }
}

fn check_sent(handled: &Handled) {
    if let Handled::ToPeer { peer, relayed, .. } = handled {
        assert!(peers()[..2].contains(peer), "{peer} was reached");
        assert_eq!(peer.is_ipv4(), relayed.is_ipv4());
    }
}

fn check_books(world: &World) {
    let server = &world.server;
    assert_eq!(server.counters().allocations, server.allocations.len() as u64);
    assert_eq!(server.clients.len(), server.allocations.len());
    let users: u32 = server.users.values().sum();
    assert_eq!(users as usize, server.allocations.len());
    assert!(server.users.values().all(|count| (1..=5).contains(count)));
    let held: usize = server.allocations.values().map(|one| one.relayed.iter().count()).sum();
    assert_eq!(
        server.pool.len(),
        held + server.reservations.len(),
        "no port is lost or held twice"
    );
    assert_eq!(server.relays.len(), held);
    assert!(server.looks.len() >= server.allocations.len(), "each will be looked at");
    for (client, id) in &server.clients {
        assert_eq!(server.allocations[id].client, *client);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_books_are_right_after_any_walk(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        let mut callers: Vec<Caller> = (0..CALLERS)
            .map(|n| {
                let mut caller = Caller::new(["a", "b"][n % 2], 5000 + n as u16);
                caller.credential = secret().mint("room", ["a", "b"][n % 2], 0, UNIX.as_secs() + 172_800);
                caller.at.stream = (n % 3) as u32;
                caller.at.address.set_ip(IpAddr::from([198, 51, 100, n as u8]));
                caller
            })
            .collect();
        for step in steps {
            // Nobody is met with silence for asking too often: that has a test of its own.
            world.pass(Duration::from_millis(200));
            take(&mut world, &mut callers, step);
            check_books(&world);
        }
        world.pass(Duration::from_secs(86_400));
        prop_assert_eq!(world.server.allocations.len(), 0);
        prop_assert_eq!(world.server.pool.len(), 0);
        prop_assert_eq!(world.server.poll_timeout(), None);
    }
}
