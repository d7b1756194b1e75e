//! The one door: routes a command to the shard that owns the room, and hands events out.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use mio::Waker;
use protocol::ids::RoomName;

use crate::{
    config::Config,
    connection::dtls::Certificate,
    driver::{run, udp},
    metrics::Counters,
    placement::shard_of,
    shard::{
        Shard, ShardConfig,
        command::{Command, Event},
    },
};

/// Commands that may wait for one shard: a few for each of a thousand participants.
const COMMANDS_WAITING_MAX: usize = 4096;

/// Called on a shard's thread for each event; must not block.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// What crosses into a shard's thread.
pub(crate) enum Envelope {
    Command(Box<Command>),
    Stop,
}

/// A command could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The shard's queue is full: try later.
    #[error("the media shard is overloaded")]
    Overloaded,
    /// The shard has stopped.
    #[error("the media shard has stopped")]
    Stopped,
}

/// The media plane could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket or thread could not be made.
    #[error("cannot open UDP port {port}")]
    Bind {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The DTLS certificate or the random seed could not be made.
    #[error("cannot make a DTLS certificate")]
    Certificate,
    /// The configuration holds no advertised address or no shard.
    #[error("at least one shard and one advertised address are needed")]
    Config,
}

/// Access to the running shards. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shards: Arc<[ShardHandle]>,
}

struct ShardHandle {
    commands: SyncSender<Envelope>,
    waker: Waker,
    port: u16,
    snapshot: Arc<Mutex<Counters>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Handle {
    /// Starts the shards' threads.
    ///
    /// # Errors
    /// When a port cannot be bound, or the configuration is empty.
    pub fn start(config: &Config, sink: &EventSink) -> Result<Self, StartError> {
        if config.shards == 0 || config.advertise.is_empty() {
            return Err(StartError::Config);
        }
        let certificate = Certificate::generate().map_err(|_| StartError::Certificate)?;
        let shards = (0..config.shards)
            .map(|index| start_shard(config, index, &certificate, Arc::clone(sink)))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { shards: shards.into() })
    }

    /// Gives a command to the shard that owns `room`.
    ///
    /// # Errors
    /// When the shard's queue is full or the shard has stopped.
    pub fn send(&self, room: &RoomName, command: Command) -> Result<(), SendError> {
        let shard = self.shards.get(shard_of(room, self.shards.len())).ok_or(SendError::Stopped)?;
        shard.send(Envelope::Command(Box::new(command)))
    }

    /// The newest snapshot of each shard's counters; at most a second old.
    #[must_use]
    pub fn counters(&self) -> Vec<Counters> {
        self.shards
            .iter()
            .map(|shard| shard.snapshot.lock().map(|counters| counters.clone()).unwrap_or_default())
            .collect()
    }

    /// The UDP port of each shard.
    #[must_use]
    pub fn udp_ports(&self) -> Vec<u16> {
        self.shards.iter().map(|shard| shard.port).collect()
    }

    /// Tells every participant to leave, without waiting.
    pub fn drain(&self) {
        for shard in self.shards.iter() {
            // A stopped or choked shard has nobody left to tell.
            let _ = shard.send(Envelope::Command(Box::new(Command::Drain)));
        }
    }

    /// Tells every participant to leave and stops the shards. Returns when their last datagrams are sent.
    pub fn stop(&self) {
        for shard in self.shards.iter() {
            // Blocks while the queue is full: the shard is still emptying it. A stopped shard has nobody left to tell.
            let _ = shard.commands.send(Envelope::Command(Box::new(Command::Drain)));
            let _ = shard.commands.send(Envelope::Stop);
            let _ = shard.waker.wake();
        }
        for shard in self.shards.iter() {
            let thread = shard.thread.lock().ok().and_then(|mut thread| thread.take());
            if thread.is_some_and(|thread| thread.join().is_err()) {
                tracing::error!("a shard's thread had panicked");
            }
        }
    }
}

impl ShardHandle {
    fn send(&self, envelope: Envelope) -> Result<(), SendError> {
        self.commands.try_send(envelope).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Overloaded,
            TrySendError::Disconnected(_) => SendError::Stopped,
        })?;
        self.waker.wake().map_err(|_| SendError::Stopped)
    }
}

fn start_shard(
    config: &Config,
    index: u16,
    certificate: &Certificate,
    sink: EventSink,
) -> Result<ShardHandle, StartError> {
    let wanted = if config.udp_port == 0 { 0 } else { config.udp_port.saturating_add(index) };
    let bind = |source| StartError::Bind { port: wanted, source };
    let socket = udp::open(SocketAddr::new(config.bind, wanted)).map_err(bind)?;
    let port = socket.local_addr().map_err(bind)?.port();
    let shard_config = ShardConfig {
        limits: config.limits,
        candidates: config
            .advertise
            .iter()
            .map(|address| SocketAddr::new(*address, port))
            .collect(),
        certificate: certificate.clone(),
    };
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).map_err(|_| StartError::Certificate)?;
    let (poll, waker) = run::prepare(&socket).map_err(bind)?;
    let (commands, inbox) = sync_channel(COMMANDS_WAITING_MAX);
    let snapshot = Arc::new(Mutex::new(Counters::default()));
    let shore = run::Shore { commands: inbox, sink, snapshot: Arc::clone(&snapshot) };
    let thread = std::thread::Builder::new()
        .name(format!("shard-{index}"))
        .spawn(move || {
            #[expect(clippy::disallowed_methods, reason = "the start of the shard's time")]
            let now = std::time::Instant::now();
            run::run(Shard::new(shard_config, seed, now), &socket, poll, &shore);
        })
        .map_err(bind)?;
    Ok(ShardHandle { commands, waker, port, snapshot, thread: Mutex::new(Some(thread)) })
}
