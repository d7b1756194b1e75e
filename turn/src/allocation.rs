//! One allocation: a client's relayed addresses, the peers that may reach it, and its channels (RFC 8656 §3.2-3.5).
//!
//! Owns: what was agreed with one client. Never: where the bytes go. Lists are short and bounded, and searched in order.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use protocol::stun::{LongTermKey, TransactionId};

use crate::{
    client::Client,
    limits::{CHANNEL_LIFETIME, CHANNELS_MAX, PERMISSION_LIFETIME, PERMISSIONS_MAX},
};

/// An allocation of this server; a number is not used again while anybody could mean the old one by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AllocationId(pub u32);

/// See the module.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) client: Client,
    pub(crate) username: Box<str>,
    /// Whose quota it counts for.
    pub(crate) who: Box<str>,
    pub(crate) key: LongTermKey,
    /// The request that made it: asked again, it is answered again (RFC 8656 §7.2).
    pub(crate) transaction: TransactionId,
    pub(crate) relayed: Relayed,
    pub(crate) reservation: Option<[u8; 8]>,
    pub(crate) expires: Instant,
    /// When it ends however often it is refreshed.
    pub(crate) ends: Instant,
    permissions: Vec<Permission>,
    channels: Vec<Channel>,
    /// The running second of the allowance, and what it has carried.
    second: Instant,
    carried: u64,
}

/// One or two relayed addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Relayed {
    pub(crate) ipv4: Option<SocketAddr>,
    pub(crate) ipv6: Option<SocketAddr>,
}

#[derive(Debug)]
struct Permission {
    peer: IpAddr,
    expires: Instant,
}

#[derive(Debug)]
struct Channel {
    number: u16,
    peer: SocketAddr,
    expires: Instant,
}

/// Why something could not be noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotNoted {
    /// The channel has another peer, or the peer another channel (RFC 8656 §12.2).
    Conflict,
    /// There are enough already.
    Full,
}

impl Relayed {
    /// The relayed address that a peer of this family sees.
    pub(crate) fn towards(&self, peer: IpAddr) -> Option<SocketAddr> {
        if peer.is_ipv4() { self.ipv4 } else { self.ipv6 }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = SocketAddr> {
        self.ipv4.into_iter().chain(self.ipv6)
    }
}

impl Allocation {
    pub(crate) fn new(
        client: Client,
        user: (&str, &str, LongTermKey),
        transaction: TransactionId,
        relayed: Relayed,
        times: (Instant, Instant),
        now: Instant,
    ) -> Self {
        let (username, who, key) = user;
        let (expires, ends) = times;
        Self {
            client,
            username: username.into(),
            who: who.into(),
            key,
            transaction,
            relayed,
            reservation: None,
            expires,
            ends,
            permissions: Vec::new(),
            channels: Vec::new(),
            second: now,
            carried: 0,
        }
    }

    /// Whether data from and to an address may pass.
    pub(crate) fn permits(&self, peer: IpAddr, now: Instant) -> bool {
        self.permissions.iter().any(|one| one.peer == peer && one.expires > now)
    }

    /// Whether so many further peers fit, known ones not counted.
    pub(crate) fn has_place_for(&self, peers: &[IpAddr], now: Instant) -> bool {
        let kept = |one: &&Permission| one.expires > now && !peers.contains(&one.peer);
        let mut wanted: Vec<_> = peers.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        self.permissions.iter().filter(kept).count() + wanted.len() <= PERMISSIONS_MAX
    }

    /// Permits an address, for another five minutes.
    pub(crate) fn permit(&mut self, peer: IpAddr, now: Instant) -> Result<(), NotNoted> {
        let expires = now + PERMISSION_LIFETIME;
        if let Some(known) = self.permissions.iter_mut().find(|one| one.peer == peer) {
            known.expires = expires;
            return Ok(());
        }
        if self.permissions.len() >= PERMISSIONS_MAX {
            self.permissions.retain(|one| one.expires > now);
        }
        if self.permissions.len() >= PERMISSIONS_MAX {
            return Err(NotNoted::Full);
        }
        self.permissions.push(Permission { peer, expires });
        Ok(())
    }

    /// Binds a channel, or binds it for another ten minutes; permits the peer too (RFC 8656 §12.2).
    pub(crate) fn bind(
        &mut self,
        number: u16,
        peer: SocketAddr,
        now: Instant,
    ) -> Result<(), NotNoted> {
        self.channels.retain(|one| one.expires > now);
        let is_same = |one: &Channel| one.number == number && one.peer == peer;
        let is_taken = |one: &Channel| one.number == number || one.peer == peer;
        let known = self.channels.iter().position(is_same);
        if known.is_none() && self.channels.iter().any(is_taken) {
            return Err(NotNoted::Conflict);
        }
        if known.is_none() && self.channels.len() >= CHANNELS_MAX {
            return Err(NotNoted::Full);
        }
        self.permit(peer.ip(), now)?;
        let expires = now + CHANNEL_LIFETIME;
        match known.and_then(|at| self.channels.get_mut(at)) {
            Some(known) => known.expires = expires,
            None => self.channels.push(Channel { number, peer, expires }),
        }
        Ok(())
    }

    /// The peer of a channel.
    pub(crate) fn peer_of(&self, number: u16, now: Instant) -> Option<SocketAddr> {
        let bound = |one: &&Channel| one.number == number && one.expires > now;
        self.channels.iter().find(bound).map(|one| one.peer)
    }

    /// The channel of a peer.
    pub(crate) fn channel_of(&self, peer: SocketAddr, now: Instant) -> Option<u16> {
        let bound = |one: &&Channel| one.peer == peer && one.expires > now;
        self.channels.iter().find(bound).map(|one| one.number)
    }

    /// Counts bytes against what one second may carry.
    pub(crate) fn carry(&mut self, bytes: usize, bytes_max: u64, now: Instant) -> bool {
        if now.saturating_duration_since(self.second) >= Duration::from_secs(1) {
            (self.second, self.carried) = (now, 0);
        }
        let carried = self.carried.saturating_add(bytes as u64);
        if carried > bytes_max {
            return false;
        }
        self.carried = carried;
        true
    }
}
