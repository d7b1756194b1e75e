//! All of a connection's media through TURN of the server itself: an allocation, and one channel to the media address, which is the
//! TURN address too.
//!
//! Owns: how packets are wrapped. Never: sockets; they are lent while the allocation is made.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::SystemTime,
};

use anyhow::{Context, Result};
use protocol::turn_credential::TurnSecret;
use turn::channel_data;

use crate::{
    scenario::Role,
    turn::client::{CHANNEL, Client},
};

/// See the module.
#[derive(Clone)]
pub(super) struct Relay {
    secret: TurnSecret,
    /// Who allocates: a person may have only so many.
    name: String,
    /// Where a participant comes from: an address is challenged only so often.
    pub(super) from: Ipv4Addr,
}

/// Bytes before a wrapped packet.
pub(super) const FRONT_BYTES: usize = channel_data::HEADER_BYTES;

impl Relay {
    /// For one of a run's participants.
    pub(super) fn new(secret: &str, role: &Role, place: usize) -> Self {
        let [_, room] = (role.room as u16).to_be_bytes();
        // Each its own address of the loopback network, as far as they go.
        let from = Ipv4Addr::new(127, 1, room, (place % 250 + 1) as u8);
        let name = format!("{}-{place}", role.room);
        Self { secret: TurnSecret::new(secret.as_bytes()), name, from }
    }

    /// Makes an allocation with a channel to `media`, over a socket that is connected to it.
    pub(super) fn open(&self, socket: &UdpSocket, media: SocketAddr) -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "credentials expire at a time of day")]
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let credential = self.secret.mint("bench", &self.name, 0, now.as_secs() + 3600);
        let lent = socket.try_clone().context("lending a socket")?;
        let mut client = Client::over(lent, credential)?;
        client.allocate().and_then(|_| client.bind(media)).context("allocating")?;
        client.set_nonblocking()
    }
}

/// Writes what stands before a packet of so many bytes.
pub(super) fn write_front(packet: &mut [u8], len: usize) {
    if let (Some(front), Some(header)) =
        (packet.first_chunk_mut(), channel_data::header(CHANNEL, len))
    {
        *front = header;
    }
}

/// The packet that was wrapped.
pub(super) fn unwrap(bytes: &mut [u8]) -> Option<&mut [u8]> {
    let (number, payload) = channel_data::parse(bytes)?;
    let len = payload.len();
    bytes.get_mut(FRONT_BYTES..FRONT_BYTES + len).filter(|_| number == CHANNEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_is_unwrapped_and_other_channels_are_not_ours() {
        let mut packet = [0, 0, 0, 0, 7, 8, 9, 0];
        write_front(&mut packet, 3);
        assert_eq!(unwrap(&mut packet).unwrap(), &[7, 8, 9]);
        packet[1] ^= 1;
        assert_eq!(unwrap(&mut packet), None);
        assert_eq!(unwrap(&mut [0; 4]), None);
    }
}
