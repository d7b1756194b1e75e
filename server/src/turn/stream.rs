//! The life of one client's stream, over TCP or TLS: TURN's (RFC 8656 §3.1), or ICE's (RFC 6544).
//!
//! ```text
//!   socket ─► Deframer ─► messages ─► Line        a full line: nothing more is read, and TCP makes the client wait
//!   socket ◄─ bytes    ◄──────────── Line         a full socket: the line drops its oldest media
//! ```
//!
//! Owns: one buffer each way, bounded. A stream without an allocation, or an answered check, is closed after half a minute;
//! another lives while something moves.

use std::{collections::VecDeque, io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, sleep_until},
};
use turn::framing::{Deframer, Framing};

use super::line::{Line, Service};

/// How long a client may take to be given an allocation, or to have a check answered: a browser needs two round trips.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes that one read takes: a handful of media packets, or a frame's worth.
const READ_BYTES: usize = 16 * 1024;

/// Serves a stream until either side ends it.
pub(crate) async fn serve<S>(socket: S, framing: Framing, peer: SocketAddr, service: Service)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session {
        line: Line::open(service, framing, peer),
        deframer: Deframer::new(framing),
        waiting: VecDeque::new(),
        out: Vec::new(),
        written: 0,
    };
    let (mut reader, mut writer) = tokio::io::split(socket);
    let patience = sleep_until(Instant::now() + PATIENCE);
    tokio::pin!(patience);
    let mut buffer = vec![0; READ_BYTES];
    let mut is_flushed = true;
    let ready = std::sync::Arc::clone(&session.line.ready);
    while session.go_on() {
        let is_established = session.line.is_established();
        let is_idle = is_flushed && session.unwritten().is_empty();
        tokio::select! {
            read = reader.read(&mut buffer), if session.waiting.is_empty() => {
                let Ok(count @ 1..) = read else { return };
                if !session.read(buffer.get(..count).unwrap_or_default()) {
                    return;
                }
            }
            gone = write_or_flush(&mut writer, session.unwritten()), if !is_idle => {
                let Ok(count) = gone else { return };
                session.written += count;
                is_flushed = count == 0;
            }
            () = ready.notified() => {}
            () = &mut patience, if !is_established => return,
        }
    }
}

/// Writes some bytes, or flushes what was written if there are none: answers 0 then. Nothing is lost when it is given up.
async fn write_or_flush<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        return writer.flush().await.map(|()| 0);
    }
    match writer.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(count),
    }
}

struct Session {
    line: Line,
    deframer: Deframer,
    /// Whole messages that the line has no room for.
    waiting: VecDeque<Vec<u8>>,
    out: Vec<u8>,
    written: usize,
}

impl Session {
    /// Takes bytes of the client; false if they break the framing.
    fn read(&mut self, bytes: &[u8]) -> bool {
        let waiting = &mut self.waiting;
        self.deframer.read(bytes, |message| waiting.push_back(message.to_vec())).is_ok()
    }

    fn unwritten(&self) -> &[u8] {
        self.out.get(self.written..).unwrap_or_default()
    }

    /// Hands over what fits, and fetches what is to be written; false when the stream is over.
    fn go_on(&mut self) -> bool {
        self.line.send(&mut self.waiting);
        if self.unwritten().is_empty() {
            self.out.clear();
            self.written = 0;
            // One at a time: each becomes a TLS record of its own, of which some clients read the first message only (coturn's).
            // They leave the socket together, with the flush after the last.
            if let Some(frame) = self.line.receive() {
                self.out = frame;
            }
        }
        !self.line.is_over()
    }
}
