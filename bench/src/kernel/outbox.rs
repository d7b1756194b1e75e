//! Sending in batches: datagrams are written into slots, then leave with `sendmmsg`; datagrams of one message leave as
//! one large packet that the kernel cuts (`UDP_SEGMENT`).

use std::{
    io, mem,
    net::{SocketAddrV4, UdpSocket},
    os::fd::AsRawFd,
    ptr,
};

use super::{Control, MESSAGES, ring::Ring};

/// Segments of one message (kernel's `UDP_MAX_SEGMENTS` before Linux 6.9).
pub(crate) const SEGMENTS_MAX: usize = 64;
/// Bytes of one message: below the largest UDP payload.
pub(crate) const MESSAGE_BYTES_MAX: usize = 65_000;

/// A datagram: the front of a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Which slot.
    pub(crate) slot: usize,
    /// Bytes.
    pub(crate) len: usize,
}

/// Consecutive pieces for one destination: all but the last have the first one's length, the last is not longer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    /// `None` on a connected socket.
    pub(crate) to: Option<SocketAddrV4>,
    /// Index of the first piece.
    pub(crate) first: usize,
    /// Pieces.
    pub(crate) count: usize,
}

/// What a send did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// System calls.
    pub(crate) calls: u64,
    /// Messages that the kernel took.
    pub(crate) messages: u64,
    /// Datagrams in these.
    pub(crate) datagrams: u64,
    /// Messages that the kernel refused.
    pub(crate) errors: u64,
}

/// Slots and the structures to send them, allocated once.
pub(crate) struct Outbox {
    arena: Box<[u8]>,
    slot_bytes: usize,
    iovecs: Vec<libc::iovec>,
    names: Box<[libc::sockaddr_in]>,
    controls: Box<[Control]>,
    headers: Box<[libc::mmsghdr]>,
}

impl Outbox {
    /// `slots` slots of `slot_bytes` bytes.
    pub(crate) fn new(slots: usize, slot_bytes: usize) -> Self {
        // SAFETY: all-zero is a valid value of these plain C structures.
        let (name, header): (libc::sockaddr_in, libc::mmsghdr) =
            unsafe { (mem::zeroed(), mem::zeroed()) };
        Self {
            arena: vec![0; slots * slot_bytes].into_boxed_slice(),
            slot_bytes,
            iovecs: Vec::with_capacity(MESSAGES * SEGMENTS_MAX),
            names: vec![name; MESSAGES].into_boxed_slice(),
            controls: vec![[0; 8]; MESSAGES].into_boxed_slice(),
            headers: vec![header; MESSAGES].into_boxed_slice(),
        }
    }

    /// Number of slots.
    pub(crate) fn slots(&self) -> usize {
        self.arena.len() / self.slot_bytes
    }

    /// A slot to write into; empty if there is none of this number.
    pub(crate) fn slot(&mut self, slot: usize) -> &mut [u8] {
        let start = slot * self.slot_bytes;
        self.arena.get_mut(start..start + self.slot_bytes).unwrap_or_default()
    }

    /// Sends. What the kernel refuses is lost and counted.
    pub(crate) fn send(
        &mut self,
        socket: &UdpSocket,
        pieces: &[Piece],
        messages: &[Message],
    ) -> Sent {
        let mut sent = Sent::default();
        for batch in messages.chunks(MESSAGES) {
            self.prepare(pieces, batch);
            self.flush(socket, batch, &mut sent);
        }
        sent
    }

    /// As [`Self::send`], by the ring, on its socket.
    pub(crate) fn send_by_ring(
        &mut self,
        ring: &mut Ring,
        pieces: &[Piece],
        messages: &[Message],
    ) -> Sent {
        let mut sent = Sent::default();
        for batch in messages.chunks(MESSAGES) {
            self.prepare(pieces, batch);
            sent.calls += 1;
            let headers = self.headers.get(..batch.len()).unwrap_or_default();
            // SAFETY: the headers of this batch were set by `prepare`, see `flush`; they and what they point to belong
            // to this value, which is borrowed until the ring has finished with them.
            let is_taken = unsafe { ring.send(headers) };
            for (message, is_taken) in batch.iter().zip(is_taken) {
                if is_taken {
                    sent.messages += 1;
                    sent.datagrams += message.count as u64;
                } else {
                    sent.errors += 1;
                }
            }
        }
        sent
    }

    fn prepare(&mut self, pieces: &[Piece], batch: &[Message]) {
        self.iovecs.clear();
        for message in batch {
            for piece in pieces.iter().skip(message.first).take(message.count) {
                let start = piece.slot * self.slot_bytes;
                let bytes = self.arena.get(start..start + piece.len.min(self.slot_bytes));
                let bytes = bytes.unwrap_or_default();
                self.iovecs.push(libc::iovec {
                    iov_base: bytes.as_ptr().cast_mut().cast(),
                    iov_len: bytes.len(),
                });
            }
        }
        let mut rest = self.iovecs.as_mut_slice();
        let parts =
            batch.iter().zip(&mut self.names).zip(&mut self.controls).zip(&mut self.headers);
        for (((message, name), control), header) in parts {
            let (mine, others) = mem::take(&mut rest).split_at_mut(message.count);
            rest = others;
            (header.msg_hdr.msg_name, header.msg_hdr.msg_namelen) = match message.to {
                Some(to) => {
                    name.sin_family = FAMILY;
                    name.sin_addr.s_addr = to.ip().to_bits().to_be();
                    name.sin_port = to.port().to_be();
                    (ptr::from_mut(name).cast(), NAME_LEN)
                }
                None => (ptr::null_mut(), 0),
            };
            let segment = mine.first().map_or(0, |first| first.iov_len);
            header.msg_hdr.msg_iov = mine.as_mut_ptr();
            header.msg_hdr.msg_iovlen = mine.len();
            set_segment(&mut header.msg_hdr, control, segment, mine.len());
        }
    }

    fn flush(&mut self, socket: &UdpSocket, batch: &[Message], sent: &mut Sent) {
        let mut done = 0;
        while let Some(rest) = self.headers.get_mut(done..batch.len())
            && !rest.is_empty()
        {
            let count = libc::c_uint::try_from(rest.len()).unwrap_or(0);
            // SAFETY: the headers of this batch were set by `prepare`: they point to names, control buffers, iovecs and
            // slots that this value owns and that nothing has touched since; the kernel only reads the slots.
            let result = unsafe {
                libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), count, libc::MSG_DONTWAIT)
            };
            sent.calls += 1;
            match usize::try_from(result) {
                Ok(accepted) if accepted > 0 => {
                    let taken = batch.iter().skip(done).take(accepted);
                    sent.datagrams += taken.map(|message| message.count as u64).sum::<u64>();
                    sent.messages += accepted as u64;
                    done += accepted;
                }
                _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                _ => {
                    sent.errors += 1;
                    done += 1;
                }
            }
        }
    }
}

fn set_segment(header: &mut libc::msghdr, control: &mut Control, segment: usize, count: usize) {
    header.msg_control = ptr::null_mut();
    header.msg_controllen = 0;
    let Some(segment) = u16::try_from(segment).ok().filter(|_| count > 1) else { return };
    header.msg_control = control.as_mut_ptr().cast();
    // SAFETY: CMSG_SPACE and CMSG_LEN only compute; the buffer of 64 bytes holds a header and two bytes, so that
    // CMSG_FIRSTHDR and CMSG_DATA point into it.
    unsafe {
        header.msg_controllen = libc::CMSG_SPACE(SEGMENT_LEN) as usize;
        let first = libc::CMSG_FIRSTHDR(header);
        if let Some(message) = first.as_mut() {
            message.cmsg_level = libc::SOL_UDP;
            message.cmsg_type = libc::UDP_SEGMENT;
            message.cmsg_len = libc::CMSG_LEN(SEGMENT_LEN) as usize;
            ptr::write_unaligned(libc::CMSG_DATA(first).cast::<u16>(), segment);
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the size of a C structure, known to be small")]
const NAME_LEN: libc::socklen_t = size_of::<libc::sockaddr_in>() as libc::socklen_t;
#[expect(clippy::cast_possible_truncation, reason = "AF_INET is 2")]
const FAMILY: libc::sa_family_t = libc::AF_INET as libc::sa_family_t;
#[expect(clippy::cast_possible_truncation, reason = "a small constant")]
const SEGMENT_LEN: libc::c_uint = size_of::<u16>() as libc::c_uint;
