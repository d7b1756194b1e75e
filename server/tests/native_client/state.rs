//! What a participant knows so far; tests wait for it to become what they expect.

use std::collections::{BTreeMap, BTreeSet};

use livekit_protocol as proto;
use prost::bytes::Bytes;
use webrtc::peer_connection::RTCPeerConnectionState;

/// An RTP packet of a subscribed track.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) seq: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Bytes,
}

/// Which of the two peer connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Publisher,
    Subscriber,
}

#[derive(Default)]
pub(crate) struct State {
    /// This participant as the server sees it.
    pub(crate) own: proto::ParticipantInfo,
    /// The others, by sid.
    pub(crate) others: BTreeMap<String, proto::ParticipantInfo>,
    /// Sids of those who left.
    pub(crate) departed: BTreeSet<String>,
    /// Own tracks that the server acknowledged, by client id.
    pub(crate) published: BTreeMap<String, proto::TrackInfo>,
    /// Id of the last own offer that was answered.
    pub(crate) answered_offer: u32,
    /// Ids of the server's offers that were answered.
    pub(crate) answers_sent: BTreeSet<u32>,
    pub(crate) connections: BTreeMap<Role, RTCPeerConnectionState>,
    /// Labels of the channels that are open.
    pub(crate) channels: BTreeSet<(Role, String)>,
    /// Packets, by track sid.
    pub(crate) packets: BTreeMap<String, Vec<Packet>>,
    /// Data messages with the label of their channel.
    pub(crate) messages: Vec<(String, proto::DataPacket)>,
    /// The server told this participant to leave.
    pub(crate) leave: Option<proto::LeaveRequest>,
    pub(crate) is_socket_open: bool,
}

impl State {
    pub(crate) fn is_connected(&self, role: Role) -> bool {
        self.connections.get(&role) == Some(&RTCPeerConnectionState::Connected)
    }

    pub(crate) fn received(&self, track: &str) -> &[Packet] {
        self.packets.get(track).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn on_participants(&mut self, participants: Vec<proto::ParticipantInfo>) {
        for info in participants {
            if info.sid == self.own.sid {
                self.own = info;
            } else if info.state() == proto::participant_info::State::Disconnected {
                self.others.remove(&info.sid);
                self.departed.insert(info.sid);
            } else {
                self.others.insert(info.sid.clone(), info);
            }
        }
    }

    /// What to say when waiting was in vain.
    pub(crate) fn summary(&self) -> String {
        let packets: Vec<_> =
            self.packets.iter().map(|(track, packets)| (track, packets.len())).collect();
        let others: Vec<_> =
            self.others.values().map(|info| (&info.identity, info.tracks.len())).collect();
        format!(
            "others {others:?}, published {}, own offer {}, answers {:?}, connections {:?}, \
             channels {:?}, packets {packets:?}, messages {}, leave {:?}, socket {}",
            self.published.len(),
            self.answered_offer,
            self.answers_sent,
            self.connections,
            self.channels,
            self.messages.len(),
            self.leave,
            self.is_socket_open,
        )
    }
}
