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

use super::{
    busy::BusyMeter,
    link::Pushed,
    node::Node,
    pace::{Pace, Rest},
    udp::{self, RECEIVE_MESSAGES, Receiver, Sender},
};
use crate::{
    handle::{Envelope, EventSink},
    metrics::Counters,
    placement::{Load, ShardId},
    relay::{
        outbox::{Batch, RelayOutput},
        wire,
    },
    shard::{Shard, egress::FREE_SLOTS_MIN},
};

const SOCKET: Token = Token(0);
const WAKER: Token = Token(1);

/// Batches read before commands, timers and the send get their turn.
const BATCHES_PER_TURN: usize = 4;

/// Commands taken per turn.
const COMMANDS_PER_TURN: usize = 64;

/// How often counters are copied out.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(1);

/// What the loop needs of the outside.
pub(crate) struct Shore {
    pub(crate) shard: ShardId,
    pub(crate) commands: Commands<Envelope>,
    pub(crate) sink: EventSink,
    pub(crate) node: Arc<Node>,
}

/// A poll with the socket and a waker in it.
pub(crate) fn prepare(socket: &UdpSocket) -> io::Result<(Poll, Waker)> {
    let poll = Poll::new()?;
    poll.registry().register(&mut SourceFd(&socket.as_raw_fd()), SOCKET, Interest::READABLE)?;
    let waker = Waker::new(poll.registry(), WAKER)?;
    Ok((poll, waker))
}

/// Runs until told to stop.
pub(crate) fn run(mut shard: Shard, socket: &UdpSocket, mut poll: Poll, shore: &Shore) {
    udp::sleep_precisely();
    let mut receiver = Receiver::new(socket);
    let mut sender = Sender::new(socket);
    let mut events = Events::with_capacity(8);
    let mut now = clock();
    let mut snapshot_due = now;
    let mut busy = BusyMeter::new(now);
    let mut mail = VecDeque::new();
    let mut pace = Pace::new(now);
    let mut rest = Rest::Wait;
    loop {
        let patience = wait(&shard, snapshot_due, now);
        match rest {
            Rest::Nap(nap) if nap.is_zero() => {}
            Rest::Nap(nap) => {
                sleep(nap.min(patience));
                shard.counters_mut().wake_ups += 1;
            }
            Rest::Wait => {
                if let Err(error) = poll.poll(&mut events, Some(patience))
                    && error.kind() != io::ErrorKind::Interrupted
                {
                    tracing::error!(%error, "shard cannot wait for its socket");
                    return;
                }
                shard.counters_mut().wake_ups += 1;
            }
        }
        now = clock();
        pace.begin(now);
        let received = shard.counters_mut().datagrams_received;
        let more = receive(&mut shard, &mut receiver, &mut sender, now);
        take_mail(&mut shard, shore, &mut mail, &mut sender, now);
        let turn = obey(&mut shard, &shore.commands, &mut sender, now);
        if shard.poll_timeout().is_some_and(|at| at <= now) {
            shard.handle_timeout(now);
        }
        // Before our own packets leave, which takes longest: the others can begin.
        hand_over(&mut shard, shore, now);
        flush(&mut shard, &mut sender);
        let has_received = shard.counters_mut().datagrams_received != received;
        while let Some(event) = shard.poll_event() {
            (shore.sink)(event);
        }
        while let Some(closed) = shard.poll_closed() {
            shore.node.directory.closed(closed);
        }
        if now >= snapshot_due || turn == Turn::Stop {
            snapshot_due = now + SNAPSHOT_INTERVAL;
            let counters = Counters { busy_permille: busy.lap(now), ..shard.counters() };
            shore.node.publish(shore.shard, counters);
            let loads: Vec<Load> = shore.node.loads().into_iter().map(|(load, _)| load).collect();
            shard.handle_loads(&loads);
        }
        if turn == Turn::Stop {
            return;
        }
        rest = pace.end(has_received, clock());
        if more || turn == Turn::More {
            rest = Rest::Nap(Duration::ZERO);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver is where time passes")]
fn sleep(time: Duration) {
    std::thread::sleep(time);
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where time enters: one read where a turn begins, one where it ends"
)]
fn clock() -> Instant {
    Instant::now()
}

fn wait(shard: &Shard, snapshot_due: Instant, now: Instant) -> Duration {
    let until = shard.poll_timeout().map_or(snapshot_due, |at| at.min(snapshot_due));
    until.saturating_duration_since(now)
}

/// Reads what waits, up to a turn's worth; true if there may be more.
fn receive(shard: &mut Shard, receiver: &mut Receiver, sender: &mut Sender, now: Instant) -> bool {
    for _ in 0..BATCHES_PER_TURN {
        let count = match receiver.receive() {
            Ok(count) => count,
            Err(error) => {
                // ICMP errors of earlier sends surface here; they concern nobody present. More may wait behind.
                tracing::debug!(%error, "receive failed");
                continue;
            }
        };
        shard.look_ahead(receiver.messages(count));
        for (source, datagram) in receiver.datagrams(count) {
            if shard.egress().free_slots() < FREE_SLOTS_MIN {
                flush(shard, sender);
            }
            shard.handle_datagram(source, datagram, now);
        }
        if count < RECEIVE_MESSAGES {
            return false;
        }
    }
    true
}

/// Feeds the shard what other shards have handed over.
fn take_mail(
    shard: &mut Shard,
    shore: &Shore,
    mail: &mut VecDeque<Batch>,
    sender: &mut Sender,
    now: Instant,
) {
    for (from, link) in shore.node.mail(shore.shard) {
        for _ in 0..link.take(mail) {
            shard.handle_relay_reset(from, now);
        }
        for batch in mail.drain(..) {
            for frame in wire::frames(&batch.bytes) {
                if shard.egress().free_slots() < FREE_SLOTS_MIN {
                    flush(shard, sender);
                }
                shard.handle_relay(from, frame, now);
            }
            link.give_back(batch.bytes);
        }
    }
}

/// Hands over what the shard has to say to others.
fn hand_over(shard: &mut Shard, shore: &Shore, now: Instant) {
    let node = &shore.node;
    while let Some(output) = shard.poll_relay() {
        let (to, batch) = match output {
            RelayOutput::Batch(to, batch) => (to, batch),
            RelayOutput::Reset(to) => {
                shard.counters_mut().relay_dropped_packets += node.reset(shore.shard, to);
                continue;
            }
        };
        let (pushed, buffer) = node.push(shore.shard, to, batch);
        if let Some(buffer) = buffer {
            shard.recycle_relay(buffer);
        }
        match pushed {
            Pushed::Taken { .. } => {}
            Pushed::Dropped(packets) => {
                shard.counters_mut().relay_dropped_packets += u64::from(packets);
            }
            Pushed::Full => {
                shard.break_relay(to, now);
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Turn {
    Done,
    More,
    Stop,
}

fn obey(
    shard: &mut Shard,
    commands: &Commands<Envelope>,
    sender: &mut Sender,
    now: Instant,
) -> Turn {
    for _ in 0..COMMANDS_PER_TURN {
        if shard.egress().free_slots() < FREE_SLOTS_MIN {
            flush(shard, sender);
        }
        match commands.try_recv() {
            Ok(Envelope::Command(command)) => shard.handle_command(*command, now),
            Ok(Envelope::Stop) | Err(TryRecvError::Disconnected) => return Turn::Stop,
            Err(TryRecvError::Empty) => return Turn::Done,
        }
    }
    Turn::More
}

fn flush(shard: &mut Shard, sender: &mut Sender) {
    if shard.egress().is_empty() {
        return;
    }
    let sent = sender.send(shard.egress());
    shard.egress().clear();
    let counters = shard.counters_mut();
    counters.sends += sent.calls;
    counters.datagrams_sent += sent.datagrams;
    counters.bytes_sent += sent.bytes;
    counters.send_errors += sent.errors;
}
