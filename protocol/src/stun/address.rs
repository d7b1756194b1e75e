//! XOR-MAPPED-ADDRESS: an address hidden from NATs that rewrite what looks like one (RFC 8489 §14.2).
//!
//! ```text
//!  | 0 | family (1 = IPv4, 2 = IPv6) | port ^ cookie's high half | address ^ (cookie, transaction id) |
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{MAGIC_COOKIE, TransactionId, read_u16, read_u32};

const FAMILY_IPV4: u8 = 1;
const FAMILY_IPV6: u8 = 2;

/// Port mask: the cookie's high half.
const PORT_XOR: u16 = 0x2112;

/// Decodes a value. `None` for an unknown family or a wrong length.
pub(super) fn decode(value: &[u8], transaction_id: TransactionId) -> Option<SocketAddr> {
    let port = read_u16(value, 2)? ^ PORT_XOR;
    let ip = match (*value.get(1)?, value.len()) {
        (FAMILY_IPV4, 8) => Ipv4Addr::from_bits(read_u32(value, 4)? ^ MAGIC_COOKIE).into(),
        (FAMILY_IPV6, 20) => {
            let masked = u128::from_be_bytes(value.get(4..)?.try_into().ok()?);
            Ipv6Addr::from_bits(masked ^ mask(transaction_id)).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Encodes a value into a buffer that fits both families and tells how much of it is used.
pub(super) fn encode(address: SocketAddr, transaction_id: TransactionId) -> ([u8; 20], usize) {
    let [high, low] = (address.port() ^ PORT_XOR).to_be_bytes();
    let mut value = [0; 20];
    match address.ip() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = (ip.to_bits() ^ MAGIC_COOKIE).to_be_bytes();
            if let Some(front) = value.first_chunk_mut() {
                *front = [0, FAMILY_IPV4, high, low, a, b, c, d];
            }
            (value, 8)
        }
        IpAddr::V6(ip) => {
            if let Some(front) = value.first_chunk_mut() {
                *front = [0, FAMILY_IPV6, high, low];
            }
            if let Some(back) = value.last_chunk_mut() {
                *back = (ip.to_bits() ^ mask(transaction_id)).to_be_bytes();
            }
            (value, 20)
        }
    }
}

fn mask(TransactionId(id): TransactionId) -> u128 {
    let low = id.iter().fold(0, |mask: u128, byte| mask << 8 | u128::from(*byte));
    u128::from(MAGIC_COOKIE) << 96 | low
}
