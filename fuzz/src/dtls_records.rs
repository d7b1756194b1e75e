//! Datagrams of a stranger to the handshake, from the address of somebody who is joining.
//!
//! Promises: no panic; nothing is opened, no keys leave; what is sent in answer is bounded; a datagram costs in
//! proportion to its length.

use std::{cell::OnceCell, time::Instant};

use sfu::connection::dtls::{Certificate, DtlsOutput, DtlsTransport, Fingerprint};

use super::{cost, pieces::pieces, rehearsal::now};

/// A ClientHello that can be answered makes an ephemeral key and a signature; whatever cannot makes a new engine.
const STEPS_FIXED: u64 = 200_000;
const STEPS_PER_BYTE: u64 = 500;

/// Answers to one datagram: the server's flight, sent again.
const ANSWERS_MAX: usize = 64;

/// Datagrams, each after two bytes of length.
pub fn run(data: &[u8]) {
    let now = now();
    let mut server = server(now);
    for datagram in pieces(data) {
        let handled = cost::within(datagram.len(), STEPS_FIXED, STEPS_PER_BYTE, || {
            server.handle_datagram(datagram, now)
        });
        drain(&mut server);
        if handled.is_err() {
            return;
        }
    }
}

fn drain(server: &mut DtlsTransport) {
    let mut buffer = [0; 1500];
    for _ in 0..ANSWERS_MAX {
        match server.poll(&mut buffer) {
            DtlsOutput::Packet(_) => {}
            DtlsOutput::Nothing => return,
            DtlsOutput::Connected(_) | DtlsOutput::Data(_) | DtlsOutput::Closed => {
                panic!("a stranger was let in");
            }
        }
    }
    panic!("more is answered than was asked");
}

fn server(now: Instant) -> DtlsTransport {
    thread_local! {
        static CERTIFICATE: OnceCell<Certificate> = const { OnceCell::new() };
    }
    CERTIFICATE.with(|cell| {
        let certificate = cell.get_or_init(|| Certificate::generate().expect("a certificate"));
        let mut server = DtlsTransport::new(certificate, now);
        server.set_remote_fingerprints(vec![Fingerprint::of_der(b"somebody else")]);
        server
    })
}
