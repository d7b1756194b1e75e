//! Which bare loop a scenario is compared with.

use crate::scenario::{Scenario, Uniform};

/// Most bytes of one packet's payload, as the virtual clients cut frames.
const PAYLOAD_BYTES_MAX: u32 = 1100;
/// Frames a second that `bench limit` sends.
const FPS: u32 = 30;

/// Options of `bench limit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Floor {
    rooms: usize,
    publishers: usize,
    listeners: usize,
    burst: u32,
    bytes: u32,
    is_simulcast: bool,
}

impl Floor {
    /// The loop that sends the same packets.
    ///
    /// # Errors
    /// Says why there is none.
    pub(super) fn of(scenario: &Scenario, rooms: usize) -> Result<Self, String> {
        let Some(Uniform { publishers, listeners, bitrate_bps, fps, is_simulcast }) =
            scenario.uniform()
        else {
            return Err("rooms of different kinds have no common floor".to_owned());
        };
        if listeners > 0 && publishers > 1 {
            return Err("it has no rooms with several who send and others who listen".to_owned());
        }
        if bitrate_bps > 0 && fps != FPS {
            return Err(format!("it sends {FPS} frames a second, the scenario {fps}"));
        }
        let frame = bitrate_bps / 8 / FPS;
        let burst = frame.div_ceil(PAYLOAD_BYTES_MAX);
        let bytes = frame.checked_div(burst).unwrap_or(PAYLOAD_BYTES_MAX);
        Ok(Self { rooms, publishers, listeners, burst, bytes, is_simulcast })
    }

    /// Its command line.
    pub(super) fn arguments(&self) -> Vec<String> {
        let people = match self.listeners {
            0 => ["--party".to_owned(), self.publishers.to_string()],
            listeners => ["--subscribers".to_owned(), listeners.to_string()],
        };
        let numbers = [
            ("--rooms", self.rooms.to_string()),
            ("--burst", self.burst.to_string()),
            ("--bytes", self.bytes.to_string()),
        ];
        let numbers = numbers.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        people.into_iter().chain(numbers).collect()
    }

    /// How it differs from the scenario, if it does.
    pub(super) fn note(&self) -> Option<String> {
        self.is_simulcast.then(|| {
            "the bare loop receives only the layer that is forwarded, the servers all three"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(name: &str, rooms: usize) -> Result<String, String> {
        let scenario = Scenario::read(name).unwrap();
        Floor::of(&scenario, rooms).map(|floor| floor.arguments().join(" "))
    }

    #[test]
    fn a_scenario_has_the_floor_that_its_file_names() {
        for (scenario, rooms, expected) in [
            ("consult-2", 40, "--party 2 --rooms 40 --burst 4 --bytes 1100"),
            ("consult-3", 150, "--party 3 --rooms 150 --burst 4 --bytes 1100"),
            ("consult-4", 75, "--party 4 --rooms 75 --burst 4 --bytes 1100"),
            ("webinar-100", 1, "--subscribers 100 --rooms 1 --burst 4 --bytes 1100"),
            ("join-storm", 250, "--party 2 --rooms 250 --burst 1 --bytes 625"),
            ("group-12", 2, "--party 12 --rooms 2 --burst 6 --bytes 1041"),
        ] {
            assert_eq!(arguments(scenario, rooms).unwrap(), expected, "{scenario}");
        }
    }

    #[test]
    fn a_scenario_that_the_loop_cannot_send_has_none() {
        assert!(arguments("c1-mix", 60).unwrap_err().contains("different kinds"));
        assert!(arguments("meeting-50", 1).unwrap_err().contains("listen"));
        assert!(arguments("audio-10x100", 1).unwrap_err().contains("listen"));
    }

    #[test]
    fn only_simulcast_makes_the_floor_an_approximation() {
        let note = |name| Floor::of(&Scenario::read(name).unwrap(), 1).unwrap().note();
        assert!(note("group-12").is_some());
        assert!(note("consult-3").is_none());
    }
}
