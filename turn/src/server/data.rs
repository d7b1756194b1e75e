//! Data between clients and peers: Send and Data indications, ChannelData (RFC 8656 §11-12). The hot path.

use std::{net::SocketAddr, ops::Range, time::Instant};

use protocol::stun::{AttributeKind, Builder, Class, HEADER_BYTES, Message, Method, TransactionId};

use super::{Client, Handled, Server, permit::peer_of, unknown_attributes};
use crate::{
    allocation::{Allocation, AllocationId},
    channel_data,
    counters::{Counters, Refusal},
    ports::Ports,
};

/// Before the payload of a Data indication: header, XOR-PEER-ADDRESS of IPv6, type and length of DATA.
const PREFIX_BYTES_MAX: usize = HEADER_BYTES + 24 + 4;

/// How a peer's payload goes to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToClient {
    /// To whom.
    pub client: Client,
    prefix: [u8; PREFIX_BYTES_MAX],
    prefix_len: u8,
    /// Zeros behind the payload, at most 3.
    pub padding: usize,
}

impl ToClient {
    /// What stands before the payload.
    #[must_use]
    pub fn prefix(&self) -> &[u8] {
        self.prefix.get(..usize::from(self.prefix_len)).unwrap_or_default()
    }
}

impl<P: Ports> Server<P> {
    pub(super) fn on_channel_data(
        &mut self,
        client: Client,
        bytes: &[u8],
        now: Instant,
    ) -> Result<Handled, Refusal> {
        let (number, payload) = channel_data::parse(bytes).ok_or(Refusal::Malformed)?;
        let start = channel_data::HEADER_BYTES;
        let payload = start..start + payload.len();
        let id = *self.clients.get(&client).ok_or(Refusal::NoChannel)?;
        let allocation = self.allocations.get_mut(&id).ok_or(Refusal::NoChannel)?;
        let peer = allocation.peer_of(number, now).filter(|_| allocation.expires > now);
        let peer = peer.ok_or(Refusal::NoChannel)?;
        let bytes_max = self.config.allocation_bytes_per_second_max;
        send_to_peer((id, allocation), &mut self.counters, bytes_max, (peer, payload), now)
    }

    pub(super) fn on_send(
        &mut self,
        client: Client,
        bytes: &[u8],
        message: &Message<'_>,
        now: Instant,
    ) -> Result<Handled, Refusal> {
        if unknown_attributes(message).next().is_some() {
            return Err(Refusal::UnknownAttribute);
        }
        let peer = peer_of(message).ok_or(Refusal::Malformed)?;
        let data = message.attribute(AttributeKind::DATA).ok_or(Refusal::Malformed)?;
        let (id, allocation) = self.live(client, now).ok_or(Refusal::NoPermission)?;
        if !allocation.permits(peer.ip(), now) {
            return Err(Refusal::NoPermission);
        }
        // A permission is for an address; the port is looked at here.
        if !self.config.policy.allows(peer) {
            return Err(Refusal::PeerForbidden);
        }
        let payload = range_in(bytes, data).ok_or(Refusal::Malformed)?;
        let allocation = self.allocations.get_mut(&id).ok_or(Refusal::NoPermission)?;
        let bytes_max = self.config.allocation_bytes_per_second_max;
        send_to_peer((id, allocation), &mut self.counters, bytes_max, (peer, payload), now)
    }

    /// Handles a peer's payload of so many bytes to an allocation: what goes to the client around it. Cost: one lookup.
    ///
    /// # Errors
    /// Why it goes nowhere; that is counted.
    pub fn handle_peer(
        &mut self,
        id: AllocationId,
        peer: SocketAddr,
        payload_len: usize,
        now: Instant,
    ) -> Result<ToClient, Refusal> {
        let handled = self.frame_for_client(id, peer, payload_len, now);
        match handled {
            Ok(_) => {
                self.counters.to_clients_packets += 1;
                self.counters.to_clients_bytes += payload_len as u64;
            }
            Err(reason) => self.counters.refuse(reason),
        }
        handled
    }

    /// As [`handle_peer`](Self::handle_peer), of whichever allocation has a relayed address.
    ///
    /// # Errors
    /// Why it goes nowhere; that is counted.
    pub fn handle_peer_at(
        &mut self,
        relayed: SocketAddr,
        peer: SocketAddr,
        payload_len: usize,
        now: Instant,
    ) -> Result<ToClient, Refusal> {
        let id = self.relays.get(&relayed).copied();
        self.handle_peer(id.unwrap_or(AllocationId(0)), peer, payload_len, now)
    }

    fn frame_for_client(
        &mut self,
        id: AllocationId,
        peer: SocketAddr,
        payload_len: usize,
        now: Instant,
    ) -> Result<ToClient, Refusal> {
        let bytes_max = self.config.allocation_bytes_per_second_max;
        let allocation = self.allocations.get_mut(&id).ok_or(Refusal::NoChannel)?;
        if allocation.expires <= now || !allocation.permits(peer.ip(), now) {
            return Err(Refusal::NoPermission);
        }
        if !allocation.carry(payload_len, bytes_max, now) {
            return Err(Refusal::AllocationCeiling);
        }
        let client = allocation.client;
        let mut prefix = [0; PREFIX_BYTES_MAX];
        let padding = payload_len.next_multiple_of(4) - payload_len;
        let (prefix_len, padding) = match allocation.channel_of(peer, now) {
            Some(number) => {
                let header = channel_data::header(number, payload_len).ok_or(Refusal::Malformed)?;
                if let Some(front) = prefix.first_chunk_mut() {
                    *front = header;
                }
                (header.len(), if client.is_stream() { padding } else { 0 })
            }
            None => {
                let id = self.next_transaction();
                let len = Builder::new(&mut prefix, Class::Indication, Method::DATA, id)
                    .xor_address(AttributeKind::XOR_PEER_ADDRESS, peer)
                    .finish_before_value(AttributeKind::DATA, payload_len);
                (len.ok_or(Refusal::Malformed)?, padding)
            }
        };
        let prefix_len = u8::try_from(prefix_len).map_err(|_| Refusal::Malformed)?;
        Ok(ToClient { client, prefix, prefix_len, padding })
    }

    /// Nobody answers an indication: its id need only differ from others'.
    fn next_transaction(&mut self) -> TransactionId {
        self.indications = self.indications.wrapping_add(1);
        let mut id = [0; 12];
        if let Some(back) = id.last_chunk_mut() {
            *back = self.indications.to_be_bytes();
        }
        TransactionId(id)
    }
}

fn send_to_peer(
    (id, allocation): (AllocationId, &mut Allocation),
    counters: &mut Counters,
    bytes_max: u64,
    (peer, payload): (SocketAddr, Range<usize>),
    now: Instant,
) -> Result<Handled, Refusal> {
    let relayed = allocation.relayed.towards(peer.ip()).ok_or(Refusal::AddressFamily)?;
    if !allocation.carry(payload.len(), bytes_max, now) {
        return Err(Refusal::AllocationCeiling);
    }
    counters.to_peers_packets += 1;
    counters.to_peers_bytes += payload.len() as u64;
    Ok(Handled::ToPeer { allocation: id, relayed, peer, payload })
}

/// Where a part of `bytes` lies in it.
fn range_in(bytes: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= bytes.len()).then_some(start..end)
}
