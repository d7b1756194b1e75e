//! Fills a buffer with one RTCP packet.

use super::{PADDING_BIT, VERSION};

/// A packet under construction: its header is written last, when the length is known.
pub(in crate::rtp) struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Leaves room for the header. `None`: no room, here and in all other methods.
    pub(in crate::rtp) fn new(out: &'a mut [u8]) -> Option<Self> {
        (out.len() >= HEADER_LEN).then_some(Self { out, len: HEADER_LEN })
    }

    pub(in crate::rtp) fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        self.out.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }

    pub(in crate::rtp) fn u16(&mut self, number: u16) -> Option<()> {
        self.bytes(&number.to_be_bytes())
    }

    pub(in crate::rtp) fn u32(&mut self, number: u32) -> Option<()> {
        self.bytes(&number.to_be_bytes())
    }

    /// Bytes so far, header included.
    pub(in crate::rtp) fn len(&self) -> usize {
        self.len
    }

    /// Writes the header; the length must be a multiple of 4. Answers the packet's length.
    pub(in crate::rtp) fn finish(self, packet_type: u8, format: u8) -> Option<usize> {
        self.write_header(packet_type, VERSION << 6 | format)
    }

    /// As [`finish`](Self::finish), after padding to a multiple of 4 (RFC 3550 §6.4.1).
    pub(in crate::rtp) fn finish_padded(mut self, packet_type: u8, format: u8) -> Option<usize> {
        match self.len % 4 {
            1 => self.bytes(&[0, 0, 3])?,
            2 => self.bytes(&[0, 2])?,
            3 => self.bytes(&[1])?,
            _ => return self.finish(packet_type, format),
        }
        self.write_header(packet_type, VERSION << 6 | PADDING_BIT | format)
    }

    fn write_header(self, packet_type: u8, flags: u8) -> Option<usize> {
        debug_assert_eq!(self.len % 4, 0, "RTCP counts words");
        let [l0, l1] = u16::try_from(self.len / 4 - 1).ok()?.to_be_bytes();
        *self.out.first_chunk_mut()? = [flags, packet_type, l0, l1];
        Some(self.len)
    }
}

const HEADER_LEN: usize = 4;
