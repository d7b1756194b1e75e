//! Relay sockets towards the cluster's other nodes: one for each allocation whose client speaks to one, opened with its first
//! datagram and closed with the allocation.
//!
//! ```text
//!   egress ─► send ─► socket at the relayed address ─► another node's media port
//!   shard ◄── receive ◄───────────────────────────────
//! ```
//!
//! Owns: the sockets, and a poll of their own that the shard's poll holds. Never: rules; who may be reached, and whose answers
//! are taken, is decided in `turn_relay`.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::{AsRawFd, RawFd},
    time::Duration,
};

use mio::{Events, Interest, Poll, Token, unix::SourceFd};
use os::udp::{self, Batch, RECEIVE_MESSAGES, Receiver, Sent};
use turn::AllocationId;

use crate::egress::Datagrams;

/// Sockets of one shard at once: each is a descriptor, of which streams want most. Whoever finds none free is served by the
/// other ways that it was told.
const SOCKETS_MAX: usize = 2048;

/// Sockets that one look finds readable; the others are found by the next.
const EVENTS: usize = 256;

/// An allocation, and the relayed address by which it speaks.
pub(crate) type End = (AllocationId, SocketAddr);

/// See the module.
pub(crate) struct NodeRelays {
    poll: Poll,
    events: Events,
    /// By relayed address.
    open: HashMap<SocketAddr, Relay>,
    /// By the number of their events; a number is not used twice.
    numbers: HashMap<usize, SocketAddr>,
    latest: usize,
    /// What may have something to read.
    ready: VecDeque<SocketAddr>,
    batch: Batch,
    /// Said once.
    has_complained: bool,
}

struct Relay {
    socket: UdpSocket,
    allocation: AllocationId,
    number: usize,
    /// It stands among those that may have something to read: once, however often it is found so.
    is_ready: bool,
}

impl NodeRelays {
    /// None is open.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            open: HashMap::new(),
            numbers: HashMap::new(),
            latest: 0,
            ready: VecDeque::new(),
            batch: Batch::new(),
            has_complained: false,
        })
    }

    /// Sends datagrams of an allocation to a node, from its relayed address. What the kernel refuses is lost, as on any network.
    pub(crate) fn send(
        &mut self,
        (allocation, relayed): End,
        node: SocketAddr,
        datagrams: Datagrams<'_>,
    ) -> Sent {
        if self.open.get(&relayed).is_none_or(|relay| relay.allocation != allocation) {
            self.close(&[relayed]);
            if let Err(error) = self.open(allocation, relayed)
                && !std::mem::replace(&mut self.has_complained, true)
            {
                tracing::warn!(%error, "no relay towards another node; further ones are not told");
            }
        }
        let Some(relay) = self.open.get(&relayed) else {
            return Sent { errors: datagrams.count() as u64, ..Sent::default() };
        };
        let mut departures = self.batch.depart(&relay.socket, relayed.is_ipv6());
        departures.to(node);
        datagrams.for_each(|one| departures.push([one]));
        departures.end()
    }

    fn open(&mut self, allocation: AllocationId, relayed: SocketAddr) -> io::Result<()> {
        if self.open.len() >= SOCKETS_MAX {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let socket = match udp::open(relayed) {
            // Behind address translation: what leaves by this port comes from the advertised address.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                udp::open(SocketAddr::new(unspecified(relayed.ip()), relayed.port()))
            }
            opened => opened,
        }?;
        self.latest += 1;
        let number = self.latest;
        let mut source = SourceFd(&socket.as_raw_fd());
        self.poll.registry().register(&mut source, Token(number), Interest::READABLE)?;
        self.numbers.insert(number, relayed);
        self.open.insert(relayed, Relay { socket, allocation, number, is_ready: false });
        Ok(())
    }

    /// Closes those of relayed addresses that are over.
    pub(crate) fn close(&mut self, relayed: &[SocketAddr]) {
        for address in relayed {
            if let Some(relay) = self.open.remove(address) {
                self.numbers.remove(&relay.number);
            }
        }
    }

    /// Finds out where something waits. Costs one system call while there are sockets.
    pub(crate) fn look(&mut self) {
        if self.open.is_empty() || self.poll.poll(&mut self.events, Some(Duration::ZERO)).is_err() {
            return;
        }
        for relayed in self.events.iter().filter_map(|event| self.numbers.get(&event.token().0)) {
            if let Some(relay) = self.open.get_mut(relayed)
                && !std::mem::replace(&mut relay.is_ready, true)
            {
                self.ready.push_back(*relayed);
            }
        }
    }

    /// Reads a batch of one socket that has some, and says whose it is; `None` when nothing waits. Each is tried once: one that
    /// always fails holds up nobody.
    pub(crate) fn receive(&mut self, receiver: &mut Receiver) -> Option<End> {
        for _ in 0..self.ready.len() {
            let relayed = self.ready.pop_front()?;
            let Some(relay) = self.open.get_mut(&relayed) else { continue };
            let received = receiver.receive(&relay.socket);
            // Less than a whole batch means that nothing was left. After an error of an earlier send more may wait.
            relay.is_ready = !received.as_ref().is_ok_and(|count| *count < RECEIVE_MESSAGES);
            if relay.is_ready {
                self.ready.push_back(relayed);
            }
            match received {
                Ok(0) => {}
                Ok(_) => return Some((relay.allocation, relayed)),
                Err(error) => tracing::debug!(%error, "receive failed"),
            }
        }
        None
    }
}

impl AsRawFd for NodeRelays {
    /// Readable when one of the sockets is.
    fn as_raw_fd(&self) -> RawFd {
        self.poll.as_raw_fd()
    }
}

fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::{Egress, EgressTag};

    const NODE: AllocationId = AllocationId(7);

    fn free() -> SocketAddr {
        UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    /// Sends one datagram of these bytes.
    fn send(relays: &mut NodeRelays, end: End, node: SocketAddr, bytes: &[u8]) -> Sent {
        let mut egress = Egress::new();
        egress.reserve().unwrap()[..bytes.len()].copy_from_slice(bytes);
        egress.commit(&mut EgressTag::default(), node, bytes.len());
        let (_, datagrams) = egress.chains().next().unwrap();
        relays.send(end, node, datagrams)
    }

    fn node() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[test]
    fn what_leaves_comes_from_the_relayed_address_and_answers_are_found_once() {
        let (mut relays, relayed) = (NodeRelays::new().unwrap(), free());
        let (node, address) = node();
        assert_eq!(send(&mut relays, (NODE, relayed), address, b"check").datagrams, 1);
        let mut bytes = [0; 100];
        assert_eq!(node.recv_from(&mut bytes).unwrap(), (5, relayed));
        for _ in 0..3 {
            node.send_to(b"answer", relayed).unwrap();
        }
        let mut receiver = Receiver::new();
        relays.look();
        assert_eq!(relays.receive(&mut receiver), Some((NODE, relayed)));
        let all: Vec<_> = std::iter::from_fn(|| receiver.take().map(|(from, _)| from)).collect();
        assert_eq!(all, [address; 3]);
        relays.look();
        assert_eq!(relays.receive(&mut receiver), None);
    }

    #[test]
    fn a_socket_waits_once_however_much_comes_and_one_that_always_fails_ends_the_look() {
        let (mut relays, relayed) = (NodeRelays::new().unwrap(), free());
        let (node, address) = node();
        send(&mut relays, (NODE, relayed), address, b"x");
        for _ in 0..2 * RECEIVE_MESSAGES {
            node.send_to(b"answer", relayed).unwrap();
            relays.look();
        }
        assert_eq!(relays.ready.len(), 1);
        let mut receiver = Receiver::new();
        assert_eq!(relays.receive(&mut receiver), Some((NODE, relayed)));
        relays.look();
        assert_eq!(relays.ready.len(), 1, "a whole batch was read, and there is more");
        // What is no socket fails at every read.
        let nothing: std::os::fd::OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
        relays.open.get_mut(&relayed).unwrap().socket = nothing.into();
        while receiver.take().is_some() {}
        assert_eq!(relays.receive(&mut receiver), None);
    }

    #[test]
    fn a_closed_relay_frees_its_address_and_the_next_owner_gets_a_socket_of_its_own() {
        let (mut relays, relayed) = (NodeRelays::new().unwrap(), free());
        let (node, address) = node();
        send(&mut relays, (NODE, relayed), address, b"first");
        assert!(UdpSocket::bind(relayed).is_err(), "it is open");
        // Another allocation was given the same address before anybody said that the first is over.
        node.send_to(b"for the first", relayed).unwrap();
        let next = AllocationId(8);
        send(&mut relays, (next, relayed), address, b"second");
        let mut receiver = Receiver::new();
        relays.look();
        assert_eq!(relays.receive(&mut receiver), None, "what came before is nobody's");
        relays.close(&[relayed]);
        assert!(relays.open.is_empty() && relays.numbers.is_empty());
        assert!(UdpSocket::bind(relayed).is_ok(), "it is free");
    }

    #[test]
    fn an_address_that_cannot_be_opened_loses_what_is_sent_and_counts_it() {
        let mut relays = NodeRelays::new().unwrap();
        let (other, taken) = node();
        let (_node, address) = node();
        let sent = send(&mut relays, (NODE, taken), address, b"x");
        assert_eq!((sent.datagrams, sent.errors), (0, 1));
        drop(other);
        assert_eq!(send(&mut relays, (NODE, taken), address, b"x").datagrams, 1, "later it can");
    }

    #[test]
    fn an_address_of_a_router_in_front_of_us_is_opened_by_its_port() {
        let mut relays = NodeRelays::new().unwrap();
        let (node, address) = node();
        let relayed = SocketAddr::new("192.0.2.1".parse().unwrap(), free().port());
        assert_eq!(send(&mut relays, (NODE, relayed), address, b"x").datagrams, 1);
        let (_, from) = node.recv_from(&mut [0; 10]).unwrap();
        assert_eq!(from.port(), relayed.port());
    }
}
