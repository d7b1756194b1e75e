//! Allocate: a relayed address for a client (RFC 8656 §7).

use std::{
    cmp::Reverse,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use protocol::{
    stun::{AttributeKind, ErrorCode, Message},
    turn_credential::TurnUser,
};
use rand::RngExt as _;

use super::{Fault, Request, Reservation, Server, canonical};
use crate::{
    allocation::{Allocation, AllocationId, Relayed},
    authentication::is_in_time,
    counters::Refusal,
    limits::{
        ALLOCATION_LIFE_MAX, LIFETIME_DEFAULT, LIFETIME_MAX, RESERVATION_LIFETIME, RESERVATIONS_MAX,
    },
    ports::Ports,
};

/// UDP among the protocols of IP: what a relay speaks.
const UDP: u8 = 17;

const FAMILY_IPV4: u8 = 1;
const FAMILY_IPV6: u8 = 2;

const BAD: (ErrorCode, Refusal) = (ErrorCode::BadRequest, Refusal::BadRequest);
const FULL: (ErrorCode, Refusal) = (ErrorCode::InsufficientCapacity, Refusal::Capacity);
const NO_FAMILY: (ErrorCode, Refusal) =
    (ErrorCode::AddressFamilyNotSupported, Refusal::AddressFamily);

/// Old looks that are not worth a search.
const LOOKS_SPARE: usize = 256;

/// What relayed address a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// One of this family, with an even port or not.
    One { ipv6: bool, even: bool },
    /// An even port now and the next one later.
    Pair { ipv6: bool },
    /// IPv4, and IPv6 if there is one.
    Both,
    /// What was reserved.
    Reserved([u8; 8]),
}

impl<P: Ports> Server<P> {
    pub(super) fn allocate(
        &mut self,
        request: &Request<'_>,
        out: &mut [u8],
    ) -> Result<usize, Fault> {
        if let Some((id, allocation)) = self.live(request.client, request.now) {
            let is_again = allocation.transaction == request.message.transaction_id()
                && *allocation.username == *request.caller.username;
            if !is_again {
                let mismatch = (ErrorCode::AllocationMismatch, Refusal::AllocationMismatch);
                return Err(mismatch.into());
            }
            return self.tell_allocated(request, id, false, out);
        }
        let user = TurnUser::parse(&request.caller.username).ok_or(BAD)?;
        if !is_in_time(&user, self.present.contains_key(user.who), self.unix(request.now)) {
            return Err((ErrorCode::Unauthenticated, Refusal::ExpiredCredential).into());
        }
        match request.message.attribute(AttributeKind::REQUESTED_TRANSPORT) {
            Some([UDP, _, _, _]) => {}
            Some([_, _, _, _]) => {
                return Err((ErrorCode::UnsupportedTransport, Refusal::Transport).into());
            }
            _ => return Err(BAD.into()),
        }
        let wish = wish_of(request.message)?;
        let lifetime = lifetime_of(request.message)?.unwrap_or(LIFETIME_DEFAULT);
        self.check_quota(&user)?;
        // What is left of an allocation whose time is over.
        self.close_client(request.client);
        let (relayed, reservation) = self.take_addresses(wish, &user, request.now)?;
        let times = (
            request.now + lifetime.clamp(LIFETIME_DEFAULT, LIFETIME_MAX),
            request.now + ALLOCATION_LIFE_MAX,
        );
        let id = self.insert(request, &user, relayed, reservation, times);
        let is_half = wish == Wish::Both && relayed.ipv6.is_none();
        self.tell_allocated(request, id, is_half, out)
    }

    fn check_quota(&self, user: &TurnUser<'_>) -> Result<(), Fault> {
        if self.draining || self.allocations.len() >= self.config.allocations_max {
            return Err(FULL.into());
        }
        let count = self.users.get(user.who).copied().unwrap_or_default();
        if count >= self.config.allocations_per_user_max {
            return Err((ErrorCode::AllocationQuotaReached, Refusal::UserQuota).into());
        }
        Ok(())
    }

    fn insert(
        &mut self,
        request: &Request<'_>,
        user: &TurnUser<'_>,
        relayed: Relayed,
        reservation: Option<[u8; 8]>,
        times: (Instant, Instant),
    ) -> AllocationId {
        let mut id = self.latest;
        while id == self.latest || id.0 == 0 || self.allocations.contains_key(&id) {
            id = AllocationId(id.0.wrapping_add(1));
        }
        self.latest = id;
        let caller = (&*request.caller.username, user.who, request.caller.key.clone());
        let transaction = request.message.transaction_id();
        let mut allocation =
            Allocation::new(request.client, caller, transaction, relayed, times, request.now);
        allocation.reservation = reservation;
        self.allocations.insert(id, allocation);
        self.clients.insert(request.client, id);
        self.relays.extend(relayed.iter().map(|address| (address, id)));
        *self.users.entry(user.who.into()).or_default() += 1;
        self.looks.push(Reverse((times.0, id)));
        self.forget_old_looks();
        self.counters.allocations = self.allocations.len() as u64;
        self.counters.allocations_made += 1;
        id
    }

    /// Allocations that are given back at once leave looks behind: they must not pile up.
    fn forget_old_looks(&mut self) {
        if self.looks.len() > 2 * self.allocations.len() + LOOKS_SPARE {
            self.looks =
                self.allocations.iter().map(|(id, one)| Reverse((one.expires, *id))).collect();
        }
    }

    fn tell_allocated(
        &self,
        request: &Request<'_>,
        id: AllocationId,
        is_half: bool,
        out: &mut [u8],
    ) -> Result<usize, Fault> {
        let allocation = self.allocations.get(&id).ok_or(FULL)?;
        let left = allocation.expires.saturating_duration_since(request.now).as_secs();
        let left = u32::try_from(left).unwrap_or(u32::MAX);
        let mut builder = request.success(out);
        for address in allocation.relayed.iter() {
            builder = builder.xor_address(AttributeKind::XOR_RELAYED_ADDRESS, address);
        }
        builder = builder.attribute(AttributeKind::LIFETIME, &left.to_be_bytes());
        if let Some(token) = &allocation.reservation {
            builder = builder.attribute(AttributeKind::RESERVATION_TOKEN, token);
        }
        if is_half {
            let missing = [FAMILY_IPV6, 0, 4, 40];
            builder = builder.attribute(AttributeKind::ADDRESS_ERROR_CODE, &missing);
        }
        builder = builder.xor_mapped_address(canonical(request.client.address));
        request.caller.finish(builder).ok_or_else(|| FULL.into())
    }

    fn take_addresses(
        &mut self,
        wish: Wish,
        user: &TurnUser<'_>,
        now: Instant,
    ) -> Result<(Relayed, Option<[u8; 8]>), Fault> {
        let ip_of = |ipv6: bool| {
            let fits = |ip: &&IpAddr| ip.is_ipv6() == ipv6;
            self.config.relay_addresses.iter().find(fits).copied().ok_or(NO_FAMILY)
        };
        match wish {
            Wish::One { ipv6, even } => {
                let address = self.pool.take(ip_of(ipv6)?, even, &mut self.rng).ok_or(FULL)?;
                Ok((relayed([Some(address), None]), None))
            }
            Wish::Both => {
                let (ipv4, ipv6) = (ip_of(false)?, ip_of(true).ok());
                let ipv4 = self.pool.take(ipv4, false, &mut self.rng).ok_or(FULL)?;
                let ipv6 = ipv6.and_then(|ip| self.pool.take(ip, false, &mut self.rng));
                Ok((relayed([Some(ipv4), ipv6]), None))
            }
            Wish::Pair { ipv6 } => {
                if self.reservations.len() >= RESERVATIONS_MAX {
                    return Err(FULL.into());
                }
                let ip = ip_of(ipv6)?;
                let (first, second) = self.pool.take_pair(ip, &mut self.rng).ok_or(FULL)?;
                let token = self.rng.random();
                let expires = now + RESERVATION_LIFETIME;
                let who = user.who.into();
                self.reservations.push(Reservation { token, address: second, who, expires });
                Ok((relayed([Some(first), None]), Some(token)))
            }
            Wish::Reserved(token) => {
                let is_it = |one: &Reservation| {
                    one.token == token && *one.who == *user.who && one.expires > now
                };
                let at = self.reservations.iter().position(is_it).ok_or(FULL)?;
                let reserved = self.reservations.swap_remove(at);
                Ok((relayed([Some(reserved.address), None]), None))
            }
        }
    }
}

fn relayed(addresses: [Option<SocketAddr>; 2]) -> Relayed {
    let mut relayed = Relayed::default();
    for address in addresses.into_iter().flatten() {
        if address.is_ipv4() {
            relayed.ipv4 = Some(address);
        } else {
            relayed.ipv6 = Some(address);
        }
    }
    relayed
}

/// Reads what RFC 8656 §7.2 allows, and refuses what it forbids.
fn wish_of(message: &Message<'_>) -> Result<Wish, Fault> {
    let family = message.attribute(AttributeKind::REQUESTED_ADDRESS_FAMILY);
    let additional = message.attribute(AttributeKind::ADDITIONAL_ADDRESS_FAMILY);
    let even = message.attribute(AttributeKind::EVEN_PORT);
    let token = message.attribute(AttributeKind::RESERVATION_TOKEN);
    let (even, with_next) = match even {
        None => (false, false),
        Some([bits]) => (true, bits & 0x80 != 0),
        Some(_) => return Err(BAD.into()),
    };
    let ipv6 = match family {
        None | Some([FAMILY_IPV4, _, _, _]) => false,
        Some([FAMILY_IPV6, _, _, _]) => true,
        Some([_, _, _, _]) => return Err(NO_FAMILY.into()),
        Some(_) => return Err(BAD.into()),
    };
    match (token, additional) {
        (Some(token), None) if !even && family.is_none() => {
            Ok(Wish::Reserved(token.try_into().map_err(|_| BAD)?))
        }
        (None, Some([FAMILY_IPV6, _, _, _])) if family.is_none() && !with_next => Ok(Wish::Both),
        (None, None) if with_next => Ok(Wish::Pair { ipv6 }),
        (None, None) => Ok(Wish::One { ipv6, even }),
        _ => Err(BAD.into()),
    }
}

/// LIFETIME, if there is one.
pub(super) fn lifetime_of(message: &Message<'_>) -> Result<Option<Duration>, Fault> {
    let Some(value) = message.attribute(AttributeKind::LIFETIME) else { return Ok(None) };
    let seconds = value.try_into().map_err(|_| BAD)?;
    Ok(Some(Duration::from_secs(u32::from_be_bytes(seconds).into())))
}
