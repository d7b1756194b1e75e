//! One HTTP service that listens: accepts within bounds, speaks TLS and HTTP/1.1, ends what stands still.
//!
//! ```text
//!   a place is free ─► accept ─► its address has a place ─► first bytes ─► TLS ─► first bytes ─┬─► HTTP/1.1 ─► router
//!   (else: the backlog waits)    (else: closed)                 │           10 s               └─► TURN, ICE
//!                                                               ├─► TURN, ICE
//!                                                               └─► HTTP where there is TLS: a redirect
//!   a header 10 s, an allocation or a check 30 s, no progress 60 s
//! ```
//!
//! Owns: sockets from the listening one to the end of the last request or WebSocket. Never: routes. HTTP/2 is not
//! spoken: nothing here wants it, and WebSockets over it would need extended CONNECT.

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::Context as _;
use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{mpsc, watch},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt as _;

mod door;
mod kind;
mod redirect;
mod stream;

use ::turn::framing::Framing;
pub(crate) use door::{Door, DoorCounts, DoorLimits};
pub(crate) use kind::ALPN_TURN;
use kind::{Kind, Peeked};
use stream::{Guarded, Settle};

use crate::turn;

/// How long a connection may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// From the accept to the end of the TLS handshake.
    pub(crate) tls_handshake: Duration,
    /// From the accept, or the last answer, to the end of a request's header. It bounds idle connections too: a browser
    /// opens a new one in a round trip.
    pub(crate) header: Duration,
    /// Without progress in a read or a write. Signal sockets are pinged every 10 s and closed by signalling after 30 s:
    /// this is for what has no such rule, bodies and answers that nobody takes.
    pub(crate) standstill: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // Mobile networks at their worst take a few seconds.
            tls_handshake: Duration::from_secs(10),
            header: Duration::from_secs(10),
            standstill: Duration::from_secs(60),
        }
    }
}

/// Bytes of a request's header: twice the longest request target that the HTTP library takes, 64 KiB. Join tokens have a
/// few kilobytes.
const HEADER_BYTES_MAX: usize = 128 * 1024;

/// Pause after a failed accept: out of descriptors, it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The certificate in use, which may be replaced while connections are served.
#[derive(Debug, Clone)]
pub(crate) struct Certificate(Arc<RwLock<Arc<ServerConfig>>>);

impl Certificate {
    pub(crate) fn new(config: Arc<ServerConfig>) -> Self {
        Self(Arc::new(RwLock::new(config)))
    }

    /// For connections from now on.
    pub(crate) fn replace(&self, config: Arc<ServerConfig>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    fn acceptor(&self) -> TlsAcceptor {
        let config = self.0.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&config))
    }
}

/// A service that runs.
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    /// Closed when the last connection is.
    connections: mpsc::Receiver<Infallible>,
}

impl Server {
    /// Serves `router` on a listening socket from now on.
    ///
    /// # Errors
    /// When the socket cannot be handed to the runtime.
    pub(crate) fn start(
        listener: TcpListener,
        router: Router,
        certificate: Option<Certificate>,
        door: Door,
        timeouts: Timeouts,
        streams: Option<turn::Service>,
    ) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::from_std(listener).context("listening")?;
        let (stop, stopped) = watch::channel(false);
        let (alive, connections) = mpsc::channel(1);
        let host = Host { router, certificate, timeouts, streams, stopped, alive };
        tokio::spawn(accept(listener, door, host));
        Ok(Self { stop, connections })
    }

    /// Accepts no more, lets requests under way end, and returns when the last connection is closed. WebSockets are not
    /// waited for.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        let _ = self.connections.recv().await;
    }
}

/// What every connection is served with.
#[derive(Clone)]
struct Host {
    router: Router,
    certificate: Option<Certificate>,
    timeouts: Timeouts,
    /// Who understands TURN and ICE, if they are spoken here.
    streams: Option<turn::Service>,
    stopped: watch::Receiver<bool>,
    alive: mpsc::Sender<Infallible>,
}

async fn accept(listener: tokio::net::TcpListener, door: Door, mut host: Host) {
    loop {
        let place = tokio::select! {
            place = door.place() => place,
            _ = host.stopped.wait_for(|stopped| *stopped) => return,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = host.stopped.wait_for(|stopped| *stopped) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(permit) = door.admit(place, peer.ip()) {
                    let stream = Guarded::new(stream, permit, host.timeouts.standstill);
                    tokio::spawn(serve(stream, peer, host.clone()));
                }
            }
            Err(error) => {
                door.count_failure();
                tracing::debug!(%error, "not accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: Guarded<TcpStream>, peer: SocketAddr, host: Host) {
    let Some(certificate) = &host.certificate else {
        return serve_plain(stream, peer, host).await;
    };
    let acceptor = certificate.acceptor();
    let handshake = async {
        let (stream, kind) = Peeked::peek(stream).await?;
        Some(match kind {
            Kind::Tls => Opened::Secure(Box::new(acceptor.accept(stream).await.ok()?)),
            Kind::Http => Opened::Plain(stream),
            // Who does without TLS has nothing to hide: media is encrypted end to end with the media plane.
            Kind::Stream(framing) => Opened::Stream(stream, framing),
        })
    };
    match timeout(host.timeouts.tls_handshake, handshake).await {
        Ok(Some(Opened::Secure(stream))) => serve_plain(*stream, peer, host).await,
        Ok(Some(Opened::Stream(stream, framing))) => {
            serve_stream(stream, framing, peer, host).await;
        }
        Ok(Some(Opened::Plain(stream))) => {
            serve_http(stream, peer, Host { router: redirect::router(), ..host }).await;
        }
        Ok(None) | Err(_) => {}
    }
}

/// What a connection to a port with TLS turns out to be.
enum Opened {
    Secure(Box<TlsStream<Peeked<Guarded<TcpStream>>>>),
    Plain(Peeked<Guarded<TcpStream>>),
    Stream(Peeked<Guarded<TcpStream>>, Framing),
}

/// Serves what is not, or no longer, in TLS.
async fn serve_plain<S>(stream: S, peer: SocketAddr, host: Host)
where
    S: AsyncRead + AsyncWrite + Settle + Unpin + Send + 'static,
{
    if host.streams.is_none() {
        return serve_http(stream, peer, host).await;
    }
    match timeout(host.timeouts.header, Peeked::peek(stream)).await {
        Ok(Some((stream, Kind::Stream(framing)))) => {
            serve_stream(stream, framing, peer, host).await;
        }
        Ok(Some((stream, Kind::Http | Kind::Tls))) => serve_http(stream, peer, host).await,
        Ok(None) | Err(_) => {}
    }
}

async fn serve_stream<S>(mut stream: S, framing: Framing, peer: SocketAddr, host: Host)
where
    S: AsyncRead + AsyncWrite + Settle + Unpin + Send + 'static,
{
    let Host { streams, mut stopped, alive, .. } = host;
    let Some(service) = streams.filter(|service| service.takes(framing)) else { return };
    stream.gather();
    let seat = service.seat();
    let there = seat.as_ref().map(turn::Seat::handle);
    let has_seat = there.is_some();
    let serving = async move {
        let (_alive, _seat) = (alive, seat);
        if has_seat && stream.settle().is_err() {
            return;
        }
        tokio::select! {
            () = turn::stream::serve(stream, framing, peer, service) => {}
            // Its call is over by now: the media plane stops first.
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    };
    match there {
        Some(there) => drop(there.spawn(serving)),
        None => serving.await,
    }
}

async fn serve_http<S>(stream: S, peer: SocketAddr, host: Host)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Host { router, timeouts, mut stopped, alive: _alive, .. } = host;
    // Whoever counts tries asks where a request comes from.
    let router = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.header)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        // What went wrong is the client's affair.
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Where a listener is bound.
///
/// # Errors
/// When the address is in use or not ours.
pub(crate) fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!("listening on {address}: choose another address with --{setting}")
    })?;
    listener.set_nonblocking(true).context("preparing a listening socket")?;
    Ok(listener)
}

#[cfg(test)]
mod tests;
