//! What a subscriber's decoder would say of a stream: judged from everything that was delivered on one SSRC.

use std::collections::{BTreeMap, BTreeSet};

use crate::delivery::Delivery;

/// The faults of one stream. All of them are zero or empty for a stream that a decoder would not notice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Delivered packets.
    pub packets: u64,
    /// Payloads that were not what was sent.
    pub corrupt: u64,
    /// Sequence numbers delivered more than once.
    pub numbers_twice: u64,
    /// Source packets delivered more than once.
    pub contents_twice: u64,
    /// Numbers between the first and the last that never came.
    pub missing: u64,
    /// Packets that arrived after a later one.
    pub late: u64,
    /// Neighbours whose order is not that of their source.
    pub disordered: u64,
    /// Timestamps that go back, frames of several timestamps or picture ids, ids that do not count on.
    pub broken_numbers: Vec<String>,
    /// Changes of layer: from, to.
    pub switches: Vec<(u8, u8)>,
    /// Changes of layer in the middle of a frame or at another than a key frame.
    pub torn_switches: u64,
    /// The first packet of all was not that of a key frame (video).
    pub began_torn: bool,
}

impl Judgement {
    /// Nothing wrong but what was lost or late.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let counted = self.corrupt + self.numbers_twice + self.contents_twice + self.disordered;
        counted + self.torn_switches == 0 && self.broken_numbers.is_empty() && !self.began_torn
    }

    /// Nothing wrong at all.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_sound() && self.missing == 0 && self.late == 0 && self.packets > 0
    }
}

/// Judges the deliveries of one SSRC, given in order of arrival.
#[must_use]
pub fn judge(deliveries: &[Delivery]) -> Judgement {
    let mut judgement = Judgement { packets: deliveries.len() as u64, ..Judgement::default() };
    let mut by_number: BTreeMap<u64, &Delivery> = BTreeMap::new();
    let mut contents = BTreeSet::new();
    let mut highest = None;
    for delivery in deliveries {
        judgement.corrupt += u64::from(delivery.stamp.is_none());
        judgement.late += u64::from(highest > Some(delivery.seq));
        highest = highest.max(Some(delivery.seq));
        if by_number.insert(delivery.seq.0, delivery).is_some() {
            judgement.numbers_twice += 1;
        }
        if let Some(stamp) = delivery.stamp
            && !contents.insert((stamp.tag, stamp.layer, stamp.sequence))
        {
            judgement.contents_twice += 1;
        }
    }
    if let (Some((first, opening)), Some((last, _))) =
        (by_number.first_key_value(), by_number.last_key_value())
    {
        judgement.missing = last - first + 1 - by_number.len() as u64;
        let begins_frame = opening.stamp.is_some_and(|stamp| stamp.is_first && stamp.is_key);
        judgement.began_torn = opening.picture.is_some() && !begins_frame;
    }
    for (before, after) in by_number.values().zip(by_number.values().skip(1)) {
        judge_neighbours(&mut judgement, before, after);
    }
    judgement
}

fn judge_neighbours(judgement: &mut Judgement, before: &Delivery, after: &Delivery) {
    let (Some(old), Some(new)) = (before.stamp, after.stamp) else { return };
    let step = after.seq.0 - before.seq.0;
    if old.layer == new.layer {
        let source_step = new.sequence.wrapping_sub(old.sequence);
        // A pause of the stream (mute, another layer meanwhile) leaves out source packets, never the other way round: more
        // numbers than packets are those of another layer, all of which was lost, and after that comes a key frame.
        let pictures = before.picture.zip(after.picture);
        let began_anew = pictures.is_some_and(|(old, new)| old.key_index != new.key_index);
        if new.sequence <= old.sequence || (source_step < step && !began_anew) {
            judgement.disordered += 1;
        }
    } else {
        judgement.switches.push((old.layer, new.layer));
        // With loss the first packets of the new layer may be what is missing.
        if step == 1 && !(new.is_key && new.is_first) {
            judgement.torn_switches += 1;
        }
    }
    let forth = after.timestamp.wrapping_sub(before.timestamp);
    let is_video = before.picture.is_some();
    let mut complain = |what: &str| {
        let (before, after) = (numbers(before), numbers(after));
        judgement.broken_numbers.push(format!("{what}: {before} then {after}"));
    };
    if forth >= 1 << 31 {
        complain("timestamp goes back");
    }
    if let (Some(old_picture), Some(new_picture), 1) = (before.picture, after.picture, step) {
        let frames = u16::from(new.is_first);
        if (new_picture.picture_id.wrapping_sub(old_picture.picture_id)) & 0x7fff != frames {
            complain("picture id does not continue");
        }
        let indices = new_picture.tl0_picture_index.wrapping_sub(old_picture.tl0_picture_index);
        let base_frames = u8::from(new.is_first && new_picture.temporal_layer == 0);
        if indices != base_frames {
            complain("TL0PICIDX does not continue");
        }
    }
    if is_video && step == 1 && (forth == 0) == new.is_first {
        complain("timestamp and frame disagree");
    }
}

/// What stands in a complaint.
fn numbers(one: &Delivery) -> String {
    let again = if one.is_retransmission { " again" } else { "" };
    let picture = one.picture.map_or(String::new(), |picture| {
        format!(" picture {} tl0 {}", picture.picture_id, picture.tl0_picture_index)
    });
    let source = one.stamp.map_or(String::new(), |stamp| {
        let (layer, frame) = (stamp.layer, stamp.frame);
        let (temporal, sequence) = (stamp.temporal_layer, stamp.sequence);
        format!(" = packet {sequence} of layer {layer}, frame {frame} of temporal layer {temporal}")
    });
    format!("[{}{again} at {}{picture}{source}]", one.seq.0, one.timestamp)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use sfu::rtp::ids::{ExtSeq, Pt, Ssrc};

    use super::*;
    use crate::media::{Picture, Stamp};

    #[test]
    fn a_flawless_stream_is_found_complete_and_every_flaw_is_found() {
        let good: Vec<_> = (0..20).map(packet).collect();
        assert!(judge(&good).is_complete(), "{:?}", judge(&good));
        type Flaw = fn(&mut Vec<Delivery>);
        let flaws: [(&str, Flaw); 8] = [
            ("lost", |all| all.retain(|one| one.seq.0 != 107)),
            ("late", |all| all.swap(7, 8)),
            ("twice", |all| all.insert(9, all[8])),
            ("corrupt", |all| all[3].stamp = None),
            ("timestamp", |all| all[9].timestamp -= 9000),
            ("picture id", |all| all[9].picture.as_mut().unwrap().picture_id += 1),
            ("torn", |all| all[9].stamp.as_mut().unwrap().layer = 1),
            ("order", |all| all[9].stamp.as_mut().unwrap().sequence = 2),
        ];
        for (name, flaw) in flaws {
            let mut bad = good.clone();
            flaw(&mut bad);
            assert!(!judge(&bad).is_complete(), "{name}");
        }
    }

    #[test]
    fn numbers_without_packets_are_another_layers_if_a_key_frame_came_since() {
        let mut all: Vec<_> = (0..20).map(packet).collect();
        for one in &mut all[10..] {
            one.seq.0 += 5;
        }
        assert_eq!(judge(&all).disordered, 1);
        for one in &mut all[10..] {
            one.picture.as_mut().unwrap().key_index = 1;
        }
        assert_eq!(judge(&all).disordered, 0);
        all[10].stamp.as_mut().unwrap().sequence = 9;
        assert_eq!(judge(&all).disordered, 1);
    }

    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn packet(number: u64) -> Delivery {
        let frame = number / 2;
        let stamp = Stamp {
            tag: 1,
            layer: 0,
            is_key: frame == 0,
            is_first: number.is_multiple_of(2),
            is_last: number % 2 == 1,
            len: 30,
            sequence: number,
            made_ns: 0,
            frame: frame as u16,
            refers_back: u8::from(frame > 0),
            temporal_layer: 0,
        };
        let picture = Picture {
            picture_id: frame as u16,
            tl0_picture_index: frame as u8,
            ..Picture::default()
        };
        Delivery {
            at: Instant::now(),
            ssrc: Ssrc(1),
            seq: ExtSeq(100 + number),
            timestamp: 3000 * frame as u32 + 90_000,
            marker: number % 2 == 1,
            pt: Pt(96),
            is_retransmission: false,
            audio_level: None,
            stamp: Some(stamp),
            picture: Some(picture),
        }
    }
}
