//! Sends what the participants send: 30 frames and 50 audio packets a second each, in real time, each participant at
//! its own moment.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::{
    Options, Window,
    participants::Publisher,
    seal::{AUDIO, HEADER, Head, TAG, VIDEO, write_payload},
};
use crate::{
    clock,
    kernel::{self, Message, Outbox, Piece},
};

/// Three frames and five audio packets later everything repeats.
const CYCLE: Duration = Duration::from_millis(100);
const FRAMES: u32 = 3;
const AUDIO_PACKETS: u32 = 5;

/// What the sender did.
pub(super) struct Outcome {
    /// Packets of the whole run.
    pub(super) packets: u64,
    /// CPU time while measuring.
    pub(super) cpu: Duration,
    /// How late bursts left while measuring.
    pub(super) late_us_p99: u64,
}

/// Something to send in every cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    offset: Duration,
    publisher: usize,
    is_video: bool,
}

/// Sends until the window ends.
pub(super) fn run(publishers: &[Publisher], options: &Options, window: Window) -> Result<Outcome> {
    let calendar = calendar(publishers.len(), options.burst > 0);
    let mut outbox = Outbox::new(options.burst.max(1) as usize, 2048);
    let mut next: Vec<[u64; 2]> = vec![[0; 2]; publishers.len()];
    let mut late_us = Vec::new();
    let mut outcome = Outcome { packets: 0, cpu: Duration::ZERO, late_us_p99: 0 };
    let mut cpu_before = None;
    let start = clock::now();
    for cycle in 0_u32.. {
        for due in &calendar {
            let at = start + CYCLE * cycle + due.offset;
            let mut now = clock::now();
            if now < at {
                clock::sleep(at - now);
                now = clock::now();
            }
            if now >= window.end {
                outcome.cpu = kernel::thread_cpu() - cpu_before.unwrap_or_default();
                late_us.sort_unstable();
                outcome.late_us_p99 = late_us.get(late_us.len() * 99 / 100).copied().unwrap_or(0);
                return Ok(outcome);
            }
            if now >= window.begin {
                cpu_before.get_or_insert_with(kernel::thread_cpu);
                late_us.push((now - at).as_micros() as u64);
            }
            let publisher = &publishers[due.publisher];
            let next = &mut next[due.publisher][usize::from(due.is_video)];
            outcome.packets += send(publisher, due.is_video, next, &mut outbox, options)?;
        }
    }
    Ok(outcome)
}

/// Spreads frames and audio packets evenly, each participant's by its own phase.
fn calendar(publishers: usize, has_video: bool) -> Vec<Due> {
    let mut calendar = Vec::new();
    for publisher in 0..publishers {
        let kinds = [(true, FRAMES), (false, AUDIO_PACKETS)];
        for (is_video, count) in kinds.into_iter().filter(|(is_video, _)| has_video || !is_video) {
            let interval = CYCLE / count;
            let phase = interval.mul_f64(phase(publisher, is_video));
            calendar.extend((0..count).map(|index| {
                let offset = interval * index + phase;
                Due { offset, publisher, is_video }
            }));
        }
    }
    calendar.sort_unstable();
    calendar
}

/// 0 to 1, spread by the golden ratio: the same in every run, and unlike for neighbours.
fn phase(publisher: usize, is_video: bool) -> f64 {
    let turn = if is_video { 0.618_033_988_75 } else { 0.414_213_562_37 };
    #[expect(clippy::cast_precision_loss, reason = "a few thousand participants")]
    let turns = (publisher + 1) as f64 * turn;
    turns.fract()
}

fn send(
    publisher: &Publisher,
    is_video: bool,
    next: &mut u64,
    outbox: &mut Outbox,
    options: &Options,
) -> Result<u64> {
    let (count, payload, pt) = match is_video {
        true => (options.burst as usize, options.bytes as usize, VIDEO),
        false => (1, options.audio_bytes as usize, AUDIO),
    };
    for slot in 0..count {
        let (index, ssrc) = (*next + slot as u64, u32::from(pt));
        let out = outbox.slot(slot);
        Head { pt, seq: index as u16, ssrc }.write(out);
        write_payload(&mut out[HEADER..HEADER + payload], index);
        publisher.seal.seal(out, payload, ssrc, index);
    }
    *next += count as u64;
    let len = HEADER + payload + TAG;
    let pieces: [Piece; 64] = std::array::from_fn(|slot| Piece { slot, len });
    let alone: [Message; 64] = std::array::from_fn(|first| Message { to: None, first, count: 1 });
    let together = [Message { to: None, first: 0, count }];
    let messages = if options.sender_gso { &together[..] } else { &alone[..count] };
    let sent = outbox.send(&publisher.socket, &pieces[..count], messages);
    ensure!(sent.datagrams == count as u64, "the kernel refused to send a participant's packets");
    Ok(sent.datagrams)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_holds_three_frames_and_five_audio_packets_of_everyone_in_order_of_time() {
        let calendar = calendar(7, true);
        assert_eq!(calendar.len(), 7 * 8);
        assert!(calendar.is_sorted());
        assert!(calendar.iter().all(|due| due.offset < CYCLE));
        for publisher in 0..7 {
            let mine = calendar.iter().filter(|due| due.publisher == publisher && due.is_video);
            let offsets: Vec<_> = mine.map(|due| due.offset).collect();
            assert_eq!(offsets.len(), 3);
            assert_eq!(offsets[1] - offsets[0], CYCLE / FRAMES);
        }
    }
}
