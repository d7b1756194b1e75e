//! The thread that writes recordings: one for all of a node, which no room ever waits for.
//!
//! ```text
//!   rooms ─► (bounded) ─► sessions, each in its turn, twenty times a second ─► files
//!                              └─ ended: a thread of its own closes and hashes its files ─► RecordingInfo
//! ```

use std::{
    collections::VecDeque,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    counts::{Counters, Counts},
    feed::Feed,
    session::{Session, Turn},
};
use crate::words::{
    info::RoomInfo,
    occurrence::{Occurrence, RecordingStep, What},
    recording::{RecordingInfo, RecordingStatus},
};

/// How often queues are looked at: they hold a second.
const TURN_INTERVAL: Duration = Duration::from_millis(50);

/// Recordings that may wait for the writer to look.
const FEEDS_WAITING_MAX: usize = 64;

/// Recordings at once on one node.
const SESSIONS_MAX: usize = 1024;

/// Recordings that are remembered, the oldest ended ones making way.
const REMEMBERED_MAX: usize = 2048;

/// Who is told what recordings do.
pub type Tell = Arc<dyn Fn(Occurrence) + Send + Sync>;

/// The running writer. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Writer {
    shared: Arc<Shared>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

struct Shared {
    counts: Counts,
    remembered: Mutex<VecDeque<RecordingInfo>>,
    tell: Tell,
}

/// Where rooms put their feeds.
#[derive(Clone)]
pub(crate) struct Door {
    shared: Arc<Shared>,
    dir: PathBuf,
    feeds: SyncSender<Feed>,
}

impl Door {
    /// Hands a feed to the writer; false if it has no place for it. From now on the recording is remembered: whoever asked
    /// for it finds it, whenever the writer looks.
    pub(crate) fn put(&self, feed: Feed) -> bool {
        let info = RecordingInfo::of(&feed, &self.dir);
        self.shared.remember(&info);
        let is_taken = self.feeds.try_send(feed).is_ok();
        if !is_taken {
            self.shared.forget(&info);
        }
        is_taken
    }
}

impl Writer {
    /// Starts the thread; answers where rooms put their feeds. It ends when nobody has that any more and all recordings
    /// have ended.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn start(dir: PathBuf, tell: Tell) -> io::Result<(Self, Door)> {
        let (feeds, inbox) = sync_channel(FEEDS_WAITING_MAX);
        let shared =
            Arc::new(Shared { counts: Counts::default(), remembered: Mutex::default(), tell });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("recordings".to_owned()).spawn({
            let dir = dir.clone();
            move || run(&dir, &inbox, &of_thread)
        })?;
        let door = Door { shared: Arc::clone(&shared), dir, feeds };
        Ok((Self { shared, thread: Arc::new(Mutex::new(Some(thread))) }, door))
    }

    /// Recordings under way and ended ones, the newest last.
    #[must_use]
    pub fn recordings(&self) -> Vec<RecordingInfo> {
        self.shared.lock().iter().cloned().collect()
    }

    /// What has been counted.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.counts.read()
    }

    /// Waits until all files are closed, or `patience` is over; true if they are.
    #[must_use]
    pub fn join(&self, patience: Duration) -> bool {
        let looks = patience.as_millis() / TURN_INTERVAL.as_millis();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..=looks {
            if thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return thread.take().is_none_or(|ended| ended.join().is_ok());
            }
            pause();
        }
        false
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<RecordingInfo>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, info: &RecordingInfo) {
        let mut remembered = self.lock();
        if let Some(known) = remembered.iter_mut().find(|one| one.id == info.id) {
            *known = info.clone();
            return;
        }
        if remembered.len() >= REMEMBERED_MAX {
            let place = remembered.iter().position(|one| one.ended_unix_ms != 0).unwrap_or(0);
            remembered.remove(place);
        }
        remembered.push_back(info.clone());
    }

    fn forget(&self, info: &RecordingInfo) {
        self.lock().retain(|one| one.id != info.id);
    }

    fn tell(&self, step: RecordingStep, info: &RecordingInfo, room: RoomInfo) {
        self.remember(info);
        let what = What::Recording(step, Box::new(info.clone()));
        (self.tell)(Occurrence { room, what });
    }
}

fn run(dir: &std::path::Path, inbox: &Receiver<Feed>, shared: &Arc<Shared>) {
    let mut sessions: Vec<Session> = Vec::new();
    let mut endings: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let is_over = take_feeds(dir, inbox, shared, &mut sessions);
        if is_over && sessions.is_empty() {
            break;
        }
        let now = clock();
        let mut place = 0;
        while let Some(session) = sessions.get_mut(place) {
            match session.turn(&shared.counts, now) {
                Turn::Goes => place += 1,
                Turn::Changed => {
                    let room = session.feed().room_info.clone();
                    shared.tell(RecordingStep::Updated, session.info(), room);
                    place += 1;
                }
                Turn::Ended => {
                    let session = sessions.swap_remove(place);
                    endings.retain(|one| !one.is_finished());
                    endings.extend(end(session, shared));
                }
            }
        }
        shared.counts.set_active(sessions.len());
        pause();
    }
    for ending in endings {
        // One that has panicked has said so.
        let _ = ending.join();
    }
}

/// Takes new recordings; true if there will be none any more. Waits for one if there is nothing else to do.
fn take_feeds(
    dir: &std::path::Path,
    inbox: &Receiver<Feed>,
    shared: &Shared,
    sessions: &mut Vec<Session>,
) -> bool {
    if sessions.is_empty() {
        match inbox.recv() {
            Ok(feed) => begin(dir, feed, shared, sessions),
            Err(_) => return true,
        }
    }
    loop {
        match inbox.try_recv() {
            Ok(feed) => begin(dir, feed, shared, sessions),
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => return true,
        }
    }
}

fn begin(dir: &std::path::Path, feed: Feed, shared: &Shared, sessions: &mut Vec<Session>) {
    let (standing, room) = (Arc::clone(&feed.standing), feed.room_info.clone());
    let info = RecordingInfo::of(&feed, dir);
    let begun = if sessions.len() < SESSIONS_MAX {
        Session::begin(feed, info.clone(), dir)
    } else {
        Err(io::Error::other("too many recordings at once"))
    };
    match begun {
        Ok(session) => {
            shared.tell(RecordingStep::Started, session.info(), room);
            sessions.push(session);
        }
        Err(error) => {
            shared.counts.count_failure();
            tracing::error!(recording = %info.id, %error, "a recording could not begin");
            standing.fail();
            let (status, error) = (RecordingStatus::Failed, error.to_string());
            let ended_unix_ms = info.updated_unix_ms;
            let info = RecordingInfo { status, error, ended_unix_ms, ..info };
            shared.tell(RecordingStep::Ended, &info, room);
        }
    }
}

/// Closes a recording's files beside the others' turns.
fn end(session: Session, shared: &Arc<Shared>) -> Option<JoinHandle<()>> {
    let shared = Arc::clone(shared);
    let work = move || {
        let (info, feed) = session.finish();
        if info.status == RecordingStatus::Failed {
            shared.counts.count_failure();
            tracing::error!(recording = %info.id, error = %info.error, "a recording failed");
        }
        shared.tell(RecordingStep::Ended, &info, feed.room_info);
    };
    std::thread::Builder::new().name("recording-ends".to_owned()).spawn(work).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the writer is a driver: queues are looked at in turns"
)]
fn pause() {
    std::thread::sleep(TURN_INTERVAL);
}

#[expect(clippy::disallowed_methods, reason = "the writer is a driver: one read a turn")]
fn clock() -> Instant {
    Instant::now()
}
