//! A TURN client (RFC 8656): one allocation, one channel, over UDP or TLS. Blocking while it sets up, never afterwards.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::ValueEnum;
use protocol::{
    stun::{
        Attribute, AttributeKind, Builder, Class, LongTermKey, Message, Method, PasswordAlgorithm,
        TransactionId,
    },
    turn_credential::TurnCredential,
};
use rustls::{ClientConnection, StreamOwned};
use turn::{
    channel_data,
    framing::{Deframer, Framing},
};

use super::servers::Relay;

/// How a client reaches its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Transport {
    Udp,
    Tls,
}

enum Link {
    Udp(UdpSocket),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>, Deframer),
}

/// See the module.
pub(crate) struct Client {
    link: Link,
    credential: TurnCredential,
    realm: String,
    nonce: Vec<u8>,
    requests: u8,
    frame: Vec<u8>,
}

/// The one channel.
pub(crate) const CHANNEL: u16 = 0x4001;

/// How long an answer may take: servers are on this machine.
const PATIENCE: Duration = Duration::from_secs(2);

impl Client {
    pub(super) fn connect(relay: &Relay, transport: Transport, name: &str) -> Result<Self> {
        let link = match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0").context("opening a client")?;
                socket.connect(relay.udp)?;
                socket.set_read_timeout(Some(PATIENCE))?;
                Link::Udp(socket)
            }
            Transport::Tls => {
                let socket = TcpStream::connect(relay.tls).context("connecting over TLS")?;
                socket.set_nodelay(true)?;
                socket.set_read_timeout(Some(PATIENCE))?;
                let connection =
                    ClientConnection::new(relay.tls_config.clone(), "localhost".try_into()?)?;
                let stream = StreamOwned::new(connection, socket);
                Link::Tls(Box::new(stream), Deframer::new(Framing::Turn))
            }
        };
        Ok(Self::with(link, relay.credential(name)))
    }

    /// Over a socket that is connected to the server, and blocks from now on until [`set_nonblocking`](Self::set_nonblocking).
    pub(crate) fn over(socket: UdpSocket, credential: TurnCredential) -> Result<Self> {
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self::with(Link::Udp(socket), credential))
    }

    fn with(link: Link, credential: TurnCredential) -> Self {
        let (realm, nonce) = (String::new(), Vec::new());
        Self { link, credential, realm, nonce, requests: 0, frame: Vec::new() }
    }

    /// Answers the relayed address.
    pub(crate) fn allocate(&mut self) -> Result<SocketAddr> {
        let udp = (AttributeKind::REQUESTED_TRANSPORT, vec![17, 0, 0, 0]);
        let reply = self.request(Method::ALLOCATE, &[udp])?;
        let message = Message::parse(&reply)?;
        let kind = AttributeKind::XOR_RELAYED_ADDRESS;
        let value = message.attribute(kind).context("no relayed address")?;
        message.xor_address(Attribute { kind, value }).context("a broken relayed address")
    }

    pub(crate) fn bind(&mut self, peer: SocketAddr) -> Result<()> {
        let [high, low] = CHANNEL.to_be_bytes();
        let SocketAddr::V4(peer) = peer else { bail!("a peer without IPv4") };
        // RFC 8489 §14.2: combined with the magic cookie.
        let mut address = vec![0, 1];
        address.extend((peer.port() ^ 0x2112).to_be_bytes());
        address.extend((peer.ip().to_bits() ^ protocol::stun::MAGIC_COOKIE).to_be_bytes());
        let attributes = [
            (AttributeKind::CHANNEL_NUMBER, vec![high, low, 0, 0]),
            (AttributeKind::XOR_PEER_ADDRESS, address),
        ];
        self.request(Method::CHANNEL_BIND, &attributes).map(|_| ())
    }

    fn request(
        &mut self,
        method: Method,
        attributes: &[(AttributeKind, Vec<u8>)],
    ) -> Result<Vec<u8>> {
        for _ in 0..3 {
            let mut out = [0; 512];
            self.requests += 1;
            let mut builder =
                Builder::new(&mut out, Class::Request, method, TransactionId([self.requests; 12]));
            for (kind, value) in attributes {
                builder = builder.attribute(*kind, value);
            }
            let TurnCredential { username, password } = &self.credential;
            let len = if self.nonce.is_empty() {
                builder.finish()
            } else {
                let key =
                    LongTermKey::derive(PasswordAlgorithm::Md5, username, &self.realm, password);
                builder
                    .username(username)
                    .attribute(AttributeKind::REALM, self.realm.as_bytes())
                    .attribute(AttributeKind::NONCE, &self.nonce)
                    .finish_with_integrity(key.as_bytes())
            };
            let len = len.context("the request is too long")?;
            let reply = self.exchange(&out[..len])?;
            let message = Message::parse(&reply)?;
            let value = |kind| message.attribute(kind).map(<[u8]>::to_vec);
            match (message.class(), value(AttributeKind::REALM), value(AttributeKind::NONCE)) {
                (Class::Success, ..) => return Ok(reply),
                (_, Some(realm), Some(nonce)) => {
                    (self.realm, self.nonce) = (String::from_utf8(realm)?, nonce);
                }
                _ => bail!("{method:?} is refused: {:?}", message.error_code()),
            }
        }
        Err(anyhow!("{method:?} is challenged again and again"))
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        let mut buffer = [0; 2048];
        match &mut self.link {
            Link::Udp(socket) => {
                // Servers that have just started may not listen yet.
                let mut answer = Err(ErrorKind::TimedOut.into());
                for _ in 0..5 {
                    socket.send(request)?;
                    answer = socket.recv(&mut buffer);
                    if answer.is_ok() {
                        break;
                    }
                    crate::clock::sleep(Duration::from_millis(100));
                }
                Ok(buffer[..answer.context("no answer")?].to_vec())
            }
            Link::Tls(stream, deframer) => {
                stream.write_all(request)?;
                let mut reply = None;
                while reply.is_none() {
                    let count = stream.read(&mut buffer).context("no answer")?;
                    ensure!(count > 0, "the server has hung up");
                    let take = |message: &[u8]| reply = Some(message.to_vec());
                    deframer.read(&buffer[..count], take).map_err(|error| anyhow!("{error:?}"))?;
                }
                reply.context("no answer")
            }
        }
    }

    pub(crate) fn set_nonblocking(&mut self) -> Result<()> {
        match &self.link {
            Link::Udp(socket) => socket.set_nonblocking(true)?,
            Link::Tls(stream, _) => stream.sock.set_nonblocking(true)?,
        }
        Ok(())
    }

    /// Sends on the channel; false if there is no room.
    pub(super) fn send(&mut self, payload: &[u8]) -> bool {
        let Some(header) = channel_data::header(CHANNEL, payload.len()) else { return false };
        self.frame.clear();
        self.frame.extend(header);
        self.frame.extend(payload);
        match &mut self.link {
            Link::Udp(socket) => socket.send(&self.frame).is_ok(),
            Link::Tls(stream, _) => {
                self.frame.resize(self.frame.len().next_multiple_of(4), 0);
                // What the socket does not take stays in the connection, and goes later.
                let is_free = !stream.conn.wants_write();
                let sent = is_free && stream.conn.writer().write_all(&self.frame).is_ok();
                while stream.conn.wants_write() && stream.conn.write_tls(&mut stream.sock).is_ok() {
                }
                sent
            }
        }
    }

    /// Counts packets that have come.
    pub(super) fn drain(&mut self, buffer: &mut [u8]) -> u64 {
        let mut count = 0;
        match &mut self.link {
            Link::Udp(socket) => {
                while let Ok(len) = socket.recv(buffer) {
                    count += u64::from(channel_data::is_channel_data(&buffer[..len]));
                }
            }
            Link::Tls(stream, deframer) => {
                while stream.conn.wants_write() && stream.conn.write_tls(&mut stream.sock).is_ok() {
                }
                while matches!(stream.conn.read_tls(&mut stream.sock), Ok(1..)) {
                    if stream.conn.process_new_packets().is_err() {
                        break;
                    }
                    while let Ok(len @ 1..) = stream.conn.reader().read(buffer) {
                        let take = |message: &[u8]| {
                            count += u64::from(channel_data::is_channel_data(message));
                        };
                        // A stream that is broken brings nothing more, and shows in what has arrived.
                        let _ = deframer.read(&buffer[..len], take);
                    }
                }
            }
        }
        count
    }
}
