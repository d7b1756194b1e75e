//! Source description and BYE (RFC 3550 §6.5, §6.6).

use super::{BYE, RtcpPacket, SOURCE_DESCRIPTION, Writer, split_u32};
use crate::rtp::ids::Ssrc;

/// Iterates over the SSRCs of a BYE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources<'a> {
    rest: &'a [u8],
}

impl Iterator for Sources<'_> {
    type Item = Ssrc;

    fn next(&mut self) -> Option<Ssrc> {
        let (ssrc, rest) = split_u32(self.rest)?;
        self.rest = rest;
        Some(Ssrc(ssrc))
    }
}

pub(super) fn parse_bye(body: &[u8], count: u8) -> Option<RtcpPacket<'_>> {
    Some(RtcpPacket::Bye { sources: Sources { rest: body.get(..usize::from(count) * 4)? } })
}

/// Writes a source description of one CNAME; answers its length. `None`: no room, or a name of more
/// than 255 bytes.
pub fn write_sdes_cname(out: &mut [u8], ssrc: Ssrc, cname: &str) -> Option<usize> {
    let mut writer = Writer::new(out)?;
    writer.u32(ssrc.0)?;
    writer.bytes(&[ITEM_CNAME, u8::try_from(cname.len()).ok()?])?;
    writer.bytes(cname.as_bytes())?;
    // At least one zero ends the list of items, and zeros fill the word (RFC 3550 §6.5).
    let zeros = 4 - writer.len() % 4;
    writer.bytes([0; 4].get(..zeros)?)?;
    writer.finish(SOURCE_DESCRIPTION, 1)
}

/// Writes a BYE without reason; answers its length. `None`: no room, or more than 31 sources.
pub fn write_bye(out: &mut [u8], sources: &[Ssrc]) -> Option<usize> {
    let count = u8::try_from(sources.len()).ok().filter(|count| *count <= COUNT_MAX)?;
    let mut writer = Writer::new(out)?;
    for source in sources {
        writer.u32(source.0)?;
    }
    writer.finish(BYE, count)
}

const ITEM_CNAME: u8 = 1;
/// SC has five bits.
const COUNT_MAX: u8 = 31;
