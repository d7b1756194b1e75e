//! What stands beside the files of a recording: `timeline.jsonl`, a line for everything that happened, and
//! `manifest.json`, what there is. Names of people are in neither.

use std::{io, path::Path};

use protocol::ids::TrackSid;
use serde::Serialize;

use super::{
    assemble::Gap,
    feed::Moment,
    file::{self, GrowingFile},
};
use crate::words::recording::{ConsentEvent, RecordingInfo};

/// Name of the manifest.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Name of the timeline.
pub(crate) const TIMELINE: &str = "timeline.jsonl";

/// Most bytes of a timeline, consent apart: days of a line that loses much.
const TIMELINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a line says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told<'a> {
    /// Something happened in the room.
    Room(&'a Moment),
    /// An entry of the consent log.
    Consent(&'a ConsentEvent),
    /// Something is missing in a track.
    Gap {
        track: &'a TrackSid,
        /// Packets that never came.
        lost: u64,
        /// Of those, the ones that our disk was too slow for.
        missed: u64,
        /// Frames that are no use because of it.
        broken: u64,
    },
}

impl<'a> Told<'a> {
    pub(crate) fn gap(track: &'a TrackSid, gap: &Gap) -> Self {
        Self::Gap { track, lost: gap.lost, missed: gap.missed, broken: gap.broken }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at_ms: i64,
    #[serde(flatten)]
    told: Told<'a>,
}

/// The timeline of one recording.
pub(crate) struct Timeline {
    file: GrowingFile,
    /// Lines that found no place.
    pub(crate) cut: u64,
}

impl Timeline {
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: GrowingFile::create(&folder.join(TIMELINE))?, cut: 0 })
    }

    pub(crate) fn tell(&mut self, at_ms: i64, told: Told<'_>) -> io::Result<()> {
        let is_consent = matches!(told, Told::Consent(_));
        if self.file.len() >= TIMELINE_BYTES_MAX && !is_consent {
            self.cut += 1;
            return Ok(());
        }
        let line = serde_json::to_vec(&Line { at_ms, told }).map_err(io::Error::other)?;
        self.file.add(|out| {
            out.extend(line);
            out.push(b'\n');
        })
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Has everything so far on the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    /// Of this file.
    format: u32,
    #[serde(flatten)]
    recording: &'a RecordingInfo,
    timeline: &'static str,
    timeline_sha256: String,
    timeline_lines_cut: u64,
}

/// Writes the manifest, whole or not at all.
pub(crate) fn write(
    folder: &Path,
    recording: &RecordingInfo,
    timeline_lines_cut: u64,
    is_last: bool,
) -> io::Result<()> {
    let timeline_sha256 =
        if is_last { file::sha256(&folder.join(TIMELINE))? } else { String::new() };
    let manifest =
        Manifest { format: 1, recording, timeline: TIMELINE, timeline_sha256, timeline_lines_cut };
    let json = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other)?;
    file::replace(&folder.join(MANIFEST), &json)
}
