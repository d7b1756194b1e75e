//! The one door: finds the shard of a join, routes commands to shards, and hands events out.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use mio::Poll;
use protocol::ids::{RoomName, SessionId};
use turn::framing::Framing;

use crate::{
    config::{Config, ShardConfig},
    connection::dtls::Certificate,
    driver::{
        inbox::Envelope,
        node::Node,
        run,
        stream::Stream,
        watch::{self, WatchGuard},
    },
    metrics::Counters,
    recording::{
        counts,
        writer::{Door, Writer},
    },
    shard::Shard,
    words::{
        administration::{Act, OpenRoom},
        command::{Command, Join},
        event::{Event, Message},
        occurrence::{OBSERVER, Occurrence},
        recording::RecordingInfo,
    },
};

pub use crate::{
    connection::ice::shard_of,
    driver::{inbox::EventSink, stream::Stream as ClientStream},
    placement::ShardId,
};

/// Commands that may wait for one shard: a few for each of a thousand participants.
const COMMANDS_WAITING_MAX: usize = 4096;

/// How long a stop waits for a shard: it takes a turn, in which it says its farewells.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
/// How long a stop waits for files to be closed and hashed.
const WRITER_PATIENCE: Duration = Duration::from_secs(5);
const STOP_LOOK_INTERVAL: Duration = Duration::from_millis(5);
const STOP_LOOKS: u128 = STOP_PATIENCE.as_millis() / STOP_LOOK_INTERVAL.as_millis();

/// A command could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The shard's queue is full, or it shows no sign of life: try later.
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
    /// There can be no thread that watches the shards.
    #[error("cannot start a thread")]
    Thread {
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
    node: Arc<Node>,
    /// The watch over the shards, until they are stopped.
    watch: Arc<Mutex<Option<WatchGuard>>>,
    /// Who writes recordings, if they are switched on.
    writer: Option<Writer>,
}

struct ShardHandle {
    commands: SyncSender<Envelope>,
    port: u16,
    turn_port: Option<u16>,
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
        let mut berths = Vec::new();
        let mut wakers = Vec::new();
        for shard in 0..config.shards {
            let (berth, waker) = open_berth(config, ShardId(shard))?;
            berths.push(berth);
            wakers.push(waker);
        }
        let mut nonce_key = [0; 32];
        aws_lc_rs::rand::fill(&mut nonce_key).map_err(|_| StartError::Certificate)?;
        let node = Arc::new(Node::new(wakers));
        let (writer, recordings) = start_writer(config, sink)?.unzip();
        let shards = berths
            .into_iter()
            .map(|berth| {
                let common = (&certificate, nonce_key);
                start_shard(config, berth, common, Arc::clone(sink), (&node, recordings.clone()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let watch =
            watch::start(Arc::clone(&node)).map_err(|source| StartError::Thread { source })?;
        let watch = Arc::new(Mutex::new(Some(watch)));
        Ok(Self { shards: shards.into(), node, watch, writer })
    }

    /// Gives a join to the home of its room; a new room gets the least loaded shard as its home. Answers which it is:
    /// the session is there until [`Joined`](crate::words::event::Joined) or
    /// [`Resumed`](crate::words::event::Resumed) names its shard.
    ///
    /// # Errors
    /// When the shard's queue is full, or the shard is silent or has stopped.
    pub fn join(&self, join: Join) -> Result<ShardId, SendError> {
        let room = join.room.clone();
        let queue = |home| {
            if self.node.is_silent(home) {
                return Err(SendError::Overloaded);
            }
            self.send(home, Command::Join(Box::new(join)))
        };
        self.node.directory.join(&room, || self.node.loads(), queue)
    }

    /// Gives an opening to the home of its room, as [`join`](Self::join) does. The answer goes to `session`.
    ///
    /// # Errors
    /// When the shard's queue is full or the shard has stopped.
    pub fn open_room(&self, session: SessionId, opening: OpenRoom) -> Result<ShardId, SendError> {
        let room = opening.room.clone();
        let act = Box::new(Act::OpenRoom(opening));
        let queue = |home| self.send(home, Command::Administer { session, act });
        self.node.directory.join(&room, || self.node.loads(), queue)
    }

    /// Where a room is at home, if there is one of that name or a join into it under way.
    #[must_use]
    pub fn home_of(&self, room: &RoomName) -> Option<ShardId> {
        self.node.directory.home(room)
    }

    /// How many shards there are.
    #[must_use]
    pub fn shards(&self) -> u16 {
        u16::try_from(self.shards.len()).unwrap_or(u16::MAX)
    }

    /// From now on [`OBSERVER`] is told what happens in rooms. To be called
    /// before the first join.
    ///
    /// # Errors
    /// When a shard has stopped or is overloaded.
    pub fn observe(&self) -> Result<(), SendError> {
        self.ids().try_for_each(|shard| self.send(shard, Command::Observe))
    }

    /// Gives a command to a shard; joins go through [`join`](Self::join).
    ///
    /// # Errors
    /// When the shard's queue is full or the shard has stopped.
    pub fn send(&self, shard: ShardId, command: Command) -> Result<(), SendError> {
        let handle = self.shards.get(shard.index()).ok_or(SendError::Stopped)?;
        let envelope = Envelope::Command(Box::new(command));
        handle.commands.try_send(envelope).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Overloaded,
            TrySendError::Disconnected(_) => SendError::Stopped,
        })?;
        self.node.wake(shard).map_err(|_| SendError::Stopped)
    }

    /// The newest snapshot of each shard's counters; at most a second old.
    #[must_use]
    pub fn counters(&self) -> Vec<Counters> {
        self.node.counters()
    }

    /// Recordings under way and ended ones, the newest last; `None` if rooms cannot be recorded here.
    #[must_use]
    pub fn recordings(&self) -> Option<Vec<RecordingInfo>> {
        self.writer.as_ref().map(Writer::recordings)
    }

    /// What all recordings have come to.
    #[must_use]
    pub fn recording_counters(&self) -> counts::Counters {
        self.writer.as_ref().map(Writer::counters).unwrap_or_default()
    }

    /// The UDP port of each shard.
    #[must_use]
    pub fn udp_ports(&self) -> Vec<u16> {
        self.shards.iter().map(|shard| shard.port).collect()
    }

    /// The UDP port of each shard for TURN alone, if there are any.
    #[must_use]
    pub fn turn_udp_ports(&self) -> Vec<u16> {
        self.shards.iter().filter_map(|shard| shard.turn_port).collect()
    }

    /// Joins a client's TCP or TLS stream to a shard: whole messages of TURN or ICE go in, frames come out. `wake` is called
    /// when there is something to receive, or room again; it must not block.
    #[must_use]
    pub fn open_stream(
        &self,
        shard: ShardId,
        peer: SocketAddr,
        framing: Framing,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> Stream {
        Stream::open(Arc::clone(&self.node), shard, peer, framing, wake)
    }

    /// Tells every participant to leave, without waiting.
    pub fn drain(&self) {
        for shard in self.ids() {
            // A stopped or choked shard has nobody left to tell.
            let _ = self.send(shard, Command::Drain);
        }
    }

    /// The shards that have shown no sign of life for some seconds: their calls stand still, and they get no new rooms.
    #[must_use]
    pub fn silent_shards(&self) -> Vec<ShardId> {
        self.ids().filter(|shard| self.node.is_silent(*shard)).collect()
    }

    /// Tells every participant to leave and stops the shards. Returns when their last datagrams are sent, after two
    /// seconds at the latest: the threads that have not stopped by then never will; files of recordings get five more. True if all have.
    pub fn stop(&self) -> bool {
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut leaving: Vec<_> = (self.ids().zip(self.shards.iter()))
            .filter_map(|(id, shard)| Leaving::begin(id, shard))
            .collect();
        for _ in 0..STOP_LOOKS {
            leaving = leaving.into_iter().filter_map(|one| one.go_on(&self.node)).collect();
            if leaving.is_empty() {
                break;
            }
            pause();
        }
        // Files are closed once the rooms are gone.
        let are_closed = self.writer.as_ref().is_none_or(|writer| writer.join(WRITER_PATIENCE));
        leaving.is_empty() && are_closed
    }

    fn ids(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..self.shards.len()).filter_map(|index| u16::try_from(index).ok()).map(ShardId)
    }
}

/// A shard that is told to stop.
struct Leaving<'a> {
    id: ShardId,
    commands: &'a SyncSender<Envelope>,
    /// What it has not been told, last first: its queue may be full.
    untold: Vec<Envelope>,
    thread: JoinHandle<()>,
}

impl<'a> Leaving<'a> {
    fn begin(id: ShardId, shard: &'a ShardHandle) -> Option<Self> {
        let thread = shard.thread.lock().ok()?.take()?;
        let untold = vec![Envelope::Stop, Envelope::Command(Box::new(Command::Drain))];
        Some(Self { id, commands: &shard.commands, untold, thread })
    }

    /// None once its thread has ended.
    fn go_on(mut self, node: &Node) -> Option<Self> {
        while let Some(envelope) = self.untold.pop() {
            if let Err(TrySendError::Full(envelope)) = self.commands.try_send(envelope) {
                self.untold.push(envelope);
                break;
            }
            // A stopped shard needs no waking.
            let _ = node.wake(self.id);
        }
        if !self.thread.is_finished() {
            return Some(self);
        }
        if self.thread.join().is_err() {
            tracing::error!("a shard's thread had panicked");
        }
        None
    }
}

/// Credentials have expiry times; joins tell the time anew.
#[expect(clippy::disallowed_methods, reason = "the start of the shard's time")]
fn unix_time() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "waits for threads, off the media path")]
fn pause() {
    std::thread::sleep(STOP_LOOK_INTERVAL);
}

/// A shard's place before its thread runs.
struct Berth {
    shard: ShardId,
    socket: UdpSocket,
    port: u16,
    turn_socket: Option<UdpSocket>,
    turn_port: Option<u16>,
    poll: Poll,
}

/// The writer of recordings, if there is a folder for them: what it has to tell goes the way of the shards' events.
fn start_writer(config: &Config, sink: &EventSink) -> Result<Option<(Writer, Door)>, StartError> {
    let Some(dir) = config.recordings.clone() else { return Ok(None) };
    let sink = Arc::clone(sink);
    let tell = move |occurrence: Occurrence| {
        sink(Event { session: OBSERVER, message: Message::Happened(Box::new(occurrence)) });
    };
    let started = Writer::start(dir, Arc::new(tell));
    started.map(Some).map_err(|source| StartError::Thread { source })
}

fn open_berth(config: &Config, shard: ShardId) -> Result<(Berth, mio::Waker), StartError> {
    let (socket, port) = open_port(config.bind, config.udp_port, shard)?;
    let wanted = config.turn.as_ref().and_then(|turn| turn.udp_port);
    let opened = wanted.map(|first| open_port(config.bind, first, shard)).transpose()?;
    let (turn_socket, turn_port) = opened.unzip();
    let (poll, waker) = run::prepare(&socket, turn_socket.as_ref())
        .map_err(|source| StartError::Bind { port, source })?;
    Ok((Berth { shard, socket, port, turn_socket, turn_port, poll }, waker))
}

/// A shard's socket, and its port: those of all shards follow the first one.
fn open_port(bind: IpAddr, first: u16, shard: ShardId) -> Result<(UdpSocket, u16), StartError> {
    let port = if first == 0 { 0 } else { first.saturating_add(shard.0) };
    let failed = |source| StartError::Bind { port, source };
    let socket = os::udp::open(SocketAddr::new(bind, port)).map_err(failed)?;
    let port = socket.local_addr().map_err(failed)?.port();
    Ok((socket, port))
}

fn start_shard(
    config: &Config,
    berth: Berth,
    (certificate, nonce_key): (&Certificate, [u8; 32]),
    sink: EventSink,
    (node, recordings): (&Arc<Node>, Option<Door>),
) -> Result<ShardHandle, StartError> {
    let Berth { shard, socket, port, turn_socket, turn_port, poll } = berth;
    let shard_config = ShardConfig {
        shard,
        limits: config.limits,
        candidates: config
            .advertise
            .iter()
            .map(|address| SocketAddr::new(*address, port))
            .collect(),
        tcp_candidates: config.ice_tcp.clone(),
        certificate: certificate.clone(),
    };
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).map_err(|_| StartError::Certificate)?;
    let mut turn_seed = [0; 32];
    aws_lc_rs::rand::fill(&mut turn_seed).map_err(|_| StartError::Certificate)?;
    let turn = config.turn.clone();
    let (commands, inbox) = sync_channel(COMMANDS_WAITING_MAX);
    let records = recordings.is_some();
    let node = Arc::clone(node);
    let shore = run::Shore { shard, commands: inbox, sink, node, recordings };
    let thread = std::thread::Builder::new()
        .name(format!("shard-{}", shard.0))
        .spawn(move || {
            #[expect(clippy::disallowed_methods, reason = "the start of the shard's time")]
            let now = std::time::Instant::now();
            let mut shard = Shard::new(shard_config, seed, now);
            if let Some(turn) = &turn {
                shard.open_turn(turn, nonce_key, turn_seed, unix_time(), now);
            }
            if records {
                shard.open_recordings();
            }
            run::run(shard, (&socket, turn_socket.as_ref()), poll, &shore);
        })
        .map_err(|source| StartError::Bind { port, source })?;
    Ok(ShardHandle { commands, port, turn_port, thread: Mutex::new(Some(thread)) })
}
