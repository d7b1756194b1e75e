//! What a client tells and is told about media: requests for packets and key frames, reports, what its line carries.

use std::time::{Duration, Instant};

use sfu::{
    connection::srtp::SrtpError,
    rtp::{
        ids::{Seq, Ssrc},
        rtcp::{self, RtcpPacket},
    },
};

use super::{Feedback, VirtualClient};
use crate::{
    outgoing::{Layer, PublishedTrack},
    rate_control::{RateControl, Sample},
    transport::Side,
};

/// Round trip assumed when asking again.
const RTT_ASSUMED: Duration = Duration::from_millis(60);
/// Most numbers in one NACK.
const NACKS_PER_PACKET_MAX: usize = 200;
/// Between looks of an own estimate.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Between estimates that are told, unless they fall: libwebrtc's.
const TELL_INTERVAL: Duration = Duration::from_secs(1);
/// One that falls below this share of the last is told at once.
const FALL: f64 = 0.97;
/// Before anything is known.
const START_BPS: u32 = 300_000;
const CEILING_BPS: u32 = 20_000_000;
/// The clock of abs-send-time wraps here: 24 bits of 2^-18 s.
const SEND_TIME_WRAP: i64 = 1 << 24;

/// An estimate from the times that packets say they were sent at.
pub(super) struct Bandwidth {
    control: RateControl,
    samples: Vec<Sample>,
    epoch: Instant,
    send_time: Option<i64>,
    look_at: Option<Instant>,
    told: Option<(Instant, u32)>,
}

impl Bandwidth {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            control: RateControl::new(START_BPS, CEILING_BPS),
            samples: Vec::new(),
            epoch: now,
            send_time: None,
            look_at: None,
            told: None,
        }
    }

    pub(super) fn on_packet(&mut self, send_time: Option<u32>, len: usize, now: Instant) {
        let Some(send_time) = send_time else { return };
        let value = i64::from(send_time);
        let known = self.send_time.unwrap_or(value);
        let ahead = (value - known).rem_euclid(SEND_TIME_WRAP);
        let ahead = if ahead < SEND_TIME_WRAP / 2 { ahead } else { ahead - SEND_TIME_WRAP };
        self.send_time = Some(known.max(known + ahead));
        let came = now.saturating_duration_since(self.epoch).as_micros() as i64;
        self.samples.push(((known + ahead) * 1_000_000 / (1 << 18), came, len));
        self.look_at.get_or_insert(now + LOOK_INTERVAL);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.look_at
    }

    /// What is to be told now.
    fn look(&mut self, now: Instant) -> Option<u32> {
        self.look_at.filter(|at| *at <= now)?;
        self.look_at = None;
        self.control.on_report(&std::mem::take(&mut self.samples), 0, now);
        let estimate = self.control.estimate_bps();
        let is_due = self.told.is_none_or(|(at, before)| {
            now.saturating_duration_since(at) >= TELL_INTERVAL
                || f64::from(estimate) < FALL * f64::from(before)
        });
        if !is_due {
            return None;
        }
        self.told = Some((now, estimate));
        Some(estimate)
    }
}

impl VirtualClient {
    /// Asks for a key frame of a stream.
    pub fn request_key_frame(&mut self, stream: usize) {
        let media = self.streams[stream].ssrc;
        self.send_pli(media);
    }

    /// Asks for a key frame of whatever has this SSRC.
    pub fn send_pli(&mut self, media: Ssrc) {
        if let Some(len) = rtcp::write_pli(&mut self.scratch, self.own_ssrc, media) {
            self.send_feedback(len);
        }
    }

    /// Asks for packets again.
    pub fn send_nack(&mut self, media: Ssrc, seqs: &[Seq]) {
        if let Some(len) = rtcp::write_nack(&mut self.scratch, self.own_ssrc, media, seqs) {
            self.send_feedback(len);
        }
    }

    /// Sends any RTCP over a connection.
    pub fn send_rtcp(&mut self, side: Side, compound: &[u8]) {
        let mut packet = [0; 1500];
        packet[..compound.len()].copy_from_slice(compound);
        self.transport(side).queue_rtcp(&mut packet, compound.len());
    }

    pub(super) fn on_rtcp(&mut self, side: Side, datagram: &mut [u8], now: Instant) {
        let Some(keys) = &mut self.transport(side).keys else { return };
        let len = match keys.receiver.unprotect_rtcp(datagram) {
            Ok(len) => len,
            Err(SrtpError::Replay) => {
                self.replays += 1;
                return;
            }
            Err(_) => {
                self.unauthentic += 1;
                return;
            }
        };
        for packet in rtcp::packets(&datagram[..len]) {
            match packet.expect("the server's RTCP can be read") {
                RtcpPacket::Nack { media, pairs, .. } => {
                    if let Some(layer) = layer_of(&mut self.tracks, media) {
                        pairs.for_each(|seq| layer.on_nack(seq));
                    }
                }
                RtcpPacket::Pli { media, .. } => {
                    if let Some(layer) = layer_of(&mut self.tracks, media) {
                        layer.on_key_frame_request(now);
                    }
                }
                RtcpPacket::TransportCc { raw, .. } => {
                    self.feedback_packets += 1;
                    if let Some(uplink) = &mut self.uplink {
                        uplink.on_feedback(raw, now);
                        uplink.share(&mut self.tracks, now);
                    }
                }
                RtcpPacket::Remb { bitrate_bps, .. } => {
                    if let Some(uplink) = &mut self.uplink {
                        uplink.on_remb(bitrate_bps);
                        uplink.share(&mut self.tracks, now);
                    }
                }
                RtcpPacket::SenderReport { sender, ntp, .. } => {
                    self.reports += 1;
                    if let Some((place, false)) = self.by_ssrc.get(&sender) {
                        self.streams[*place].reception.on_sender_report(ntp, now);
                    }
                }
                RtcpPacket::ReceiverReport { .. } => self.reports += 1,
                _ => {}
            }
        }
    }

    pub(super) fn ask_again(&mut self, now: Instant) {
        // A receiver that attends asks again when an answer could have come.
        let rtt = if self.config.attends { self.receiving().rtt() } else { RTT_ASSUMED };
        let is_single = self.config.is_single;
        let receiving = if is_single { &mut self.publisher } else { &mut self.subscriber };
        for stream in &mut self.streams {
            if stream.rtx.is_none() || !stream.is_active {
                continue;
            }
            self.missing.clear();
            stream.nack.due(now, rtt, &mut self.missing);
            let is_hopeless = stream.nack.lost_too_much();
            if !stream.asks_again {
                continue;
            }
            for seqs in self.missing.chunks(NACKS_PER_PACKET_MAX) {
                let len = rtcp::write_nack(&mut self.scratch, self.own_ssrc, stream.ssrc, seqs);
                receiving.queue_rtcp(&mut self.scratch, len.expect("room for a NACK"));
            }
            if is_hopeless
                && let Some(len) = rtcp::write_pli(&mut self.scratch, self.own_ssrc, stream.ssrc)
            {
                receiving.queue_rtcp(&mut self.scratch, len);
                if let Some(viewer) = &mut stream.viewer {
                    viewer.note_key_frame_asked(now);
                }
            }
        }
    }

    pub(super) fn report(&mut self, now: Instant) {
        let streams =
            self.streams.iter_mut().filter(|one| one.is_active && one.first_packet.is_some());
        let blocks: Vec<_> = streams.map(|one| one.reception.report(one.ssrc, now)).collect();
        for blocks in blocks.chunks(24) {
            let len = rtcp::write_receiver_report(&mut self.scratch, self.own_ssrc, blocks);
            self.send_feedback(len.expect("room for a report"));
        }
        let since = now.saturating_duration_since(self.epoch) + Duration::from_secs(1 << 20);
        let ntp =
            (since.as_secs() << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000);
        for layer in self.tracks.iter().flat_map(|track| &track.layers) {
            if let Some(len) = layer.write_report(&mut self.scratch, ntp) {
                self.publisher.queue_rtcp(&mut self.scratch, len);
            }
        }
    }

    /// Those who look see what is due, and ask for a key frame when nothing comes that they can show.
    pub(super) fn attend(&mut self, now: Instant) {
        let is_single = self.config.is_single;
        let receiving = if is_single { &mut self.publisher } else { &mut self.subscriber };
        for stream in self.streams.iter_mut().filter(|stream| stream.is_active) {
            let Some(viewer) = &mut stream.viewer else { continue };
            viewer.handle_timeout(now);
            if viewer.asks_key_frame(now)
                && let Some(len) = rtcp::write_pli(&mut self.scratch, self.own_ssrc, stream.ssrc)
            {
                receiving.queue_rtcp(&mut self.scratch, len);
            }
        }
    }

    /// Tells an own estimate, if that is how this client tells.
    pub(super) fn tell_bandwidth(&mut self, now: Instant) {
        if self.config.feedback != Feedback::Remb {
            return;
        }
        let Some(estimate) = self.bandwidth.look(now) else { return };
        let media: Vec<Ssrc> =
            self.streams.iter().filter(|one| one.is_active).map(|one| one.ssrc).collect();
        let len = write_remb(&mut self.scratch, self.own_ssrc, estimate, &media);
        self.send_feedback(len);
    }
}

/// Writes an estimate (draft-alvestrand-rmcat-remb-03 section 2.2); answers its length.
fn write_remb(out: &mut [u8], sender: Ssrc, bitrate_bps: u32, media: &[Ssrc]) -> usize {
    let media = &media[..media.len().min(255)];
    let exponent = (32 - bitrate_bps.leading_zeros()).saturating_sub(18);
    let words = 4 + media.len();
    out[..4].copy_from_slice(&[0x80 | 15, 206, 0, words as u8]);
    out[4..8].copy_from_slice(&sender.0.to_be_bytes());
    out[8..12].fill(0);
    out[12..16].copy_from_slice(b"REMB");
    let word = (media.len() as u32) << 24 | exponent << 18 | bitrate_bps >> exponent;
    out[16..20].copy_from_slice(&word.to_be_bytes());
    for (place, ssrc) in media.iter().enumerate() {
        out[20 + 4 * place..24 + 4 * place].copy_from_slice(&ssrc.0.to_be_bytes());
    }
    4 * (words + 1)
}

fn layer_of(tracks: &mut [PublishedTrack], ssrc: Ssrc) -> Option<&mut Layer> {
    tracks.iter_mut().flat_map(|track| &mut track.layers).find(|layer| layer.ssrc == ssrc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_one_that_the_server_reads() {
        let mut out = [0; 100];
        for bitrate in [30_000, 262_143, 262_144, 4_000_000_000] {
            let len = write_remb(&mut out, Ssrc(1), bitrate, &[Ssrc(2), Ssrc(3)]);
            let read: Vec<_> = rtcp::packets(&out[..len]).collect();
            let [Ok(RtcpPacket::Remb { sender, bitrate_bps })] = read[..] else {
                panic!("{read:?}")
            };
            let close = u64::from(bitrate).abs_diff(bitrate_bps) * 1000 < u64::from(bitrate) * 10;
            assert!(sender == Ssrc(1) && close, "{bitrate} {bitrate_bps}");
        }
    }
}
