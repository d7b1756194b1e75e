//! Who sends to whom, with sockets and keys.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};

use anyhow::{Context, Result, bail};

use super::{Options, check_open_files, participant_socket, seal::Seal};
use crate::kernel;

/// Everyone, and the socket of the loop.
pub(super) struct Participants {
    /// The loop's only socket.
    pub(super) server: UdpSocket,
    /// All who send.
    pub(super) publishers: Vec<Publisher>,
    /// All who receive.
    pub(super) receivers: Vec<Receiver>,
    /// Who receives whose packets; those of a publisher lie together.
    pub(super) subscriptions: Vec<Subscription>,
}

/// Somebody's sending connection.
pub(super) struct Publisher {
    /// Connected to the loop's socket.
    pub(super) socket: UdpSocket,
    pub(super) address: SocketAddrV4,
    pub(super) seal: Seal,
    /// Its first subscription.
    pub(super) first_subscription: usize,
    /// Number of subscriptions.
    pub(super) subscriptions: usize,
}

/// Somebody's receiving connection.
pub(super) struct Receiver {
    pub(super) socket: UdpSocket,
    pub(super) address: SocketAddrV4,
    pub(super) seal: Seal,
}

/// A publisher's media for a receiver: two streams with SSRCs of their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subscription {
    pub(super) receiver: usize,
}

/// Kernel memory for what arrives while the loop is busy or holds.
const SERVER_BUFFER_BYTES: usize = 4 * 1024 * 1024;

impl Participants {
    /// Opens all sockets.
    pub(super) fn open(options: &Options) -> Result<Self> {
        let people = u64::from(options.rooms()) * u64::from(options.fan_out() + 1);
        check_open_files(people * 2)?;
        let receiving = kernel::Receiving {
            buffer_bytes: SERVER_BUFFER_BYTES,
            offload: true,
            timestamps: false,
        };
        let server = kernel::open(([127, 0, 0, 1], 0).into(), receiving)
            .context("opening the loop's socket")?;
        let mut all = Self {
            server,
            publishers: Vec::new(),
            receivers: Vec::new(),
            subscriptions: Vec::new(),
        };
        for _ in 0..options.rooms() {
            all.add_room(options)?;
        }
        Ok(all)
    }

    fn add_room(&mut self, options: &Options) -> Result<()> {
        let people = options.fan_out() as usize + 1;
        let first = self.receivers.len();
        for _ in 0..people {
            let socket = participant_socket(options.reader_gro)?;
            let address = ipv4(&socket)?;
            self.receivers.push(Receiver { socket, address, seal: Seal::random(options.profile)? });
        }
        for me in 0..options.publishers() as usize {
            let socket = participant_socket(false)?;
            socket.connect(self.server.local_addr()?).context("connecting a socket")?;
            self.publishers.push(Publisher {
                address: ipv4(&socket)?,
                socket,
                seal: Seal::random(options.profile)?,
                first_subscription: self.subscriptions.len(),
                subscriptions: people - 1,
            });
            let others = (0..people).filter(|other| *other != me);
            self.subscriptions.extend(others.map(|other| Subscription { receiver: first + other }));
        }
        Ok(())
    }
}

pub(crate) fn ipv4(socket: &UdpSocket) -> Result<SocketAddrV4> {
    match socket.local_addr().context("asking a socket's address")? {
        SocketAddr::V4(address) => Ok(address),
        SocketAddr::V6(_) => bail!("an IPv4 socket has an IPv6 address"),
    }
}
