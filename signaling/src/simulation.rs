//! Trouble that a client may order in development (LiveKit's `SimulateScenario`), so that an application can be seen to
//! live through it. Never in production: there the request is passed over.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use livekit_protocol as proto;
use livekit_protocol::simulate_scenario::Scenario;
use protocol::ids::{Identity, RoomName};
use sfu::words::{
    command::{Request, Simulation},
    event::LeaveAction,
    info::LeaveReason,
};

use crate::fallback::Ways;
use crate::limits::SIMULATIONS_MAX;

/// What is done about a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// For the media plane.
    pub(crate) request: Option<Simulation>,
    /// What the client is told at once.
    pub(crate) leave: Option<(LeaveReason, LeaveAction)>,
    /// The socket closes without a word; the participant stays, unless the media plane removes it.
    pub(crate) drops_socket: bool,
    /// What happens at the person's next socket.
    pub(crate) next: Option<Next>,
}

/// What happens at the next socket of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// A resumed one closes after its first frame.
    CloseAfterFirst,
    /// A resumed one closes before its first frame.
    CloseBeforeFirst,
    /// The media goes through TURN, over TCP or TLS alone.
    Relayed(Ways),
}

impl Trouble {
    /// `None` for what is not known.
    pub(crate) fn of(scenario: &proto::SimulateScenario) -> Option<Self> {
        let nothing = Self { request: None, leave: None, drops_socket: false, next: None };
        let simulated = |request| Self { request: Some(request), ..nothing.clone() };
        Some(match scenario.scenario.as_ref()? {
            Scenario::SpeakerUpdate(seconds) => {
                simulated(Simulation::Speaker { seconds: u32::try_from(*seconds).unwrap_or(0) })
            }
            Scenario::NodeFailure(_) => {
                Self { drops_socket: true, ..simulated(Simulation::Failure) }
            }
            Scenario::Migration(_) => Self {
                leave: Some((LeaveReason::Migration, LeaveAction::Resume)),
                drops_socket: true,
                ..nothing
            },
            Scenario::ServerLeave(_) => simulated(Simulation::Leave(LeaveAction::Disconnect)),
            Scenario::LeaveRequestFullReconnect(_) => {
                simulated(Simulation::Leave(LeaveAction::Reconnect))
            }
            Scenario::SubscriberBandwidth(bps) => {
                let bps = u64::try_from(*bps).ok().filter(|bps| *bps > 0);
                simulated(Simulation::Bandwidth { bps })
            }
            // The client comes back by itself.
            Scenario::SwitchCandidateProtocol(number) => Self {
                next: match proto::CandidateProtocol::try_from(*number).ok()? {
                    proto::CandidateProtocol::Udp => None,
                    proto::CandidateProtocol::Tcp => Some(Next::Relayed(Ways::Streams)),
                    proto::CandidateProtocol::Tls => Some(Next::Relayed(Ways::Tls)),
                },
                ..nothing
            },
            Scenario::DisconnectSignalOnResume(_) => {
                Self { next: Some(Next::CloseAfterFirst), ..nothing }
            }
            Scenario::DisconnectSignalOnResumeNoMessages(_) => {
                Self { next: Some(Next::CloseBeforeFirst), ..nothing }
            }
        })
    }

    /// As the media plane is asked.
    pub(crate) fn request(&self) -> Option<Request> {
        self.request.map(Request::Simulate)
    }
}

/// What waits for people's next sockets. Bounded: beyond, trouble is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Simulations(Mutex<HashMap<(RoomName, Identity), Next>>);

impl Simulations {
    pub(crate) fn remember(&self, room: &RoomName, identity: &Identity, next: Next) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < SIMULATIONS_MAX {
            waiting.insert((room.clone(), identity.clone()), next);
        }
    }

    pub(crate) fn take(&self, room: &RoomName, identity: &Identity) -> Option<Next> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return None;
        }
        waiting.remove(&(room.clone(), identity.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_taken_once_and_bounded() {
        let name = |i: usize| RoomName::try_from(format!("room-{i}")).unwrap();
        let identity = Identity::try_from("doctor".to_owned()).unwrap();
        let simulations = Simulations::default();
        for i in 0..=SIMULATIONS_MAX {
            simulations.remember(&name(i), &identity, Next::CloseAfterFirst);
        }
        assert_eq!(simulations.take(&name(SIMULATIONS_MAX), &identity), None);
        assert_eq!(simulations.take(&name(0), &identity), Some(Next::CloseAfterFirst));
        assert_eq!(simulations.take(&name(0), &identity), None);
    }
}
