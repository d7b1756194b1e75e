//! Batched UDP: `recvmmsg` with receive offload, `sendmmsg` with segmentation offload (Linux `UDP_GRO`, `UDP_SEGMENT`).
//!
//! `sendmmsg` to distinct destinations gains little by itself (docs/adr/0009); what gains is that consecutive datagrams to one
//! destination travel the kernel as one large packet. All but the last of such a group must have the same length.
//! Buffers are allocated once.
#![expect(
    unsafe_code,
    reason = "recvmmsg and sendmmsg with control messages have no safe interface in std"
)]

use std::{
    io,
    mem::{self, MaybeUninit},
    net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket},
    os::fd::{AsRawFd, BorrowedFd, RawFd},
    ptr,
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use turn::{ToClient, framing::Framing};

use super::streams::StreamTable;
use crate::{
    connection::demux,
    egress::{Datagrams, SLOTS},
    shard::through_turn::WayOut,
    turn_relay::{Way, is_direct, way},
};

/// Messages per `recvmmsg`.
pub(crate) const RECEIVE_MESSAGES: usize = 64;

/// A receive-offload message holds at most this (the largest UDP payload).
const RECEIVE_BYTES: usize = 65_536;

/// From buffer to buffer: not a power of two, or the fronts of all of them, which is all that is used without offload, would
/// compete for the same few places of the processor's caches.
const RECEIVE_STRIDE: usize = RECEIVE_BYTES + 1280;

/// Messages per `sendmmsg`.
const SEND_MESSAGES: usize = 64;

/// Segments of one offloaded send (kernel's `UDP_MAX_SEGMENTS` is 64 before Linux 6.9).
const SEGMENTS_MAX: usize = 64;

/// Bytes of one offloaded send: below the largest UDP payload.
const SEGMENTS_BYTES_MAX: usize = 65_000;

/// Socket buffers: half a second of a busy core's traffic.
const SOCKET_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Lengths that system calls take in their own types.
#[expect(clippy::cast_possible_truncation, reason = "sizes of C structures, known to be small")]
const SOCKADDR_LEN: libc::socklen_t = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
#[expect(clippy::cast_possible_truncation, reason = "as above")]
const INT_LEN: libc::socklen_t = size_of::<libc::c_int>() as libc::socklen_t;
#[expect(clippy::cast_possible_truncation, reason = "as above")]
const SEGMENT_LEN: libc::c_uint = size_of::<u16>() as libc::c_uint;
#[expect(clippy::cast_possible_truncation, reason = "a small constant")]
const MESSAGES_LEN: libc::c_uint = RECEIVE_MESSAGES as libc::c_uint;

/// Room for one control message with a 16- or 32-bit value, aligned for `cmsghdr`.
type Control = [u64; 4];

/// A bound socket with offloads switched on where the kernel has them.
pub(crate) fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // An unspecified IPv6 address serves IPv4 too; a specific one serves itself.
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    // Best effort: the kernel caps these by sysctl and works with less.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.bind(&address.into())?;
    enable_gro(socket.as_raw_fd());
    Ok(socket.into())
}

/// Lets the calling thread's sleeps end when they should: by default the kernel adds up to 50 µs, a tenth of what a shard
/// gathers for.
pub(crate) fn sleep_precisely() {
    // SAFETY: a plain option of the calling thread; 1 ns is the least that is not "the default".
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1 as libc::c_ulong);
    }
}

fn enable_gro(fd: RawFd) {
    let on: libc::c_int = 1;
    // SAFETY: `on` outlives the call and its size is passed. Failure means an old kernel; then every message simply
    // holds one datagram.
    unsafe {
        libc::setsockopt(fd, libc::SOL_UDP, libc::UDP_GRO, ptr::from_ref(&on).cast(), INT_LEN);
    }
}

/// The receiving half.
pub(crate) struct Receiver {
    fd: RawFd,
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

impl Receiver {
    /// For a socket that outlives this value.
    pub(crate) fn new(socket: &UdpSocket) -> Self {
        Self::with(socket.as_raw_fd())
    }

    fn with(fd: RawFd) -> Self {
        // SAFETY: all-zero is a valid value of these plain C structures.
        let (name, iovec, header): (libc::sockaddr_storage, libc::iovec, libc::mmsghdr) =
            unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
        Self {
            fd,
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

    /// Reads one batch; the number of messages, 0 when nothing waits. The last one must have been taken.
    pub(crate) fn receive(&mut self) -> io::Result<usize> {
        debug_assert!(self.message == self.count, "datagrams of the last batch are lost");
        self.receive_from(self.fd)
    }

    /// As [`receive`](Self::receive), from any socket; what is left of the last batch is forgotten.
    fn receive_from(&mut self, fd: RawFd) -> io::Result<usize> {
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
                fd,
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

    /// The messages of the last batch, as they came: source and the first datagram's bytes, more may follow them.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.messages
            .iter()
            .zip(self.buffers.chunks_exact(RECEIVE_STRIDE))
            .take(self.count)
            .filter_map(|(received, buffer)| Some((received.source?, buffer.get(..received.len)?)))
    }

    /// The datagrams of the last batch, receive offload undone.
    fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
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
    pub(crate) fn take(&mut self) -> Option<(SocketAddr, &mut [u8])> {
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

/// What a flush did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) calls: u64,
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
}

/// The sending half of a shard.
pub(crate) struct Sender {
    batch: Batch,
    /// For the port for TURN alone, if there is one.
    turn_batch: Option<Batch>,
    /// What stands around datagrams that go through allocations; never grows beyond its first capacity, as the kernel is
    /// given pointers into it.
    wraps: Vec<ToClient>,
}

/// Zeros behind a datagram in an indication.
static PADDING: [u8; 3] = [0; 3];

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

impl Sender {
    /// For sockets that outlive this value: for media, and for TURN alone.
    pub(crate) fn new(socket: &UdpSocket, turn_socket: Option<&UdpSocket>) -> Self {
        let (batch, turn_batch) = (Batch::new(socket), turn_socket.map(Batch::new));
        Self { batch, turn_batch, wraps: Vec::with_capacity(SLOTS) }
    }

    /// Sends a batch. What the kernel refuses is lost, as on any network, and counted.
    pub(crate) fn send(&mut self, mut way_out: WayOut<'_>, streams: &mut StreamTable) -> Sent {
        let mut sent = Sent::default();
        let egress = way_out.egress;
        for (destination, datagrams) in egress.chains() {
            if !is_direct(destination) {
                self.send_indirectly(destination, datagrams, &mut way_out, streams, &mut sent);
                continue;
            }
            self.batch.begin(destination);
            for datagram in datagrams {
                self.batch.push([datagram], &mut sent);
            }
        }
        self.batch.flush(&mut sent);
        if let Some(batch) = &mut self.turn_batch {
            batch.flush(&mut sent);
        }
        self.wraps.clear();
        sent
    }

    /// Datagrams through an allocation or a stream: wrapped where they lie, by pieces before and behind them.
    fn send_indirectly(
        &mut self,
        path: SocketAddr,
        datagrams: Datagrams<'_>,
        way_out: &mut WayOut<'_>,
        streams: &mut StreamTable,
        sent: &mut Sent,
    ) {
        let (allocation, place) = match way(path) {
            Way::Direct => return,
            Way::TurnPort(client) => {
                if let Some(batch) = &mut self.turn_batch {
                    batch.begin(client);
                    datagrams.for_each(|one| batch.push([one], sent));
                }
                return;
            }
            Way::Stream(stream, framing) => {
                for one in datagrams {
                    // Answers to checks overtake media: without them consent lapses.
                    let is_media = framing == Framing::Ice && !is_stun(one);
                    streams.send(stream, [one, &[], &[]], is_media);
                }
                return;
            }
            Way::Allocation(allocation, place) => (allocation, place),
        };
        let Some(turn) = &mut way_out.turn else { return };
        let mut has_begun = false;
        for datagram in datagrams {
            let wrap = turn.wrap(allocation, place, datagram.len(), way_out.now);
            // The capacity is that of the egress, so this never refuses.
            let Some(wrap) = wrap.filter(|_| self.wraps.len() < self.wraps.capacity()) else {
                continue;
            };
            let padding = PADDING.get(..wrap.padding).unwrap_or_default();
            if wrap.client.stream != 0 {
                streams.send(wrap.client.stream, [wrap.prefix(), datagram, padding], true);
                continue;
            }
            let (batch, client) = match (way(wrap.client.address), &mut self.turn_batch) {
                (Way::TurnPort(client), Some(batch)) => (batch, client),
                _ => (&mut self.batch, wrap.client.address),
            };
            // An allocation has one client.
            if !std::mem::replace(&mut has_begun, true) {
                batch.begin(client);
            }
            self.wraps.push(wrap);
            let prefix = self.wraps.last().map(ToClient::prefix).unwrap_or_default();
            if padding.is_empty() {
                batch.push([prefix, datagram], sent);
            } else {
                batch.push([prefix, datagram, padding], sent);
            }
        }
    }
}

/// Datagrams that wait to leave one socket, grouped.
pub(crate) struct Batch {
    fd: RawFd,
    is_ipv6: bool,
    offload: bool,
    /// Where the next ones go.
    destination: SockAddr,
    /// The last group goes there, too.
    has_group: bool,
    groups: Vec<Group>,
    iovecs: Vec<libc::iovec>,
}

impl Batch {
    /// For a socket that outlives this value.
    fn new(socket: &UdpSocket) -> Self {
        let is_ipv6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
        Self::with(socket.as_raw_fd(), is_ipv6)
    }

    fn with(fd: RawFd, is_ipv6: bool) -> Self {
        Self {
            fd,
            is_ipv6,
            offload: true,
            destination: SockAddr::from(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0)),
            has_group: false,
            groups: Vec::with_capacity(SEND_MESSAGES),
            iovecs: Vec::with_capacity(SEND_MESSAGES * SEGMENTS_MAX),
        }
    }

    /// The datagrams that are pushed next go here.
    fn begin(&mut self, destination: SocketAddr) {
        self.destination = SockAddr::from(self.family(destination));
        self.has_group = false;
    }

    /// Adds a datagram made of these pieces, which must not move before [`flush`](Self::flush). What is there is sent if
    /// there is no more room.
    fn push<const PIECES: usize>(&mut self, pieces: [&[u8]; PIECES], sent: &mut Sent) {
        let len = pieces.iter().map(|piece| piece.len()).sum();
        if self.has_group
            && let Some(group) = self.groups.last_mut()
            && self.offload
            && group.pieces == PIECES
            && group.takes(len)
        {
            group.count += 1;
            group.bytes += len;
        } else {
            if self.groups.len() == SEND_MESSAGES {
                self.flush(sent);
            }
            self.groups.push(Group {
                destination: self.destination.clone(),
                first: self.iovecs.len(),
                count: 1,
                pieces: PIECES,
                segment: len,
                bytes: len,
            });
            self.has_group = true;
        }
        self.iovecs.extend(pieces.map(iovec));
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

    fn flush(&mut self, sent: &mut Sent) {
        let mut controls: [Control; SEND_MESSAGES] = [[0; 4]; SEND_MESSAGES];
        // SAFETY: all-zero is a valid value of this plain C structure.
        let mut headers: [libc::mmsghdr; SEND_MESSAGES] = unsafe { mem::zeroed() };
        for ((group, header), control) in self.groups.iter().zip(&mut headers).zip(&mut controls) {
            header.msg_hdr.msg_name = group.destination.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_namelen = group.destination.len();
            let Some(iovec) = self.iovecs.get_mut(group.pieces()) else { continue };
            header.msg_hdr.msg_iov = iovec.as_mut_ptr();
            header.msg_hdr.msg_iovlen = iovec.len();
            if group.count > 1 {
                set_segment(&mut header.msg_hdr, control, group.segment);
            }
        }
        let count = self.groups.len().min(SEND_MESSAGES);
        let mut done = 0;
        while done < count {
            let Some(rest) = headers.get_mut(done..count) else { break };
            let Ok(messages) = libc::c_uint::try_from(rest.len()) else { break };
            // SAFETY: every header points to an address, iovecs and a control buffer that live until the call returns;
            // the iovecs point to what `send` holds: the egress arena, the wraps, a constant; the kernel only reads them.
            let result =
                unsafe { libc::sendmmsg(self.fd, rest.as_mut_ptr(), messages, libc::MSG_DONTWAIT) };
            sent.calls += 1;
            match usize::try_from(result) {
                Ok(accepted) if accepted > 0 => {
                    for group in self.groups.iter().skip(done).take(accepted) {
                        sent.datagrams += group.count as u64;
                        sent.bytes += group.bytes as u64;
                    }
                    done += accepted;
                }
                _ => match refusal(&io::Error::last_os_error()) {
                    Refusal::Interrupted => {}
                    Refusal::Full => {
                        let rest = self.groups.iter().skip(done).take(count - done);
                        sent.errors += rest.map(|group| group.count as u64).sum::<u64>();
                        break;
                    }
                    refusal => {
                        self.offload &= refusal != Refusal::NoOffload;
                        if let Some(group) = self.groups.get(done) {
                            one_by_one(self.fd, group, &self.iovecs, sent);
                        }
                        done += 1;
                    }
                },
            }
        }
        self.groups.clear();
        self.iovecs.clear();
        self.has_group = false;
    }
}

/// Batched input and output for whoever serves many sockets: one set of buffers, whichever socket it is used for.
pub struct Exchange {
    receiver: Receiver,
    batch: Batch,
}

/// What came in one batch.
#[derive(Clone, Copy)]
pub struct Received<'a>(&'a Receiver);

/// The way out of an [`Exchange`].
pub struct Departures<'a>(&'a mut Batch);

/// No socket yet.
const NO_SOCKET: RawFd = -1;

impl Default for Exchange {
    fn default() -> Self {
        Self { receiver: Receiver::with(NO_SOCKET), batch: Batch::with(NO_SOCKET, false) }
    }
}

impl Exchange {
    /// Has the kernel hand over what came together as one message, if it can.
    pub fn prepare(socket: BorrowedFd<'_>) {
        enable_gro(socket.as_raw_fd());
    }

    /// Reads one batch from a non-blocking socket; the number of messages, each of one datagram or more.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when nothing waits; what earlier sends have met with.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        match self.receiver.receive_from(socket.as_raw_fd()) {
            Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
            received => received,
        }
    }

    /// What the last batch holds, and the way out for it.
    pub fn split(&mut self) -> (Received<'_>, Departures<'_>) {
        (Received(&self.receiver), Departures(&mut self.batch))
    }
}

impl<'a> Received<'a> {
    /// Source and bytes of each datagram.
    pub fn datagrams(self) -> impl Iterator<Item = (SocketAddr, &'a [u8])> {
        self.0.datagrams()
    }
}

impl Departures<'_> {
    /// Sends datagrams, each made of these pieces, from a socket; `is_ipv6` says of which family it is. Those that follow each
    /// other to one destination leave together. What the kernel refuses is lost, as on any network.
    pub fn send<'d, const PIECES: usize>(
        &mut self,
        (socket, is_ipv6): (BorrowedFd<'_>, bool),
        datagrams: impl IntoIterator<Item = (SocketAddr, [&'d [u8]; PIECES])>,
    ) {
        let batch = &mut *self.0;
        (batch.fd, batch.is_ipv6) = (socket.as_raw_fd(), is_ipv6);
        let mut sent = Sent::default();
        let mut last = None;
        for (destination, pieces) in datagrams {
            if last.replace(destination) != Some(destination) {
                batch.begin(destination);
            }
            batch.push(pieces, &mut sent);
        }
        batch.flush(&mut sent);
        batch.fd = NO_SOCKET;
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
        // that lie in the egress arena, the wraps or a constant, all of which outlive the call and are only read.
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

fn is_stun(datagram: &[u8]) -> bool {
    demux::classify(datagram) == Some(demux::Protocol::Stun)
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

const _: () = assert!(RECEIVE_STRIDE >= RECEIVE_BYTES);
const _: () = assert!(size_of::<Control>() >= 24 && size_of::<MaybeUninit<Control>>() == 32);

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::fd::AsFd as _, time::Instant};

    use crate::egress::{Egress, EgressTag};

    fn plain(egress: &Egress) -> WayOut<'_> {
        WayOut { egress, turn: None, now: Instant::now() }
    }

    fn received(receiver: &mut Receiver, expected: usize) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut all = Vec::new();
        // Loopback delivers within the send call; the bound only ends a failing test.
        for _ in 0..1000 {
            receiver.receive().unwrap();
            while let Some((source, bytes)) = receiver.take() {
                all.push((source, bytes.to_vec()));
            }
            if all.len() >= expected {
                break;
            }
            std::thread::yield_now();
        }
        all
    }

    fn round_trip(from: &str, to: &str, connect_to: impl Fn(u16) -> SocketAddr) {
        let a = open(from.parse().unwrap()).unwrap();
        let b = open(to.parse().unwrap()).unwrap();
        let destination = connect_to(b.local_addr().unwrap().port());
        let (mut egress, mut tag) = (Egress::new(), EgressTag::default());
        let lengths = [1100, 1100, 1100, 700, 1100, 60];
        for (index, len) in lengths.into_iter().enumerate() {
            egress.reserve().unwrap()[..len].fill(u8::try_from(index).unwrap());
            egress.commit(&mut tag, destination, len);
        }
        let sent = Sender::new(&a, None).send(plain(&egress), &mut StreamTable::default());
        assert_eq!((sent.datagrams, sent.errors), (6, 0));
        let got = received(&mut Receiver::new(&b), 6);
        let shape: Vec<_> = got.iter().map(|(_, bytes)| (bytes[0], bytes.len())).collect();
        assert_eq!(shape, [(0, 1100), (1, 1100), (2, 1100), (3, 700), (4, 1100), (5, 60)]);
        let port = a.local_addr().unwrap().port();
        assert!(got.iter().all(|(source, _)| source.port() == port), "{got:?}");
    }

    #[test]
    fn a_batch_arrives_whole_in_order_and_cut_where_it_was_cut() {
        round_trip("127.0.0.1:0", "127.0.0.1:0", |port| ([127, 0, 0, 1], port).into());
    }

    #[test]
    fn a_dual_stack_socket_serves_ipv4() {
        round_trip("[::]:0", "127.0.0.1:0", |port| ([127, 0, 0, 1], port).into());
        round_trip("127.0.0.1:0", "[::]:0", |port| ([127, 0, 0, 1], port).into());
    }

    #[test]
    fn ipv4_clients_of_a_dual_stack_socket_appear_as_ipv4() {
        let a = open("127.0.0.1:0".parse().unwrap()).unwrap();
        let b = open("[::]:0".parse().unwrap()).unwrap();
        let port = b.local_addr().unwrap().port();
        a.send_to(b"x", ("127.0.0.1", port)).unwrap();
        let got = received(&mut Receiver::new(&b), 1);
        assert_eq!(got, [(a.local_addr().unwrap(), b"x".to_vec())]);
    }

    #[test]
    fn what_goes_through_an_allocation_is_wrapped_whole_and_in_order() {
        use crate::shard::through_turn::tests::{path_through, shard};

        for has_channel in [true, false] {
            let now = Instant::now();
            let a = open("127.0.0.1:0".parse().unwrap()).unwrap();
            let b = open("127.0.0.1:0".parse().unwrap()).unwrap();
            let mut shard = shard(now);
            let path = path_through(&mut shard, b.local_addr().unwrap(), has_channel, now);
            let mut tag = EgressTag::default();
            let lengths: Vec<usize> =
                [1100, 1100, 701].into_iter().chain((0..200).map(|n| 90 + n % 3)).collect();
            for (index, len) in lengths.iter().enumerate() {
                shard.egress().reserve().unwrap()[..*len].fill(u8::try_from(index).unwrap());
                shard.egress().commit(&mut tag, path, *len);
            }
            let mut sender = Sender::new(&a, None);
            let sent = sender.send(shard.way_out(), &mut StreamTable::default());
            assert_eq!((sent.datagrams, sent.errors), (lengths.len() as u64, 0));
            assert!(!has_channel || sent.calls < 10, "{} calls", sent.calls);
            let got = received(&mut Receiver::new(&b), lengths.len());
            assert_eq!(got.len(), lengths.len());
            for (index, ((_, bytes), len)) in got.iter().zip(&lengths).enumerate() {
                let payload = if has_channel {
                    let (number, payload) = turn::channel_data::parse(bytes).unwrap();
                    assert_eq!((number, bytes.len()), (0x4001, len + 4));
                    payload
                } else {
                    let message = protocol::stun::Message::parse(bytes).unwrap();
                    message.attribute(protocol::stun::AttributeKind::DATA).unwrap()
                };
                assert_eq!(payload, vec![u8::try_from(index).unwrap(); *len]);
            }
        }
    }

    #[test]
    fn who_comes_by_the_port_for_turn_is_answered_from_it_and_media_follows() {
        use crate::{
            shard::through_turn::tests::{path_through, shard},
            turn_relay::turn_port_path,
        };

        let now = Instant::now();
        let open = || open("127.0.0.1:0".parse().unwrap()).unwrap();
        let [media, turn, client] = [open(), open(), open()];
        let mut shard = shard(now);
        let address = turn_port_path(client.local_addr().unwrap());
        let path = path_through(&mut shard, address, true, now);
        for to in [path, address] {
            shard.egress().reserve().unwrap()[..100].fill(7);
            shard.egress().commit(&mut EgressTag::default(), to, 100);
        }
        let mut sender = Sender::new(&media, Some(&turn));
        let sent = sender.send(shard.way_out(), &mut StreamTable::default());
        assert_eq!((sent.datagrams, sent.errors), (2, 0));
        let got = received(&mut Receiver::new(&client), 2);
        let from = turn.local_addr().unwrap();
        let shape: Vec<_> = got.iter().map(|(source, bytes)| (*source, bytes.len())).collect();
        assert_eq!(shape, [(from, 104), (from, 100)]);
    }

    #[test]
    fn an_exchange_serves_many_sockets_and_cuts_what_came_together() {
        let open = || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            Exchange::prepare(socket.as_fd());
            socket
        };
        let [a, b, c] = [open(), open(), open()];
        let (to_b, to_c) = (b.local_addr().unwrap(), c.local_addr().unwrap());
        let mut exchange = Exchange::default();
        let (large, small) = ([7; 1000], [8; 100]);
        let head: &[u8] = b"head";
        let mail =
            [(to_b, &large[..]), (to_b, &large), (to_b, &small), (to_c, &small), (to_b, &large)];
        let (_, mut departures) = exchange.split();
        departures.send((a.as_fd(), false), mail.map(|(to, body)| (to, [head, body])));
        for (socket, expected) in [(&b, vec![1004, 1004, 104, 1004]), (&c, vec![104])] {
            let mut got = Vec::new();
            while got.len() < expected.len() {
                if exchange.receive(socket.as_fd()).is_ok() {
                    let (received, _) = exchange.split();
                    got.extend(received.datagrams().map(|(from, bytes)| {
                        assert_eq!((from, &bytes[..4]), (a.local_addr().unwrap(), head));
                        bytes.len()
                    }));
                }
            }
            assert_eq!(got, expected);
        }
        let nothing = exchange.receive(a.as_fd()).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_refused_destination_is_counted_and_the_rest_is_sent() {
        let a = open("127.0.0.1:0".parse().unwrap()).unwrap();
        let b = open("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut egress = Egress::new();
        // Port 0 cannot be sent to.
        for to in [SocketAddr::from(([127, 0, 0, 1], 0)), b.local_addr().unwrap()] {
            let mut tag = EgressTag::default();
            egress.reserve().unwrap()[0] = 7;
            egress.commit(&mut tag, to, 1);
        }
        let sent = Sender::new(&a, None).send(plain(&egress), &mut StreamTable::default());
        assert_eq!((sent.datagrams, sent.errors), (1, 1));
        assert_eq!(received(&mut Receiver::new(&b), 1).len(), 1);
    }
}
