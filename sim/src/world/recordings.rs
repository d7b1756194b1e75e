//! Recordings of this world: where the server has a thread that writes files, the world keeps what a room hands over, as
//! soon as it does.

use std::time::Instant;

use sfu::{
    recording::feed::{Feed, Item, Moment, Note, Standing, TrackFeed},
    shard::Shard,
    words::recording::ConsentEntry,
};
use std::sync::{Arc, mpsc::TryRecvError};

use super::World;
use crate::media::{Stamp, read_red, read_video};

/// A packet that a room has handed over.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When it was found in the queue: at the end of the input that put it there.
    pub at: Instant,
    /// Whose, as the feed says.
    pub identity: String,
    /// What it truly holds; none if that cannot be read.
    pub stamp: Option<Stamp>,
    /// Packets before it for which there was no buffer.
    pub missed: u32,
}

/// See the module.
#[derive(Default)]
pub struct Recordings {
    /// Packets, oldest first.
    pub packets: Vec<Recorded>,
    /// What timelines say.
    pub moments: Vec<(Instant, Moment)>,
    /// What consent logs say.
    pub consent: Vec<ConsentEntry>,
    /// Packets of sender reports.
    pub reports: u64,
    /// Recordings that have ended.
    pub ended: u64,
    /// The writer stands still: nothing is taken out of the queues.
    pub is_stuck: bool,
    feeds: Vec<Feed>,
    tracks: Vec<TrackFeed>,
}

impl Recordings {
    /// Takes what a shard has handed over.
    pub fn take(&mut self, shard: &mut Shard, now: Instant) {
        while let Some(feed) = shard.poll_recording() {
            self.feeds.push(feed);
        }
        if self.is_stuck {
            return;
        }
        let Self { feeds, tracks, moments, consent, ended, .. } = self;
        feeds.retain(|feed| {
            loop {
                match feed.notes.try_recv() {
                    Ok(Note::Track(track)) => tracks.push(*track),
                    Ok(Note::Happened { at, what }) => moments.push((at, what)),
                    Ok(Note::Consent(entries)) => consent.extend(entries),
                    Err(TryRecvError::Empty) => break true,
                    Err(TryRecvError::Disconnected) => {
                        *ended += 1;
                        break false;
                    }
                }
            }
        });
        let (packets, reports) = (&mut self.packets, &mut self.reports);
        self.tracks.retain(|track| {
            loop {
                match track.items.try_recv() {
                    Ok(Item::Packet(packet)) => {
                        let payload = &packet.payload;
                        let stamp = read_video(payload)
                            .map(|(stamp, _)| stamp)
                            .or_else(|| Stamp::read(payload))
                            .or_else(|| Stamp::read(read_red(payload).last()?.1));
                        let identity = track.identity.as_str().to_owned();
                        packets.push(Recorded { at: now, identity, stamp, missed: packet.missed });
                        let _ = track.spare.try_send(packet.payload);
                    }
                    Ok(Item::Report(_)) => *reports += 1,
                    Err(TryRecvError::Empty) => break true,
                    Err(TryRecvError::Disconnected) => break false,
                }
            }
        });
    }

    /// Tracks that are being recorded.
    #[must_use]
    pub fn open_tracks(&self) -> usize {
        self.tracks.len()
    }

    /// What the writer tells the rooms whose recordings have not ended.
    pub fn standings(&self) -> impl Iterator<Item = &Arc<Standing>> {
        self.feeds.iter().map(|feed| &feed.standing)
    }

    /// The writer wants a key frame of every picture.
    pub fn want_key_frames(&self) {
        for track in &self.tracks {
            track.wishes.want_key_frame();
        }
    }
}

impl World {
    /// From now on rooms can be recorded.
    pub fn open_recordings(&mut self) {
        for shard in &mut self.shards {
            shard.open_recordings();
        }
    }
}
