//! A TURN server that stands alone: relays are real sockets, and a policy says who may be a peer.
//!
//! ```text
//!   UDP socket ─┐                      ┌─► relay socket ─► peer
//!   streams    ─┴─► Alone (one lock) ──┤
//!   peer ─► relay socket ─► Alone ─────┴─► UDP socket, or a stream's outbox
//! ```
//!
//! Datagrams are read and sent in batches, by threads of their own that gather them under load (`gathering`), so that a burst
//! of video costs a few system calls.
//!
//! Owns: the sockets, and the lock around the state machine, held for a batch's lookups and never during a system call: data
//! is sent and received, and relays are opened and closed, outside of it.
//! What cannot be sent at once is dropped, as on any network. Never: rules; see `turn`.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet, VecDeque},
    io,
    net::{IpAddr, SocketAddr, UdpSocket as StdUdpSocket},
    os::fd::AsFd as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use os::udp::{self, Batch, RECEIVE_MESSAGES, Receiver};
use tokio::{io::Interest, net::UdpSocket, runtime::Handle, sync::Notify, task::AbortHandle};
use turn::{
    Client, Config, Handled, Server, ToClient, channel_data, counters::Counters,
    limits::REPLY_BYTES_MAX, outbox::Outbox, ports::Ports,
};

use super::gathering::{self, Gathering, Seat};
use crate::clock;

/// Bytes that a datagram may have to be relayed: what an Ethernet frame holds, so that none is cut into fragments.
const PAYLOAD_BYTES_MAX: usize = 1472;

/// Batches read in a row before other tasks get their turn.
const BATCHES_PER_TURN: usize = 4;

/// How often a request is handled anew because a port that was chosen for it is another program's.
const OPENINGS_MAX: usize = 64;

/// How often allocations are looked at that may have ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// See the module.
pub(crate) struct Alone {
    itself: Weak<Self>,
    gathering: Gathering,
    server: Mutex<Server<RelaySockets>>,
    clients: Arc<UdpSocket>,
    /// The socket for clients is of this family; IPv4 may come there too.
    is_ipv6: bool,
    streams: Mutex<HashMap<u32, Arc<Stream>>>,
    latest_stream: AtomicU32,
}

/// What waits to be written to one client's stream.
struct Stream {
    outbox: Mutex<Outbox>,
    ready: Arc<Notify>,
}

/// One client's stream, for as long as it lasts.
pub(crate) struct AloneLine {
    alone: Arc<Alone>,
    client: Client,
    stream: Arc<Stream>,
}

impl Alone {
    /// Takes clients' datagrams from a socket that [`udp::open`] has bound.
    ///
    /// # Errors
    /// When the socket cannot be handed to the runtime.
    pub(crate) fn start(
        config: Config,
        seed: [u8; 32],
        clients: StdUdpSocket,
    ) -> io::Result<Arc<Self>> {
        let is_ipv6 = clients.local_addr()?.is_ipv6();
        let gathering = Gathering::start("turn")?;
        let clients = {
            let _there = gathering.datagrams().enter();
            Arc::new(UdpSocket::from_std(clients)?)
        };
        let (now, unix) = (clock::now(), clock::since_unix_epoch());
        let alone = Arc::new_cyclic(|alone: &Weak<Self>| {
            let sockets = RelaySockets::default();
            Self {
                itself: alone.clone(),
                gathering,
                server: Mutex::new(Server::new(config, sockets, seed, now, unix)),
                clients,
                is_ipv6,
                streams: Mutex::default(),
                latest_stream: AtomicU32::new(0),
            }
        });
        let there = alone.gathering.datagrams();
        let reading = read(Arc::downgrade(&alone), Arc::clone(&alone.clients), |alone, socket| {
            alone.take_from_clients(socket)
        });
        there.spawn(reading);
        there.spawn(look_at_the_clock(Arc::downgrade(&alone)));
        Ok(alone)
    }

    /// A place for a stream, which is opened and served there.
    pub(crate) fn seat(&self) -> Seat {
        self.gathering.seat()
    }

    /// A client's stream begins.
    pub(crate) fn open_stream(
        self: &Arc<Self>,
        peer: SocketAddr,
        ready: &Arc<Notify>,
    ) -> AloneLine {
        // 0 means datagrams.
        let number = self.latest_stream.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        let stream = Arc::new(Stream { outbox: Mutex::default(), ready: Arc::clone(ready) });
        lock(&self.streams).insert(number, Arc::clone(&stream));
        let client = Client { address: peer, stream: number };
        AloneLine { alone: Arc::clone(self), client, stream }
    }

    /// Refuses new allocations from now on.
    pub(crate) fn drain(&self) {
        self.with_server(Server::drain);
    }

    pub(crate) fn counters(&self) -> Counters {
        self.with_server(|server| server.counters().clone())
    }

    /// Handles a batch of clients' datagrams; whether more may wait.
    fn take_from_clients(&self, clients: &UdpSocket) -> bool {
        with_batch(clients, |received, departures| {
            let messages = received.datagrams();
            let of_whom = |address| Client { address, stream: 0 };
            self.handle_clients(messages.map(|(from, bytes)| (of_whom(from), bytes)), departures);
        })
    }

    /// Handles messages of clients in their order. Data that come one after the other and go to one peer leave together.
    fn handle_clients<'d>(
        &self,
        messages: impl Iterator<Item = (Client, &'d [u8])>,
        departures: &mut Batch,
    ) {
        let mut messages = messages.peekable();
        while let Some(&(client, bytes)) = messages.peek() {
            if !channel_data::is_channel_data(bytes) {
                self.handle_client(client, bytes);
                messages.next();
                continue;
            }
            let mut data = Vec::with_capacity(messages.size_hint().0);
            // Which relay each leaves by: a place in here.
            let mut relays: Vec<(SocketAddr, Arc<UdpSocket>)> = Vec::new();
            self.with_server(|server| {
                let now = clock::now();
                while let Some((client, bytes)) =
                    messages.next_if(|(_, bytes)| channel_data::is_channel_data(bytes))
                {
                    data.extend(relayed_data(server, &mut relays, (client, bytes), now));
                }
            });
            data.sort_by_key(|(relay, ..)| *relay);
            for of_one in data.chunk_by(|(one, ..), (other, ..)| one == other) {
                let Some((place, peer, _)) = of_one.first() else { continue };
                let Some((_, relay)) = relays.get(*place) else { continue };
                let datagrams = of_one.iter().map(|(_, peer, payload)| (*peer, [*payload]));
                departures.send((relay.as_fd(), peer.is_ipv6()), datagrams);
            }
        }
    }

    /// Handles a batch of what peers sent to a relay; whether more may wait.
    fn take_from_peers(&self, relay: &UdpSocket, relayed: SocketAddr) -> bool {
        with_batch(relay, |received, departures| {
            let mut data = Vec::new();
            self.with_server(|server| {
                let now = clock::now();
                // Longer ones came in fragments, and are of no use.
                let whole = received.datagrams().filter(|(_, one)| one.len() <= PAYLOAD_BYTES_MAX);
                for (peer, payload) in whole {
                    let wrapped = server.handle_peer_at(relayed, peer, payload.len(), now);
                    data.extend(wrapped.ok().map(|wrapped| (wrapped, payload)));
                }
            });
            // An allocation has one client.
            match data.first().map(|(wrapped, _)| wrapped.client) {
                None => {}
                Some(Client { address, stream: 0 }) => {
                    let datagrams = data.iter().map(|(wrapped, payload)| {
                        (address, [wrapped.prefix(), payload, padding(wrapped)])
                    });
                    departures.send((self.clients.as_fd(), self.is_ipv6), datagrams);
                }
                Some(Client { stream, .. }) => {
                    let Some(stream) = self.stream(stream) else { return };
                    let mut outbox = lock(&stream.outbox);
                    for (wrapped, payload) in &data {
                        outbox.push_media([wrapped.prefix(), payload, padding(wrapped)]);
                    }
                    drop(outbox);
                    stream.ready.notify_one();
                }
            }
        })
    }

    fn handle_client(&self, client: Client, message: &[u8]) {
        let mut out = [0; REPLY_BYTES_MAX];
        // Again, when another program holds a port that the server chose.
        for _ in 0..OPENINGS_MAX {
            let (handled, relay, chosen) = self.with_server(|server| {
                let handled = server.handle_client(client, message, &mut out, clock::now());
                let relay = match &handled {
                    Handled::ToPeer { relayed, .. } => server.ports_mut().socket(*relayed),
                    _ => None,
                };
                (handled, relay, std::mem::take(&mut server.ports_mut().chosen))
            });
            if self.open_relays(client, &chosen) {
                return self.act(client, message, &handled, relay.as_deref(), &out);
            }
        }
    }

    fn act(
        &self,
        client: Client,
        message: &[u8],
        handled: &Handled,
        relay: Option<&UdpSocket>,
        out: &[u8],
    ) {
        match handled {
            Handled::Nothing => {}
            Handled::Reply(len) => self.reply(client, out.get(..*len).unwrap_or_default()),
            Handled::ToPeer { peer, payload, .. } => {
                let payload = message.get(payload.clone()).unwrap_or_default();
                if let Some(relay) = relay.filter(|_| payload.len() <= PAYLOAD_BYTES_MAX) {
                    // A full socket drops, as a full link does.
                    let _ = udp::send(relay, *peer, payload);
                }
            }
        }
    }

    /// Opens what the server has chosen, on the thread of this client. Where that fails the client has no allocation, and the
    /// server chooses others.
    fn open_relays(&self, client: Client, chosen: &[Choice]) -> bool {
        if chosen.is_empty() {
            return true;
        }
        let here = Handle::current();
        let opened: Vec<_> =
            chosen.iter().map(|choice| Relay::open(&here, &self.itself, choice.address)).collect();
        self.with_server(|server| {
            let mut is_whole = true;
            for (choice, relay) in chosen.iter().zip(opened) {
                if !server.ports_mut().settle(*choice, relay) {
                    is_whole = false;
                    server.lose_relay(choice.address);
                }
            }
            if !is_whole {
                server.close_client(client);
            }
            is_whole
        })
    }

    fn reply(&self, client: Client, reply: &[u8]) {
        if client.stream == 0 {
            let _ = udp::send(&*self.clients, self.family(client.address), reply);
        } else if let Some(stream) = self.stream(client.stream) {
            lock(&stream.outbox).push_reply(reply);
            stream.ready.notify_one();
        }
    }

    /// An IPv6 socket sends to IPv4 through mapped addresses.
    fn family(&self, client: SocketAddr) -> SocketAddr {
        match client.ip() {
            IpAddr::V4(ip) if self.is_ipv6 => (ip.to_ipv6_mapped(), client.port()).into(),
            _ => client,
        }
    }

    fn stream(&self, number: u32) -> Option<Arc<Stream>> {
        lock(&self.streams).get(&number).cloned()
    }

    /// Closes outside of the lock what ends within it.
    fn with_server<T>(&self, act: impl FnOnce(&mut Server<RelaySockets>) -> T) -> T {
        let mut server = lock(&self.server);
        let result = act(&mut server);
        let ended = std::mem::take(&mut server.ports_mut().ended);
        drop(server);
        drop(ended);
        result
    }
}

thread_local! {
    static RECEIVED: RefCell<Receiver> = RefCell::default();
    static DEPARTURES: RefCell<Batch> = RefCell::default();
}

/// Reads one batch from a socket and has it handled; whether more may wait.
fn with_batch(socket: &UdpSocket, handle: impl FnOnce(&Receiver, &mut Batch)) -> bool {
    RECEIVED.with_borrow_mut(|receiver| {
        let mut count = 0;
        let receive = || {
            count = receiver.receive(socket)?;
            // Less than a whole batch is all that there was: what comes now makes the socket readable anew, and asking
            // again would only be told so.
            if count < RECEIVE_MESSAGES { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        };
        let received = socket.try_io(Interest::READABLE, receive);
        if count > 0 {
            gathering::has_received();
            DEPARTURES.with_borrow_mut(|departures| handle(receiver, departures));
        }
        match received {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => {
                // Errors of earlier sends surface here; they concern nobody present.
                tracing::debug!(%error, "receive failed");
                true
            }
        }
    })
}

/// Where a client's channel data goes, and by which relay: its place among those of the batch, to which it is added.
fn relayed_data<'d>(
    server: &mut Server<RelaySockets>,
    relays: &mut Vec<(SocketAddr, Arc<UdpSocket>)>,
    (client, bytes): (Client, &'d [u8]),
    now: Instant,
) -> Option<(usize, SocketAddr, &'d [u8])> {
    let handled = server.handle_channel_data(client, bytes, now);
    let Handled::ToPeer { relayed, peer, payload, .. } = handled else { return None };
    let payload = bytes.get(payload).filter(|payload| payload.len() <= PAYLOAD_BYTES_MAX)?;
    // A client's packets follow each other.
    let known = relays.iter().rposition(|(address, _)| *address == relayed);
    let place = match known {
        Some(place) => place,
        None => {
            relays.push((relayed, server.ports_mut().socket(relayed)?));
            relays.len() - 1
        }
    };
    Some((place, peer, payload))
}

/// Zeros behind a payload in an indication.
fn padding(wrapped: &ToClient) -> &'static [u8] {
    static ZEROS: [u8; 3] = [0; 3];
    ZEROS.get(..wrapped.padding).unwrap_or_default()
}

impl AloneLine {
    /// Takes whole messages.
    pub(crate) fn send(&self, messages: &VecDeque<Vec<u8>>) {
        if !messages.is_empty() {
            gathering::has_received();
        }
        let messages = messages.iter().map(|message| (self.client, &message[..]));
        DEPARTURES.with_borrow_mut(|departures| self.alone.handle_clients(messages, departures));
    }

    /// The next frame that the client is to be sent.
    pub(crate) fn receive(&self) -> Option<Vec<u8>> {
        lock(&self.stream.outbox).pop()
    }

    pub(crate) fn is_over(&self) -> bool {
        lock(&self.stream.outbox).is_over()
    }

    pub(crate) fn is_established(&self) -> bool {
        lock(&self.stream.outbox).is_established()
    }
}

impl Drop for AloneLine {
    fn drop(&mut self) {
        lock(&self.alone.streams).remove(&self.client.stream);
        self.alone.with_server(|server| server.close_client(self.client));
    }
}

/// The relays, as the server knows them: it is called within the lock, so that nothing here is a system call.
#[derive(Default)]
struct RelaySockets {
    open: HashMap<SocketAddr, Relay>,
    /// To be opened next.
    chosen: Vec<Choice>,
    /// By address, being opened: the number of the choice.
    opening: HashMap<SocketAddr, u64>,
    choices: u64,
    /// To be dropped outside of the lock.
    ended: Vec<Relay>,
    /// Other programs held them a moment ago.
    foreign: HashSet<SocketAddr>,
}

/// An address that the server has chosen for a relay.
#[derive(Debug, Clone, Copy)]
struct Choice {
    address: SocketAddr,
    /// Tells it from a later choice of the same address.
    number: u64,
}

struct Relay {
    socket: Arc<UdpSocket>,
    reading: AbortHandle,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Relay {
    /// On the thread that a runtime's handle leads to.
    fn open(there: &Handle, alone: &Weak<Alone>, address: SocketAddr) -> Option<Self> {
        let _there = there.enter();
        let bound = StdUdpSocket::bind(address)
            .and_then(|socket| socket.set_nonblocking(true).map(|()| socket))
            .inspect(udp::offload)
            .and_then(UdpSocket::from_std);
        let socket = Arc::new(bound.ok()?);
        let take = move |alone: &Alone, socket: &UdpSocket| alone.take_from_peers(socket, address);
        let reading = read(Weak::clone(alone), Arc::clone(&socket), take);
        let reading = there.spawn(reading).abort_handle();
        Some(Self { socket, reading })
    }
}

impl RelaySockets {
    fn socket(&self, relayed: SocketAddr) -> Option<Arc<UdpSocket>> {
        self.open.get(&relayed).map(|relay| Arc::clone(&relay.socket))
    }

    /// What became of a choice: false if another program holds the address.
    fn settle(&mut self, choice: Choice, relay: Option<Relay>) -> bool {
        // Otherwise its client has left meanwhile.
        let is_wanted = self.opening.get(&choice.address) == Some(&choice.number);
        match relay {
            Some(relay) if is_wanted => {
                self.opening.remove(&choice.address);
                self.open.insert(choice.address, relay);
            }
            Some(relay) => self.ended.push(relay),
            None if is_wanted => {
                self.foreign.insert(choice.address);
                return false;
            }
            None => {}
        }
        true
    }
}

impl Ports for RelaySockets {
    fn open(&mut self, address: SocketAddr) -> bool {
        if self.foreign.contains(&address) {
            return false;
        }
        self.choices += 1;
        let choice = Choice { address, number: self.choices };
        self.chosen.push(choice);
        self.opening.insert(address, choice.number);
        true
    }

    fn close(&mut self, address: SocketAddr) {
        self.chosen.retain(|choice| choice.address != address);
        self.opening.remove(&address);
        self.ended.extend(self.open.remove(&address));
    }
}

/// Reads a socket until it is closed.
async fn read(
    alone: Weak<Alone>,
    socket: Arc<UdpSocket>,
    take: impl Fn(&Alone, &UdpSocket) -> bool,
) {
    loop {
        // Fails only when the runtime ends.
        if socket.readable().await.is_err() {
            return;
        }
        let Some(alone) = alone.upgrade() else { return };
        let has_more = (0..BATCHES_PER_TURN).all(|_| take(&alone, &socket));
        drop(alone);
        if has_more {
            tokio::task::yield_now().await;
        }
    }
}

async fn look_at_the_clock(alone: Weak<Alone>) {
    let mut tick = tokio::time::interval(LOOK_INTERVAL);
    loop {
        tick.tick().await;
        let Some(alone) = alone.upgrade() else { return };
        let (now, unix) = (clock::now(), clock::since_unix_epoch());
        alone.with_server(|server| {
            server.set_unix_time(unix, now);
            server.handle_timeout(now);
            server.ports_mut().foreign.clear();
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free_address() -> SocketAddr {
        StdUdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[test]
    fn within_the_lock_no_socket_is_opened_or_closed() {
        // Without a runtime, which an open relay needs.
        let (mut sockets, address) = (RelaySockets::default(), free_address());
        assert!(sockets.open(address));
        let own = StdUdpSocket::bind(address).expect("nobody has opened it");
        assert_eq!(sockets.chosen.len(), 1);
        let choice = sockets.chosen.remove(0);
        assert!(!sockets.settle(choice, None), "another program holds it");
        assert!(!sockets.open(address), "it is not chosen again at once");
        drop(own);
    }

    #[tokio::test]
    async fn a_relay_that_is_opened_too_late_is_closed_again() {
        let (mut sockets, address) = (RelaySockets::default(), free_address());
        assert!(sockets.open(address));
        let late = sockets.chosen.remove(0);
        sockets.close(address);
        // Somebody else is given the same address meanwhile.
        assert!(sockets.open(address));
        let relay = Relay::open(&Handle::current(), &Weak::new(), address);
        assert!(relay.is_some());
        assert!(sockets.settle(late, relay));
        assert!(sockets.socket(address).is_none(), "it is not the later one's");
        assert_eq!(sockets.ended.len(), 1);
    }
}
