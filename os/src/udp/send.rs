//! The sending half: datagrams gather, those that follow each other to one destination as one message that the kernel cuts
//! (`UDP_SEGMENT`), and leave with `sendmmsg`. All but the last of such a group have the same length.
#![expect(unsafe_code, reason = "sendmmsg with control messages has no safe interface in std")]

use std::{
    io,
    marker::PhantomData,
    mem,
    net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6},
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
    ptr,
};

use socket2::SockAddr;

use super::Control;

/// Messages per `sendmmsg`.
const SEND_MESSAGES: usize = 64;

/// Segments of one offloaded send (kernel's `UDP_MAX_SEGMENTS` is 64 before Linux 6.9).
const SEGMENTS_MAX: usize = 64;

/// Bytes of one offloaded send: below the largest UDP payload.
const SEGMENTS_BYTES_MAX: usize = 65_000;

/// Bytes that one datagram may be given in front, besides what is borrowed.
pub const FRONT_BYTES_MAX: usize = 64;

/// Bytes of fronts that wait: some messages of them.
const FRONTS_BYTES: usize = 512 * FRONT_BYTES_MAX;

#[expect(clippy::cast_possible_truncation, reason = "a small constant")]
const SEGMENT_LEN: libc::c_uint = size_of::<u16>() as libc::c_uint;

/// What was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// System calls.
    pub calls: u64,
    /// Datagrams that the kernel took, and their bytes.
    pub datagrams: u64,
    /// See `datagrams`.
    pub bytes: u64,
    /// Datagrams that it refused.
    pub errors: u64,
}

impl std::ops::AddAssign for Sent {
    fn add_assign(&mut self, more: Self) {
        self.calls += more.calls;
        self.datagrams += more.datagrams;
        self.bytes += more.bytes;
        self.errors += more.errors;
    }
}

/// Room for the structures of one system call, allocated once.
pub struct Batch {
    /// Whether the kernel is known to cut messages, or not known not to.
    offload: bool,
    groups: Vec<Group>,
    /// Point into `fronts`, which never grows, and to what the [`Departures`] that fill them borrow.
    iovecs: Vec<libc::iovec>,
    fronts: Vec<u8>,
}

/// Datagrams that leave as one message.
struct Group {
    destination: SockAddr,
    first: usize,
    count: usize,
    /// Pieces that each consists of: one, or as many as wrapping makes.
    pieces: usize,
    /// Length of all but the last.
    segment: usize,
    bytes: usize,
}

/// Datagrams on their way out by one socket. Nothing is sent for certain before [`end`](Self::end).
#[must_use = "what was pushed last is not sent before `end`"]
pub struct Departures<'b, 'd> {
    batch: &'b mut Batch,
    socket: BorrowedFd<'b>,
    is_ipv6: bool,
    /// Where the next ones go.
    destination: SockAddr,
    /// The last group goes there, too.
    has_group: bool,
    sent: Sent,
    borrowed: PhantomData<&'d [u8]>,
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// Nothing waits.
    #[must_use]
    pub fn new() -> Self {
        Self {
            offload: true,
            groups: Vec::with_capacity(SEND_MESSAGES),
            iovecs: Vec::with_capacity(SEND_MESSAGES * SEGMENTS_MAX),
            fronts: Vec::with_capacity(FRONTS_BYTES),
        }
    }

    /// The way out by a socket; `is_ipv6` says of which family it is.
    pub fn depart<'b, 'd>(
        &'b mut self,
        socket: &'b impl AsFd,
        is_ipv6: bool,
    ) -> Departures<'b, 'd> {
        // Pointers of departures that were not ended point to what may be gone.
        self.clear();
        Departures {
            batch: self,
            socket: socket.as_fd(),
            is_ipv6,
            destination: SockAddr::from(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0)),
            has_group: false,
            sent: Sent::default(),
            borrowed: PhantomData,
        }
    }

    /// Sends datagrams, each made of these pieces, from a socket; `is_ipv6` says of which family it is.
    pub fn send<'d, const PIECES: usize>(
        &mut self,
        (socket, is_ipv6): (BorrowedFd<'_>, bool),
        datagrams: impl IntoIterator<Item = (SocketAddr, [&'d [u8]; PIECES])>,
    ) -> Sent {
        let mut departures = self.depart(&socket, is_ipv6);
        let mut last = None;
        for (destination, pieces) in datagrams {
            if last.replace(destination) != Some(destination) {
                departures.to(destination);
            }
            departures.push(pieces);
        }
        departures.end()
    }

    fn clear(&mut self) {
        self.groups.clear();
        self.iovecs.clear();
        self.fronts.clear();
    }
}

impl<'d> Departures<'_, 'd> {
    /// The datagrams that are pushed next go here.
    pub fn to(&mut self, destination: SocketAddr) {
        self.destination = SockAddr::from(self.family(destination));
        self.has_group = false;
    }

    /// Adds a datagram made of these pieces. What is there is sent if there is no more room.
    pub fn push<const PIECES: usize>(&mut self, pieces: [&'d [u8]; PIECES]) {
        const { assert!(PIECES > 0, "a datagram of nothing") };
        self.place(pieces.iter().map(|piece| piece.len()).sum(), PIECES);
        self.batch.iovecs.extend(pieces.map(iovec));
    }

    /// As [`push`](Self::push), behind at most [`FRONT_BYTES_MAX`] bytes that are copied.
    pub fn push_behind<const PIECES: usize>(&mut self, front: &[u8], pieces: [&'d [u8]; PIECES]) {
        debug_assert!(front.len() <= FRONT_BYTES_MAX, "a front of {} bytes", front.len());
        let front = front.get(..FRONT_BYTES_MAX).unwrap_or(front);
        if self.batch.fronts.len() + front.len() > FRONTS_BYTES {
            self.flush();
        }
        let behind: usize = pieces.iter().map(|piece| piece.len()).sum();
        self.place(front.len() + behind, 1 + PIECES);
        // The capacity is `FRONTS_BYTES`, so that nothing moves.
        let start = self.batch.fronts.len();
        self.batch.fronts.extend_from_slice(front);
        let front = iovec(self.batch.fronts.get(start..).unwrap_or_default());
        self.batch.iovecs.push(front);
        self.batch.iovecs.extend(pieces.map(iovec));
    }

    /// Sends what waits, and tells what was sent since the beginning. What the kernel refuses is lost, as on any network.
    pub fn end(mut self) -> Sent {
        self.flush();
        self.sent
    }

    /// Makes room for a datagram of so many bytes and pieces, in the last group if it can be there.
    fn place(&mut self, len: usize, pieces: usize) {
        if self.has_group
            && let Some(group) = self.batch.groups.last_mut()
            && self.batch.offload
            && group.pieces == pieces
            && group.takes(len)
        {
            group.count += 1;
            group.bytes += len;
            return;
        }
        if self.batch.groups.len() == SEND_MESSAGES {
            self.flush();
        }
        self.batch.groups.push(Group {
            destination: self.destination.clone(),
            first: self.batch.iovecs.len(),
            count: 1,
            pieces,
            segment: len,
            bytes: len,
        });
        self.has_group = true;
    }

    /// An IPv6 socket sends to IPv4 through mapped addresses.
    fn family(&self, destination: SocketAddr) -> SocketAddr {
        match destination.ip() {
            IpAddr::V4(address) if self.is_ipv6 => {
                let mapped: Ipv6Addr = address.to_ipv6_mapped();
                SocketAddr::V6(SocketAddrV6::new(mapped, destination.port(), 0, 0))
            }
            _ => destination,
        }
    }

    fn flush(&mut self) {
        let (batch, sent) = (&mut *self.batch, &mut self.sent);
        let socket = self.socket.as_raw_fd();
        let mut controls: [Control; SEND_MESSAGES] = [[0; 4]; SEND_MESSAGES];
        // SAFETY: all-zero is a valid value of this plain C structure.
        let mut headers: [libc::mmsghdr; SEND_MESSAGES] = unsafe { mem::zeroed() };
        for ((group, header), control) in batch.groups.iter().zip(&mut headers).zip(&mut controls) {
            header.msg_hdr.msg_name = group.destination.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_namelen = group.destination.len();
            let Some(iovec) = batch.iovecs.get_mut(group.pieces()) else { continue };
            header.msg_hdr.msg_iov = iovec.as_mut_ptr();
            header.msg_hdr.msg_iovlen = iovec.len();
            if group.count > 1 {
                set_segment(&mut header.msg_hdr, control, group.segment);
            }
        }
        let count = batch.groups.len().min(SEND_MESSAGES);
        let mut done = 0;
        while done < count {
            let Some(rest) = headers.get_mut(done..count) else { break };
            let Ok(messages) = libc::c_uint::try_from(rest.len()) else { break };
            // SAFETY: every header points to an address, iovecs and a control buffer that live until the call returns;
            // the iovecs point to what is borrowed for longer than `self`, and into `fronts`; the kernel only reads them.
            let result =
                unsafe { libc::sendmmsg(socket, rest.as_mut_ptr(), messages, libc::MSG_DONTWAIT) };
            sent.calls += 1;
            match usize::try_from(result) {
                Ok(accepted) if accepted > 0 => {
                    for group in batch.groups.iter().skip(done).take(accepted) {
                        sent.datagrams += group.count as u64;
                        sent.bytes += group.bytes as u64;
                    }
                    done += accepted;
                }
                _ => match refusal(&io::Error::last_os_error()) {
                    Refusal::Interrupted => {}
                    Refusal::Full => {
                        let rest = batch.groups.iter().skip(done).take(count - done);
                        sent.errors += rest.map(|group| group.count as u64).sum::<u64>();
                        break;
                    }
                    refusal => {
                        batch.offload &= refusal != Refusal::NoOffload;
                        if let Some(group) = batch.groups.get(done) {
                            one_by_one(socket, group, &batch.iovecs, sent);
                        }
                        done += 1;
                    }
                },
            }
        }
        batch.clear();
        self.has_group = false;
    }
}

impl Group {
    /// Its pieces among all.
    fn pieces(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.count * self.pieces
    }

    /// Whether a datagram of this length may follow in the same message: all before it have the segment's length.
    fn takes(&self, len: usize) -> bool {
        self.count < SEGMENTS_MAX
            && self.bytes == self.count * self.segment
            && len <= self.segment
            && self.bytes + len <= SEGMENTS_BYTES_MAX
    }
}

/// Why the kernel refused a message.
#[derive(PartialEq, Eq)]
enum Refusal {
    Interrupted,
    /// The socket's buffer is full: what is left of the batch is lost, as on a full link.
    Full,
    /// The device or kernel has no segmentation: do without from now on.
    NoOffload,
    /// This destination or this size; the datagrams are tried one by one.
    This,
}

fn refusal(error: &io::Error) -> Refusal {
    match error.raw_os_error() {
        Some(libc::EINTR) => Refusal::Interrupted,
        Some(libc::EAGAIN | libc::ENOBUFS) => Refusal::Full,
        Some(libc::EIO | libc::EOPNOTSUPP | libc::ENOPROTOOPT) => Refusal::NoOffload,
        _ => Refusal::This,
    }
}

/// The way without offload, for what the kernel refused as a whole.
fn one_by_one(fd: RawFd, group: &Group, iovecs: &[libc::iovec], sent: &mut Sent) {
    for datagram in iovecs.get(group.pieces()).unwrap_or_default().chunks(group.pieces) {
        // SAFETY: all-zero is a valid value of this plain C structure; then it points to the group's address and to pieces
        // as `flush` says, all of which outlive the call and are only read.
        let result = unsafe {
            let mut header: libc::msghdr = mem::zeroed();
            header.msg_name = group.destination.as_ptr().cast_mut().cast();
            header.msg_namelen = group.destination.len();
            header.msg_iov = datagram.as_ptr().cast_mut();
            header.msg_iovlen = datagram.len();
            libc::sendmsg(fd, &raw const header, libc::MSG_DONTWAIT)
        };
        sent.calls += 1;
        if result < 0 {
            sent.errors += 1;
        } else {
            sent.datagrams += 1;
            sent.bytes += datagram.iter().map(|piece| piece.iov_len as u64).sum::<u64>();
        }
    }
}

fn iovec(piece: &[u8]) -> libc::iovec {
    libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() }
}

fn set_segment(header: &mut libc::msghdr, control: &mut Control, segment: usize) {
    let Ok(segment) = u16::try_from(segment) else { return };
    header.msg_control = control.as_mut_ptr().cast();
    // SAFETY: CMSG_SPACE and CMSG_LEN only compute; the buffer of 32 bytes holds a header and two bytes, so that
    // CMSG_FIRSTHDR points into it.
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
