//! What a client speaks, by its first bytes: TLS, TURN or HTTP on one port.
//!
//! ```text
//!   0x16        TLS record of a handshake (RFC 8446 §5.1)
//!   0x00, 0x01  STUN: the first message of a TURN client is a request (RFC 8656 §3.1)
//!   else        HTTP: a method begins with a letter
//! ```
//!
//! Channel data (0x40 to 0x4F, which `GET` begins like) is never first: a channel needs an allocation.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tls,
    Turn,
    Http,
}

/// ALPN of TURN over TLS (RFC 7443).
pub(crate) const ALPN_TURN: &[u8] = b"stun.turn";

impl Kind {
    /// By the first byte.
    pub(super) fn of(first: u8) -> Self {
        match first {
            0x16 => Self::Tls,
            0x00 | 0x01 => Self::Turn,
            _ => Self::Http,
        }
    }
}

/// A stream whose first byte has been looked at.
pub(super) struct Peeked<S> {
    first: Option<u8>,
    stream: S,
}

impl<S: AsyncRead + Unpin> Peeked<S> {
    /// Nothing is looked at.
    pub(super) fn whole(stream: S) -> Self {
        Self { first: None, stream }
    }

    /// Waits for the first byte. `None` if the client closes instead, or nothing comes.
    pub(super) async fn peek(mut stream: S) -> Option<(Self, Kind)> {
        let mut first = [0];
        match stream.read(&mut first).await {
            Ok(1..) => {}
            _ => return None,
        }
        let [first] = first;
        Some((Self { first: Some(first), stream }, Kind::of(first)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Peeked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() > 0
            && let Some(first) = self.first.take()
        {
            buffer.put_slice(&[first]);
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
    use super::*;

    #[tokio::test]
    async fn the_first_byte_decides_and_is_read_again() {
        for (bytes, kind) in [
            (&b"GET / HTTP/1.1"[..], Kind::Http),
            (b"POST", Kind::Http),
            (b"\x16\x03\x01", Kind::Tls),
            (b"\x00\x03\x00\x08", Kind::Turn),
            (b"\x01", Kind::Turn),
            (b"\x80", Kind::Http),
        ] {
            let (mut peeked, found) = Peeked::peek(bytes).await.unwrap();
            assert_eq!(found, kind, "{bytes:?}");
            let mut read = Vec::new();
            peeked.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, bytes);
        }
        assert!(Peeked::peek(&b""[..]).await.is_none());
    }
}
