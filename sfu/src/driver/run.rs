//! The loop of one shard's thread: wait, read a batch, feed the shard, send, deliver events.

use std::{
    collections::VecDeque,
    io,
    net::UdpSocket,
    os::fd::AsRawFd,
    sync::{
        Arc,
        mpsc::{Receiver as Commands, TryRecvError},
    },
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, Waker, unix::SourceFd};
use os::{
    pace::{Pace, Rest},
    thread,
    udp::{RECEIVE_MESSAGES, Receiver},
};

use super::{
    busy::BusyMeter,
    departure::Sender,
    link::Pushed,
    node::Node,
    node_relays::{End, NodeRelays},
    streams::{Ends, StreamTable},
};
use crate::{
    driver::inbox::{Envelope, EventSink},
    egress::FREE_SLOTS_MIN,
    metrics::Counters,
    placement::ShardId,
    recording::writer::Door,
    relay::{
        outbox::{Batch, RelayOutput},
        wire,
    },
    shard::Shard,
};

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);
const TURN_SOCKET: Token = Token(2);
const NODE_RELAYS: Token = Token(3);

/// What a turn takes of each kind, so that none keeps the others waiting; what is left comes first in the next turn.
/// Datagrams: some milliseconds of them, and more than ever gather while a shard keeps up.
const DATAGRAMS_PER_TURN: usize = 1024;
const BATCHES_PER_TURN: usize = 4;

/// Datagrams that may be sent because of a turn's share of one kind: a room of 64 makes 63 of one.
const COPIES_PER_TURN: u64 = 8192;

/// Frames of other shards, counted after each batch.
const FRAMES_PER_TURN: usize = 1024;

/// Messages of clients' streams, some of each.
const STREAM_MESSAGES_PER_TURN: usize = 256;

/// Commands: so many, and no further one once they have taken this long. Words can wait, media cannot.
const COMMANDS_PER_TURN: usize = 64;
const COMMAND_SLICE: Duration = Duration::from_millis(1);

/// How often counters are copied out.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(1);

/// What the loop needs of the outside.
pub(crate) struct Shore {
    pub(crate) shard: ShardId,
    pub(crate) commands: Commands<Envelope>,
    pub(crate) sink: EventSink,
    pub(crate) node: Arc<Node>,
    /// To the writer of recordings, if there is one.
    pub(crate) recordings: Option<Door>,
}

/// A poll with the sockets, for media and for TURN alone, and a waker in it.
pub(crate) fn prepare(
    socket: &UdpSocket,
    turn_socket: Option<&UdpSocket>,
) -> io::Result<(Poll, Waker)> {
    let poll = Poll::new()?;
    for (socket, token) in [(Some(socket), SOCKET), (turn_socket, TURN_SOCKET)] {
        if let Some(socket) = socket {
            let mut source = SourceFd(&socket.as_raw_fd());
            poll.registry().register(&mut source, token, Interest::READABLE)?;
        }
    }
    let waker = Waker::new(poll.registry(), WAKER)?;
    Ok((poll, waker))
}

/// Runs until told to stop.
pub(crate) fn run(
    shard: Shard,
    (socket, turn_socket): (&UdpSocket, Option<&UdpSocket>),
    mut poll: Poll,
    shore: &Shore,
) {
    thread::sleep_precisely();
    let mut sender = Sender::new(socket, turn_socket);
    if shard.has_nodes() {
        sender.relays = open_relays(&poll);
    }
    let pulse = shore.node.pulses().get(shore.shard.index());
    if let Some(pulse) = pulse {
        pulse.begin(thread::number());
    }
    let mut events = Events::with_capacity(8);
    let mut now = clock();
    let mut driver = Driver {
        shard,
        shore,
        socket,
        receiver: Receiver::new(),
        turn: turn_socket.map(|socket| (socket, Receiver::new())),
        from_nodes: sender.relays.is_some().then(FromNodes::default),
        sender,
        streams: StreamTable::default(),
        announced: VecDeque::new(),
        mail: VecDeque::new(),
        snapshot_due: now,
        busy: BusyMeter::new(now),
    };
    let mut pace = Pace::new(now);
    let mut rest = Rest::Wait;
    loop {
        let patience = driver.wait(now);
        match rest {
            Rest::Nap(nap) if nap.is_zero() => {}
            Rest::Nap(nap) => {
                sleep(nap.min(patience));
                driver.counters().wake_ups += 1;
            }
            Rest::Wait => {
                if let Err(error) = poll.poll(&mut events, Some(patience))
                    && error.kind() != io::ErrorKind::Interrupted
                {
                    tracing::error!(%error, "shard cannot wait for its socket");
                    return;
                }
                driver.counters().wake_ups += 1;
            }
        }
        now = clock();
        if let Some(pulse) = pulse {
            pulse.beat();
        }
        pace.begin(now);
        let received = driver.counters().datagrams_received;
        let turn = driver.turn(now);
        let has_received = driver.counters().datagrams_received != received;
        let end = clock();
        driver.note_turn(end.saturating_duration_since(now));
        rest = pace.end(has_received, end);
        match turn {
            Turn::Stop => return,
            Turn::More => rest = Rest::Nap(Duration::ZERO),
            Turn::Done => {}
        }
    }
}

/// Relays towards other nodes, whose answers wake the loop.
fn open_relays(poll: &Poll) -> Option<NodeRelays> {
    let relays = NodeRelays::new().and_then(|relays| {
        let mut source = SourceFd(&relays.as_raw_fd());
        poll.registry().register(&mut source, NODE_RELAYS, Interest::READABLE).map(|()| relays)
    });
    relays
        .inspect_err(|error| tracing::error!(%error, "other nodes are not reached through TURN"))
        .ok()
}

/// Whether a turn has left something for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Done,
    More,
    Stop,
}

/// What waits of another shard, in its order.
enum Mail {
    Reset,
    Batch(Batch),
}

/// What was read from the relay socket of an allocation.
#[derive(Default)]
struct FromNodes {
    receiver: Receiver,
    end: Option<End>,
}

/// A shard with its ways in and out.
struct Driver<'a> {
    shard: Shard,
    shore: &'a Shore,
    socket: &'a UdpSocket,
    receiver: Receiver,
    /// The port for TURN alone, if there is one.
    turn: Option<(&'a UdpSocket, Receiver)>,
    sender: Sender<'a>,
    /// What is read from relays towards other nodes, if there are any.
    from_nodes: Option<FromNodes>,
    streams: StreamTable,
    /// Streams that have been announced and not looked at yet.
    announced: VecDeque<(u32, Arc<Ends>)>,
    /// Taken out of the links and not handled yet.
    mail: VecDeque<(ShardId, Mail)>,
    snapshot_due: Instant,
    busy: BusyMeter,
}

impl Driver<'_> {
    /// A share of everything that waits.
    fn turn(&mut self, now: Instant) -> Turn {
        let datagrams = self.receive(now) | self.receive_turn(now) | self.receive_from_nodes(now);
        let mail = self.take_mail(now);
        let streams = self.take_streams(now);
        let commands = self.obey(now);
        if self.shard.poll_timeout().is_some_and(|at| at <= now) {
            self.shard.handle_timeout(now);
        }
        // Before our own packets leave, which takes longest: the others can begin.
        self.hand_over(now);
        self.flush();
        while let Some(event) = self.shard.poll_event() {
            (self.shore.sink)(event);
        }
        self.hand_recordings_over();
        while let Some(closed) = self.shard.poll_closed() {
            self.shore.node.directory.closed(closed);
        }
        if now >= self.snapshot_due || commands == Turn::Stop {
            self.snapshot_due = now + SNAPSHOT_INTERVAL;
            self.publish(now);
        }
        match commands {
            Turn::Done if datagrams || mail || streams => Turn::More,
            turn => turn,
        }
    }

    fn counters(&mut self) -> &mut Counters {
        self.shard.counters_mut()
    }

    fn wait(&self, now: Instant) -> Duration {
        let due = self.snapshot_due;
        let until = self.shard.poll_timeout().map_or(due, |at| at.min(due));
        until.saturating_duration_since(now)
    }

    /// A turn's share of one kind.
    fn share(&mut self, inputs: usize) -> Share {
        Share { inputs, sent_max: self.counters().datagrams_sent + COPIES_PER_TURN }
    }

    /// Whether the turn's share allows for another input, for which there is room then.
    fn may_take(&mut self, share: &Share) -> bool {
        if self.shard.egress().free_slots() < FREE_SLOTS_MIN {
            self.flush();
        }
        share.inputs > 0 && self.counters().datagrams_sent < share.sent_max
    }

    /// Reads what waits; true if there may be more.
    fn receive(&mut self, now: Instant) -> bool {
        let mut share = self.share(DATAGRAMS_PER_TURN);
        for _ in 0..BATCHES_PER_TURN {
            if !self.handle_batch(&mut share, now) {
                return true;
            }
            debug_assert!(self.receiver.is_empty(), "datagrams of the last batch are lost");
            match self.receiver.receive(self.socket) {
                Ok(count) => {
                    self.shard.look_ahead(self.receiver.messages());
                    if count < RECEIVE_MESSAGES {
                        return !self.handle_batch(&mut share, now);
                    }
                }
                // ICMP errors of earlier sends surface here; they concern nobody present. More may wait behind.
                Err(error) => tracing::debug!(%error, "receive failed"),
            }
        }
        self.handle_batch(&mut share, now);
        true
    }

    /// Reads what waits at the port for TURN alone; true if there may be more. Costs one call a turn where there is none.
    fn receive_turn(&mut self, now: Instant) -> bool {
        let Some((socket, mut receiver)) = self.turn.take() else { return false };
        let mut share = self.share(DATAGRAMS_PER_TURN);
        let is_left = loop {
            if !self.may_take(&share) {
                break true;
            }
            share.inputs -= 1;
            if let Some((source, datagram)) = receiver.take() {
                self.shard.handle_turn_datagram(source, datagram, now);
                continue;
            }
            match receiver.receive(socket) {
                Ok(0) => break false,
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "receive failed"),
            }
        };
        self.turn = Some((socket, receiver));
        is_left
    }

    /// Reads what other nodes have sent to relays; true if there may be more.
    fn receive_from_nodes(&mut self, now: Instant) -> bool {
        let Some(mut from) = self.from_nodes.take() else { return false };
        if let Some(relays) = &mut self.sender.relays {
            relays.look();
        }
        let mut share = self.share(DATAGRAMS_PER_TURN);
        let is_left = loop {
            if !self.may_take(&share) {
                break true;
            }
            if let Some((source, datagram)) = from.receiver.take() {
                share.inputs -= 1;
                if let Some(end) = from.end {
                    self.shard.handle_node_datagram(end, source, datagram, now);
                }
                continue;
            }
            let relays = self.sender.relays.as_mut();
            from.end = relays.and_then(|relays| relays.receive(&mut from.receiver));
            if from.end.is_none() {
                break false;
            }
        };
        self.from_nodes = Some(from);
        is_left
    }

    /// Handles what has been read, as far as the turn's share goes; true if that is all.
    fn handle_batch(&mut self, share: &mut Share, now: Instant) -> bool {
        while self.may_take(share) {
            let Some((source, datagram)) = self.receiver.take() else { return true };
            self.shard.handle_datagram(source, datagram, now);
            share.inputs -= 1;
        }
        false
    }

    /// Feeds the shard what other shards have handed over; true if something is left.
    fn take_mail(&mut self, now: Instant) -> bool {
        if self.mail.is_empty() {
            let mut batches = VecDeque::new();
            for (from, link) in self.shore.node.mail(self.shore.shard) {
                for _ in 0..link.take(&mut batches) {
                    self.mail.push_back((from, Mail::Reset));
                }
                self.mail.extend(batches.drain(..).map(|batch| (from, Mail::Batch(batch))));
            }
        }
        let mut share = self.share(FRAMES_PER_TURN);
        while self.may_take(&share)
            && let Some((from, mail)) = self.mail.pop_front()
        {
            let frames = match mail {
                Mail::Reset => {
                    self.shard.handle_relay_reset(from, now);
                    1
                }
                Mail::Batch(batch) => self.take_batch(from, batch, now),
            };
            share.inputs = share.inputs.saturating_sub(frames);
        }
        !self.mail.is_empty()
    }

    /// Answers how many frames the batch held.
    fn take_batch(&mut self, from: ShardId, batch: Batch, now: Instant) -> usize {
        let mut frames = 0;
        for frame in wire::frames(&batch.bytes) {
            if self.shard.egress().free_slots() < FREE_SLOTS_MIN {
                self.flush();
            }
            self.shard.handle_relay(from, frame, now);
            frames += 1;
        }
        self.shore.node.give_back(from, self.shore.shard, batch.bytes);
        frames
    }

    /// Takes a few messages of each stream that has some, one after the other; true if something is left.
    fn take_streams(&mut self, now: Instant) -> bool {
        self.shore.node.take_arrivals(self.shore.shard, &mut self.announced);
        let mut share = self.share(STREAM_MESSAGES_PER_TURN);
        while self.may_take(&share)
            && let Some((number, ends)) = self.announced.pop_front()
        {
            self.streams.insert(number, &ends);
            let taken = ends.take_inward();
            // Each stream's look counts, so that those which only open and close are bounded too.
            share.inputs = share.inputs.saturating_sub(taken.messages.len().max(1));
            for mut message in taken.messages {
                if self.shard.egress().free_slots() < FREE_SLOTS_MIN {
                    self.flush();
                }
                self.shard.handle_stream((number, ends.framing), ends.peer, &mut message, now);
            }
            if taken.is_closed {
                self.shard.close_stream((number, ends.framing), ends.peer, now);
                self.streams.remove(number);
            } else if taken.has_more {
                self.announced.push_back((number, ends));
            }
        }
        !self.announced.is_empty()
    }

    /// Takes commands for as long as a turn has for them.
    fn obey(&mut self, now: Instant) -> Turn {
        let mut began = None;
        for _ in 0..COMMANDS_PER_TURN {
            if self.shard.egress().free_slots() < FREE_SLOTS_MIN {
                self.flush();
            }
            let command = match self.shore.commands.try_recv() {
                Ok(Envelope::Command(command)) => command,
                Ok(Envelope::Stop) | Err(TryRecvError::Disconnected) => return Turn::Stop,
                Err(TryRecvError::Empty) => return Turn::Done,
            };
            let began = *began.get_or_insert_with(clock);
            self.shard.handle_command(*command, now);
            if clock().saturating_duration_since(began) >= COMMAND_SLICE {
                break;
            }
        }
        Turn::More
    }

    /// A recording that the writer has no place for fails, and its room says so.
    fn hand_recordings_over(&mut self) {
        while let Some(feed) = self.shard.poll_recording() {
            let standing = Arc::clone(&feed.standing);
            let writer = self.shore.recordings.as_ref();
            if writer.is_none_or(|writer| !writer.put(feed)) {
                standing.fail();
            }
        }
    }

    /// Hands over what the shard has to say to others.
    fn hand_over(&mut self, now: Instant) {
        let node = &self.shore.node;
        while let Some(output) = self.shard.poll_relay() {
            let (to, batch) = match output {
                RelayOutput::Batch(to, batch) => (to, batch),
                RelayOutput::Reset(to) => {
                    let lost = node.reset(self.shore.shard, to);
                    self.shard.counters_mut().relay_dropped_packets += lost;
                    continue;
                }
            };
            let (pushed, buffer) = node.push(self.shore.shard, to, batch);
            if let Some(buffer) = buffer {
                self.shard.recycle_relay(buffer);
            }
            match pushed {
                Pushed::Taken { .. } => {}
                Pushed::Dropped(packets) => {
                    self.shard.counters_mut().relay_dropped_packets += u64::from(packets);
                }
                Pushed::Full => self.shard.break_relay(to, now),
            }
        }
    }

    fn flush(&mut self) {
        if let Some(relays) = &mut self.sender.relays {
            relays.close(&self.shard.take_closed_relays());
        }
        flush(&mut self.shard, &mut self.sender, &mut self.streams);
    }

    fn note_turn(&mut self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let counters = self.shard.counters_mut();
        counters.turns += 1;
        counters.turns_us = counters.turns_us.saturating_add(took);
        counters.turn_us_max = counters.turn_us_max.max(took);
    }

    /// Copies the counters out, and tells the shard how the others are doing.
    fn publish(&mut self, now: Instant) {
        let busy_permille = self.busy.lap(now);
        let counters = Counters { busy_permille, ..self.shard.counters() };
        self.counters().turn_us_max = 0;
        self.shore.node.publish(self.shore.shard, counters);
        let loads = self.shore.node.loads().into_iter().map(|(load, _)| load);
        self.shard.handle_loads(&loads.collect::<Vec<_>>());
    }
}

/// What is left of a turn's share of one kind.
struct Share {
    inputs: usize,
    /// The counter of sent datagrams at which to stop.
    sent_max: u64,
}

fn flush(shard: &mut Shard, sender: &mut Sender<'_>, streams: &mut StreamTable) {
    if shard.egress().is_empty() {
        return;
    }
    let sent = sender.send(shard.way_out(), streams);
    shard.egress().clear();
    let counters = shard.counters_mut();
    counters.stream_dropped_messages += std::mem::take(&mut streams.dropped);
    counters.sends += sent.calls;
    counters.datagrams_sent += sent.datagrams;
    counters.bytes_sent += sent.bytes;
    counters.send_errors += sent.errors;
}

#[expect(clippy::disallowed_methods, reason = "the driver is where time passes")]
fn sleep(time: Duration) {
    std::thread::sleep(time);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where time enters: one read where a turn begins, one where it ends, one a command"
)]
fn clock() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
