//! Receiving in batches: `recvmmsg` into buffers that are allocated once.

use std::{
    io, mem,
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    os::fd::AsRawFd,
    ptr,
    time::Duration,
};

use super::{Control, duration};

/// Buffers for one batch.
pub(crate) struct Inbox {
    bytes: Box<[u8]>,
    bytes_each: usize,
    names: Box<[libc::sockaddr_in]>,
    controls: Box<[Control]>,
    iovecs: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
}

/// One received datagram.
pub(crate) struct Datagram<'a> {
    /// IPv4 sources only.
    pub(crate) source: Option<SocketAddrV4>,
    /// When the kernel took it, on the wall clock; absent without timestamps.
    pub(crate) taken_at: Option<Duration>,
    /// Its payload.
    pub(crate) bytes: &'a mut [u8],
}

impl Inbox {
    /// For `messages` messages of `bytes_each` bytes; with receive offload these must be 65,536.
    pub(crate) fn new(messages: usize, bytes_each: usize) -> Self {
        // SAFETY: all-zero is a valid value of these plain C structures.
        let (name, iovec, header): (libc::sockaddr_in, libc::iovec, libc::mmsghdr) =
            unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
        Self {
            bytes: vec![0; messages * bytes_each].into_boxed_slice(),
            bytes_each,
            names: vec![name; messages].into_boxed_slice(),
            controls: vec![[0; 8]; messages].into_boxed_slice(),
            iovecs: vec![iovec; messages].into_boxed_slice(),
            headers: vec![header; messages].into_boxed_slice(),
        }
    }

    /// Messages of a full batch.
    pub(crate) fn capacity(&self) -> usize {
        self.headers.len()
    }

    /// Reads one batch; the number of messages, 0 when nothing waits.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        let parts = self
            .bytes
            .chunks_exact_mut(self.bytes_each)
            .zip(&mut self.names)
            .zip(&mut self.controls)
            .zip(&mut self.iovecs)
            .zip(&mut self.headers);
        for ((((buffer, name), control), iovec), header) in parts {
            iovec.iov_base = buffer.as_mut_ptr().cast();
            iovec.iov_len = buffer.len();
            header.msg_hdr.msg_name = ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = NAME_LEN;
            header.msg_hdr.msg_iov = iovec;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of::<Control>();
        }
        let messages = libc::c_uint::try_from(self.headers.len()).unwrap_or(libc::c_uint::MAX);
        // SAFETY: every header points to a name, an iovec, a buffer and a control buffer that this value owns, set just
        // above; `messages` is at most their number; a null timeout is allowed.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                messages,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        usize::try_from(count).or_else(|_| {
            let error = io::Error::last_os_error();
            match error.kind() {
                // A refused connection is what an earlier send met; it says nothing of what waits.
                io::ErrorKind::WouldBlock
                | io::ErrorKind::Interrupted
                | io::ErrorKind::ConnectionRefused => Ok(0),
                _ => Err(error),
            }
        })
    }

    /// The datagrams of the last batch of `count` messages, receive offload undone.
    pub(crate) fn datagrams(&mut self, count: usize) -> impl Iterator<Item = Datagram<'_>> {
        self.headers
            .iter()
            .zip(&self.names)
            .zip(self.bytes.chunks_exact_mut(self.bytes_each))
            .take(count)
            .flat_map(|((header, name), buffer)| {
                let (segment, taken_at) = controls_of(&header.msg_hdr);
                let len = (header.msg_len as usize).min(buffer.len());
                let bytes = buffer.get_mut(..len).unwrap_or_default();
                let source = source_of(name);
                bytes.chunks_mut(segment.unwrap_or(len).max(1)).map(move |bytes| Datagram {
                    source,
                    taken_at,
                    bytes,
                })
            })
    }
}

fn source_of(name: &libc::sockaddr_in) -> Option<SocketAddrV4> {
    let is_ipv4 = libc::c_int::from(name.sin_family) == libc::AF_INET;
    let ip = Ipv4Addr::from_bits(u32::from_be(name.sin_addr.s_addr));
    is_ipv4.then(|| SocketAddrV4::new(ip, u16::from_be(name.sin_port)))
}

/// Segment size of receive offload, and the kernel's timestamp.
fn controls_of(header: &libc::msghdr) -> (Option<usize>, Option<Duration>) {
    let (mut segment, mut taken_at) = (None, None);
    // SAFETY: the kernel filled the control buffer that `header` points to and set its length; the CMSG functions stay
    // within it. The value of UDP_GRO is a C int, that of SCM_TIMESTAMPNS a timespec.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while let Some(message) = control.as_ref() {
            match (message.cmsg_level, message.cmsg_type) {
                (libc::SOL_UDP, libc::UDP_GRO) => {
                    let size = ptr::read_unaligned(libc::CMSG_DATA(control).cast::<libc::c_int>());
                    segment = usize::try_from(size).ok().filter(|size| *size > 0);
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time = libc::CMSG_DATA(control).cast::<libc::timespec>();
                    taken_at = Some(duration(ptr::read_unaligned(time)));
                }
                _ => {}
            }
            control = libc::CMSG_NXTHDR(header, control);
        }
    }
    (segment, taken_at)
}

#[expect(clippy::cast_possible_truncation, reason = "the size of a C structure, known to be small")]
const NAME_LEN: libc::socklen_t = size_of::<libc::sockaddr_in>() as libc::socklen_t;
