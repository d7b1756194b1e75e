//! The receiving half: `recvmmsg` into buffers that are allocated once, receive offload (`UDP_GRO`) undone.
#![expect(unsafe_code, reason = "recvmmsg with control messages has no safe interface in std")]

use std::{
    io, mem,
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd},
    ptr,
};

use socket2::SockAddr;

use super::Control;

/// Messages per `recvmmsg`.
pub const RECEIVE_MESSAGES: usize = 64;

/// A receive-offload message holds at most this (the largest UDP payload).
const RECEIVE_BYTES: usize = 65_536;

/// From buffer to buffer: not a power of two, or the fronts of all of them, which is all that is used without offload, would
/// compete for the same few places of the processor's caches.
const RECEIVE_STRIDE: usize = RECEIVE_BYTES + 1280;

/// Lengths that system calls take in their own types.
#[expect(clippy::cast_possible_truncation, reason = "the size of a C structure, known to be small")]
const SOCKADDR_LEN: libc::socklen_t = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
#[expect(clippy::cast_possible_truncation, reason = "a small constant")]
const MESSAGES_LEN: libc::c_uint = RECEIVE_MESSAGES as libc::c_uint;

const _: () = assert!(RECEIVE_STRIDE >= RECEIVE_BYTES);

/// See the module. For one socket at a time.
pub struct Receiver {
    buffers: Box<[u8]>,
    names: Box<[libc::sockaddr_storage]>,
    controls: Box<[Control]>,
    iovecs: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    messages: [Message; RECEIVE_MESSAGES],
    /// Messages of the last batch.
    count: usize,
    /// The next datagram: which message, and where in it.
    message: usize,
    offset: usize,
}

#[derive(Clone, Copy)]
struct Message {
    source: Option<SocketAddr>,
    len: usize,
    segment: usize,
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    /// Room for one batch.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: all-zero is a valid value of these plain C structures.
        let (name, iovec, header): (libc::sockaddr_storage, libc::iovec, libc::mmsghdr) =
            unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
        Self {
            buffers: vec![0; RECEIVE_MESSAGES * RECEIVE_STRIDE].into_boxed_slice(),
            names: vec![name; RECEIVE_MESSAGES].into_boxed_slice(),
            controls: vec![[0; 4]; RECEIVE_MESSAGES].into_boxed_slice(),
            iovecs: vec![iovec; RECEIVE_MESSAGES].into_boxed_slice(),
            headers: vec![header; RECEIVE_MESSAGES].into_boxed_slice(),
            messages: [Message { source: None, len: 0, segment: 0 }; RECEIVE_MESSAGES],
            count: 0,
            message: 0,
            offset: 0,
        }
    }

    /// Reads one batch; the number of messages, each of one datagram or more; 0 when nothing waits. What is left of the last
    /// batch is forgotten: see [`is_empty`](Self::is_empty).
    ///
    /// # Errors
    /// What the system says, errors of earlier sends among it.
    pub fn receive(&mut self, socket: &impl AsFd) -> io::Result<usize> {
        (self.count, self.message, self.offset) = (0, 0, 0);
        let parts = self
            .names
            .iter_mut()
            .zip(&mut self.controls)
            .zip(&mut self.iovecs)
            .zip(&mut self.headers)
            .zip(self.buffers.chunks_exact_mut(RECEIVE_STRIDE));
        for ((((name, control), iovec), header), buffer) in parts {
            iovec.iov_base = buffer.as_mut_ptr().cast();
            iovec.iov_len = RECEIVE_BYTES;
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = SOCKADDR_LEN;
            header.msg_hdr.msg_iov = iovec;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of::<Control>();
        }
        // SAFETY: every header points to a name, an iovec with its buffer, and a control buffer of this value, which
        // nothing else touches until the call returns; the count is the length of `headers`; a null timeout is allowed.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_fd().as_raw_fd(),
                self.headers.as_mut_ptr(),
                MESSAGES_LEN,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(error),
            };
        };
        for ((received, header), name) in
            self.messages.iter_mut().zip(&self.headers).zip(&self.names).take(count)
        {
            let len = header.msg_len as usize;
            *received = Message {
                source: source_of(*name, header.msg_hdr.msg_namelen),
                len,
                segment: gro_segment(&header.msg_hdr).filter(|size| *size > 0).unwrap_or(len),
            };
        }
        self.count = count;
        Ok(count)
    }

    /// Whether every datagram of the last batch has been [taken](Self::take).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.message == self.count
    }

    /// The messages of the last batch, as they came: source and the first datagram's bytes, more may follow them.
    pub fn messages(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.messages
            .iter()
            .zip(self.buffers.chunks_exact(RECEIVE_STRIDE))
            .take(self.count)
            .filter_map(|(received, buffer)| Some((received.source?, buffer.get(..received.len)?)))
    }

    /// The datagrams of the last batch, receive offload undone.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let sizes = self.messages.iter().map(|received| received.segment.max(1));
        let buffers = self.messages.iter().zip(self.buffers.chunks_exact(RECEIVE_STRIDE));
        buffers.zip(sizes).take(self.count).flat_map(|((received, buffer), size)| {
            let bytes = buffer.get(..received.len).filter(|_| received.source.is_some());
            let source = received.source;
            let datagrams = bytes.unwrap_or_default().chunks(size);
            datagrams.filter_map(move |datagram| Some((source?, datagram)))
        })
    }

    /// The next datagram of the last batch, receive offload undone; `None` when all have been taken.
    pub fn take(&mut self) -> Option<(SocketAddr, &mut [u8])> {
        while self.message < self.count {
            let received = self.messages.get(self.message)?;
            let left = received.len.saturating_sub(self.offset);
            let (len, start) =
                (left.min(received.segment), self.message * RECEIVE_STRIDE + self.offset);
            if len == left {
                (self.message, self.offset) = (self.message + 1, 0);
            } else {
                self.offset += len;
            }
            if let Some(source) = received.source.filter(|_| len > 0) {
                return Some((source, self.buffers.get_mut(start..start + len)?));
            }
        }
        None
    }
}

/// IPv4 clients of a dual-stack socket appear as IPv4: candidates and STUN answers must name their true family.
fn source_of(name: libc::sockaddr_storage, len: libc::socklen_t) -> Option<SocketAddr> {
    // SAFETY: the kernel wrote a socket address of `len` bytes into the storage that is copied here; both storages are
    // the same C structure.
    let ((), address) = unsafe {
        SockAddr::try_init(|storage, storage_len| {
            storage.cast::<libc::sockaddr_storage>().write(name);
            storage_len.write(len);
            Ok(())
        })
    }
    .ok()?;
    let address = address.as_socket()?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

/// The segment size that receive offload reports; `None` for a single datagram.
fn gro_segment(header: &libc::msghdr) -> Option<usize> {
    // SAFETY: the kernel filled the control buffer that `header` points to and set its length; the CMSG functions stay
    // within it. The value of UDP_GRO is a C int.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while !control.is_null() {
            if (*control).cmsg_level == libc::SOL_UDP && (*control).cmsg_type == libc::UDP_GRO {
                let size = ptr::read_unaligned(libc::CMSG_DATA(control).cast::<libc::c_int>());
                return usize::try_from(size).ok();
            }
            control = libc::CMSG_NXTHDR(header, control);
        }
    }
    None
}
