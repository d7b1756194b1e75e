//! Moves a client's transmission sequence numbers to just below 2^32, so that they wrap after a few chunks
//! (RFC 9260 §1.6: they are numbers modulo 2^32, and the first may be any).

/// Where our TSNs begin.
const FIRST_TSN: u32 = u32::MAX - 4;

const DATA: u8 = 0;
const INIT: u8 = 1;
const SACK: u8 = 3;
const FORWARD_TSN: u8 = 192;

/// See the module.
#[derive(Debug, Default)]
pub struct TsnShift {
    shift: u32,
}

impl TsnShift {
    /// Rewrites a packet that we send.
    pub fn outgoing(&mut self, packet: &mut [u8]) {
        let mut at = 12;
        while let Some((kind, len)) = chunk(packet, at) {
            match kind {
                INIT => {
                    let initial = read(packet, at + 16);
                    self.shift = FIRST_TSN.wrapping_sub(initial);
                    write(packet, at + 16, FIRST_TSN);
                }
                DATA | FORWARD_TSN => {
                    let tsn = read(packet, at + 4);
                    write(packet, at + 4, tsn.wrapping_add(self.shift));
                }
                _ => {}
            }
            at += len.next_multiple_of(4);
        }
        sign(packet);
    }

    /// Rewrites a packet that we receive.
    pub fn incoming(&self, packet: &mut [u8]) {
        let mut at = 12;
        while let Some((kind, len)) = chunk(packet, at) {
            if kind == SACK {
                let tsn = read(packet, at + 4);
                write(packet, at + 4, tsn.wrapping_sub(self.shift));
            }
            at += len.next_multiple_of(4);
        }
        sign(packet);
    }
}

fn chunk(packet: &[u8], at: usize) -> Option<(u8, usize)> {
    let head = packet.get(at..at + 4)?;
    let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
    (len >= 4 && at + len <= packet.len()).then_some((head[0], len))
}

fn read(packet: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]])
}

fn write(packet: &mut [u8], at: usize, value: u32) {
    packet[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

/// The checksum of SCTP (RFC 9260 §6.8): CRC32c, written in little-endian order.
fn sign(packet: &mut [u8]) {
    packet[8..12].fill(0);
    let checksum = crc32c(packet);
    packet[8..12].copy_from_slice(&checksum.to_le_bytes());
}

fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0x82f6_3b78 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnoli_s() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
