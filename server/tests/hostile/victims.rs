//! A doctor and a patient in a call that must not notice anything.

use std::collections::BTreeSet;

use tokio::sync::MutexGuard;

use super::{
    TURN,
    binary::{ALL, Binary, bedside},
    media::Kind,
    participant::Participant,
};

/// A server of its own with a call that goes on.
pub(crate) struct Victims {
    pub(crate) server: Binary,
    doctor: Participant,
    patient: Participant,
    _turn: MutexGuard<'static, ()>,
}

/// Numbers at the end that may still be under way.
const UNDER_WAY: u32 = 100;

impl Victims {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let turn = TURN.lock().await;
        let server = Binary::start_as(bedside().args(ALL).args(arguments));
        Self::on(server, turn).await
    }

    /// The call on a server that was started already.
    pub(crate) async fn on(server: Binary, turn: MutexGuard<'static, ()>) -> Self {
        let mut doctor = Participant::join(&server, "doctor", 0).await;
        doctor.publish().await;
        let mut patient = Participant::join(&server, "patient", 1).await;
        patient.publish().await;
        let victims = Self { server, doctor, patient, _turn: turn };
        victims.until_more(1).await;
        victims
    }

    /// Waits for so many further packets of each track.
    pub(crate) async fn until_more(&self, packets: usize) {
        for (from, to) in [(&self.doctor, &self.patient), (&self.patient, &self.doctor)] {
            for kind in [Kind::Opus, Kind::Vp8] {
                let track = from.track(kind);
                let so_far = to.read(|state| state.received(&track).len());
                to.until("more packets", |state| state.received(&track).len() >= so_far + packets)
                    .await;
            }
        }
    }

    /// Everything that was sent since the call began has arrived, and nobody was told to leave.
    pub(crate) async fn assert_undisturbed(&self) {
        self.until_more(2 * UNDER_WAY as usize).await;
        for (from, to) in [(&self.doctor, &self.patient), (&self.patient, &self.doctor)] {
            for writer in [from.audio, from.video] {
                let numbers: BTreeSet<u32> = to.read(|state| {
                    let packets = state.received(&from.track(writer.kind)).iter();
                    packets.map(|packet| writer.read(&packet.payload).number).collect()
                });
                let (first, last) = (numbers.first().unwrap(), numbers.last().unwrap() - UNDER_WAY);
                let lost: Vec<_> = (*first..last).filter(|one| !numbers.contains(one)).collect();
                assert!(
                    lost.is_empty(),
                    "{:?}: {} lost of {last}: {lost:?}",
                    writer.kind,
                    lost.len()
                );
            }
            let other = from.read(|state| state.own.sid.clone());
            to.read(|state| {
                let is_left = state.leave.is_some() || state.departed.contains(&other);
                assert!(!is_left && state.is_socket_open, "{}", state.summary());
            });
        }
    }

    /// Hangs up.
    pub(crate) async fn hang_up(self) {
        drop(self.hang_up_keeping_the_server().await);
    }

    pub(crate) async fn hang_up_keeping_the_server(self) -> Binary {
        self.doctor.leave().await;
        self.patient.leave().await;
        self.server
    }
}
