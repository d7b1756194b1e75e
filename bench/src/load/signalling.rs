//! The signal sockets of all participants: one thread, one task for each. What is said on them is a [`Dialect`]'s
//! business.

use std::{
    net::SocketAddr,
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::ValueEnum;
use futures_util::{SinkExt, StreamExt};
use sim::Side;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{self, client::IntoClientRequest, http::HeaderValue},
};

use super::{
    Options, Phase, Shared,
    dialect::{Dialect, Effect, News},
    janus::Janus,
    livekit::LiveKit,
};
use crate::{
    clock,
    scenario::{Role, Shape},
};

/// The protocol of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// LiveKit's, with join tokens.
    Livekit,
    /// Janus's, with its VideoRoom.
    Janus,
}

/// What a media thread is told of one of its participants.
pub(super) struct Told {
    /// Its place in the thread's list.
    pub(super) place: usize,
    pub(super) news: News,
}

/// What a participant has to say.
pub(super) enum Ask {
    Request(sim::Asking),
    /// An address of ours, for a connection that has been described.
    Candidate(Side, SocketAddr),
}

/// A media thread's way to signalling.
pub(super) struct Link {
    pub(super) told: Receiver<Told>,
    /// One for each participant.
    pub(super) ask: Vec<UnboundedSender<Ask>>,
}

/// All sockets to be.
pub(super) struct Signalling {
    visits: Vec<Visit>,
}

/// One participant's socket to be.
struct Visit {
    place: usize,
    url: String,
    delay: Duration,
    told: Sender<Told>,
    asked: UnboundedReceiver<Ask>,
    dialect: Box<dyn Dialect>,
}

/// Prepares everyone, tokens included: their cost is not part of any join time.
pub(super) fn prepare(options: &Options, groups: &[Vec<Role>]) -> Result<(Signalling, Vec<Link>)> {
    let is_plain = options.url.starts_with("ws://");
    ensure!(is_plain, "the URL must begin with ws://: TLS would be measured too");
    let url = options.url.trim_end_matches('/');
    let mut visits = Vec::new();
    let mut links = Vec::new();
    for (group, roles) in groups.iter().enumerate() {
        let (told_sender, told) = channel();
        let mut ask = Vec::new();
        for (place, role) in roles.iter().enumerate() {
            let (asker, asked) = unbounded_channel();
            ask.push(asker);
            let name = format!("{group}-{place}");
            let (url, dialect): (_, Box<dyn Dialect>) = match options.signalling {
                Protocol::Livekit => (LiveKit::url(url, options, role, &name)?, Box::new(LiveKit)),
                Protocol::Janus => {
                    let people = Shape::people_in(roles, role.room);
                    (url.to_owned(), Box::new(Janus::new(options.seed, *role, people)))
                }
            };
            visits.push(Visit {
                place,
                url,
                delay: Duration::from_millis(role.delay_ms),
                told: told_sender.clone(),
                asked,
                dialect,
            });
        }
        links.push(Link { told, ask });
    }
    Ok((Signalling { visits }, links))
}

impl Signalling {
    /// Serves the sockets until the run is done.
    pub(super) fn run(self, shared: &Shared) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("an async runtime");
        runtime.block_on(async {
            for visit in self.visits {
                tokio::spawn(visit.run());
            }
            while shared.phase() != Phase::Done {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    }
}

impl Visit {
    async fn run(mut self) {
        tokio::time::sleep(self.delay).await;
        self.tell(News::Came(clock::now()));
        let why = match self.talk().await {
            Ok(()) => "the server closed the socket".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        self.tell(News::Gone(why));
    }

    fn tell(&self, news: News) {
        // A media thread that has ended needs no news.
        let _ = self.told.send(Told { place: self.place, news });
    }

    async fn talk(&mut self) -> Result<()> {
        let mut request = self.url.as_str().into_client_request().context("reading the URL")?;
        if let Some(name) = self.dialect.subprotocol() {
            let value = HeaderValue::from_static(name);
            request.headers_mut().insert("Sec-WebSocket-Protocol", value);
        }
        let opening = tokio::time::timeout(PATIENCE, connect_async(request));
        let (mut socket, _) = match opening.await.context("the socket did not open in time")? {
            Ok(open) => open,
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                bail!("{}: {}", response.status(), String::from_utf8_lossy(&body).trim());
            }
            Err(error) => return Err(anyhow!(error).context("opening the socket")),
        };
        let mut ping = tokio::time::interval(PING_INTERVAL);
        ping.reset();
        let mut effects = Vec::new();
        self.dialect.on_open(&mut effects);
        loop {
            for effect in effects.drain(..) {
                match effect {
                    Effect::Tell(news) => self.tell(news),
                    Effect::Send(frame) => {
                        socket.send(frame).await.context("writing to the socket")?;
                    }
                }
            }
            tokio::select! {
                frame = socket.next() => match frame {
                    None => return Ok(()),
                    Some(frame) => {
                        let frame = frame.context("reading the socket")?;
                        self.dialect.on_frame(frame, &mut effects)?;
                    }
                },
                asked = self.asked.recv() => match asked {
                    None => return Ok(()),
                    Some(Ask::Request(request)) => self.dialect.on_request(request, &mut effects),
                    Some(Ask::Candidate(side, address)) => {
                        self.dialect.on_candidate(side, address, &mut effects);
                    }
                },
                _ = ping.tick() => self.dialect.on_ping_due(&mut effects),
            }
        }
    }
}

/// As livekit-client waits for a socket.
const PATIENCE: Duration = Duration::from_secs(15);
/// What LiveKit servers tell clients; ours too. Janus forgets a client after a minute.
const PING_INTERVAL: Duration = Duration::from_secs(5);
