//! Ways to divide what arrives among sockets: a port for each shard, one port for both (`SO_REUSEPORT`), where the kernel's
//! hash picks the socket, or a connected socket for each client.
//!
//! Clients belong to sockets in turn. One thread serves all sockets one after the other, so that neither cores nor wake-ups
//! are in the figures: deliver (send to the server), serve (receive and answer), and how often the hash was wrong. Which
//! of many sockets to read is known here, which epoll would have to tell.

use std::{
    collections::HashMap,
    net::{SocketAddrV4, UdpSocket},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use super::{CLIENT, per_packet};
use crate::{
    kernel::{self, Inbox, Message, Outbox, Piece},
    limit::ipv4,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    PortEach,
    OnePort,
    Connected,
}

pub(super) const WAYS: [Way; 3] = [Way::PortEach, Way::OnePort, Way::Connected];

/// Clients, and packets of each in a turn: one socket holds them all, with the buffer that Linux grants by default.
const CLIENTS: usize = 40;
const FRAME: usize = 4;
const BYTES: usize = 1100;
/// Messages of one call.
const BATCH: usize = 64;

/// Index of the socket that a client belongs to.
type Owners = HashMap<SocketAddrV4, usize, foldhash::fast::RandomState>;

impl Way {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PortEach => "a port for each of two",
            Self::OnePort => "one port, reuseport",
            Self::Connected => "a connected socket for each client",
        }
    }
}

/// CPU for each packet, and the share of packets that reached the wrong socket.
pub(super) fn measure(way: Way, packets: u64) -> Result<[(&'static str, f64); 3]> {
    let clients = (0..CLIENTS).map(|_| kernel::open(([127, 0, 0, 1], 0).into(), CLIENT));
    let clients = clients.collect::<Result<Vec<_>, _>>().context("opening clients")?;
    let servers = servers(way, &clients).context("opening the server's sockets")?;
    let mut owners = Owners::default();
    for (index, client) in clients.iter().enumerate() {
        let owner = index % servers.len();
        client.connect(servers[owner].local_addr()?).context("connecting a client")?;
        owners.insert(ipv4(client)?, owner);
    }
    let mut inbox = Inbox::new(BATCH, 2048);
    let mut outbox = Outbox::new(1, BYTES);
    let (mut deliver, mut serve) = (Duration::ZERO, Duration::ZERO);
    let (mut misled, mut done) = (0, 0);
    while done < packets {
        let begun = kernel::thread_cpu();
        for client in (0..FRAME).flat_map(|_| &clients) {
            client.send(&[0; BYTES]).context("sending to the server")?;
        }
        let delivered = kernel::thread_cpu();
        let mut answered = 0;
        for (me, server) in servers.iter().enumerate() {
            let (sent, wrong) = answer(way, server, me, &owners, &mut inbox, &mut outbox)?;
            answered += sent;
            misled += wrong;
        }
        serve += kernel::thread_cpu() - delivered;
        deliver += delivered - begun;
        let turn = (CLIENTS * FRAME) as u64;
        ensure!(answered == turn, "{answered} packets of {turn} were answered");
        for client in &clients {
            while inbox.receive(client)? > 0 {}
        }
        done += turn;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let misled = misled as f64 / done as f64;
    let (deliver, serve) = (per_packet(deliver, done), per_packet(serve, done));
    Ok([("us deliver", deliver), ("us serve", serve), ("wrong socket", misled)])
}

fn servers(way: Way, clients: &[UdpSocket]) -> std::io::Result<Vec<UdpSocket>> {
    let own = ([127, 0, 0, 1], 0).into();
    if way == Way::PortEach {
        return (0..2).map(|_| kernel::open(own, CLIENT)).collect();
    }
    let mut servers = vec![kernel::open_shared(own, CLIENT)?];
    let shared = servers[0].local_addr()?;
    for _ in 1..if way == Way::Connected { clients.len() } else { 2 } {
        servers.push(kernel::open_shared(shared, CLIENT)?);
    }
    if way == Way::Connected {
        for (server, client) in servers.iter().zip(clients) {
            server.connect(client.local_addr()?)?;
        }
    }
    Ok(servers)
}

/// Answers all that waits; how many packets, and how many of another socket's clients.
fn answer(
    way: Way,
    server: &UdpSocket,
    me: usize,
    owners: &Owners,
    inbox: &mut Inbox,
    outbox: &mut Outbox,
) -> Result<(u64, u64)> {
    let (mut answered, mut misled) = (0, 0);
    let piece = [Piece { slot: 0, len: BYTES }];
    let mut messages = Vec::with_capacity(BATCH);
    loop {
        let count = inbox.receive(server).context("receiving")?;
        for source in inbox.datagrams(count).filter_map(|datagram| datagram.source) {
            let Some(owner) = owners.get(&source) else { continue };
            misled += u64::from(*owner != me);
            let to = (way != Way::Connected).then_some(source);
            messages.push(Message { to, first: 0, count: 1 });
        }
        answered += outbox.send(server, &piece, &messages).datagrams;
        messages.clear();
        if count < BATCH {
            return Ok((answered, misled));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shared_port_misleads() {
        let [own, shared, connected] = WAYS.map(|way| measure(way, 1).unwrap()[2].1);
        assert!(own.abs() < f64::EPSILON && connected.abs() < f64::EPSILON, "{own} {connected}");
        assert!((0.1..0.9).contains(&shared), "{shared}");
    }
}
