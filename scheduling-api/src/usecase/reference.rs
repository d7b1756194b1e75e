//! The word that providers and insurers know a payment or a claim by.

use crate::api::Api;

/// Twelve letters and digits: 60 bits, none that is easily taken for another.
pub(crate) fn mint(api: &Api) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let digit = |byte: u8| DIGITS.get(usize::from(byte % 32)).copied().map_or('A', char::from);
    api.random.bytes::<12>().into_iter().map(digit).collect()
}
