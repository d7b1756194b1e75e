//! Sending by io_uring: a batch of `sendmsg` requests, submitted and awaited in one system call.
//!
//! As fast as it goes without a kernel thread that spins: one issuer, completions without interrupts, the socket
//! registered. Never: leaves a request behind when a call returns.

use std::{io, net::UdpSocket, os::fd::AsRawFd};

use io_uring::{IoUring, opcode, types::Fixed};

use super::MESSAGES;

/// A ring for sends on one socket, by the thread that made it.
pub(crate) struct Ring(IoUring);

impl Ring {
    /// Fails where the kernel is older than 6.1 or io_uring is forbidden.
    pub(crate) fn new(socket: &UdpSocket) -> io::Result<Self> {
        let mut builder = IoUring::builder();
        builder.setup_single_issuer().setup_defer_taskrun();
        let ring = builder.build(u32::try_from(MESSAGES).unwrap_or(64))?;
        ring.submitter().register_files(&[socket.as_raw_fd()])?;
        Ok(Self(ring))
    }

    /// Sends up to [`MESSAGES`] messages; for each, whether the kernel took it.
    ///
    /// # Safety
    /// The headers and all that they point to must be valid until this returns.
    ///
    /// # Panics
    /// If the kernel refuses the ring itself.
    pub(super) unsafe fn send(&mut self, headers: &[libc::mmsghdr]) -> [bool; MESSAGES] {
        for (index, header) in (0..).zip(headers) {
            let request = opcode::SendMsg::new(Fixed(0), &raw const header.msg_hdr)
                .flags(libc::MSG_DONTWAIT.cast_unsigned())
                .build()
                .user_data(index);
            // SAFETY: the caller keeps the header alive until this returns, and this returns when all are answered.
            let pushed = unsafe { self.0.submission().push(&request) };
            pushed.expect("a ring has room for a batch");
        }
        let (mut is_taken, mut answered) = ([false; MESSAGES], 0);
        while answered < headers.len() {
            match self.0.submit_and_wait(headers.len() - answered) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    panic!("a ring that worked stopped: {error}")
                }
                _ => {}
            }
            for answer in self.0.completion() {
                answered += 1;
                is_taken[answer.user_data() as usize] = answer.result() >= 0;
            }
        }
        is_taken
    }
}
