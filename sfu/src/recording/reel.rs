//! The files of one participant's camera and microphone, or of its screen: a file while the tracks are the same, the next
//! one where that changes, for a header cannot be written twice.
//!
//! A file begins when every track has something to show, or after a short wait without those that have not.

use std::{collections::VecDeque, io, path::PathBuf};

use protocol::ids::{Identity, ParticipantSid, TrackSid};

use super::{
    assemble::Frame,
    file::GrowingFile,
    matroska::{self, Header, TrackEntry},
    picture::Config,
};
use crate::{
    rtp::payload::CodecKind,
    words::recording::{RecordedFile, RecordedTrack},
};

/// How long the first frame waits for other tracks.
const WAIT_US: i64 = 1_500_000;

/// Most bytes that wait.
const HELD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most files of one reel: tracks that change every few seconds for hours.
const PARTS_MAX: u32 = 1000;

/// A cluster begins with a picture's key frame, but not more often, and at least so often.
const CLUSTER_MS_MIN: i64 = 1_000;
const CLUSTER_MS_MAX: i64 = 5_000;

/// What is taken for the length of the last frame.
const LAST_FRAME_MS: i64 = 20;

/// See the module.
pub(crate) struct Reel {
    participant: ParticipantSid,
    identity: Identity,
    is_screen: bool,
    folder: PathBuf,
    tracks: Vec<Track>,
    part: Option<Part>,
    parts: u32,
    held: VecDeque<(usize, Held)>,
    held_bytes: usize,
    closed: Vec<RecordedFile>,
}

struct Track {
    sid: TrackSid,
    codec: CodecKind,
    declared: (u32, u32),
    config: Option<Config>,
    /// Frames may still come.
    is_live: bool,
    /// A picture that goes on with a key frame only.
    needs_key: bool,
}

struct Held {
    us: i64,
    is_key: bool,
    data: Vec<u8>,
}

struct Part {
    name: String,
    file: GrowingFile,
    header: Header,
    start_us: i64,
    cluster_ms: Option<i64>,
    end_ms: i64,
    entries: Vec<Entry>,
}

struct Entry {
    track: usize,
    number: u8,
    private: Vec<u8>,
    frames: u64,
    gaps: u64,
}

/// What a frame has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    Yes,
    /// It is no use without a key frame, which is to be asked for.
    NeedsKey,
}

impl Reel {
    pub(crate) fn new(
        participant: ParticipantSid,
        identity: Identity,
        is_screen: bool,
        folder: PathBuf,
    ) -> Self {
        Self {
            participant,
            identity,
            is_screen,
            folder,
            tracks: Vec::new(),
            part: None,
            parts: 0,
            held: VecDeque::new(),
            held_bytes: 0,
            closed: Vec::new(),
        }
    }

    pub(crate) fn is_of(&self, participant: &ParticipantSid, is_screen: bool) -> bool {
        self.participant == *participant && self.is_screen == is_screen
    }

    /// A track whose frames will come; answers its number here.
    pub(crate) fn add_track(
        &mut self,
        sid: TrackSid,
        codec: CodecKind,
        declared: (u32, u32),
    ) -> usize {
        let needs_key = !codec.is_audio();
        self.tracks.push(Track { sid, codec, declared, config: None, is_live: true, needs_key });
        self.tracks.len() - 1
    }

    /// Takes a frame that was made at `us`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn frame(&mut self, number: usize, us: i64, frame: Frame) -> io::Result<Placed> {
        let Some(track) = self.tracks.get_mut(number) else { return Ok(Placed::Yes) };
        if track.needs_key && !frame.is_key {
            return Ok(Placed::NeedsKey);
        }
        track.needs_key = false;
        if let Some(config) = frame.config {
            track.config = Some(config);
        }
        let private = track.config.as_ref().map_or(&[][..], |config| config.private.as_slice());
        let entry = self.part.as_ref().and_then(|part| part.entry(number));
        let is_changed = entry.is_some_and(|entry| !private.is_empty() && entry.private != private);
        if is_changed {
            self.end_part()?;
        }
        let held = Held { us, is_key: frame.is_key, data: frame.data };
        match &mut self.part {
            Some(part) if part.entry(number).is_some() => part.write(number, &held)?,
            _ => {
                self.held_bytes += held.data.len();
                self.held.push_back((number, held));
            }
        }
        self.begin_if_due(us)?;
        Ok(Placed::Yes)
    }

    /// Marks a gap in a track.
    pub(crate) fn gap(&mut self, number: usize) {
        if let Some(entry) = self.part.as_mut().and_then(|part| part.entry_mut(number)) {
            entry.gaps += 1;
        }
    }

    /// No frame of this track comes any more.
    ///
    /// # Errors
    /// If what waits cannot be written.
    pub(crate) fn end_track(&mut self, number: usize) -> io::Result<()> {
        if let Some(track) = self.tracks.get_mut(number) {
            track.is_live = false;
        }
        if self.tracks.iter().any(|track| track.is_live) { Ok(()) } else { self.end() }
    }

    /// Nothing comes any more.
    ///
    /// # Errors
    /// If what waits cannot be written.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        for track in &mut self.tracks {
            track.is_live = false;
        }
        if !self.held.is_empty() {
            self.begin()?;
        }
        self.end_part()
    }

    /// Writes what was gathered; `now_us` ends waits.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn flush(&mut self, now_us: i64) -> io::Result<()> {
        self.begin_if_due(now_us)?;
        self.part.as_mut().map_or(Ok(()), |part| part.file.flush())
    }

    /// Files that are closed.
    pub(crate) fn take_closed(&mut self) -> Vec<RecordedFile> {
        std::mem::take(&mut self.closed)
    }

    fn begin_if_due(&mut self, now_us: i64) -> io::Result<()> {
        let Some(first) = self.held.iter().map(|(_, held)| held.us).min() else { return Ok(()) };
        let has_come = |number: usize| {
            self.held.iter().any(|(one, _)| *one == number)
                || self.part.as_ref().is_some_and(|part| part.entry(number).is_some())
        };
        let mut live = self.tracks.iter().enumerate().filter(|(_, track)| track.is_live);
        let is_due = live.all(|(number, _)| has_come(number))
            || now_us - first >= WAIT_US
            || self.held_bytes > HELD_BYTES_MAX;
        if is_due { self.begin() } else { Ok(()) }
    }

    /// A new file, with the tracks of the one before that still live and those that wait.
    fn begin(&mut self) -> io::Result<()> {
        let before: Vec<_> =
            self.part.iter().flat_map(|part| &part.entries).map(|one| one.track).collect();
        self.end_part()?;
        if self.parts >= PARTS_MAX {
            return Err(io::Error::other("a participant's tracks change too often"));
        }
        let mut held: Vec<_> = std::mem::take(&mut self.held).into();
        self.held_bytes = 0;
        held.sort_by_key(|(_, held)| held.us);
        let Some(start_us) = held.first().map(|(_, held)| held.us) else { return Ok(()) };
        let mut entries = Vec::new();
        for (number, track) in (0..).zip(&mut self.tracks) {
            let has_come = held.iter().any(|(one, _)| *one == number);
            let goes_on = track.is_live && before.contains(&number);
            if !has_come && !goes_on {
                continue;
            }
            // A picture that goes on must be found again in the new file.
            track.needs_key |= !has_come && !track.codec.is_audio();
            // As many as one participant may publish.
            let entry = u8::try_from(entries.len() + 1).unwrap_or(u8::MAX);
            entries.push((number, track.entry(entry)));
        }
        self.parts += 1;
        let tracks: Vec<_> = entries.iter().map(|(_, entry)| entry.clone()).collect();
        let part = Part::create(&self.folder, self.name(&tracks), start_us, entries)?;
        let part = self.part.insert(part);
        for (number, held) in held {
            part.write(number, &held)?;
        }
        Ok(())
    }

    fn name(&self, tracks: &[TrackEntry]) -> String {
        let what = if self.is_screen { "screen" } else { "camera" };
        let extension = if matroska::is_webm(tracks) { "webm" } else { "mkv" };
        format!("{}-{what}-{:03}.{extension}", self.participant, self.parts)
    }

    fn end_part(&mut self) -> io::Result<()> {
        let Some(part) = self.part.take() else { return Ok(()) };
        let Part { name, file, header, start_us, end_ms, entries, .. } = part;
        let bytes = file.len();
        let tracks = entries.iter().filter_map(|entry| {
            let track = self.tracks.get(entry.track)?;
            Some(RecordedTrack {
                sid: track.sid.clone(),
                mime_type: track.codec.mime().to_owned(),
                frames: entry.frames,
                gaps: entry.gaps,
            })
        });
        // Told even if its end cannot be written: what stands in it is readable.
        self.closed.push(RecordedFile {
            name,
            participant: self.participant.clone(),
            identity: self.identity.clone(),
            started_unix_ms: start_us / 1000,
            duration_ms: end_ms,
            bytes,
            sha256: String::new(),
            tracks: tracks.collect(),
        });
        file.close(&header, end_ms)
    }
}

impl Track {
    fn entry(&self, number: u8) -> TrackEntry {
        let config = self.config.clone().unwrap_or_default();
        let (width, height) = config.size.unwrap_or(self.declared);
        // A player needs some size; the stream says the true one.
        let size = if width == 0 || height == 0 { (640, 480) } else { (width, height) };
        TrackEntry {
            number,
            codec: self.codec,
            size,
            private: config.private,
            name: self.sid.as_str().to_owned(),
        }
    }
}

impl Part {
    fn create(
        folder: &std::path::Path,
        name: String,
        start_us: i64,
        entries: Vec<(usize, TrackEntry)>,
    ) -> io::Result<Self> {
        let mut file = GrowingFile::create(&folder.join(&name))?;
        let (numbers, tracks): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let header = matroska::header(&tracks, start_us);
        file.add(|out| out.extend_from_slice(&header.bytes))?;
        let entries = numbers.into_iter().zip(tracks).map(|(track, entry)| Entry {
            track,
            number: entry.number,
            private: entry.private,
            frames: 0,
            gaps: 0,
        });
        let entries = entries.collect();
        Ok(Self { name, file, header, start_us, cluster_ms: None, end_ms: 0, entries })
    }

    fn entry(&self, track: usize) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.track == track)
    }

    fn entry_mut(&mut self, track: usize) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.track == track)
    }

    fn write(&mut self, track: usize, held: &Held) -> io::Result<()> {
        let ms = ((held.us - self.start_us) / 1000).max(0);
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.track == track) else {
            return Ok(());
        };
        entry.frames += 1;
        let number = entry.number;
        self.end_ms = self.end_ms.max(ms + LAST_FRAME_MS);
        let since = self.cluster_ms.map(|cluster| ms - cluster);
        let is_within = since.and_then(|since| i16::try_from(since).ok()).filter(|since| {
            let since = i64::from(*since);
            since < CLUSTER_MS_MAX && !(held.is_key && number > 1 && since >= CLUSTER_MS_MIN)
        });
        self.file.add(|out| {
            let offset = is_within.unwrap_or_else(|| {
                matroska::cluster(out, ms.unsigned_abs());
                0
            });
            matroska::simple_block(out, number, offset, held.is_key, &held.data);
        })?;
        if is_within.is_none() {
            self.cluster_ms = Some(ms);
        }
        Ok(())
    }
}
