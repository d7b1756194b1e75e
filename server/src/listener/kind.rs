//! What a client speaks, by its first bytes: TLS, TURN, ICE or HTTP on one port.
//!
//! ```text
//!   0x16        TLS record of a handshake (RFC 8446 §5.1)
//!   0x00, 0x01  a STUN request, told apart by the second byte:
//!     type   0x0001 to 0x0009    TURN: the message begins with its type (RFC 8656 §3.1)
//!     length from 0x0020         ICE: with the length of the frame around it (RFC 6544 §3, RFC 4571), and no check that
//!                                says whom it is for, and proves it, is as short as a type is small
//!   else        HTTP: a method begins with a letter
//! ```
//!
//! Channel data (0x40 to 0x4F, which `GET` begins like) is never first: a channel needs an allocation. Nor is DTLS or media:
//! a path needs a check.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use turn::framing::Framing;

use super::stream::Settle;

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tls,
    /// Messages for the media plane, or a TURN server.
    Stream(Framing),
    Http,
}

/// ALPN of TURN over TLS (RFC 7443).
pub(crate) const ALPN_TURN: &[u8] = b"stun.turn";

/// Bytes that decide, at most.
const HEAD_BYTES: usize = 2;

/// The shortest frame: a STUN header, and a USERNAME and MESSAGE-INTEGRITY that are longer than what is missing to it.
const CHECK_BYTES_MIN: u16 = 0x20;

/// A stream whose first bytes have been looked at.
pub(super) struct Peeked<S> {
    head: [u8; HEAD_BYTES],
    /// Which of them are to be read again.
    from: usize,
    to: usize,
    stream: S,
}

impl<S: AsyncRead + Unpin> Peeked<S> {
    /// Waits for as many bytes as it takes. `None` if the client closes instead.
    pub(super) async fn peek(mut stream: S) -> Option<(Self, Kind)> {
        let mut head = [0; HEAD_BYTES];
        let mut to = 0;
        let kind = loop {
            match stream.read(head.get_mut(to..)?).await {
                Ok(count @ 1..) => to += count,
                _ => return None,
            }
            match head {
                [0x00 | 0x01, _] if to < HEAD_BYTES => {}
                [0x00 | 0x01, _] if u16::from_be_bytes(head) < CHECK_BYTES_MIN => {
                    break Kind::Stream(Framing::Turn);
                }
                [0x00 | 0x01, _] => break Kind::Stream(Framing::Ice),
                [0x16, _] => break Kind::Tls,
                _ => break Kind::Http,
            }
        };
        Some((Self { head, from: 0, to, stream }, kind))
    }
}

impl<S: Settle> Settle for Peeked<S> {
    fn settle(&mut self) -> io::Result<()> {
        self.stream.settle()
    }

    fn gather(&mut self) {
        self.stream.gather();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Peeked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let to = self.to.min(self.from + buffer.remaining());
        if let Some(again @ [_, ..]) = self.head.get(self.from..to) {
            buffer.put_slice(again);
            self.from = to;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Peeked<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn the_first_bytes_decide_and_are_read_again() {
        let turn = Kind::Stream(Framing::Turn);
        let ice = Kind::Stream(Framing::Ice);
        for (bytes, kind) in [
            (&b"GET / HTTP/1.1"[..], Kind::Http),
            (b"POST", Kind::Http),
            (b"\x16\x03\x01", Kind::Tls),
            (b"\x00\x03\x00\x08\x21\x12\xa4\x42 and so on", turn),
            (b"\x00\x01\x00\x00\x21\x12\xa4\x42", turn),
            (b"\x00\x09", turn),
            (b"\x00\x64\x00\x01\x00\x50\x21\x12\xa4\x42 and so on", ice),
            (b"\x01\x10\x00\x01\x00\xfc\x21\x12", ice),
            (b"\x80", Kind::Http),
        ] {
            for piece in [1, 3, 100] {
                let (mut client, server) = tokio::io::duplex(piece);
                tokio::spawn(async move { client.write_all(bytes).await });
                let (mut peeked, found) = Peeked::peek(server).await.unwrap();
                assert_eq!(found, kind, "{bytes:?}");
                let mut read = vec![0; 1];
                peeked.read_exact(&mut read).await.unwrap();
                peeked.read_to_end(&mut read).await.unwrap();
                assert_eq!(read, bytes, "in pieces of {piece}");
            }
        }
        for nothing in [&b""[..], b"\x00", b"\x01"] {
            assert!(Peeked::peek(nothing).await.is_none());
        }
    }
}
