//! Where relayed addresses come from: which port, and whoever opens it.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
};

use foldhash::quality::FixedState;
use rand::{Rng, RngExt as _};

/// Opens and closes what stands behind a relayed address: a socket, or nothing at all.
pub trait Ports {
    /// Opens exactly this address; false if that is not possible. Whoever opens it later, and fails then, says so by
    /// [`Server::lose_relay`](crate::Server::lose_relay).
    fn open(&mut self, address: SocketAddr) -> bool;
    /// Closes it.
    fn close(&mut self, address: SocketAddr);
}

/// Relayed addresses that exist within the process only: a number on the way to the media server.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSockets;

impl Ports for NoSockets {
    fn open(&mut self, _: SocketAddr) -> bool {
        true
    }

    fn close(&mut self, _: SocketAddr) {}
}

/// Random tries before the range is searched in order. With half of it taken, 16 fail once in 65,536 times.
const RANDOM_TRIES: u32 = 16;

/// Ports searched in order, at most: opening one may be a system call.
const SEARCHED_MAX: u16 = 256;

/// The ports of one server, on each of its addresses.
#[derive(Debug)]
pub(crate) struct PortPool<P> {
    range: RangeInclusive<u16>,
    taken: std::collections::HashSet<SocketAddr, FixedState>,
    ports: P,
}

impl<P: Ports> PortPool<P> {
    pub(crate) fn new(range: RangeInclusive<u16>, ports: P, seed: u64) -> Self {
        Self {
            range,
            taken: std::collections::HashSet::with_hasher(FixedState::with_seed(seed)),
            ports,
        }
    }

    /// Any port; an even one if asked for.
    pub(crate) fn take(
        &mut self,
        ip: IpAddr,
        even: bool,
        rng: &mut impl Rng,
    ) -> Option<SocketAddr> {
        self.candidates(even, rng).find_map(|port| self.take_exactly(SocketAddr::new(ip, port)))
    }

    /// An even port and the next one.
    pub(crate) fn take_pair(
        &mut self,
        ip: IpAddr,
        rng: &mut impl Rng,
    ) -> Option<(SocketAddr, SocketAddr)> {
        self.candidates(true, rng).find_map(|port| {
            let next = port.checked_add(1).filter(|next| self.range.contains(next))?;
            let first = self.take_exactly(SocketAddr::new(ip, port))?;
            let second = self.take_exactly(SocketAddr::new(ip, next));
            if second.is_none() {
                self.give_back(first);
            }
            Some((first, second?))
        })
    }

    fn take_exactly(&mut self, address: SocketAddr) -> Option<SocketAddr> {
        if self.taken.contains(&address) || !self.ports.open(address) {
            return None;
        }
        self.taken.insert(address);
        Some(address)
    }

    pub(crate) fn give_back(&mut self, address: SocketAddr) {
        if self.taken.remove(&address) {
            self.ports.close(address);
        }
    }

    /// Ports to try, in order. Random, so that nobody who is not told can guess them.
    fn candidates(&self, even: bool, rng: &mut impl Rng) -> std::vec::IntoIter<u16> {
        let (first, last) = (*self.range.start(), *self.range.end());
        let mut tries: Vec<u16> =
            (0..RANDOM_TRIES).map(|_| rng.random_range(first..=last)).collect();
        let start = tries.last().copied().unwrap_or(first);
        tries.extend((start..=last).chain(first..start).take(usize::from(SEARCHED_MAX)));
        tries.retain(|port| !even || port.is_multiple_of(2));
        tries.into_iter()
    }

    pub(crate) fn ports_mut(&mut self) -> &mut P {
        &mut self.ports
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.taken.len()
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn every_port_of_a_small_range_is_found_and_no_more() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut pool = PortPool::new(50_000..=50_009, NoSockets, 1);
        let mut ports: Vec<_> =
            std::iter::from_fn(|| pool.take(IP, false, &mut rng)).map(|a| a.port()).collect();
        ports.sort_unstable();
        assert_eq!(ports, (50_000..=50_009).collect::<Vec<_>>());
        pool.give_back(SocketAddr::new(IP, 50_003));
        assert_eq!(pool.take(IP, true, &mut rng), None, "it is odd");
        assert_eq!(pool.take(IP, false, &mut rng).unwrap().port(), 50_003);
    }

    #[test]
    fn a_pair_is_even_and_odd_and_both_go_back() {
        let mut rng = StdRng::seed_from_u64(2);
        let mut pool = PortPool::new(50_000..=50_003, NoSockets, 1);
        let pairs: Vec<_> = std::iter::from_fn(|| pool.take_pair(IP, &mut rng)).collect();
        assert_eq!(pairs.len(), 2);
        for (first, second) in pairs {
            assert!(first.port().is_multiple_of(2) && second.port() == first.port() + 1);
            pool.give_back(first);
            pool.give_back(second);
        }
        assert_eq!(pool.len(), 0);
    }

    #[test]
    fn a_port_that_cannot_be_opened_is_passed_over() {
        struct Odd;
        impl Ports for Odd {
            fn open(&mut self, address: SocketAddr) -> bool {
                address.port() % 2 == 1
            }
            fn close(&mut self, _: SocketAddr) {}
        }
        let mut rng = StdRng::seed_from_u64(3);
        let mut pool = PortPool::new(50_000..=50_009, Odd, 1);
        assert_eq!(std::iter::from_fn(|| pool.take(IP, false, &mut rng)).count(), 5);
        assert_eq!(pool.take_pair(IP, &mut rng), None);
        assert_eq!(pool.len(), 5);
    }
}
