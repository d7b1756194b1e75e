//! What a story saw over time, for the plots of docs/QUALITY.md.

use std::{fmt::Write as _, time::Duration, time::Instant};

use sim::viewer::Shown;

#[derive(Default)]
pub(crate) struct Series {
    samples: Vec<Sample>,
}

struct Sample {
    /// Since the beginning of the world.
    at: Duration,
    /// Bytes of payload received so far; bytes that the line has carried.
    bytes: u64,
    carried: u64,
    /// Of this sample's time.
    frames: usize,
    layer: Option<u8>,
    /// How long the last frame has stood.
    stood: Duration,
}

impl Series {
    pub(crate) fn add(
        &mut self,
        at: Duration,
        (bytes, carried): (u64, u64),
        shown: &[Shown],
        span: Duration,
        now: Instant,
    ) {
        let new = shown.iter().rev().take_while(|one| one.at + span > now);
        self.samples.push(Sample {
            at,
            bytes,
            carried,
            frames: new.count(),
            layer: shown.last().map(|one| one.layer),
            stood: shown.last().map_or(at, |one| now.saturating_duration_since(one.at)),
        });
    }

    /// Bits that the line has carried since then, and how long that is.
    pub(crate) fn carried_since(&self, since: Duration) -> (u64, Duration) {
        let first = self.samples.iter().find(|sample| sample.at >= since).expect("a sample");
        let last = self.samples.last().expect("a sample");
        (8 * (last.carried - first.carried), last.at - first.at)
    }

    /// Writes `seconds,kbit/s,fps,layer,stood ms` if a folder is named.
    pub(crate) fn write(&self, name: &str, seed: u64) {
        let Ok(folder) = std::env::var("QUALITY_CSV") else { return };
        let mut text = String::from("s,kbps,fps,layer,stood_ms\n");
        for pair in self.samples.windows(2) {
            let span = (pair[1].at - pair[0].at).as_secs_f64();
            let kbps = 8.0 * (pair[1].bytes - pair[0].bytes) as f64 / span / 1000.0;
            let fps = pair[1].frames as f64 / span;
            let layer = pair[1].layer.map_or(String::new(), |layer| layer.to_string());
            let (at, stood) = (pair[1].at.as_secs_f64(), pair[1].stood.as_millis());
            let _ = writeln!(text, "{at:.1},{kbps:.0},{fps:.0},{layer},{stood}");
        }
        let path = std::path::Path::new(&folder).join(format!("{name}-{seed}.csv"));
        std::fs::write(path, text).expect("a folder that can be written");
    }
}
