//! `bedside healthcheck`: one HTTP request to the admin address of the server on this machine.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use crate::{
    cli::Healthcheck,
    config::{self, RawConfig},
};

/// Longest wait for each step. Container runtimes give a health check 30 s by default.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Longest answer that is read: a status line and a few headers.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Asks, and succeeds when the server is well.
///
/// # Errors
/// When the server cannot be reached or says that it is not well.
pub(crate) fn run(arguments: &Healthcheck) -> anyhow::Result<()> {
    let given = RawConfig { admin: arguments.admin, ..RawConfig::default() };
    let raw = config::merge(given, arguments.file.config.as_deref())?;
    let admin = raw.admin.context("no admin address")?;
    ensure!(admin.port() != 0, "the admin port is 0: give the one that the server printed");
    let path = if arguments.ready { "/readyz" } else { "/healthz" };
    let status = status_of(reachable(admin), path)
        .with_context(|| format!("asking http://{}{path}", reachable(admin)))?;
    ensure!(status == 200, "http://{}{path} answered {status}", reachable(admin));
    Ok(())
}

/// Whether a Bedside that lives answers at this admin address.
pub(crate) fn answers(admin: SocketAddr) -> bool {
    admin.port() != 0 && status_of(reachable(admin), "/healthz").is_ok_and(|status| status == 200)
}

/// A server that listens on all addresses is reached by loopback.
fn reachable(admin: SocketAddr) -> SocketAddr {
    let ip = match admin.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, admin.port())
}

fn status_of(address: SocketAddr, path: &str) -> anyhow::Result<u16> {
    let mut socket = TcpStream::connect_timeout(&address, TIMEOUT).context(
        "nobody answers there: is Bedside running, and is this its admin address (--admin, BEDSIDE_ADMIN or --config)?",
    )?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    let question = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(question.as_bytes()).context("asking")?;
    let mut answer = Vec::new();
    socket.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).context("reading the answer")?;
    status(&answer).context("the answer is not HTTP")
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let rest = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    rest.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status(b"HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\n"), Some(503));
        for answer in [&b""[..], b"SSH-2.0\r\n", b"HTTP/1.1\r\n", b"HTTP/1.1 abc\r\n"] {
            assert_eq!(status(answer), None);
        }
    }

    #[test]
    fn a_server_on_all_addresses_is_asked_by_loopback() {
        for (admin, asked) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(admin.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
