//! A media thread: sends in real time, reads, checks. It sleeps at most [`SWEEP`], then looks at everything that
//! arrived: receivers that sleep in the kernel would charge the server for waking them, which a real network does not.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap},
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::AsRawFd,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use mio::{Events, Interest, Poll, Token, unix::SourceFd};
use sfu::connection::srtp::SrtpProfile;
use sim::Identity;

use super::{
    Options, Phase, Shared,
    check::Counts,
    participant::{Participant, SLOTS},
    relay::Relay,
    signalling::Link,
};
use crate::{
    clock,
    histogram::Histogram,
    kernel::{self, Inbox, Outbox},
    scenario::Role,
};

/// The longest sleep: what arrives waits this long in the kernel, timestamped.
pub(crate) const SWEEP: Duration = Duration::from_micros(500);

/// The sockets are IPv4's: the kernel names every source.
const UNKNOWN_SOURCE: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));

/// What a thread's participants met.
#[derive(Default)]
pub(super) struct Outcome {
    /// Packets that arrived while measuring.
    pub(super) forwarded: u64,
    /// Of the whole run.
    pub(super) counts: Counts,
    /// Packets that came twice, of the whole run.
    pub(super) duplicates: u64,
    /// Retransmissions of what had arrived: asked for twice, or overtaken.
    pub(super) needless_retransmissions: u64,
    /// Streams that should have come and did not.
    pub(super) silent_streams: u64,
    /// Sends that the kernel refused.
    pub(super) send_errors: u64,
    pub(super) latency: Histogram,
    pub(super) lateness: Histogram,
    pub(super) join: Histogram,
    pub(super) first_frame: Histogram,
    /// When the first came and the last was there.
    pub(super) join_span: Option<(Instant, Instant)>,
    pub(super) joined: u64,
    /// What was agreed for media.
    pub(super) profiles: BTreeSet<&'static str>,
    /// Why others did not, some of them.
    pub(super) failures: Vec<String>,
    /// CPU time of this thread while measuring.
    pub(super) cpu: Duration,
}

/// Runs the participants of these roles until the run is done.
pub(super) fn run(
    roles: &[Role],
    link: Link,
    options: &Options,
    shared: &Shared,
) -> Result<Outcome> {
    let mut crowd = Crowd::new(roles, link, options, shared)?;
    let mut phase = Phase::Joining;
    let mut cpu = Duration::ZERO;
    loop {
        let entered = shared.phase();
        if entered > phase {
            if phase < Phase::Measuring && entered >= Phase::Measuring {
                cpu = kernel::thread_cpu();
            }
            if phase < Phase::Measured && entered >= Phase::Measured {
                crowd.outcome.cpu = kernel::thread_cpu() - cpu;
            }
            if phase < Phase::Draining && entered >= Phase::Draining {
                crowd.participants.iter_mut().for_each(Participant::fall_silent);
            }
            if phase < Phase::Leaving && entered >= Phase::Leaving {
                crowd.participants.iter_mut().for_each(Participant::leave);
            }
            phase = entered;
        }
        if phase == Phase::Done {
            return Ok(crowd.conclude());
        }
        crowd.turn(phase == Phase::Measuring)?;
    }
}

struct Crowd<'a> {
    participants: Vec<Participant>,
    link: Link,
    shared: &'a Shared,
    poll: Poll,
    events: Events,
    inbox: Inbox,
    outbox: Outbox,
    calendar: BinaryHeap<Reverse<(Instant, usize)>>,
    /// The same moment on both clocks, to place the kernel's timestamps.
    clocks: (Instant, Duration),
    outcome: Outcome,
}

impl<'a> Crowd<'a> {
    fn new(roles: &[Role], link: Link, options: &Options, shared: &'a Shared) -> Result<Self> {
        let identity = Identity::generate();
        let ip = kernel::own_address();
        let now = clock::now();
        let poll = Poll::new().context("preparing to wait for sockets")?;
        let mut participants = Vec::with_capacity(roles.len());
        for (place, role) in roles.iter().enumerate() {
            let seed = options.seed << 32 | (role.room as u64) << 12 | place as u64 & 0xfff;
            let ask = link.ask[place].clone();
            let relay = options.relay_secret.as_deref();
            let relay = relay.map(|secret| Relay::new(secret, role, place));
            let mut participant =
                Participant::new(*role, &identity, seed, ask, relay, (shared.epoch, now))?;
            let hears_others = roles
                .iter()
                .enumerate()
                .any(|(other, with)| other != place && with.room == role.room && with.publishes);
            participant.adapt(options.signalling, hears_others, ip)?;
            for side in 0..2 {
                let fd = participant.socket(side).as_raw_fd();
                poll.registry()
                    .register(&mut SourceFd(&fd), Token(place * 2 + side), Interest::READABLE)
                    .context("waiting for a socket")?;
            }
            participants.push(participant);
        }
        Ok(Self {
            participants,
            link,
            shared,
            poll,
            events: Events::with_capacity(1024),
            inbox: Inbox::new(32, 2048),
            outbox: Outbox::new(SLOTS, 1500),
            calendar: BinaryHeap::new(),
            clocks: (now, kernel::wall_clock()),
            outcome: Outcome::default(),
        })
    }

    fn turn(&mut self, is_measuring: bool) -> Result<()> {
        let now = clock::now();
        if now - self.clocks.0 > Duration::from_secs(1) {
            self.clocks = (now, kernel::wall_clock());
        }
        while let Ok(told) = self.link.told.try_recv() {
            let participant = &mut self.participants[told.place];
            let had_failed = participant.failure.is_some();
            participant.on_news(told.news, now);
            if participant.failure.is_some() && !had_failed && participant.joined.is_none() {
                self.shared.failed.fetch_add(1, Ordering::Relaxed);
            }
            self.speak(told.place, now);
        }
        self.read(is_measuring)?;
        while let Some(Reverse((due, place))) = self.calendar.peek().copied() {
            let now = clock::now();
            if due > now {
                break;
            }
            self.calendar.pop();
            // Entries that were overtaken stay in the calendar until their time.
            if self.participants[place].due == Some(due) {
                if is_measuring {
                    self.outcome.lateness.record(now - due);
                }
                self.participants[place].client.handle_timeout(now);
                self.participants[place].due = None;
                self.speak(place, now);
            }
        }
        let next = self.calendar.peek().map_or(SWEEP, |Reverse((due, _))| {
            due.saturating_duration_since(clock::now()).min(SWEEP)
        });
        if !next.is_zero() {
            clock::sleep(next);
        }
        Ok(())
    }

    fn speak(&mut self, place: usize, now: Instant) {
        let participant = &mut self.participants[place];
        let before = participant.due;
        participant.speak(&mut self.outbox, now);
        if let Some(due) = participant.due
            && before != Some(due)
        {
            self.calendar.push(Reverse((due, place)));
        }
    }

    fn read(&mut self, is_measuring: bool) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                return Err(error).context("waiting for sockets");
            }
            _ => {}
        }
        let ready: Vec<Token> = self.events.iter().map(mio::event::Event::token).collect();
        for Token(token) in ready {
            let (place, side) = (token / 2, token % 2);
            let now = clock::now();
            let participant = &mut self.participants[place];
            loop {
                let count =
                    self.inbox.receive(participant.socket(side)).context("reading a socket")?;
                for datagram in self.inbox.datagrams(count) {
                    let Some(bytes) = participant.unwrap(datagram.bytes) else { continue };
                    let is_media = matches!(bytes.first(), Some(128..=191));
                    let taken_at = datagram.taken_at.filter(|_| is_media);
                    let at = taken_at.map_or(now, |taken_at| place_in(self.clocks, taken_at));
                    let from = datagram.source.map_or(UNKNOWN_SOURCE, SocketAddr::V4);
                    participant.on_datagram(side, from, bytes, at);
                }
                if count < self.inbox.capacity() {
                    break;
                }
            }
            let latency = is_measuring.then_some(&mut self.outcome.latency);
            let (count, lost) = participant.take_deliveries(self.shared.epoch, latency);
            self.shared.missing.fetch_add(lost, Ordering::Relaxed);
            self.shared.delivered.fetch_add(count, Ordering::Relaxed);
            self.outcome.forwarded += if is_measuring { count } else { 0 };
            if participant.note_joined(now) {
                self.shared.joined.fetch_add(1, Ordering::Relaxed);
            }
            self.speak(place, now);
        }
        Ok(())
    }

    fn conclude(mut self) -> Outcome {
        self.judge_joins();
        for participant in &self.participants {
            self.outcome.take(participant, &self.participants);
        }
        self.outcome
    }

    fn judge_joins(&mut self) {
        let mut there: HashMap<usize, Vec<(usize, Instant)>> = HashMap::new();
        for (place, one) in self.participants.iter().enumerate() {
            if let (true, Some(joined)) = (one.role.publishes, one.joined) {
                there.entry(one.role.room).or_default().push((place, joined));
            }
        }
        for (place, one) in self.participants.iter().enumerate() {
            let (Some(came), Some(joined)) = (one.came, one.joined) else {
                let why = one.failure.clone().unwrap_or_else(|| "not in time".to_owned());
                self.outcome.failures.push(why);
                continue;
            };
            if let Some(why) = &one.failure {
                self.outcome.failures.push(format!("after joining: {why}"));
            }
            self.outcome.joined += 1;
            self.outcome.join.record(joined - came);
            let span = self.outcome.join_span.get_or_insert((came, joined));
            *span = (span.0.min(came), span.1.max(joined));
            let others = there.get(&one.role.room).into_iter().flatten();
            let others = others.filter(|(other, _)| *other != place).map(|(_, since)| *since);
            let has_video = self
                .participants
                .iter()
                .any(|other| other.role.room == one.role.room && other.role.camera.is_some());
            if let (Some(since), Some(frame)) = (others.min(), one.first_frame(has_video)) {
                let from = came.max(since);
                self.outcome.first_frame.record(frame.saturating_duration_since(from));
            }
        }
    }
}

impl Outcome {
    /// Adds up what a participant received, and what it should have.
    fn take(&mut self, one: &Participant, all: &[Participant]) {
        self.send_errors += one.send_errors;
        self.duplicates += one.client.replays;
        self.counts.wrong += one.client.unauthentic;
        for side in [&one.client.publisher, &one.client.subscriber] {
            self.profiles.extend(side.keys.as_ref().map(|keys| profile_name(keys.profile)));
        }
        if one.joined.is_none() {
            return;
        }
        let others = all.iter().filter(|other| {
            other.role.room == one.role.room && !std::ptr::eq(*other, one) && other.joined.is_some()
        });
        let mut heard = 0;
        for check in one.checks.values() {
            let counts = check.counts;
            self.counts.delivered += counts.delivered;
            self.counts.lost += counts.lost;
            self.counts.recovered += counts.recovered;
            self.counts.wrong += counts.wrong;
            self.counts.switches += counts.switches;
        }
        self.needless_retransmissions +=
            one.client.streams.iter().map(|stream| stream.totals.repeated).sum::<u64>();
        let mut expected = 0;
        for track in others.flat_map(|other| &other.client.tracks) {
            expected += 1;
            let check = one.checks.values().find_map(|check| {
                let (tag, layer, next) = check.position()?;
                let is_its = tag == track.layers.first()?.tag();
                is_its.then_some((layer, next, check.counts.reordered))
            });
            // What the publisher sent after the last packet that arrived.
            if let Some((layer, next, reordered)) = check {
                // A packet lost on the way to the server is forwarded when it has been sent again.
                let resent = track.layers.iter().map(|layer| layer.retransmitted).sum::<u64>();
                let repaired = reordered.min(resent);
                self.counts.recovered += repaired;
                self.counts.reordered += reordered - repaired;
                heard += 1;
                let made = track.layers.get(usize::from(layer)).map_or(next, |layer| layer.made);
                self.counts.lost += made.saturating_sub(next);
            }
        }
        self.silent_streams += expected - heard;
        // Somebody else's track: of another room, or our own.
        self.counts.wrong += (one.checks.len() as u64).saturating_sub(heard);
    }
}

/// As RFC 5764 and RFC 7714 name it.
fn profile_name(profile: SrtpProfile) -> &'static str {
    match profile {
        SrtpProfile::AeadAes128Gcm => "AEAD_AES_128_GCM",
        SrtpProfile::AeadAes256Gcm => "AEAD_AES_256_GCM",
        SrtpProfile::AesCm128HmacSha1_80 => "AES128_CM_HMAC_SHA1_80",
    }
}

/// A kernel timestamp as an [`Instant`].
fn place_in((instant, wall): (Instant, Duration), taken_at: Duration) -> Instant {
    match taken_at.checked_sub(wall) {
        Some(after) => instant + after,
        None => instant.checked_sub(wall - taken_at).unwrap_or(instant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_timestamp_keeps_its_distance_on_the_other_clock() {
        let instant = clock::now();
        let wall = Duration::from_secs(1_000_000);
        let five = Duration::from_millis(5);
        assert_eq!(place_in((instant, wall), wall + five), instant + five);
        assert_eq!(place_in((instant, wall), wall - five), instant - five);
    }
}
