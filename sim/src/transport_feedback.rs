//! Reads transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1): which packets arrived, and
//! when. Written without the server's code, so that neither can be wrong in the same way as the other.

use std::time::Duration;

/// One packet, as the receiver tells: its number, and when it came on the receiver's clock if it did.
pub type Told = (u16, Option<Duration>);

const TICK: Duration = Duration::from_micros(250);
const REFERENCE: Duration = Duration::from_millis(64);

/// Reads what follows the two SSRCs. `None`: it is not well-formed.
#[must_use]
pub fn read(raw: &[u8]) -> Option<Vec<Told>> {
    let ([b0, b1, c0, c1, r0, r1, r2, _], mut rest) = raw.split_first_chunk::<8>()?;
    let base = u16::from_be_bytes([*b0, *b1]);
    let count = usize::from(u16::from_be_bytes([*c0, *c1]));
    let reference = u32::from_be_bytes([0, *r0, *r1, *r2]);
    let mut symbols = Vec::with_capacity(count);
    while symbols.len() < count {
        let ([high, low], after) = rest.split_first_chunk::<2>()?;
        rest = after;
        let chunk = u16::from_be_bytes([*high, *low]);
        if chunk & 0x8000 == 0 {
            let run = usize::from(chunk & 0x1fff).min(count - symbols.len());
            symbols.extend(std::iter::repeat_n(chunk >> 13 & 3, run));
        } else if chunk & 0x4000 == 0 {
            symbols.extend((0..14).map(|place| chunk >> (13 - place) & 1));
        } else {
            symbols.extend((0..7).map(|place| chunk >> (12 - 2 * place) & 3));
        }
    }
    symbols.truncate(count);
    let mut at = i64::from(reference) * (REFERENCE.as_micros() / TICK.as_micros()) as i64;
    let mut told = Vec::with_capacity(count);
    for (number, symbol) in (0..).zip(symbols) {
        let delta = match symbol {
            1 => {
                let (delta, after) = rest.split_first()?;
                rest = after;
                Some(i64::from(*delta))
            }
            2 => {
                let ([high, low], after) = rest.split_first_chunk::<2>()?;
                rest = after;
                Some(i64::from(i16::from_be_bytes([*high, *low])))
            }
            _ => None,
        };
        at += delta.unwrap_or(0);
        let came = delta.map(|_| TICK * u32::try_from(at).unwrap_or(0));
        told.push((base.wrapping_add(number), came));
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use sfu::rtp::{
        ids::Ssrc,
        rtcp::{self, RtcpPacket},
        twcc::ArrivalRecorder,
    };

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn what_the_server_writes_is_read_with_every_gap_and_time() {
        let mut recorder = ArrivalRecorder::default();
        let start = Instant::now();
        let arrivals: Vec<(u16, u64)> = (0..200_u16)
            .filter(|n| n % 7 != 3 && !(60..90).contains(n))
            .map(|n| (n.wrapping_add(65_500), 5 * u64::from(n) + u64::from(n % 3)))
            .collect();
        for (seq, ms) in &arrivals {
            recorder.on_packet(*seq, start + Duration::from_millis(*ms));
        }
        let mut out = [0; 1200];
        let mut told = Vec::new();
        let now = start + Duration::from_secs(2);
        while let Some(len) = recorder.build(&mut out, Ssrc(1), Ssrc(2), now) {
            for packet in rtcp::packets(&out[..len]) {
                let RtcpPacket::TransportCc { raw, .. } = packet.unwrap() else { panic!() };
                told.extend(read(raw).unwrap());
            }
        }
        let came: Vec<_> = told.iter().filter_map(|(seq, at)| Some((*seq, (*at)?))).collect();
        // The very first is written one tick late: no time is written as 0.
        let second = came[1].1;
        let since: Vec<_> = came.iter().skip(1).map(|(seq, at)| (*seq, *at - second)).collect();
        let ms = |ms: u64| Duration::from_millis(ms - arrivals[1].1);
        let expected: Vec<_> = arrivals.iter().skip(1).map(|(seq, at)| (*seq, ms(*at))).collect();
        assert_eq!(since, expected);
        // The very last was lost; the feedback ends with one that came.
        assert_eq!(told.len(), 199);
    }

    #[test]
    fn what_is_cut_is_refused() {
        assert_eq!(read(&[0, 1, 0, 1, 0, 0, 0]), None);
        assert_eq!(read(&[0, 1, 0, 1, 0, 0, 0, 0, 0x20, 0x01]), None);
        assert!(read(&[0, 1, 0, 1, 0, 0, 0, 0, 0x20, 0x01, 4]).is_some());
    }
}
