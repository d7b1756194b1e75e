//! What an attacker has: sockets from an address of its own, tokens of its own, and the server's figures to judge by.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use livekit_protocol as proto;
use livekit_protocol::{signal_request::Message as Asking, signal_response::Message as Response};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message as Frame},
};

use super::{PATIENCE, binary::Binary};

/// Another loopback address than the victims'.
const FROM: [u8; 4] = [127, 0, 0, 2];

/// Opens a connection from the attacker's address.
pub(crate) async fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((FROM, 0).into())?;
    socket.connect(to).await
}

/// Sends text and reads until the server closes.
pub(crate) async fn ask(to: SocketAddr, text: &str) -> String {
    let mut socket = connect(to).await.unwrap();
    let _ = socket.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) async fn get(to: SocketAddr, path: &str) -> String {
    ask(to, &format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await
}

/// A signal socket of somebody with a token.
pub(crate) struct Socket(pub(crate) WebSocketStream<TcpStream>);

impl Socket {
    /// Joins the victims' room as somebody.
    pub(crate) async fn join(server: &Binary, identity: &str) -> Self {
        Self::open(server, &Binary::token(identity), "").await.expect("a join")
    }

    pub(crate) async fn open(
        server: &Binary,
        token: &str,
        query: &str,
    ) -> Result<Self, tungstenite::Error> {
        let to = server.http();
        let url = format!("ws://{to}/rtc?access_token={token}&protocol=17{query}");
        let stream = connect(to).await?;
        timeout(PATIENCE, client_async(url, stream)).await.unwrap().map(|(socket, _)| Self(socket))
    }

    pub(crate) async fn send(&mut self, asking: Asking) -> Result<(), tungstenite::Error> {
        let request = proto::SignalRequest { message: Some(asking) };
        self.0.send(Frame::Binary(request.encode_to_vec().into())).await
    }

    /// The next response; `None` when the socket is closed.
    pub(crate) async fn next(&mut self) -> Option<Response> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a frame in time")?.ok()? {
                Frame::Binary(bytes) => {
                    return proto::SignalResponse::decode(bytes).unwrap().message;
                }
                Frame::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The own sid, which the first response says.
    pub(crate) async fn own_sid(&mut self) -> String {
        match self.next().await {
            Some(Response::Join(join)) => join.participant.unwrap().sid,
            other => panic!("{other:?}"),
        }
    }

    /// Reads until the server closes.
    pub(crate) async fn until_closed(&mut self) {
        while self.next().await.is_some() {}
    }
}

/// Memory of a process that is in RAM, in bytes.
pub(crate) fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

/// Open descriptors of a process.
pub(crate) fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, longest: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + longest;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {longest:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
