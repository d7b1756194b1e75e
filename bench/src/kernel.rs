//! What the bench needs of Linux and std does not offer: batched UDP in both directions, and the CPU time of one thread.
//!
//! The bench's only `unsafe`, kept apart from the server's own so that the floor does not share what it measures.
//! Never: decides what is sent or what a datagram means.
#![expect(
    unsafe_code,
    reason = "recvmmsg, sendmmsg and thread clocks have no safe interface in std"
)]

mod inbox;
mod outbox;
mod ring;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    os::{fd::AsRawFd, unix::process::CommandExt as _},
    process::Command,
    ptr,
    time::Duration,
};

pub(crate) use inbox::Inbox;
pub(crate) use outbox::{MESSAGE_BYTES_MAX, Message, Outbox, Piece, SEGMENTS_MAX};
pub(crate) use ring::Ring;

/// Messages per `sendmmsg`, or of one submission to a ring.
const MESSAGES: usize = 64;

/// How a socket receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receiving {
    /// Bytes of both socket buffers.
    pub(crate) buffer_bytes: usize,
    /// `UDP_GRO`: several datagrams of one source arrive as one message.
    pub(crate) offload: bool,
    /// `SO_TIMESTAMPNS`: every message says when the kernel took it.
    pub(crate) timestamps: bool,
}

/// A bound, non-blocking socket.
pub(crate) fn open(address: SocketAddr, receiving: Receiving) -> io::Result<UdpSocket> {
    bind(address, receiving, false)
}

/// As [`open`], on a port that other sockets may share (`SO_REUSEPORT`): the kernel spreads what comes over those that
/// are not connected, by a hash of both addresses.
pub(crate) fn open_shared(address: SocketAddr, receiving: Receiving) -> io::Result<UdpSocket> {
    bind(address, receiving, true)
}

fn bind(address: SocketAddr, receiving: Receiving, is_shared: bool) -> io::Result<UdpSocket> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // The kernel caps these by sysctl and works with less.
    let _ = socket.set_recv_buffer_size(receiving.buffer_bytes);
    let _ = socket.set_send_buffer_size(receiving.buffer_bytes);
    socket.set_reuse_port(is_shared)?;
    socket.bind(&address.into())?;
    if receiving.offload {
        switch_on(&socket, libc::SOL_UDP, libc::UDP_GRO)?;
    }
    if receiving.timestamps {
        switch_on(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS)?;
    }
    Ok(socket.into())
}

fn switch_on(socket: &impl AsRawFd, level: libc::c_int, option: libc::c_int) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: `on` outlives the call and its size is passed.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, ptr::from_ref(&on).cast(), INT_LEN)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps the calling thread, and those it starts, on one core.
pub(crate) fn pin(core: usize) -> io::Result<()> {
    // SAFETY: all-zero is a valid value of this plain C structure.
    let mut cores: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    if core >= size_of_val(&cores) * 8 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: `core` is within the set.
    unsafe { libc::CPU_SET(core, &mut cores) };
    // SAFETY: `cores` outlives the call and its size is passed; 0 is the calling thread.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&cores), &raw const cores) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// CPU time of the calling thread, exact to the scheduler's nanoseconds.
pub(crate) fn thread_cpu() -> Duration {
    read_clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// CPU time of this process, all threads.
pub(crate) fn process_cpu() -> Duration {
    read_clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// Since the Unix epoch: the clock of the kernel's receive timestamps.
pub(crate) fn wall_clock() -> Duration {
    read_clock(libc::CLOCK_REALTIME)
}

fn read_clock(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place; the clocks above exist on every Linux, so that the call cannot fail.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    duration(time)
}

/// User and system time of the calling thread; the kernel splits by ticks unless it accounts exactly.
pub(crate) fn thread_user_system() -> (Duration, Duration) {
    // SAFETY: all-zero is a valid value of this plain C structure.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is a valid place.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    let time = |value: libc::timeval| {
        Duration::from_secs(value.tv_sec.cast_unsigned())
            + Duration::from_micros(value.tv_usec.cast_unsigned())
    };
    (time(usage.ru_utime), time(usage.ru_stime))
}

/// Clock ticks per second, the unit of `/proc/PID/stat`.
pub(crate) fn ticks_per_second() -> u64 {
    // SAFETY: a plain query.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    u64::try_from(ticks).ok().filter(|ticks| *ticks > 0).unwrap_or(100)
}

/// Has a program that is to be started asked to end when the thread that starts it ends, however that happens.
pub(crate) fn end_with_us(command: &mut Command) {
    let us = std::process::id();
    let prepare = move || {
        // SAFETY: a call without pointers; the signal's number is valid.
        let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) };
        // We may have ended before the kernel knew.
        if result != 0 || std::os::unix::process::parent_id() != us {
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        Ok(())
    };
    // SAFETY: between fork and exec it only makes system calls, and allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

/// Asks a child that was not waited for to end: SIGTERM.
pub(crate) fn ask_to_end(child: u32) {
    let Ok(pid) = libc::pid_t::try_from(child) else { return };
    // SAFETY: a call without pointers. The number is still the child's, as nobody has waited for it.
    unsafe { libc::kill(pid, libc::SIGTERM) };
}

/// Lets this process open `wanted` files, as far as the hard limit goes; answers the limit now.
pub(crate) fn raise_open_files(wanted: u64) -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid place.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if limit.rlim_cur >= wanted {
        return Ok(limit.rlim_cur);
    }
    limit.rlim_cur = wanted.min(limit.rlim_max);
    // SAFETY: `limit` is initialised.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(limit.rlim_cur)
}

/// An address of this machine that is not its loopback, if it has one: some servers use no other. The kernel delivers what
/// is sent to it by the loopback device all the same.
pub(crate) fn own_address() -> IpAddr {
    // Connecting a datagram socket sends nothing: it only asks for the route. The address is one for documents.
    let asked = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("198.51.100.1:9")?;
        Ok(socket.local_addr()?.ip())
    });
    asked.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn duration(time: libc::timespec) -> Duration {
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(time.tv_sec.cast_unsigned(), nanoseconds)
}

/// Room for two control messages (offload and timestamp), aligned for `cmsghdr`.
type Control = [u64; 8];

#[expect(clippy::cast_possible_truncation, reason = "sizes of C structures, known to be small")]
const INT_LEN: libc::socklen_t = size_of::<libc::c_int>() as libc::socklen_t;

#[cfg(test)]
mod tests {
    use std::net::SocketAddrV4;

    use super::*;

    const RECEIVING: Receiving =
        Receiving { buffer_bytes: 1 << 20, offload: false, timestamps: true };

    fn received(inbox: &mut Inbox, socket: &UdpSocket) -> Vec<(Option<SocketAddrV4>, Vec<u8>)> {
        let count = inbox.receive(socket).unwrap();
        inbox.datagrams(count).map(|got| (got.source, got.bytes.to_vec())).collect()
    }

    fn address(socket: &UdpSocket) -> SocketAddrV4 {
        match socket.local_addr().unwrap() {
            SocketAddr::V4(address) => address,
            SocketAddr::V6(_) => panic!("not an IPv4 socket"),
        }
    }

    #[test]
    fn what_is_sent_as_one_message_arrives_as_its_datagrams_with_or_without_receive_offload() {
        for offload in [false, true] {
            let to = open("127.0.0.1:0".parse().unwrap(), Receiving { offload, ..RECEIVING });
            let (from, to) = (open("127.0.0.1:0".parse().unwrap(), RECEIVING), to.unwrap());
            let from = from.unwrap();
            let mut outbox = Outbox::new(4, 2000);
            for (slot, byte) in (0..3).zip(b'a'..) {
                outbox.slot(slot)[..1200].fill(byte);
            }
            let pieces = [(0, 1200), (1, 1200), (2, 7)].map(|(slot, len)| Piece { slot, len });
            let message = Message { to: Some(address(&to)), first: 0, count: 3 };
            let sent = outbox.send(&from, &pieces, &[message]);
            assert_eq!((sent.calls, sent.datagrams, sent.errors), (1, 3, 0));
            let got = received(&mut Inbox::new(8, 65_536), &to);
            let expected = [(b'a', 1200), (b'b', 1200), (b'c', 7)]
                .map(|(byte, len)| (Some(address(&from)), vec![byte; len]));
            assert_eq!(got, expected, "offload {offload}");
        }
    }

    #[test]
    fn a_ring_sends_what_an_outbox_sends() {
        let to = open("127.0.0.1:0".parse().unwrap(), RECEIVING).unwrap();
        let from = open("127.0.0.1:0".parse().unwrap(), RECEIVING).unwrap();
        // Where it is forbidden there is nothing to test.
        let Ok(mut ring) = Ring::new(&from) else { return };
        let mut outbox = Outbox::new(3, 2000);
        for (slot, byte) in (0..3).zip(b'a'..) {
            outbox.slot(slot)[..1200].fill(byte);
        }
        let pieces = [(0, 1200), (1, 1200), (2, 7)].map(|(slot, len)| Piece { slot, len });
        let nobody = SocketAddrV4::new([127, 0, 0, 1].into(), 0);
        let messages = [
            Message { to: Some(address(&to)), first: 0, count: 2 },
            Message { to: Some(nobody), first: 2, count: 1 },
            Message { to: Some(address(&to)), first: 2, count: 1 },
        ];
        let sent = outbox.send_by_ring(&mut ring, &pieces, &messages);
        assert_eq!((sent.calls, sent.messages, sent.datagrams, sent.errors), (1, 2, 3, 1));
        let got = received(&mut Inbox::new(8, 2048), &to);
        let shape: Vec<_> = got.iter().map(|(_, bytes)| (bytes[0], bytes.len())).collect();
        assert_eq!(shape, [(b'a', 1200), (b'b', 1200), (b'c', 7)]);
    }

    #[test]
    fn a_shared_port_has_room_for_another_socket() {
        let first = open_shared("127.0.0.1:0".parse().unwrap(), RECEIVING).unwrap();
        let address = first.local_addr().unwrap();
        assert!(open(address, RECEIVING).is_err());
        assert!(open_shared(address, RECEIVING).is_ok());
    }

    #[test]
    fn a_datagram_says_when_the_kernel_took_it() {
        let to = open("127.0.0.1:0".parse().unwrap(), RECEIVING).unwrap();
        let from = open("127.0.0.1:0".parse().unwrap(), RECEIVING).unwrap();
        let mut inbox = Inbox::new(8, 2048);
        // The kernel begins to stamp a moment after the first socket asked for it.
        let mut stamp = None;
        for _ in 0..1000 {
            let before = wall_clock();
            from.send_to(b"x", to.local_addr().unwrap()).unwrap();
            let count = inbox.receive(&to).unwrap();
            let after = wall_clock();
            stamp = inbox.datagrams(count).next().unwrap().taken_at;
            if let Some(stamp) = stamp {
                assert!(before <= stamp && stamp <= after);
                break;
            }
        }
        assert!(stamp.is_some());
    }

    #[test]
    fn work_costs_this_thread_cpu_time_and_waiting_does_not() {
        let before = thread_cpu();
        let mut sum = 0_u64;
        while thread_cpu() - before < Duration::from_millis(2) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(1));
        }
        assert!(process_cpu() >= thread_cpu() - before);
    }

    #[test]
    fn a_refused_message_is_counted_and_the_rest_is_sent() {
        let to = open("127.0.0.1:0".parse().unwrap(), RECEIVING).unwrap();
        let from = open("127.0.0.1:0".parse().unwrap(), RECEIVING).unwrap();
        let mut outbox = Outbox::new(2, 100);
        let nobody = SocketAddrV4::new([127, 0, 0, 1].into(), 0);
        let pieces = [Piece { slot: 0, len: 1 }, Piece { slot: 1, len: 1 }];
        let messages = [
            Message { to: Some(nobody), first: 0, count: 1 },
            Message { to: Some(address(&to)), first: 1, count: 1 },
        ];
        let sent = outbox.send(&from, &pieces, &messages);
        assert_eq!((sent.datagrams, sent.errors), (1, 1));
        assert_eq!(received(&mut Inbox::new(8, 2048), &to).len(), 1);
    }
}
