//! The signal sockets of all participants: one thread, one task for each.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use livekit_protocol::{
    self as proto, SignalRequest, SignalResponse, signal_request::Message as Asking,
};
use prost::Message as _;
use protocol::{
    ids::{Identity, RoomName},
    token::{ApiKeys, Claims, SecretPolicy, mint},
};
use sfu::shard::command::Message;
use sim::Side;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::{connect_async, tungstenite};

use super::{
    Options, Phase, Shared,
    wire::{self, Heard},
};
use crate::{clock, kernel, scenario::Role};

/// What a media thread is told of one of its participants.
pub(super) struct Told {
    /// Its place in the thread's list.
    pub(super) place: usize,
    pub(super) news: News,
}

/// See [`Told`].
pub(super) enum News {
    /// The socket is being opened.
    Came(Instant),
    Message(Box<Message>),
    Candidate(Side, std::net::SocketAddr),
    /// The socket is closed, or could not be opened.
    Gone(String),
}

/// A media thread's way to signalling.
pub(super) struct Link {
    pub(super) told: Receiver<Told>,
    /// One for each participant.
    pub(super) ask: Vec<UnboundedSender<Asking>>,
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
    asked: UnboundedReceiver<Asking>,
}

/// Mints all tokens: their cost is not part of any join time.
pub(super) fn prepare(options: &Options, groups: &[Vec<Role>]) -> Result<(Signalling, Vec<Link>)> {
    let is_plain = options.url.starts_with("ws://");
    ensure!(is_plain, "the URL must begin with ws://: TLS would be measured too");
    let pair = format!("{}: {}", options.key, options.secret);
    let keys = ApiKeys::parse(&pair, SecretPolicy::Dev).context("reading the API key")?;
    let mut visits = Vec::new();
    let mut links = Vec::new();
    for (group, roles) in groups.iter().enumerate() {
        let (told_sender, told) = channel();
        let mut ask = Vec::new();
        for (place, role) in roles.iter().enumerate() {
            let (asker, asked) = unbounded_channel();
            ask.push(asker);
            let token = token(options, &keys, role, &format!("{group}-{place}"))?;
            let url = options.url.trim_end_matches('/');
            visits.push(Visit {
                place,
                url: format!(
                    "{url}/rtc?access_token={token}&auto_subscribe=1&adaptive_stream=0\
                     &sdk=rust&protocol=15&version=0.1.0"
                ),
                delay: Duration::from_millis(role.delay_ms),
                told: told_sender.clone(),
                asked,
            });
        }
        links.push(Link { told, ask });
    }
    Ok((Signalling { visits }, links))
}

fn token(options: &Options, keys: &ApiKeys, role: &Role, name: &str) -> Result<String> {
    let room = RoomName::try_from(format!("bench-{}-{}", options.seed, role.room));
    let identity = Identity::try_from(format!("bench-{name}"));
    let (Ok(room), Ok(identity)) = (room, identity) else { bail!("names are refused") };
    let expires = kernel::wall_clock() + TOKEN_LIFETIME;
    let mut claims = Claims::for_join(room, identity, expires.as_secs().cast_signed());
    // As in a real webinar; only whoever may not publish can be served by another shard than the room's home.
    claims.permission.can_publish = role.publishes;
    mint(&claims, keys).context("signing a token")
}

/// Longer than any run.
const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3600);

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
        let opening = tokio::time::timeout(PATIENCE, connect_async(&self.url));
        let (mut socket, _) = match opening.await.context("the socket did not open in time")? {
            Ok(open) => open,
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                bail!("{}: {}", response.status(), String::from_utf8_lossy(&body).trim());
            }
            Err(error) => return Err(anyhow!(error).context("opening the socket")),
        };
        let mut ping = tokio::time::interval(PING_INTERVAL);
        loop {
            let asking = tokio::select! {
                frame = socket.next() => match frame {
                    None => return Ok(()),
                    Some(frame) => {
                        self.hear(frame.context("reading the socket")?)?;
                        continue;
                    }
                },
                asked = self.asked.recv() => match asked {
                    None => return Ok(()),
                    Some(asking) => asking,
                },
                _ = ping.tick() => Asking::PingReq(proto::Ping::default()),
            };
            let request = SignalRequest { message: Some(asking) };
            let frame = tungstenite::Message::Binary(request.encode_to_vec().into());
            socket.send(frame).await.context("writing to the socket")?;
        }
    }

    fn hear(&self, frame: tungstenite::Message) -> Result<()> {
        let tungstenite::Message::Binary(bytes) = frame else { return Ok(()) };
        let response = SignalResponse::decode(bytes).context("reading a response")?;
        match response.message.map_or(Heard::Nothing, wire::heard) {
            Heard::Message(message) => self.tell(News::Message(message)),
            Heard::Candidate(side, address) => self.tell(News::Candidate(side, address)),
            Heard::Nothing => {}
        }
        Ok(())
    }
}

/// As livekit-client waits for a socket.
const PATIENCE: Duration = Duration::from_secs(15);
/// What LiveKit servers tell clients; ours too.
const PING_INTERVAL: Duration = Duration::from_secs(5);
