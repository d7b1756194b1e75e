//! How many connections a listener holds at once, in all and from one address.
//!
//! A place in all is taken before the accept: without one, connections wait in the kernel's backlog and cost no
//! descriptor. Whose address has no place left is closed at once. Places are given back when a connection or its
//! WebSocket ends.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DoorLimits {
    /// Connections at once.
    pub(crate) connections_max: u32,
    /// Connections at once from one IPv4 address or one IPv6 network of 64 bits; 0 for no limit.
    pub(crate) per_address_max: u32,
}

/// What a door has seen since start, and who is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DoorCounts {
    pub(crate) connections: u64,
    pub(crate) refused_address: u64,
    pub(crate) failed_accepts: u64,
}

/// See the module. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    places: Arc<Semaphore>,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    limits: DoorLimits,
    /// Who holds places; bounded by `connections_max`.
    by_origin: Mutex<HashMap<Origin, u32>>,
    refused_address: AtomicU64,
    failed_accepts: AtomicU64,
}

/// Whom connections are counted for. A household or a host is given 64 bits of IPv6: its addresses are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Origin {
    V4([u8; 4]),
    V6Network([u8; 8]),
}

impl Origin {
    fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.octets()),
            IpAddr::V6(ip) => Self::V6Network(network(ip)),
        }
    }
}

fn network(ip: Ipv6Addr) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = ip.octets();
    [a, b, c, d, e, f, g, h]
}

/// The right to one connection. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _place: OwnedSemaphorePermit,
    origin: Origin,
    inside: Arc<Inside>,
}

impl Door {
    pub(crate) fn new(limits: DoorLimits) -> Self {
        let places = usize::try_from(limits.connections_max).unwrap_or(usize::MAX);
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            inside: Arc::new(Inside {
                limits,
                by_origin: Mutex::default(),
                refused_address: AtomicU64::new(0),
                failed_accepts: AtomicU64::new(0),
            }),
        }
    }

    /// Waits for a free place.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Lets an address in, if it does not hold all places it may have.
    pub(crate) fn admit(&self, place: Option<OwnedSemaphorePermit>, ip: IpAddr) -> Option<Permit> {
        let origin = Origin::of(ip);
        let max = self.inside.limits.per_address_max;
        let mut by_origin = self.inside.lock();
        let held = by_origin.entry(origin).or_default();
        if max != 0 && *held >= max {
            self.inside.refused_address.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        *held += 1;
        drop(by_origin);
        Some(Permit { _place: place?, origin, inside: Arc::clone(&self.inside) })
    }

    pub(crate) fn count_failure(&self) {
        self.inside.failed_accepts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> DoorCounts {
        DoorCounts {
            connections: self.inside.lock().values().map(|held| u64::from(*held)).sum(),
            refused_address: self.inside.refused_address.load(Ordering::Relaxed),
            failed_accepts: self.inside.failed_accepts.load(Ordering::Relaxed),
        }
    }
}

impl Inside {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Origin, u32>> {
        self.by_origin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut by_origin = self.inside.lock();
        if let Some(held) = by_origin.get_mut(&self.origin) {
            debug_assert!(*held > 0);
            *held -= 1;
            if *held == 0 {
                by_origin.remove(&self.origin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(connections_max: u32, per_address_max: u32) -> Door {
        Door::new(DoorLimits { connections_max, per_address_max })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn an_address_has_its_share_and_gets_it_back() {
        let door = door(10, 2);
        let first = door.admit(door.place().await, ip("192.0.2.1")).unwrap();
        let _second = door.admit(door.place().await, ip("::ffff:192.0.2.1")).unwrap();
        assert!(door.admit(door.place().await, ip("192.0.2.1")).is_none());
        assert!(door.admit(door.place().await, ip("192.0.2.2")).is_some());
        assert_eq!((door.counts().connections, door.counts().refused_address), (2, 1));
        drop(first);
        assert!(door.admit(door.place().await, ip("192.0.2.1")).is_some());
    }

    #[tokio::test]
    async fn addresses_of_one_ipv6_network_are_one() {
        let door = door(10, 1);
        let _first = door.admit(door.place().await, ip("2001:db8:0:1::1")).unwrap();
        assert!(door.admit(door.place().await, ip("2001:db8:0:1:ffff::2")).is_none());
        assert!(door.admit(door.place().await, ip("2001:db8:0:2::1")).is_some());
    }

    #[tokio::test]
    async fn without_a_limit_an_address_may_have_all_and_then_everybody_waits() {
        let door = door(2, 0);
        let held: Vec<_> = [door.place().await, door.place().await]
            .into_iter()
            .map(|place| door.admit(place, ip("127.0.0.1")).unwrap())
            .collect();
        assert_eq!(door.places.available_permits(), 0);
        drop(held);
        assert_eq!((door.places.available_permits(), door.counts()), (2, DoorCounts::default()));
        assert!(door.inside.lock().is_empty());
    }
}
