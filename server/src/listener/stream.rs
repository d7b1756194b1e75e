//! A stream that holds its place at the door, and fails when its peer stands still.

use std::{
    io,
    os::fd::AsFd as _,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};
use tokio_rustls::server::TlsStream;

use super::door::Permit;

/// Bytes that are read at once of a stream of messages: a frame of video.
const AHEAD_BYTES: usize = 16 * 1024;

/// A stream that can be handed to another thread for good.
pub(crate) trait Settle {
    /// From now on the runtime of the calling task watches the socket, and what came is read in one go.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    fn settle(&mut self) -> io::Result<()>;

    /// From now on what is written leaves with the next flush, or when much of it waits: several messages in one go, whatever
    /// stands between them and the socket.
    fn gather(&mut self);
}

impl Settle for TcpStream {
    fn settle(&mut self) -> io::Result<()> {
        let socket = self.as_fd().try_clone_to_owned()?;
        *self = Self::from_std(socket.into())?;
        Ok(())
    }

    fn gather(&mut self) {}
}

impl<S: Settle> Settle for Guarded<S> {
    fn settle(&mut self) -> io::Result<()> {
        self.stream.settle()?;
        // Timers belong to a runtime as well.
        for stall in [&mut self.reading, &mut self.writing] {
            (stall.is_waiting, stall.timer) = (false, None);
        }
        self.ahead.get_or_insert_with(Ahead::new);
        Ok(())
    }

    fn gather(&mut self) {
        self.behind.get_or_insert_with(Behind::default);
    }
}

impl<S: Settle> Settle for TlsStream<S> {
    fn settle(&mut self) -> io::Result<()> {
        self.get_mut().0.settle()
    }

    fn gather(&mut self) {
        self.get_mut().0.gather();
    }
}

/// See the module.
pub(super) struct Guarded<S> {
    stream: S,
    reading: Stall,
    writing: Stall,
    /// Since it was settled.
    ahead: Option<Ahead>,
    /// Since its writes are gathered.
    behind: Option<Behind>,
    _permit: Permit,
}

/// Bytes that have been read and not been asked for yet: TLS asks for little at a time.
struct Ahead {
    bytes: Box<[u8]>,
    from: usize,
    to: usize,
}

impl Ahead {
    fn new() -> Self {
        Self { bytes: vec![0; AHEAD_BYTES].into_boxed_slice(), from: 0, to: 0 }
    }

    /// Reads through the buffer; what is asked for in one go with it passes by.
    fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.from == self.to {
            if buffer.remaining() >= self.bytes.len() {
                return Pin::new(stream).poll_read(context, buffer);
            }
            let mut read = ReadBuf::new(&mut self.bytes);
            match Pin::new(stream).poll_read(context, &mut read) {
                Poll::Ready(Ok(())) => (self.from, self.to) = (0, read.filled().len()),
                unread => return unread,
            }
        }
        let to = self.to.min(self.from + buffer.remaining());
        buffer.put_slice(self.bytes.get(self.from..to).unwrap_or_default());
        self.from = to;
        Poll::Ready(Ok(()))
    }
}

/// Bytes that wait for a flush.
const BEHIND_BYTES: usize = 16 * 1024;

/// Bytes that have been written and have not left yet.
#[derive(Default)]
struct Behind {
    bytes: Vec<u8>,
    gone: usize,
}

impl Behind {
    /// Takes what there is room for, when there is any; before that, what waits leaves.
    fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.bytes.len() >= BEHIND_BYTES {
            ready!(self.poll_leave(stream, context))?;
        }
        let mut taken = 0;
        for slice in slices {
            let room = BEHIND_BYTES - self.bytes.len();
            let part = slice.get(..room).unwrap_or(slice);
            self.bytes.extend_from_slice(part);
            taken += part.len();
        }
        debug_assert!(self.bytes.len() <= BEHIND_BYTES);
        Poll::Ready(Ok(taken))
    }

    /// Waits until nothing waits.
    fn poll_leave<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while let Some(rest @ [_, ..]) = self.bytes.get(self.gone..) {
            match ready!(Pin::new(&mut *stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.gone += count,
            }
        }
        self.bytes.clear();
        self.gone = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S> Guarded<S> {
    /// `standstill` is how long a read or a write may wait.
    pub(super) fn new(stream: S, permit: Permit, standstill: Duration) -> Self {
        let stall = || Stall { standstill, is_waiting: false, timer: None };
        let (reading, writing) = (stall(), stall());
        Self { stream, reading, writing, ahead: None, behind: None, _permit: permit }
    }
}

/// Since when one direction waits. The timer is made once and moved, as most waits are short.
struct Stall {
    standstill: Duration,
    is_waiting: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    fn watch<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.is_waiting = false;
            return polled;
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.standstill)));
        if !self.is_waiting {
            timer.as_mut().reset(Instant::now() + self.standstill);
            self.is_waiting = true;
        }
        match timer.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, reading, ahead, .. } = &mut *self;
        let polled = match ahead {
            Some(ahead) => ahead.poll_read(stream, context, buffer),
            None => Pin::new(stream).poll_read(context, buffer),
        };
        reading.watch(polled, context)
    }
}

impl<S: AsyncWrite + Unpin> Guarded<S> {
    /// Waits until what was gathered has left; not longer than any write may wait.
    fn poll_behind(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, writing, behind: Some(behind), .. } = self else {
            return Poll::Ready(Ok(()));
        };
        let polled = behind.poll_leave(stream, context);
        writing.watch(polled, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, writing, behind, .. } = &mut *self;
        let polled = match behind {
            Some(behind) => behind.poll_write(stream, context, &[io::IoSlice::new(bytes)]),
            None => Pin::new(stream).poll_write(context, bytes),
        };
        writing.watch(polled, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, writing, behind, .. } = &mut *self;
        let polled = match behind {
            Some(behind) => behind.poll_write(stream, context, slices),
            None => Pin::new(stream).poll_write_vectored(context, slices),
        };
        writing.watch(polled, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.behind.is_some() || self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_behind(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_behind(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn what_is_read_ahead_is_handed_out_in_order_and_nothing_is_lost() {
        let sent: Vec<u8> = (0..5 * AHEAD_BYTES).map(|n| (n % 251) as u8).collect();
        for asked in [1000, AHEAD_BYTES - 1, AHEAD_BYTES, 3 * AHEAD_BYTES] {
            let (mut near, mut far) = tokio::io::duplex(AHEAD_BYTES + 7);
            let whole = sent.clone();
            let writing = tokio::spawn(async move { near.write_all(&whole).await });
            let (mut ahead, mut received) = (Ahead::new(), Vec::new());
            let mut buffer = vec![0; asked];
            loop {
                let read = std::future::poll_fn(|context| {
                    let mut read = ReadBuf::new(&mut buffer);
                    let polled = ahead.poll_read(&mut far, context, &mut read);
                    polled.map_ok(|()| read.filled().len())
                });
                match read.await.unwrap() {
                    0 => break,
                    count => received.extend_from_slice(&buffer[..count]),
                }
            }
            writing.await.unwrap().unwrap();
            assert!(received == sent, "{asked} bytes at a time");
        }
    }

    #[tokio::test]
    async fn what_is_gathered_leaves_in_order_with_a_flush_or_when_it_is_much() {
        let sent: Vec<u8> = (0..5 * BEHIND_BYTES).map(|n| (n % 251) as u8).collect();
        for piece in [1, 1000, BEHIND_BYTES, 2 * BEHIND_BYTES + 1] {
            let (mut near, mut far) = tokio::io::duplex(1000);
            let mut behind = Behind::default();
            let expected = sent.clone();
            let reading = tokio::spawn(async move {
                let mut received = vec![0; expected.len()];
                far.read_exact(&mut received).await.unwrap();
                assert!(received == expected);
                far
            });
            for mut rest in sent.chunks(piece) {
                while !rest.is_empty() {
                    let write = |context: &mut Context<'_>| {
                        behind.poll_write(&mut near, context, &[io::IoSlice::new(rest)])
                    };
                    let taken = std::future::poll_fn(write).await.unwrap();
                    assert!(taken > 0);
                    rest = &rest[taken..];
                }
            }
            std::future::poll_fn(|context| behind.poll_leave(&mut near, context)).await.unwrap();
            let mut far = reading.await.unwrap();
            let mut context = Context::from_waker(std::task::Waker::noop());
            let little = [io::IoSlice::new(b"a"), io::IoSlice::new(b"b")];
            assert!(behind.poll_write(&mut near, &mut context, &little).is_ready());
            let mut byte = [0];
            let early = tokio::time::timeout(Duration::from_millis(10), far.read(&mut byte)).await;
            assert!(early.is_err(), "nothing leaves before the flush");
            std::future::poll_fn(|context| behind.poll_leave(&mut near, context)).await.unwrap();
            assert_eq!(far.read(&mut byte).await.unwrap(), 1);
        }
    }

    #[test]
    fn a_settled_socket_is_served_by_another_runtime_when_its_own_has_ended() {
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let first = runtime();
        let (mut client, mut socket) = first.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = std::net::TcpStream::connect(address).unwrap();
            (client, listener.accept().await.unwrap().0)
        });
        let second = runtime();
        second.block_on(async { socket.settle().unwrap() });
        drop(first);
        std::io::Write::write_all(&mut client, b"hello").unwrap();
        second.block_on(async {
            let mut bytes = [0; 5];
            socket.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, b"hello");
            socket.write_all(b"world").await.unwrap();
        });
        let mut bytes = [0; 5];
        std::io::Read::read_exact(&mut client, &mut bytes).unwrap();
        assert_eq!(&bytes, b"world");
    }
}
