//! What a load consists of: rooms of which people, who sends what, how fast they come. Read from `bench/scenarios`.

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sim::{client::TrackSpec, outgoing::SIMULCAST};

/// A scenario as its file says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// Rooms, unless the command line says otherwise.
    pub(crate) rooms: usize,
    /// What publishers send besides a microphone.
    video: Option<Video>,
    /// How fast people come; all at once if it is not said.
    joins_per_second: Option<u32>,
    /// Kinds of rooms.
    room: Vec<RoomKind>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case", tag = "layers", deny_unknown_fields)]
enum Video {
    /// One layer.
    One { bitrate_bps: u32, fps: u32 },
    /// Three layers of 150, 500 and 1,500 kbit/s.
    Simulcast,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomKind {
    /// Weight among the kinds.
    #[serde(default = "one")]
    share: u32,
    publishers: usize,
    #[serde(default)]
    listeners: usize,
}

fn one() -> u32 {
    1
}

/// Rooms of one kind, and what each publisher's camera sends to each receiver; 0 without cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uniform {
    pub(crate) publishers: usize,
    pub(crate) listeners: usize,
    pub(crate) bitrate_bps: u32,
    pub(crate) fps: u32,
    pub(crate) is_simulcast: bool,
}

/// Someone who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Role {
    /// Counts the rooms.
    pub(crate) room: usize,
    /// Sends a microphone.
    pub(crate) publishes: bool,
    /// Sends a camera.
    pub(crate) camera: Option<TrackSpec>,
    /// When it comes, in milliseconds after the first.
    pub(crate) delay_ms: u64,
}

impl Role {
    /// What it sends.
    pub(crate) fn tracks(&self) -> impl Iterator<Item = TrackSpec> + use<> {
        let microphone = self.publishes.then_some(TrackSpec::Microphone);
        microphone.into_iter().chain(self.camera.filter(|_| self.publishes))
    }
}

/// Names of the scenarios that the binary carries.
const BUILT_IN: &[(&str, &str)] = &[
    ("consult-2", include_str!("../scenarios/consult-2.toml")),
    ("consult-3", include_str!("../scenarios/consult-3.toml")),
    ("consult-4", include_str!("../scenarios/consult-4.toml")),
    ("group-12", include_str!("../scenarios/group-12.toml")),
    ("meeting-50", include_str!("../scenarios/meeting-50.toml")),
    ("webinar-100", include_str!("../scenarios/webinar-100.toml")),
    ("audio-10x100", include_str!("../scenarios/audio-10x100.toml")),
    ("c1-mix", include_str!("../scenarios/c1-mix.toml")),
    ("join-storm", include_str!("../scenarios/join-storm.toml")),
];

impl Scenario {
    /// One that the binary carries, or a file.
    pub(crate) fn read(name: &str) -> Result<Self> {
        let text = match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => (*text).to_owned(),
            None if name.ends_with(".toml") => {
                std::fs::read_to_string(name).with_context(|| format!("reading {name}"))?
            }
            None => {
                let known: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                bail!(
                    "there is no scenario {name}; there are {}, or a .toml file",
                    known.join(", ")
                )
            }
        };
        Self::parse(&text).with_context(|| format!("reading scenario {name}"))
    }

    fn parse(text: &str) -> Result<Self> {
        let scenario: Self = toml::from_str(text)?;
        let people = scenario.room.iter().map(|kind| kind.publishers + kind.listeners);
        ensure!(people.clone().min().is_some_and(|people| people >= 2), "a room has two or more");
        ensure!(scenario.room.iter().all(|kind| kind.publishers > 0), "someone must send");
        ensure!(scenario.room.iter().all(|kind| kind.share > 0), "a share is at least 1");
        Ok(scenario)
    }

    /// What all rooms have in common, if they are of one kind.
    pub(crate) fn uniform(&self) -> Option<Uniform> {
        let [RoomKind { publishers, listeners, .. }] = self.room[..] else { return None };
        let (bitrate_bps, fps, is_simulcast) = match self.video {
            None => (0, 0, false),
            Some(Video::One { bitrate_bps, fps }) => (bitrate_bps, fps, false),
            // The highest layer is the one that is forwarded.
            Some(Video::Simulcast) => (SIMULCAST[2].bitrate_bps, SIMULCAST[2].fps, true),
        };
        Some(Uniform { publishers, listeners, bitrate_bps, fps, is_simulcast })
    }

    /// Everyone, room by room; each room's publishers come first.
    pub(crate) fn roles(&self, rooms: usize) -> Vec<Role> {
        let camera = self.video.map(|video| match video {
            Video::One { bitrate_bps, fps } => TrackSpec::CameraOf { bitrate_bps, fps },
            Video::Simulcast => TrackSpec::Camera,
        });
        let mut roles = Vec::new();
        for (room, kind) in self.kinds(rooms).into_iter().enumerate() {
            for place in 0..kind.publishers + kind.listeners {
                let publishes = place < kind.publishers;
                let delay_ms = match self.joins_per_second {
                    Some(rate) => roles.len() as u64 * 1000 / u64::from(rate.max(1)),
                    None => 0,
                };
                let camera = camera.filter(|_| publishes);
                roles.push(Role { room, publishes, camera, delay_ms });
            }
        }
        roles
    }

    /// Each room gets the kind that is furthest behind its share.
    fn kinds(&self, rooms: usize) -> Vec<RoomKind> {
        let all: u64 = self.room.iter().map(|kind| u64::from(kind.share)).sum();
        let mut made = vec![0_u64; self.room.len()];
        let mut kinds = Vec::with_capacity(rooms);
        for count in 1..=rooms as u64 {
            let behind = |place: &usize| {
                let due = count * u64::from(self.room[*place].share);
                due.cast_signed() - (made[*place] * all).cast_signed()
            };
            let place = (0..self.room.len()).rev().max_by_key(behind).unwrap_or(0);
            made[place] += 1;
            kinds.push(self.room[place]);
        }
        kinds
    }
}

/// What kinds of packets a scenario has, for the report.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Shape {
    pub(crate) rooms: usize,
    pub(crate) participants: usize,
    pub(crate) publishers: usize,
}

impl Shape {
    /// Counts.
    pub(crate) fn of(roles: &[Role]) -> Self {
        Self {
            rooms: roles.last().map_or(0, |last| last.room + 1),
            participants: roles.len(),
            publishers: roles.iter().filter(|role| role.publishes).count(),
        }
    }

    /// People in a room.
    pub(crate) fn people_in(roles: &[Role], room: usize) -> usize {
        roles.iter().filter(|role| role.room == room).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_that_is_listed_can_be_read_and_has_someone_in_every_room() {
        for (name, _) in BUILT_IN {
            let scenario = Scenario::read(name).unwrap();
            let roles = scenario.roles(scenario.rooms);
            assert_eq!(Shape::of(&roles).rooms, scenario.rooms, "{name}");
        }
        assert!(Scenario::read("consult-5").is_err());
    }

    #[test]
    fn a_mix_keeps_its_shares() {
        let mix = Scenario::read("c1-mix").unwrap();
        let kinds = mix.kinds(600);
        let with = |publishers, listeners| {
            kinds.iter().filter(|k| (k.publishers, k.listeners) == (publishers, listeners)).count()
        };
        assert_eq!([with(2, 0), with(3, 0), with(5, 0), with(1, 12)], [390, 120, 20, 30]);
        assert_eq!(mix.kinds(1)[0].publishers, 2);
    }

    #[test]
    fn unknown_keys_and_rooms_of_one_are_refused() {
        assert!(Scenario::parse("rooms = 1\nbitrate = 1\n[[room]]\npublishers = 2").is_err());
        assert!(Scenario::parse("rooms = 1\n[[room]]\npublishers = 1").is_err());
        assert!(Scenario::parse("rooms = 1\n[[room]]\npublishers = 2").is_ok());
    }
}
