//! Refresh: prolongs an allocation, or ends it (RFC 8656 §8).

use protocol::stun::{AttributeKind, ErrorCode};

use super::{Fault, Request, Server, allocate::lifetime_of};
use crate::{
    counters::Refusal,
    limits::{LIFETIME_DEFAULT, LIFETIME_MAX},
    ports::Ports,
};

const FAMILY_IPV4: u8 = 1;
const FAMILY_IPV6: u8 = 2;

const BAD: (ErrorCode, Refusal) = (ErrorCode::BadRequest, Refusal::BadRequest);
const OTHER_FAMILY: (ErrorCode, Refusal) =
    (ErrorCode::PeerAddressFamilyMismatch, Refusal::AddressFamily);

impl<P: Ports> Server<P> {
    pub(super) fn refresh(
        &mut self,
        request: &Request<'_>,
        out: &mut [u8],
    ) -> Result<usize, Fault> {
        let wanted = lifetime_of(request.message)?.unwrap_or(LIFETIME_DEFAULT);
        let family = match request.message.attribute(AttributeKind::REQUESTED_ADDRESS_FAMILY) {
            None => None,
            Some([family @ (FAMILY_IPV4 | FAMILY_IPV6), _, _, _]) => Some(*family),
            Some(_) => return Err(BAD.into()),
        };
        let (id, allocation) = self.own(request)?;
        let both = allocation.relayed;
        let is_there = match family {
            None => true,
            Some(FAMILY_IPV4) => both.ipv4.is_some(),
            Some(_) => both.ipv6.is_some(),
        };
        if !is_there {
            return Err(OTHER_FAMILY.into());
        }
        let mut left = 0;
        if !wanted.is_zero() {
            let until = request.now + wanted.clamp(LIFETIME_DEFAULT, LIFETIME_MAX);
            allocation.expires = until.min(allocation.ends);
            let lifetime = allocation.expires.saturating_duration_since(request.now).as_secs();
            left = u32::try_from(lifetime).unwrap_or(u32::MAX);
        } else if both.ipv4.is_some() && both.ipv6.is_some() && family.is_some() {
            // One of two: the other one stays.
            let gone = if family == Some(FAMILY_IPV4) {
                allocation.relayed.ipv4.take()
            } else {
                allocation.relayed.ipv6.take()
            };
            gone.into_iter().for_each(|address| self.give_back(address));
        } else {
            self.end(id);
        }
        let builder = request.success(out).attribute(AttributeKind::LIFETIME, &left.to_be_bytes());
        request.caller.finish(builder).ok_or_else(|| BAD.into())
    }
}
