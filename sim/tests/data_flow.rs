//! Data messages in quantity: nothing reliable is missing, doubled or out of order, whoever is slow; who stalls is told.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::print_stderr,
    reason = "tests may fail loudly"
)]

use std::time::Duration;

use proptest::prelude::*;
use sfu::{
    drop_reason::DropReason,
    limits::Limits,
    words::{command::Request, event::LeaveAction},
};
use sim::{ClientId, Envelope, Link, Side, World};

const SECOND: Duration = Duration::from_secs(1);

/// The line of the issue: 8 Mbit/s, a round trip of 40 ms.
fn home_line() -> Link {
    Link { rate_bps: Some(8_000_000), ..Link::with_delay_ms(20) }
}

fn send(world: &mut World, from: ClientId, label: &str, message: &Envelope) {
    let bytes = message.encode();
    assert!(world.act(from, |client, now| client.send_data(label, &bytes, now)));
}

/// The numbers of what a client received over a channel, in order.
fn numbers(world: &mut World, id: ClientId, label: &str) -> Vec<u32> {
    let data = world.client(id).data.iter().filter(|(channel, _)| channel == label);
    data.map(|(_, message)| Envelope::decode(message).sequence).collect()
}

fn join_all(seed: u64, names: &[&str]) -> (World, Vec<ClientId>) {
    let mut world = World::new(seed);
    let ids: Vec<_> = names.iter().map(|name| world.join(name)).collect();
    assert!(world.connect(&ids));
    world.run_for(SECOND);
    (world, ids)
}

#[test]
fn a_burst_larger_than_any_queue_arrives_whole() {
    let (mut world, ids) = join_all(1, &["doctor", "patient"]);
    world.set_link(ids[1], home_line());
    for number in 1..=300 {
        send(&mut world, ids[0], "_reliable", &Envelope::of(vec![1; 10_000]).numbered(number));
    }
    world.run_for(10 * SECOND);
    assert_eq!(numbers(&mut world, ids[1], "_reliable"), (1..=300).collect::<Vec<_>>());
}

#[test]
fn six_hundred_small_messages_a_second_arrive_all() {
    let (mut world, ids) = join_all(2, &["monitor", "doctor"]);
    world.set_link(ids[1], home_line());
    for number in 1..=6000 {
        send(&mut world, ids[0], "_reliable", &Envelope::of(vec![1; 40]).numbered(number));
        world.run_for(SECOND / 600);
    }
    world.run_for(SECOND);
    assert_eq!(numbers(&mut world, ids[1], "_reliable"), (1..=6000).collect::<Vec<_>>());
}

#[test]
fn tiny_messages_without_end_cannot_outrun_their_budget() {
    let (mut world, ids) = join_all(3, &["monitor", "doctor"]);
    for number in 1..=20_000 {
        send(&mut world, ids[0], "_reliable", &Envelope::of([1]).numbered(number));
    }
    world.run_for(3 * SECOND);
    assert_eq!(numbers(&mut world, ids[1], "_reliable"), (1..=20_000).collect::<Vec<_>>());
}

#[test]
fn what_was_said_before_leaving_arrives() {
    let (mut world, ids) = join_all(4, &["doctor", "patient"]);
    world.set_link(ids[1], home_line());
    for number in 1..=60 {
        send(&mut world, ids[0], "_reliable", &Envelope::of(vec![1; 10_000]).numbered(number));
    }
    // All of it has come to the server, and most of it waits there for the patient's line.
    world.run_for(SECOND / 4);
    world.request(ids[0], Request::Leave);
    world.run_for(5 * SECOND);
    assert_eq!(numbers(&mut world, ids[1], "_reliable"), (1..=60).collect::<Vec<_>>());
}

/// Three receive a stream; `stall` is done to the third. The others get everything, and the third is told to join anew.
fn one_stalls(seed: u64, stall: impl Fn(&mut World, ClientId)) -> (World, Vec<ClientId>) {
    let (mut world, ids) = join_all(seed, &["doctor", "patient", "relative"]);
    stall(&mut world, ids[2]);
    for number in 1..=400 {
        send(&mut world, ids[0], "_reliable", &Envelope::of(vec![1; 10_000]).numbered(number));
    }
    world.run_for(8 * SECOND);
    assert_eq!(world.client(ids[2]).left, None, "too early");
    assert!(numbers(&mut world, ids[1], "_reliable").len() < 400, "nobody waited");
    world.run_for(10 * SECOND);
    assert_eq!(numbers(&mut world, ids[1], "_reliable"), (1..=400).collect::<Vec<_>>());
    assert_eq!(world.counters().data_receivers_shed, 1);
    assert_eq!(world.dropped(DropReason::DataOverflow), 0);
    (world, ids)
}

#[test]
fn an_application_that_hangs_is_told_to_join_anew_and_the_others_go_on() {
    let (mut world, ids) = one_stalls(5, |world, id| {
        world.client(id).hang(true);
    });
    let left = world.client(ids[2]).left;
    assert_eq!(left.map(|(_, action)| action), Some(LeaveAction::Reconnect));
}

#[test]
fn a_client_that_vanishes_holds_the_others_up_for_ten_seconds_at_most() {
    one_stalls(6, |world, id| world.set_link(id, Link::cut()));
}

#[test]
fn an_outage_of_six_seconds_costs_time_and_nothing_else() {
    let (mut world, ids) = join_all(7, &["doctor", "patient"]);
    for number in 1..=300 {
        send(&mut world, ids[0], "_reliable", &Envelope::of(vec![1; 10_000]).numbered(number));
    }
    world.set_link(ids[1], Link::cut());
    world.run_for(6 * SECOND);
    world.set_link(ids[1], home_line());
    // 3 MB take three seconds, and the server sends again seven seconds after the cut.
    world.run_for(7 * SECOND);
    assert_eq!(numbers(&mut world, ids[1], "_reliable"), (1..=300).collect::<Vec<_>>());
    assert_eq!(world.client(ids[1]).left, None);
}

#[test]
fn a_slow_line_slows_its_sender_and_is_not_shed() {
    let (mut world, ids) = join_all(8, &["doctor", "patient"]);
    world.set_link(ids[1], Link { rate_bps: Some(500_000), ..Link::with_delay_ms(100) });
    for number in 1..=200 {
        send(&mut world, ids[0], "_reliable", &Envelope::of(vec![1; 10_000]).numbered(number));
    }
    world.run_for(60 * SECOND);
    assert_eq!(numbers(&mut world, ids[1], "_reliable"), (1..=200).collect::<Vec<_>>());
    assert_eq!(world.client(ids[1]).left, None);
}

#[test]
fn of_lossy_messages_a_slow_receiver_gets_the_newest() {
    let (mut world, ids) = join_all(9, &["doctor", "patient"]);
    world.set_link(ids[1], Link { rate_bps: Some(1_000_000), ..Link::with_delay_ms(20) });
    // Four times what the line carries.
    for number in 1..=1000 {
        send(&mut world, ids[0], "_lossy", &Envelope::of(vec![1; 1000]).numbered(number));
        world.run_for(SECOND / 500);
    }
    world.run_for(2 * SECOND);
    let got = numbers(&mut world, ids[1], "_lossy");
    assert!(got.iter().any(|number| *number > 990), "{:?}", got.last());
    assert!((150..600).contains(&got.len()), "{}", got.len());
    assert!(world.dropped(DropReason::DataDisplaced) > 300);
}

#[test]
fn a_lossy_sender_waits_for_nobody() {
    let (mut world, ids) = join_all(10, &["doctor", "patient", "relative"]);
    world.set_link(ids[2], Link::cut());
    for number in 1..=1000 {
        send(&mut world, ids[0], "_lossy", &Envelope::of(vec![1; 1000]).numbered(number));
        world.run_for(SECOND / 200);
    }
    assert_eq!(numbers(&mut world, ids[1], "_lossy").len(), 1000);
}

#[test]
fn across_shards_a_slow_listener_slows_the_sender_and_no_link_is_reset() {
    let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
    let mut world = World::with_shards(11, limits, 3);
    world.relay_delay = Duration::from_millis(1);
    let doctor = world.join("doctor");
    let listeners: Vec<_> = (0..4)
        .map(|number| {
            let name = format!("listener-{number}");
            let id = world.join_with(&name, |join, _| join.permission.can_publish = false);
            world.run_for(SECOND / 1000);
            id
        })
        .collect();
    assert!(world.connect(&[doctor]) && world.connect(&listeners));
    world.run_for(SECOND);
    assert!(listeners.iter().any(|id| world.shard_of(*id) != world.shard_of(doctor)));
    world.set_link(listeners[0], home_line());
    world.set_link(doctor, home_line());
    for number in 1..=400 {
        send(&mut world, doctor, "_reliable", &Envelope::of(vec![1; 10_000]).numbered(number));
        // And the other way, through the home to the other edge.
        send(&mut world, listeners[0], "_reliable", &Envelope::of(vec![2; 5_000]).numbered(number));
    }
    world.run_for(10 * SECOND);
    for shard in 0..3 {
        assert_eq!(world.counters_of(shard).relay_resets, 0);
        assert_eq!(world.counters_of(shard).data_receivers_shed, 0);
    }
    for id in [doctor, listeners[0], listeners[1], listeners[2], listeners[3]] {
        let data = world.client(id).data.clone();
        for (size, sender) in [(10_000, doctor), (5_000, listeners[0])] {
            let from = data.iter().map(|(_, message)| Envelope::decode(message));
            let from = from.filter(|one| one.payload.len() == size);
            let got: Vec<_> = from.map(|one| one.sequence).collect();
            let expected: Vec<_> = if id == sender { vec![] } else { (1..=400).collect() };
            assert_eq!(got, expected, "of {sender:?} at {id:?}");
        }
    }
}

/// The share of a line on which 8 MB in messages of 15 kB reach a patient. Prints the figures of docs/PERFORMANCE.md.
fn goodput(seed: u64, line: Link) -> f64 {
    let (mut world, ids) = join_all(seed, &["doctor", "patient"]);
    world.set_link(ids[1], line);
    let start = world.now;
    for number in 1..=534 {
        send(&mut world, ids[0], "_reliable", &Envelope::of(vec![1; 15_000]).numbered(number));
    }
    let all = |world: &mut World| world.client(ids[1]).data.len() == 534;
    assert!(world.run_until(300 * SECOND, all), "not everything arrived");
    let seconds = (world.now - start).as_secs_f64();
    let share = 534.0 * 15_000.0 * 8.0 / seconds / line.rate_bps.unwrap() as f64;
    eprintln!("8 MB in {seconds:.1} s: {:.0} % of the line", share * 100.0);
    share
}

#[test]
fn a_file_uses_four_fifths_of_a_line_at_least() {
    assert!(goodput(12, home_line()) > 0.8);
}

#[test]
fn a_file_uses_four_fifths_of_a_line_that_loses_one_packet_in_a_hundred() {
    for seed in 13..18 {
        assert!(goodput(seed, Link { loss: 0.01, ..home_line() }) > 0.8);
    }
}

/// A message of the property: who sends, how much, to whom (a bit each; none: everybody).
#[derive(Debug, Clone)]
struct Said {
    from: usize,
    bytes: usize,
    to: u8,
    pause_ms: u64,
}

/// What happens to somebody before a message.
#[derive(Debug, Clone)]
enum Fate {
    Nothing,
    Line { loss: f64, delay_ms: u64, rate_kbps: u64 },
    Moves(bool),
    LosesSocket,
    Hangs,
}

fn said(people: usize) -> impl Strategy<Value = Said> {
    let bytes = prop_oneof![4 => 0..200_usize, 2 => 200..20_000_usize, 1 => 20_000..60_000_usize];
    let pause_ms = prop_oneof![3 => Just(0), 1 => 0..300_u64];
    (0..people, bytes, 0..8_u8, pause_ms).prop_map(|(from, bytes, to, pause_ms)| Said {
        from,
        bytes,
        to,
        pause_ms,
    })
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Nothing),
        2 => (0.0..0.08, 1..60_u64, 500..20_000_u64)
            .prop_map(|(loss, delay_ms, rate_kbps)| Fate::Line { loss, delay_ms, rate_kbps }),
        1 => any::<bool>().prop_map(Fate::Moves),
        1 => Just(Fate::LosesSocket),
        1 => Just(Fate::Hangs),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever networks do, everybody who stays gets exactly what was meant for it, in its sender's order.
    #[test]
    fn nothing_reliable_is_missing_doubled_or_out_of_order(
        seed in any::<u64>(),
        shards in 1..3_u16,
        story in proptest::collection::vec((said(4), 0..4_usize, fate()), 20..150),
    ) {
        const NAMES: [&str; 4] = ["doctor", "patient", "relative", "interpreter"];
        let limits = Limits { overflow_subscriptions: 0, ..Limits::default() };
        let mut world = World::with_shards(seed, limits, shards);
        let ids: Vec<_> = (0..4)
            .map(|place| {
                let listens = place > 1;
                let id = world.join_with(NAMES[place], |join, _| join.permission.can_publish = !listens);
                world.run_for(SECOND / 1000);
                id
            })
            .collect();
        prop_assert!(world.connect(&ids));
        world.run_for(SECOND);
        let mut expected: [[Vec<u32>; 4]; 4] = Default::default();
        let mut counts = [0; 4];
        for (said, whom, fate) in story {
            befall(&mut world, ids[whom], &fate);
            counts[said.from] += 1;
            let named: Vec<_> = (0..3).filter(|bit| said.to >> bit & 1 == 1).collect();
            let names: Vec<_> = named.iter().map(|place| NAMES[*place]).collect();
            let message = Envelope::of(vec![7; said.bytes]).numbered(counts[said.from]).to(&names);
            send(&mut world, ids[said.from], "_reliable", &message);
            for (to, heard) in expected.iter_mut().enumerate() {
                if to != said.from && (named.is_empty() || named.contains(&to)) {
                    heard[said.from].push(counts[said.from]);
                }
            }
            world.run_for(Duration::from_millis(said.pause_ms));
        }
        for id in &ids {
            befall(&mut world, *id, &Fate::Line { loss: 0.0, delay_ms: 5, rate_kbps: 50_000 });
        }
        world.run_for(90 * SECOND);
        for to in 0..4 {
            prop_assert_eq!(world.client(ids[to]).left, None);
            let data = world.client(ids[to]).data.clone();
            let data: Vec<_> = data.iter().map(|(_, message)| Envelope::decode(message)).collect();
            for from in 0..4 {
                let of = data.iter().filter(|one| one.identity == NAMES[from]);
                let got: Vec<_> = of.map(|one| one.sequence).collect();
                prop_assert_eq!(&got, &expected[to][from], "from {} to {}", from, to);
            }
        }
    }
}

fn befall(world: &mut World, id: ClientId, fate: &Fate) {
    match *fate {
        Fate::Nothing => {}
        Fate::Line { loss, delay_ms, rate_kbps } => {
            let rate_bps = Some(rate_kbps * 1000);
            world.set_link(id, Link { loss, rate_bps, ..Link::with_delay_ms(delay_ms) });
        }
        Fate::Moves(publisher) => {
            let side = if publisher { Side::Publisher } else { Side::Subscriber };
            world.move_address(id, side);
            world.act(id, |client, now| client.transport(side).check_now(now));
        }
        Fate::LosesSocket => {
            world.lose_session(id);
            world.run_for(SECOND / 5);
            world.resume(id);
        }
        Fate::Hangs => {
            let hang = |world: &mut World, hangs| {
                world.act(id, |client, _| client.hang(hangs));
            };
            hang(world, true);
            world.run_for(SECOND);
            hang(world, false);
        }
    }
}
