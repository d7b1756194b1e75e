//! Random lives of a room: whatever people and networks do, the promises hold, and soon after peace returns everyone
//! sees and hears everyone.
//!
//! A seed that failed once stands in `seeds.txt` for ever. More seeds: `SIM_SEEDS=1000 cargo test -p sim`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail loudly"
)]

#[path = "random_walks/trouble.rs"]
mod trouble;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use protocol::ids::ParticipantSid;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sfu::{
    limits::Limits,
    words::command::{Request, TrackSettings},
};
use sim::{ClientId, Link, Side, TrackSpec, World, judge};

const SECOND: Duration = Duration::from_secs(1);
const STEPS: usize = 40;
const PEOPLE_MAX: usize = 5;

struct Walk {
    seed: u64,
    shards: u16,
    world: World,
    rng: StdRng,
    /// Present, with whether it has lost its socket.
    people: Vec<(ClientId, bool)>,
    joined: usize,
    /// Who broke a rule.
    broken: BTreeSet<ClientId>,
    log: Vec<String>,
}

impl Walk {
    /// On several shards every listener is placed as if its home were full, and half of the people only listen.
    fn new(seed: u64, shards: u16) -> Self {
        let limits = match shards {
            1 => Limits::default(),
            _ => Limits { overflow_subscriptions: 0, ..Limits::default() },
        };
        Self {
            seed,
            shards,
            world: World::with_shards(seed, limits, shards),
            rng: StdRng::seed_from_u64(seed),
            people: Vec::new(),
            joined: 0,
            broken: BTreeSet::new(),
            log: Vec::new(),
        }
    }

    fn step(&mut self) {
        let someone =
            (!self.people.is_empty()).then(|| self.rng.random_range(0..self.people.len()));
        let what = self.rng.random_range(0..17);
        let who = someone.map(|place| self.people[place]);
        self.log.push(format!("{:?}: {what} by {who:?}", self.world.now - self.world.epoch));
        if self.shards > 1 && self.rng.random_ratio(1, STEPS as u32) {
            let from = self.rng.random_range(0..self.shards);
            let to = (from + self.rng.random_range(1..self.shards)) % self.shards;
            self.log.push(format!("the link from {from} to {to} is reset"));
            self.world.break_relay(from, to);
        }
        let Some(place) = someone.filter(|_| what > 2) else { return self.join() };
        let (id, is_lost) = self.people[place];
        let world = &mut self.world;
        match what {
            // Who has no socket cannot say goodbye.
            3 if is_lost => {}
            3 => {
                self.people.remove(place);
                world.request(id, Request::Leave);
            }
            4 | 5 => self.publish(id),
            // SDKs say it again when they resume; these clients do not.
            6 if is_lost => {}
            6 => self.toggle_mute(id),
            7 => self.unpublish(id),
            8 if world.client(id).sid.is_none() => {}
            8 if is_lost => {
                self.people[place].1 = false;
                world.resume(id);
            }
            8 => {
                self.people[place].1 = true;
                world.lose_session(id);
            }
            9 => {
                let link = Link {
                    delay: Duration::from_millis(self.rng.random_range(1..80)),
                    jitter: Duration::from_millis(self.rng.random_range(0..5)),
                    loss: self.rng.random_range(0.0..0.15),
                    reorder: self.rng.random_range(0.0..0.1),
                    duplicate: self.rng.random_range(0.0..0.05),
                    ..Link::default()
                };
                world.set_link(id, link);
            }
            10 => world.set_link(id, Link::default()),
            11 => {
                let side =
                    if self.rng.random_bool(0.5) { Side::Publisher } else { Side::Subscriber };
                world.move_address(id, side);
                world.act(id, |client, now| client.transport(side).check_now(now));
            }
            12 => self.toggle_layer(id),
            13 => self.ask(id),
            14 => self.toggle_subscription(id),
            15 => self.toggle_disabled(id),
            _ => {
                // The same person opens the page a second time.
                let identity = format!("person-{}", self.rng.random_range(0..self.joined.max(1)));
                self.enter(&identity);
            }
        }
    }

    fn join(&mut self) {
        if self.people.len() < PEOPLE_MAX {
            let identity = format!("person-{}", self.joined);
            self.joined += 1;
            self.enter(&identity);
        }
    }

    fn enter(&mut self, identity: &str) {
        let listens = self.shards > 1 && self.rng.random_bool(0.5);
        let id = self.world.join_with(identity, |join, _| join.permission.can_publish = !listens);
        self.log.push(format!("{id:?} enters as {identity}, listening: {listens}"));
        self.people.retain(|(one, _)| self.world.identity(*one) != identity);
        self.people.push((id, false));
    }

    fn publish(&mut self, id: ClientId) {
        let specs = [TrackSpec::Microphone, TrackSpec::Camera, TrackSpec::PlainCamera];
        let spec = specs[self.rng.random_range(0..3)];
        self.world.act(id, |client, _| {
            if client.tracks.iter().filter(|track| !track.is_removed).count() < 4 {
                client.publish(spec);
            }
        });
    }

    fn track_of(&mut self, id: ClientId) -> Option<usize> {
        let tracks = &self.world.client(id).tracks;
        let usable: Vec<_> = (0..tracks.len())
            .filter(|track| tracks[*track].negotiated.is_some() && !tracks[*track].is_removed)
            .collect();
        (!usable.is_empty()).then(|| usable[self.rng.random_range(0..usable.len())])
    }

    fn toggle_mute(&mut self, id: ClientId) {
        let Some(track) = self.track_of(id) else { return };
        self.world.act(id, |client, now| {
            let muted = client.tracks[track].is_muted;
            client.mute(track, !muted, now);
        });
    }

    fn unpublish(&mut self, id: ClientId) {
        let Some(track) = self.track_of(id) else { return };
        self.world.act(id, |client, _| client.unpublish(track));
    }

    fn toggle_layer(&mut self, id: ClientId) {
        let Some(track) = self.track_of(id) else { return };
        self.world.act(id, |client, now| {
            let track = &mut client.tracks[track];
            if track.layers.len() == 3 && !track.is_muted {
                let top = &mut track.layers[2];
                top.is_active = !top.is_active;
                if top.is_active {
                    top.start(now);
                }
            }
        });
    }

    fn ask(&mut self, id: ClientId) {
        self.world.act(id, |client, _| {
            for place in 0..client.streams.len() {
                client.request_key_frame(place);
            }
        });
    }

    fn toggle_subscription(&mut self, id: ClientId) {
        let tracks: Vec<_> =
            self.world.client(id).streams.iter().map(|stream| stream.track.clone()).collect();
        for subscribe in [false, true] {
            let tracks = tracks.clone();
            self.world.request(id, Request::Subscription { tracks, subscribe });
            self.world.run_for(SECOND / 5);
        }
    }

    fn toggle_disabled(&mut self, id: ClientId) {
        let tracks: Vec<_> =
            self.world.client(id).streams.iter().map(|stream| stream.track.clone()).collect();
        for disabled in [true, false] {
            let settings = TrackSettings { disabled, ..TrackSettings::default() };
            let tracks = tracks.clone();
            self.world.request(id, Request::TrackSettings { tracks, settings });
            self.world.run_for(SECOND / 5);
        }
    }

    /// The faults end; those who lost something come back.
    fn make_peace(&mut self) {
        self.end_trouble();
        for place in 0..self.people.len() {
            let (id, is_lost) = self.people[place];
            self.world.set_link(id, Link::default());
            if is_lost && self.world.client(id).left.is_none() {
                self.world.resume(id);
            }
            for side in [Side::Publisher, Side::Subscriber] {
                self.world.act(id, |client, now| client.transport(side).check_now(now));
            }
        }
        self.world.run_for(8 * SECOND);
        self.people.retain(|(id, _)| {
            let client = self.world.client(*id);
            client.left.is_none() && client.refused.is_none()
        });
    }

    fn check_roster(&mut self) {
        let mut seen: BTreeMap<ParticipantSid, Vec<ParticipantSid>> = BTreeMap::new();
        let mut everyone = Vec::new();
        for (id, _) in &self.people {
            let client = self.world.client(*id);
            let sid = client.sid.clone().unwrap();
            everyone.push(sid.clone());
            seen.insert(sid, client.present().map(|one| one.sid.clone()).collect());
        }
        everyone.sort();
        let present = self.world.participants();
        assert_eq!(present, everyone.len() as u64, "seed {}\n{}", self.seed, self.log.join("\n"));
        for (viewer, mut others) in seen {
            others.push(viewer.clone());
            others.sort();
            let log = self.log.join("\n");
            assert_eq!(others, everyone, "seed {}: what {viewer} sees\n{log}", self.seed);
        }
    }

    fn check_media(&mut self) {
        let people: Vec<_> = self.people.iter().map(|(id, _)| *id).collect();
        for id in &people {
            self.world.client(*id).deliveries.clear();
        }
        self.world.run_for(2 * SECOND);
        for from in &people {
            for track in 0..self.world.client(*from).tracks.len() {
                let one = &self.world.client(*from).tracks[track];
                let flows = one.negotiated.is_some() && !one.is_removed && !one.is_muted;
                for to in people.iter().filter(|to| *to != from) {
                    let delivered = self.world.delivered(*to, *from, track);
                    assert_eq!(
                        delivered.len() > 20,
                        flows,
                        "seed {}: {} packets of track {track} from {from:?} to {to:?}\n{}",
                        self.seed,
                        delivered.len(),
                        self.log.join("\n")
                    );
                }
            }
        }
    }

    /// Every stream as its decoder saw it, loss aside.
    fn check_streams(&mut self) {
        for place in 0..self.world.clients() {
            let client = self.world.client(ClientId(place));
            assert_eq!(client.unauthentic, 0, "seed {}", self.seed);
            for stream in &client.streams {
                let all = client.deliveries.iter().filter(|one| one.ssrc == stream.ssrc);
                let judgement = judge(&all.copied().collect::<Vec<_>>());
                let is_sound = sim::Judgement { began_torn: false, ..judgement.clone() }.is_sound();
                assert!(
                    is_sound,
                    "seed {} client {place}: {judgement:?}\n{}",
                    self.seed,
                    self.log.join("\n")
                );
            }
        }
    }
}

fn walk(seed: u64) {
    walk_on(seed, 1, false);
}

/// Answers how many joins were handed on between shards.
fn walk_on(seed: u64, shards: u16, has_trouble: bool) -> u64 {
    let mut walk = Walk::new(seed, shards);
    if shards > 1 {
        walk.world.relay_delay = Duration::from_micros(walk.rng.random_range(50..30_000));
    }
    // Without delay, offers never cross.
    walk.world.signal_delay = Duration::from_millis(walk.rng.random_range(0..150));
    walk.join();
    walk.join();
    for _ in 0..STEPS {
        walk.step();
        if has_trouble && walk.rng.random_bool(0.25) && !walk.people.is_empty() {
            let place = walk.rng.random_range(0..walk.people.len());
            let (id, is_lost) = walk.people[place];
            walk.trouble(id, is_lost);
        }
        let pause = walk.rng.random_range(0..1500);
        walk.world.run_for(Duration::from_millis(pause));
    }
    walk.make_peace();
    walk.check_streams();
    walk.check_roster();
    walk.check_media();
    walk.check_streams();
    let counters: Vec<_> = (0..shards).map(|shard| walk.world.counters_of(shard)).collect();
    assert!(counters.iter().all(|one| one.panics == 0), "seed {seed}");
    counters.iter().map(|one| one.joins_handed_on).sum()
}

#[test]
fn every_promise_holds_for_the_seeds_that_failed_once() {
    for line in include_str!("../seeds.txt").lines() {
        let words = line.split('#').next().unwrap_or_default();
        let words: Vec<_> = words.split_whitespace().collect();
        match words[..] {
            [] => {}
            [seed] => walk(seed.parse().unwrap()),
            ["trouble", shards, seed] => {
                walk_on(seed.parse().unwrap(), shards.parse().unwrap(), true);
            }
            // Of tests/quality.rs.
            ["lines", _] => {}
            _ => panic!("what is {line}?"),
        }
    }
}

#[test]
fn every_promise_holds_for_many_random_lives_of_a_room() {
    seeds().for_each(walk);
}

#[test]
fn every_promise_holds_for_many_random_lives_of_a_room_on_several_shards() {
    let handed_on = seeds().map(|seed| walk_on(seed, if seed % 2 == 0 { 2 } else { 3 }, false));
    assert!(handed_on.sum::<u64>() > 0, "the walks stay on one shard");
}

#[test]
fn every_promise_holds_for_the_others_whatever_some_do_and_however_the_server_stands_still() {
    seeds().for_each(|seed| {
        walk_on(seed, if seed % 3 == 0 { 2 } else { 1 }, true);
    });
}

fn seeds() -> std::ops::Range<u64> {
    let seeds = std::env::var("SIM_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(12);
    let first = std::env::var("SIM_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(1);
    first..first + seeds
}
