//! H.264 out of RTP (RFC 6184), as Matroska holds it: NAL units behind their lengths, parameter sets in an
//! `AVCDecoderConfigurationRecord` (ISO 14496-15 §5.3.3.1) and in the stream.

use super::picture::{Config, FRAME_BYTES_MAX, Picture};

const TYPE: u8 = 0x1f;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const SPS: u8 = 7;
const PPS: u8 = 8;
const FU_BEGINS: u8 = 0x80;
const FU_ENDS: u8 = 0x40;

pub(super) fn picture<'a>(
    payloads: impl Iterator<Item = &'a [u8]>,
    is_key: bool,
) -> Option<Picture> {
    let units = units(payloads)?;
    let mut data = Vec::new();
    for unit in &units {
        data.extend(u32::try_from(unit.len()).ok()?.to_be_bytes());
        data.extend_from_slice(unit);
    }
    let of_kind =
        |kind| units.iter().find(|unit| unit.first().is_some_and(|one| one & TYPE == kind));
    let config = is_key.then(|| of_kind(SPS).zip(of_kind(PPS))).flatten();
    let config = config
        .and_then(|(sps, pps)| Some(Config { size: None, private: configuration(sps, pps)? }));
    Some(Picture { data, config })
}

fn units<'a>(payloads: impl Iterator<Item = &'a [u8]>) -> Option<Vec<Vec<u8>>> {
    let mut units: Vec<Vec<u8>> = Vec::new();
    let mut fragments: Option<Vec<u8>> = None;
    for payload in payloads {
        let (&head, rest) = payload.split_first()?;
        match head & TYPE {
            FU_A => {
                let (&fu, rest) = rest.split_first()?;
                let mut unit = match (fu & FU_BEGINS != 0, fragments.take()) {
                    (true, None) => vec![head & !TYPE | fu & TYPE],
                    (false, Some(unit)) if unit.len() <= FRAME_BYTES_MAX => unit,
                    _ => return None,
                };
                unit.extend_from_slice(rest);
                if fu & FU_ENDS == 0 {
                    fragments = Some(unit);
                } else {
                    units.push(unit);
                }
            }
            _ if fragments.is_some() => return None,
            STAP_A => {
                let mut rest = rest;
                while let Some((len, after)) = rest.split_first_chunk::<2>() {
                    let (unit, after) =
                        after.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
                    units.push(unit.to_vec());
                    rest = after;
                }
            }
            1..=23 => units.push(payload.to_vec()),
            _ => return None,
        }
    }
    units.retain(|unit| !unit.is_empty());
    (fragments.is_none() && !units.is_empty()).then_some(units)
}

/// | 1 | profile | compatibility | level | 6 bits 1, 4-byte lengths | 3 bits 1, 1 SPS | length 2 | SPS | 1 PPS | ... |
fn configuration(sps: &[u8], pps: &[u8]) -> Option<Vec<u8>> {
    let mut record = vec![1, *sps.get(1)?, *sps.get(2)?, *sps.get(3)?, 0xff, 0xe1];
    record.extend(u16::try_from(sps.len()).ok()?.to_be_bytes());
    record.extend_from_slice(sps);
    record.push(1);
    record.extend(u16::try_from(pps.len()).ok()?.to_be_bytes());
    record.extend_from_slice(pps);
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregated_single_and_fragmented_units_come_out_behind_their_lengths() {
        let stap = [0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x68, 0xce];
        let fragments = [&[0x7c, 0x85, 1, 2][..], &[0x7c, 0x05, 3], &[0x7c, 0x45, 4]];
        let payloads = [&stap[..]].into_iter().chain(fragments);
        let picture = picture(payloads, true).unwrap();
        let expected = [
            &[0, 0, 0, 4, 0x67, 0x42, 0xe0, 0x1f][..],
            &[0, 0, 0, 2, 0x68, 0xce],
            &[0, 0, 0, 5, 0x65, 1, 2, 3, 4],
        ];
        assert_eq!(picture.data, expected.concat());
        let private = picture.config.unwrap().private;
        assert_eq!(
            private,
            [1, 0x42, 0xe0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 1, 0, 2, 0x68, 0xce]
        );
    }

    #[test]
    fn fragments_without_beginning_or_end_make_no_picture() {
        for payloads in [
            &[&[0x7c, 0x85, 1][..]][..],
            &[&[0x7c, 0x45, 1]],
            &[&[0x7c, 0x85, 1], &[0x61, 2]],
            &[&[0x7c, 0x85, 1], &[0x7c, 0x85, 2]],
            &[&[0x78, 0, 9, 1]],
            &[&[0x7c]],
            &[&[]],
        ] {
            assert_eq!(picture(payloads.iter().copied(), false), None, "{payloads:?}");
        }
    }
}
