//! Translators, firewalls and networks that change under a call.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use sim::{ClientId, Dependence, Link, NatKind, Side, TrackSpec, World, judge};

const SECOND: Duration = Duration::from_secs(1);

/// Every mapping with every filtering (RFC 4787 §4.1, §5).
fn kinds() -> impl Iterator<Item = NatKind> {
    const ALL: [Dependence; 3] =
        [Dependence::Endpoint, Dependence::Address, Dependence::AddressAndPort];
    ALL.into_iter()
        .flat_map(|mapping| ALL.map(|filtering| NatKind { mapping, filtering, ..NatKind::home() }))
}

/// Both publish sound and a picture.
fn call(world: &mut World, ids: [ClientId; 2]) {
    for id in ids {
        world.act(id, |client, _| {
            client.publish(TrackSpec::Microphone);
            client.publish(TrackSpec::PlainCamera);
        });
    }
    world.run_for(2 * SECOND);
}

/// Packets of sound that reach each from the other in a second.
fn heard(world: &mut World, ids: [ClientId; 2]) -> [usize; 2] {
    let [one, other] = ids;
    let count = |world: &mut World| {
        [(one, other), (other, one)].map(|(to, from)| world.delivered(to, from, 0).len())
    };
    let before = count(world);
    world.run_for(SECOND);
    let after = count(world);
    [after[0] - before[0], after[1] - before[1]]
}

#[test]
fn two_behind_translators_of_every_kind_see_and_hear_each_other() {
    for (seed, kind) in (1..).zip(kinds()) {
        let mut world = World::new(seed);
        let ids = ["doctor", "patient"].map(|name| world.join(name));
        for id in ids {
            world.put_behind(id, kind);
            world.set_link(id, Link::with_delay_ms(15));
        }
        assert!(world.connect(&ids), "{kind:?}");
        call(&mut world, ids);
        world.run_for(3 * SECOND);
        for (to, from) in [(ids[0], ids[1]), (ids[1], ids[0])] {
            for track in 0..2 {
                let judgement = judge(&world.delivered(to, from, track));
                assert!(judgement.is_complete(), "{kind:?}: {judgement:?}");
            }
        }
        let mapped = world.client(ids[0]).mapped_address(Side::Publisher).unwrap();
        assert_ne!(mapped, world.address(ids[0], Side::Publisher), "{kind:?} translates");
    }
}

#[test]
fn a_translator_that_is_restarted_costs_no_more_than_the_time_to_the_next_consent_check() {
    for kind in [NatKind::home(), NatKind::symmetric()] {
        let mut world = World::new(30);
        let ids = ["doctor", "patient"].map(|name| world.join(name));
        world.put_behind(ids[1], kind);
        assert!(world.connect(&ids));
        call(&mut world, ids);
        world.restart_nat(ids[1]);
        // A check every 2.5 s (RFC 7675), and a round trip.
        world.run_for(3 * SECOND);
        assert_eq!(heard(&mut world, ids), [50, 50], "{kind:?}");
        assert_eq!(world.client(ids[1]).left, None);
    }
}

#[test]
fn who_walks_into_another_network_goes_on_within_half_a_second() {
    let mut world = World::new(31);
    let ids = ["doctor", "patient"].map(|name| world.join(name));
    assert!(world.connect(&ids));
    call(&mut world, ids);
    let before = Side::Subscriber;
    let left_behind = world.address(ids[1], before);
    world.set_link(ids[1], Link::with_delay_ms(40));
    world.roam(ids[1]);
    world.run_for(SECOND / 2);
    let sent = world.sent_to(left_behind);
    assert_eq!(heard(&mut world, ids), [50, 50]);
    assert_eq!(world.sent_to(left_behind), sent, "nothing goes to the old address any more");
    for (to, from) in [(ids[0], ids[1]), (ids[1], ids[0])] {
        assert!(judge(&world.delivered(to, from, 1)).is_sound());
    }
}

#[test]
fn who_is_behind_a_wall_without_udp_gets_nothing_and_disturbs_nobody() {
    let mut world = World::new(32);
    let walled = world.join("walled");
    world.block_udp(walled);
    let ids = ["doctor", "patient"].map(|name| world.join(name));
    assert!(world.connect(&ids));
    call(&mut world, ids);
    assert!(!world.client(walled).publisher.is_open());
    assert!(world.client(walled).deliveries.is_empty());
    assert_eq!(heard(&mut world, ids), [50, 50]);
}
