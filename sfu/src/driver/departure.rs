//! How a shard's datagrams leave: straight, through an allocation, by the port for TURN, by a stream, or to another node.

use std::net::{SocketAddr, UdpSocket};

use os::udp::{Batch, Departures, Sent};
use turn::framing::Framing;

use super::{node_relays::NodeRelays, streams::StreamTable};
use crate::{
    connection::demux,
    egress::Datagrams,
    shard::through_turn::WayOut,
    turn_relay::{Way, is_direct, way},
};

/// The sending half of a shard.
pub(crate) struct Sender<'s> {
    door: Door<'s>,
    /// The port for TURN alone, if there is one.
    turn_door: Option<Door<'s>>,
    /// Towards other nodes, if there are any.
    pub(crate) relays: Option<NodeRelays>,
}

/// A socket and what gathers for it.
struct Door<'s> {
    socket: &'s UdpSocket,
    is_ipv6: bool,
    batch: Batch,
}

/// The datagrams of one batch on their way.
struct Leaving<'b, 'd> {
    out: Departures<'b, 'd>,
    turn_out: Option<Departures<'b, 'd>>,
    streams: &'b mut StreamTable,
    relays: Option<&'b mut NodeRelays>,
    /// By relays.
    sent: Sent,
}

/// Zeros behind a datagram in an indication.
static PADDING: [u8; 3] = [0; 3];

impl<'s> Sender<'s> {
    /// By sockets for media, and for TURN alone.
    pub(crate) fn new(socket: &'s UdpSocket, turn_socket: Option<&'s UdpSocket>) -> Self {
        Self { door: Door::new(socket), turn_door: turn_socket.map(Door::new), relays: None }
    }

    /// Sends a batch. What the kernel refuses is lost, as on any network, and counted.
    pub(crate) fn send<'d>(&mut self, mut way_out: WayOut<'d>, streams: &mut StreamTable) -> Sent {
        let mut leaving = Leaving {
            out: self.door.open(),
            turn_out: self.turn_door.as_mut().map(Door::open),
            streams,
            relays: self.relays.as_mut(),
            sent: Sent::default(),
        };
        let egress = way_out.egress;
        for (destination, datagrams) in egress.chains() {
            if !is_direct(destination) {
                leaving.send_indirectly(destination, datagrams, &mut way_out);
                continue;
            }
            leaving.out.to(destination);
            for datagram in datagrams {
                leaving.out.push([datagram]);
            }
        }
        let mut sent = leaving.sent;
        sent += leaving.out.end();
        if let Some(turn_out) = leaving.turn_out {
            sent += turn_out.end();
        }
        sent
    }
}

impl<'s> Door<'s> {
    fn new(socket: &'s UdpSocket) -> Self {
        let is_ipv6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
        Self { socket, is_ipv6, batch: Batch::new() }
    }

    fn open<'d>(&mut self) -> Departures<'_, 'd> {
        self.batch.depart(self.socket, self.is_ipv6)
    }
}

impl<'d> Leaving<'_, 'd> {
    /// Datagrams through an allocation or a stream: wrapped where they lie, by pieces before and behind them.
    fn send_indirectly(
        &mut self,
        path: SocketAddr,
        datagrams: Datagrams<'d>,
        way_out: &mut WayOut<'_>,
    ) {
        let (allocation, place) = match way(path) {
            Way::Direct => return,
            Way::TurnPort(client) => {
                if let Some(out) = &mut self.turn_out {
                    out.to(client);
                    datagrams.for_each(|one| out.push([one]));
                }
                return;
            }
            Way::Stream(stream, framing) => {
                for one in datagrams {
                    // Answers to checks overtake media: without them consent lapses.
                    let is_media = framing == Framing::Ice && !is_stun(one);
                    self.streams.send(stream, [one, &[], &[]], is_media);
                }
                return;
            }
            Way::Node(allocation, node) => {
                let turn = way_out.turn.as_deref();
                let relayed = turn.and_then(|turn| turn.relayed(allocation, node));
                if let (Some(relayed), Some(relays)) = (relayed, &mut self.relays) {
                    self.sent += relays.send((allocation, relayed), node, datagrams);
                }
                return;
            }
            Way::Allocation(allocation, place) => (allocation, place),
        };
        let Some(turn) = &mut way_out.turn else { return };
        let mut has_begun = false;
        for datagram in datagrams {
            let wrap = turn.wrap(allocation, place, datagram.len(), way_out.now);
            let Some(wrap) = wrap else { continue };
            let padding = PADDING.get(..wrap.padding).unwrap_or_default();
            if wrap.client.stream != 0 {
                self.streams.send(wrap.client.stream, [wrap.prefix(), datagram, padding], true);
                continue;
            }
            let (out, client) = match (way(wrap.client.address), &mut self.turn_out) {
                (Way::TurnPort(client), Some(out)) => (out, client),
                _ => (&mut self.out, wrap.client.address),
            };
            // An allocation has one client.
            if !std::mem::replace(&mut has_begun, true) {
                out.to(client);
            }
            if padding.is_empty() {
                out.push_behind(wrap.prefix(), [datagram]);
            } else {
                out.push_behind(wrap.prefix(), [datagram, padding]);
            }
        }
    }
}

fn is_stun(datagram: &[u8]) -> bool {
    demux::classify(datagram) == Some(demux::Protocol::Stun)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use os::udp::{Receiver, open};

    use super::*;
    use crate::egress::EgressTag;

    fn received(socket: &UdpSocket, expected: usize) -> Vec<(SocketAddr, Vec<u8>)> {
        let (mut all, mut receiver) = (Vec::new(), Receiver::new());
        // Loopback delivers within the send call; the bound only ends a failing test.
        for _ in 0..1000 {
            receiver.receive(socket).unwrap();
            while let Some((source, bytes)) = receiver.take() {
                all.push((source, bytes.to_vec()));
            }
            if all.len() >= expected {
                break;
            }
            std::thread::yield_now();
        }
        all
    }

    #[test]
    fn what_goes_through_an_allocation_is_wrapped_whole_and_in_order() {
        use crate::shard::through_turn::tests::{path_through, shard};

        for has_channel in [true, false] {
            let now = Instant::now();
            let a = open("127.0.0.1:0".parse().unwrap()).unwrap();
            let b = open("127.0.0.1:0".parse().unwrap()).unwrap();
            let mut shard = shard(now);
            let path = path_through(&mut shard, b.local_addr().unwrap(), has_channel, now);
            let mut tag = EgressTag::default();
            let lengths: Vec<usize> =
                [1100, 1100, 701].into_iter().chain((0..200).map(|n| 90 + n % 3)).collect();
            for (index, len) in lengths.iter().enumerate() {
                shard.egress().reserve().unwrap()[..*len].fill(u8::try_from(index).unwrap());
                shard.egress().commit(&mut tag, path, *len);
            }
            let mut sender = Sender::new(&a, None);
            let sent = sender.send(shard.way_out(), &mut StreamTable::default());
            assert_eq!((sent.datagrams, sent.errors), (lengths.len() as u64, 0));
            assert!(!has_channel || sent.calls < 10, "{} calls", sent.calls);
            let got = received(&b, lengths.len());
            assert_eq!(got.len(), lengths.len());
            for (index, ((_, bytes), len)) in got.iter().zip(&lengths).enumerate() {
                let payload = if has_channel {
                    let (number, payload) = turn::channel_data::parse(bytes).unwrap();
                    assert_eq!((number, bytes.len()), (0x4001, len + 4));
                    payload
                } else {
                    let message = protocol::stun::Message::parse(bytes).unwrap();
                    message.attribute(protocol::stun::AttributeKind::DATA).unwrap()
                };
                assert_eq!(payload, vec![u8::try_from(index).unwrap(); *len]);
            }
        }
    }

    #[test]
    fn who_comes_by_the_port_for_turn_is_answered_from_it_and_media_follows() {
        use crate::{
            shard::through_turn::tests::{path_through, shard},
            turn_relay::turn_port_path,
        };

        let now = Instant::now();
        let open = || open("127.0.0.1:0".parse().unwrap()).unwrap();
        let [media, turn, client] = [open(), open(), open()];
        let mut shard = shard(now);
        let address = turn_port_path(client.local_addr().unwrap());
        let path = path_through(&mut shard, address, true, now);
        for to in [path, address] {
            shard.egress().reserve().unwrap()[..100].fill(7);
            shard.egress().commit(&mut EgressTag::default(), to, 100);
        }
        let mut sender = Sender::new(&media, Some(&turn));
        let sent = sender.send(shard.way_out(), &mut StreamTable::default());
        assert_eq!((sent.datagrams, sent.errors), (2, 0));
        let got = received(&client, 2);
        let from = turn.local_addr().unwrap();
        let shape: Vec<_> = got.iter().map(|(source, bytes)| (*source, bytes.len())).collect();
        assert_eq!(shape, [(from, 104), (from, 100)]);
    }
}
