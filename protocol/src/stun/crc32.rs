//! CRC-32 as FINGERPRINT wants it: ITU V.42, reflected polynomial 0xEDB88320 (RFC 8489 §14.7).
//!
//! Owns: the table. Sixteen entries, a nibble at a time: a STUN message is about 100 bytes, so a larger table would
//! only cost cache.

const TABLE: [u32; 16] = table();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time: a wrong index does not build"
)]
const fn table() -> [u32; 16] {
    let mut table = [0; 16];
    let mut nibble = 0;
    while nibble < 16 {
        table[nibble as usize] = step(nibble);
        nibble += 1;
    }
    table
}

const fn step(mut value: u32) -> u32 {
    let mut bit = 0;
    while bit < 4 {
        value = if value & 1 == 1 { value >> 1 ^ 0xEDB8_8320 } else { value >> 1 };
        bit += 1;
    }
    value
}

/// CRC-32 of some bytes.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        let crc = crc ^ u32::from(*byte);
        let crc = crc >> 4 ^ lookup(crc);
        crc >> 4 ^ lookup(crc)
    })
}

fn lookup(crc: u32) -> u32 {
    TABLE.get((crc & 0xF) as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_polynomial_holds() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
