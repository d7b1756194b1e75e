//! The hash that binds a signature to what was signed.

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256 over parts in order, each behind its length, so that no two lists of parts are the same bytes. In hexadecimal
/// digits.
pub(crate) fn content_hash(parts: &[&[u8]]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_part_ends_matters() {
        assert_ne!(content_hash(&[b"ab", b"c"]), content_hash(&[b"a", b"bc"]));
        assert_eq!(content_hash(&[b"ab"]).len(), 64);
    }
}
