//! Batched UDP: `recvmmsg` with receive offload, `sendmmsg` with segmentation offload (Linux `UDP_GRO`, `UDP_SEGMENT`).
//!
//! `sendmmsg` to distinct destinations gains little by itself (docs/adr/0009); what gains is that consecutive datagrams to one
//! destination travel the kernel as one large packet. Buffers are allocated once.
#![expect(unsafe_code, reason = "std has not this option of a socket")]

use std::{
    io,
    mem::MaybeUninit,
    net::{SocketAddr, UdpSocket},
    os::fd::{AsFd, AsRawFd},
    ptr,
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

mod receive;
mod send;

pub use receive::{RECEIVE_MESSAGES, Receiver};
pub use send::{Batch, Departures, FRONT_BYTES_MAX, Sent};

/// Socket buffers: half a second of a busy core's traffic.
const SOCKET_BUFFER_BYTES: usize = 4 * 1024 * 1024;

#[expect(clippy::cast_possible_truncation, reason = "the size of a C structure, known to be small")]
const INT_LEN: libc::socklen_t = size_of::<libc::c_int>() as libc::socklen_t;

/// Room for one control message with a 16- or 32-bit value, aligned for `cmsghdr`.
type Control = [u64; 4];

const _: () = assert!(size_of::<Control>() >= 24 && size_of::<MaybeUninit<Control>>() == 32);

/// A bound socket with offloads switched on where the kernel has them.
///
/// # Errors
/// What the system says: an address that is taken or is not this machine's.
pub fn open(address: SocketAddr) -> io::Result<UdpSocket> {
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
    offload(&socket);
    Ok(socket.into())
}

/// Has the kernel hand over what came together as one message. An old one cannot: then every message holds one datagram.
pub fn offload(socket: &impl AsFd) {
    let (fd, on): (_, libc::c_int) = (socket.as_fd().as_raw_fd(), 1);
    // SAFETY: `on` outlives the call and its size is passed.
    unsafe {
        libc::setsockopt(fd, libc::SOL_UDP, libc::UDP_GRO, ptr::from_ref(&on).cast(), INT_LEN);
    }
}

/// Sends one datagram on a socket that does not block. A runtime's own way asks first whether the socket is known to be
/// writable, which a new one is not until the runtime has looked: what is sent at once would be lost.
///
/// # Errors
/// What the system says; `WouldBlock` when the socket's buffer is full.
pub fn send(socket: &impl AsFd, to: SocketAddr, bytes: &[u8]) -> io::Result<usize> {
    SockRef::from(socket).send_to(bytes, &to.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket() -> UdpSocket {
        open("127.0.0.1:0".parse().unwrap()).unwrap()
    }

    fn received(socket: &UdpSocket, expected: usize) -> Vec<(SocketAddr, Vec<u8>)> {
        let (mut all, mut receiver) = (Vec::new(), Receiver::new());
        // Loopback delivers within the send call; the bound only ends a failing test.
        for _ in 0..1000 {
            receiver.receive(socket).unwrap();
            assert_eq!(receiver.datagrams().count(), {
                let before = all.len();
                while let Some((source, bytes)) = receiver.take() {
                    all.push((source, bytes.to_vec()));
                }
                all.len() - before
            });
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
        let datagrams: Vec<_> = [1100, 1100, 1100, 700, 1100, 60]
            .into_iter()
            .zip(0..)
            .map(|(len, n)| vec![n; len])
            .collect();
        let mut batch = Batch::new();
        let mut departures = batch.depart(&a, a.local_addr().unwrap().is_ipv6());
        departures.to(destination);
        datagrams.iter().for_each(|datagram| departures.push([datagram]));
        let sent = departures.end();
        assert_eq!((sent.datagrams, sent.errors), (6, 0));
        assert_eq!(sent.calls, 1);
        let got = received(&b, 6);
        assert!(got.iter().map(|(_, bytes)| bytes).eq(&datagrams));
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
        let (a, b) = (socket(), open("[::]:0".parse().unwrap()).unwrap());
        let port = b.local_addr().unwrap().port();
        a.send_to(b"x", ("127.0.0.1", port)).unwrap();
        assert_eq!(received(&b, 1), [(a.local_addr().unwrap(), b"x".to_vec())]);
    }

    #[test]
    fn one_batch_serves_many_sockets_and_what_is_in_front_is_copied() {
        let (a, b, c) = (socket(), socket(), socket());
        let (to_b, to_c) = (b.local_addr().unwrap(), c.local_addr().unwrap());
        let mut batch = Batch::new();
        let (large, small) = ([7; 1000], [8; 100]);
        let mail =
            [(to_b, &large[..]), (to_b, &large), (to_b, &small), (to_c, &small), (to_b, &large)];
        let head: &[u8] = b"head";
        let sent = batch.send((a.as_fd(), false), mail.map(|(to, body)| (to, [head, body])));
        assert_eq!((sent.datagrams, sent.errors), (5, 0));
        // More fronts than there is room for at once, each of its own.
        let mut departures = batch.depart(&b, false);
        departures.to(to_c);
        for n in 0..1000_u16 {
            let front = [n.to_be_bytes()[0], n.to_be_bytes()[1]].repeat(32);
            departures.push_behind(&front, [&small[..50]]);
        }
        assert_eq!(departures.end().datagrams, 1000);
        let lengths = |got: &[(SocketAddr, Vec<u8>)]| -> Vec<_> {
            got.iter().map(|(_, one)| one.len()).collect()
        };
        assert_eq!(lengths(&received(&b, 4)), [1004, 1004, 104, 1004]);
        let got = received(&c, 1001);
        assert_eq!((got[0].1.len(), got.len()), (104, 1001));
        for ((_, bytes), n) in got[1..].iter().zip(0_u16..) {
            assert_eq!(
                (&bytes[..2], &bytes[62..64], bytes[64], bytes.len()),
                (&n.to_be_bytes()[..], &n.to_be_bytes()[..], 8, 114)
            );
        }
    }

    #[test]
    fn what_was_not_ended_is_not_sent_later() {
        let (a, b) = (socket(), socket());
        let mut batch = Batch::new();
        {
            let gone = vec![1; 10];
            let mut departures = batch.depart(&a, false);
            departures.to(b.local_addr().unwrap());
            departures.push([&gone]);
        }
        let kept: &[u8] = &[2; 10];
        batch.send((a.as_fd(), false), [(b.local_addr().unwrap(), [kept])]);
        assert_eq!(received(&b, 1), [(a.local_addr().unwrap(), kept.to_vec())]);
    }

    #[test]
    fn a_refused_destination_is_counted_and_the_rest_is_sent() {
        let (a, b) = (socket(), socket());
        // Port 0 cannot be sent to.
        let nobody = SocketAddr::from(([127, 0, 0, 1], 0));
        let mail = [nobody, b.local_addr().unwrap()].map(|to| (to, [&b"x"[..]]));
        let sent = Batch::new().send((a.as_fd(), false), mail);
        assert_eq!((sent.datagrams, sent.errors), (1, 1));
        assert_eq!(received(&b, 1).len(), 1);
    }
}
