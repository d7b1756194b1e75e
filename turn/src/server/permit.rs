//! CreatePermission and ChannelBind: which peers data may come from and go to (RFC 8656 §9-12).

use std::net::{IpAddr, SocketAddr};

use protocol::stun::{AttributeKind, ErrorCode, Message};

use super::{Fault, Request, Server};
use crate::{
    allocation::NotNoted, channel_data, counters::Refusal, limits::PERMISSIONS_MAX, ports::Ports,
};

const BAD: (ErrorCode, Refusal) = (ErrorCode::BadRequest, Refusal::BadRequest);
const FULL: (ErrorCode, Refusal) = (ErrorCode::InsufficientCapacity, Refusal::Capacity);
const FORBIDDEN: (ErrorCode, Refusal) = (ErrorCode::Forbidden, Refusal::PeerForbidden);
const OTHER_FAMILY: (ErrorCode, Refusal) =
    (ErrorCode::PeerAddressFamilyMismatch, Refusal::AddressFamily);

impl<P: Ports> Server<P> {
    pub(super) fn create_permission(
        &mut self,
        request: &Request<'_>,
        out: &mut [u8],
    ) -> Result<usize, Fault> {
        let peers = peers_of(request.message)?;
        let (id, allocation) = self.own(request)?;
        if peers.iter().any(|peer| allocation.relayed.towards(*peer).is_none()) {
            return Err(OTHER_FAMILY.into());
        }
        // All or none (RFC 8656 §10.2).
        if !allocation.has_place_for(&peers, request.now) {
            return Err(FULL.into());
        }
        if !peers.iter().all(|peer| self.config.policy.allows_address(*peer)) {
            return Err(FORBIDDEN.into());
        }
        let allocation = self.allocations.get_mut(&id).ok_or(BAD)?;
        for peer in peers {
            allocation.permit(peer, request.now).map_err(|_| FULL)?;
        }
        request.caller.finish(request.success(out)).ok_or_else(|| BAD.into())
    }

    pub(super) fn bind_channel(
        &mut self,
        request: &Request<'_>,
        out: &mut [u8],
    ) -> Result<usize, Fault> {
        let number = match request.message.attribute(AttributeKind::CHANNEL_NUMBER) {
            Some([high, low, _, _]) => u16::from_be_bytes([*high, *low]),
            _ => return Err(BAD.into()),
        };
        let peer = peer_of(request.message).ok_or(BAD)?;
        let numbers = if self.config.takes_old_channel_numbers {
            channel_data::NUMBERS_RFC_5766
        } else {
            channel_data::NUMBERS
        };
        if !numbers.contains(&number) {
            return Err(BAD.into());
        }
        let (id, allocation) = self.own(request)?;
        if allocation.relayed.towards(peer.ip()).is_none() {
            return Err(OTHER_FAMILY.into());
        }
        if !self.config.policy.allows(peer) {
            return Err(FORBIDDEN.into());
        }
        let allocation = self.allocations.get_mut(&id).ok_or(BAD)?;
        allocation.bind(number, peer, request.now).map_err(|error| match error {
            NotNoted::Conflict => BAD,
            NotNoted::Full => FULL,
        })?;
        request.caller.finish(request.success(out)).ok_or_else(|| BAD.into())
    }
}

/// The only XOR-PEER-ADDRESS, or the first.
pub(super) fn peer_of(message: &Message<'_>) -> Option<SocketAddr> {
    let is_peer = |kind| kind == AttributeKind::XOR_PEER_ADDRESS;
    let attribute = message.attributes().find(|attribute| is_peer(attribute.kind))?;
    message.xor_address(attribute)
}

/// Every XOR-PEER-ADDRESS, at least one and no more than an allocation may have.
fn peers_of(message: &Message<'_>) -> Result<Vec<IpAddr>, Fault> {
    let mut peers = Vec::new();
    for attribute in message.attributes() {
        if attribute.kind == AttributeKind::XOR_PEER_ADDRESS {
            peers.push(message.xor_address(attribute).ok_or(BAD)?.ip());
        }
        if peers.len() > PERMISSIONS_MAX {
            return Err(FULL.into());
        }
    }
    if peers.is_empty() { Err(BAD.into()) } else { Ok(peers) }
}
