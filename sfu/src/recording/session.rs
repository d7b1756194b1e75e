//! One recording, as the writer works on it: its feed in, files out. Reads no clock and starts no thread.

use std::{
    collections::BTreeMap,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::mpsc::TryRecvError,
    time::Instant,
};

use protocol::ids::ParticipantSid;

use super::{
    assemble::{Assembled, Assembler, Gap},
    counts::Counts,
    feed::{Feed, Item, Moment, Note, Packet, TrackFeed},
    file,
    manifest::{self, Timeline, Told},
    reel::{Placed, Reel},
    wall::{PublisherClock, StreamClock},
};
use crate::words::recording::{RecordingInfo, RecordingStatus};

/// Items that one track may bring in one turn, so that no track keeps the others waiting: all its buffers.
const ITEMS_PER_TURN: usize = 512;

/// Shortest time between two frames of a track: a millisecond, the unit of our files.
const APART_US: i64 = 1_000;

/// See the module.
pub(crate) struct Session {
    feed: Feed,
    folder: PathBuf,
    info: RecordingInfo,
    timeline: Timeline,
    reels: Vec<Reel>,
    takes: Vec<Take>,
    clocks: BTreeMap<ParticipantSid, PublisherClock>,
    /// No note comes any more.
    has_ended: bool,
    /// The newest of what was heard, by the wall clock: the end of an ended recording.
    last_ms: i64,
    scratch: Vec<Assembled>,
}

/// A track that is recorded.
struct Take {
    feed: TrackFeed,
    assembler: Assembler,
    /// By layer: each has timestamps of its own.
    clocks: BTreeMap<u8, StreamClock>,
    last_us: i64,
    /// Frames that were no use, since the last that was.
    dropped: u64,
    reel: usize,
    track: usize,
}

/// How a turn went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There will be more.
    Goes,
    /// It is somewhere else than it was: tell.
    Changed,
    /// It is to be finished.
    Ended,
}

impl Session {
    /// Makes the folder of a recording.
    ///
    /// # Errors
    /// If there can be none.
    pub(crate) fn begin(feed: Feed, info: RecordingInfo, dir: &Path) -> io::Result<Self> {
        let folder = PathBuf::from(&info.folder);
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        DirBuilder::new().mode(0o700).create(&folder)?;
        let timeline = Timeline::create(&folder)?;
        manifest::write(&folder, &info, 0, false)?;
        Ok(Self {
            last_ms: feed.epoch.1,
            feed,
            folder,
            info,
            timeline,
            reels: Vec::new(),
            takes: Vec::new(),
            clocks: BTreeMap::new(),
            has_ended: false,
            scratch: Vec::new(),
        })
    }

    pub(crate) fn info(&self) -> &RecordingInfo {
        &self.info
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Takes all that has come, and writes.
    pub(crate) fn turn(&mut self, counts: &Counts, now: Instant) -> Turn {
        let before = self.info.status;
        if let Err(error) = self.work(counts, now) {
            return self.fail(&error);
        }
        if self.info.status == before {
            let is_over = self.has_ended && self.takes.is_empty();
            return if is_over { Turn::Ended } else { Turn::Goes };
        }
        // Told even of a recording that is over by now: its end is the next turn's.
        match manifest::write(&self.folder, &self.info, self.timeline.cut, false) {
            Ok(()) => Turn::Changed,
            Err(error) => self.fail(&error),
        }
    }

    /// Nothing more is written; the room learns it from the feed's standing.
    fn fail(&mut self, error: &io::Error) -> Turn {
        self.feed.standing.fail();
        self.info.error = error.to_string();
        self.info.status = RecordingStatus::Failed;
        self.takes.clear();
        Turn::Ended
    }

    fn work(&mut self, counts: &Counts, now: Instant) -> io::Result<()> {
        self.take_notes()?;
        let mut takes = std::mem::take(&mut self.takes);
        let mut result = Ok(());
        takes.retain_mut(|take| {
            if result.is_err() {
                return false;
            }
            match self.take_items(take, counts, now) {
                Ok(goes_on) => goes_on,
                Err(error) => {
                    result = Err(error);
                    false
                }
            }
        });
        self.takes = takes;
        result?;
        let now_us = self.us(now);
        for reel in &mut self.reels {
            reel.flush(now_us)?;
            self.info.files.extend(reel.take_closed());
        }
        self.timeline.flush()
    }

    fn take_notes(&mut self) -> io::Result<()> {
        loop {
            match self.feed.notes.try_recv() {
                Ok(Note::Track(track)) => self.begin_track(*track),
                Ok(Note::Happened { at, what }) => {
                    let ms = self.us(at) / 1000;
                    self.last_ms = self.last_ms.max(ms);
                    if what == Moment::Running && self.info.status == RecordingStatus::Starting {
                        self.info.status = RecordingStatus::Active;
                        self.info.started_unix_ms = ms;
                    }
                    self.info.updated_unix_ms = ms;
                    self.timeline.tell(ms, Told::Room(&what))?;
                }
                Ok(Note::Consent(entries)) => {
                    for entry in entries {
                        self.timeline.tell(entry.at_ms, Told::Consent(&entry.what))?;
                    }
                    // What people have said is not to be lost with the power.
                    self.timeline.sync()?;
                }
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => {
                    self.has_ended = true;
                    return Ok(());
                }
            }
        }
    }

    fn begin_track(&mut self, feed: TrackFeed) {
        let found = self.reels.iter().position(|one| one.is_of(&feed.participant, feed.is_screen));
        let reel = found.unwrap_or_else(|| {
            let (participant, identity) = (feed.participant.clone(), feed.identity.clone());
            self.reels.push(Reel::new(participant, identity, feed.is_screen, self.folder.clone()));
            self.reels.len() - 1
        });
        let Some(one) = self.reels.get_mut(reel) else { return };
        let track = one.add_track(feed.sid.clone(), feed.codec, (feed.width, feed.height));
        let assembler = Assembler::new(feed.codec);
        self.takes.push(Take {
            feed,
            assembler,
            clocks: BTreeMap::new(),
            last_us: 0,
            dropped: 0,
            reel,
            track,
        });
    }

    /// Whether more may come of it.
    fn take_items(&mut self, take: &mut Take, counts: &Counts, now: Instant) -> io::Result<bool> {
        let mut out = std::mem::take(&mut self.scratch);
        let mut has_ended = false;
        for _ in 0..ITEMS_PER_TURN {
            match take.feed.items.try_recv() {
                Ok(Item::Packet(packet)) => {
                    let packet = give_back(take, packet);
                    take.assembler.push(packet, &mut out);
                }
                Ok(Item::Report(report)) => {
                    let came = self.us(report.at);
                    let at = self.clock(&take.feed.participant).on_report(report.ntp, came);
                    take.clock(report.layer).on_report(report.timestamp, at);
                }
                Err(TryRecvError::Empty) => {
                    take.assembler.advance(now, &mut out);
                    break;
                }
                Err(TryRecvError::Disconnected) => {
                    take.assembler.finish(&mut out);
                    has_ended = true;
                    break;
                }
            }
        }
        let result = out.drain(..).try_for_each(|one| self.place(take, one, counts));
        self.scratch = out;
        result?;
        if has_ended && let Some(reel) = self.reels.get_mut(take.reel) {
            reel.end_track(take.track)?;
        }
        Ok(!has_ended)
    }

    fn place(&mut self, take: &mut Take, one: Assembled, counts: &Counts) -> io::Result<()> {
        match one {
            Assembled::Gap(gap) => {
                let ms = self.us(gap.at) / 1000;
                counts.count_gap(gap.lost, gap.missed);
                if take.assembler.needs_key() {
                    take.feed.wishes.want_key_frame();
                }
                if let Some(reel) = self.reels.get_mut(take.reel) {
                    reel.gap(take.track);
                }
                self.timeline.tell(ms, Told::gap(&take.feed.sid, &gap))
            }
            Assembled::Frame(frame) => {
                let came = self.us(frame.at);
                let us = take.clock(frame.layer).time(frame.timestamp, came);
                // Layers have clocks of their own; players want each frame at a time of its own.
                let us = us.max(take.last_us + APART_US);
                take.last_us = us;
                self.last_ms = self.last_ms.max(us / 1000);
                counts.count_frame(frame.data.len());
                let Some(reel) = self.reels.get_mut(take.reel) else { return Ok(()) };
                if reel.frame(take.track, us, frame)? == Placed::NeedsKey {
                    take.feed.wishes.want_key_frame();
                    take.dropped += 1;
                    return Ok(());
                }
                match std::mem::take(&mut take.dropped) {
                    0 => Ok(()),
                    broken => {
                        reel.gap(take.track);
                        let gap = Gap { at: self.feed.epoch.0, lost: 0, missed: 0, broken };
                        self.timeline.tell(us / 1000, Told::gap(&take.feed.sid, &gap))
                    }
                }
            }
        }
    }

    fn clock(&mut self, participant: &ParticipantSid) -> &mut PublisherClock {
        self.clocks.entry(participant.clone()).or_default()
    }

    /// Wall clock of a moment, in microseconds.
    fn us(&self, at: Instant) -> i64 {
        let (epoch, unix_ms) = self.feed.epoch;
        let us = |one: Instant, other: Instant| {
            i64::try_from(one.saturating_duration_since(other).as_micros()).unwrap_or(i64::MAX)
        };
        unix_ms * 1000 + us(at, epoch) - us(epoch, at)
    }

    /// Closes and hashes its files and writes the manifest; answers how it was. Takes as long as reading them does.
    pub(crate) fn finish(mut self) -> (RecordingInfo, Feed) {
        let mut result = Ok(());
        for reel in &mut self.reels {
            result = result.and(reel.end());
            self.info.files.extend(reel.take_closed());
        }
        result = result.and(self.timeline.flush());
        for one in &mut self.info.files {
            let path = self.folder.join(&one.name);
            one.sha256 = file::sha256(&path).unwrap_or_default();
            one.bytes = std::fs::metadata(&path).map_or(one.bytes, |there| there.len());
        }
        if let Err(error) = result
            && self.info.error.is_empty()
        {
            self.info.error = error.to_string();
        }
        self.info.ended_unix_ms = self.last_ms;
        self.info.updated_unix_ms = self.last_ms;
        self.info.status = if !self.info.error.is_empty() {
            RecordingStatus::Failed
        } else if self.info.started_unix_ms == 0 {
            RecordingStatus::Aborted
        } else {
            RecordingStatus::Complete
        };
        let cut = self.timeline.cut;
        if let Err(error) = manifest::write(&self.folder, &self.info, cut, true) {
            self.info.error = error.to_string();
            self.info.status = RecordingStatus::Failed;
        }
        (self.info, self.feed)
    }
}

impl RecordingInfo {
    /// A recording that has just been asked for.
    pub(crate) fn of(feed: &Feed, dir: &Path) -> Self {
        Self {
            id: feed.id.clone(),
            room: feed.room.clone(),
            room_name: feed.room_name.clone(),
            scope: feed.scope.clone(),
            status: RecordingStatus::Starting,
            started_unix_ms: 0,
            ended_unix_ms: 0,
            updated_unix_ms: feed.epoch.1,
            error: String::new(),
            folder: dir.join(feed.id.as_str()).to_string_lossy().into_owned(),
            files: Vec::new(),
        }
    }
}

impl Take {
    fn clock(&mut self, layer: u8) -> &mut StreamClock {
        let rate = self.feed.codec.clock_rate();
        self.clocks.entry(layer).or_insert_with(|| StreamClock::new(rate))
    }
}

/// Copies a packet and gives its buffer back at once: what waits for others must not keep the room without buffers.
fn give_back(take: &Take, packet: Packet) -> Packet {
    let payload = packet.payload.clone();
    // A room that is gone needs none.
    let _ = take.feed.spare.try_send(packet.payload);
    Packet { payload, ..packet }
}
