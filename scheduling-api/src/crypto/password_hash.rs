//! Argon2id hashes of passwords, and what they cost.
//!
//! Owns: parameters, the stored form, verification in constant time. Never: runs on a request's thread; a hash takes
//! tens of milliseconds and 19 MiB, so `hash_queue` is the only caller outside tests.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use thiserror::Error;

use crate::random::Random;

/// Argon2id's memory, passes and lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl HashCost {
    /// OWASP's first choice for Argon2id: 19 MiB and two passes. Raising it re-hashes each password at its next use.
    pub const DEFAULT: Self = Self { memory_kib: 19 * 1024, passes: 2 };

    /// For tests that are about something else.
    pub const TEST: Self = Self { memory_kib: 64, passes: 1 };
}

/// A hash in the PHC string format, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PasswordHash(String);

/// A stored text that is no hash of ours, or an algorithm that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the stored password hash is not readable")]
pub(crate) struct UnreadableHash;

/// What comparing gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// The right password.
    Same,
    /// The right password, hashed at another cost than today's: worth hashing again.
    SameButDated,
    /// Another password.
    Different,
}

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Bounds what a stored row can make us spend: a row is data too.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 10;

impl PasswordHash {
    /// Hashes a password. Costs what [`HashCost`] says.
    ///
    /// # Errors
    /// If the cost is out of Argon2's range.
    pub(crate) fn of(
        password: &[u8],
        cost: HashCost,
        random: &Random,
    ) -> Result<Self, UnreadableHash> {
        let salt: [u8; SALT_BYTES] = random.bytes();
        let hash = derive(password, cost, &salt)?;
        Ok(Self(format!(
            "$argon2id$v=19$m={},t={},p=1${}${}",
            cost.memory_kib,
            cost.passes,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(hash)
        )))
    }

    /// From the store; read when it is used.
    #[must_use]
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// For the store.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares a password with this. Costs as much as hashing.
    ///
    /// # Errors
    /// If this is no hash of ours.
    pub(crate) fn compare(
        &self,
        password: &[u8],
        today: HashCost,
    ) -> Result<Comparison, UnreadableHash> {
        let (cost, salt, expected) = self.parts().ok_or(UnreadableHash)?;
        let actual = derive(password, cost, &salt)?;
        if constant_time::verify_slices_are_equal(&actual, &expected).is_err() {
            return Ok(Comparison::Different);
        }
        Ok(if cost == today { Comparison::Same } else { Comparison::SameButDated })
    }

    fn parts(&self) -> Option<(HashCost, Vec<u8>, Vec<u8>)> {
        let rest = self.0.strip_prefix("$argon2id$v=19$")?;
        let [costs, salt, hash] = rest.splitn(3, '$').collect::<Vec<_>>().try_into().ok()?;
        let [memory, passes, lanes] = costs.splitn(3, ',').collect::<Vec<_>>().try_into().ok()?;
        let cost = HashCost {
            memory_kib: memory.strip_prefix("m=")?.parse().ok()?,
            passes: passes.strip_prefix("t=")?.parse().ok()?,
        };
        let salt = STANDARD_NO_PAD.decode(salt).ok()?;
        let hash = STANDARD_NO_PAD.decode(hash).ok()?;
        let sound = lanes == "p=1"
            && cost.memory_kib <= MEMORY_KIB_MAX
            && cost.passes <= PASSES_MAX
            && salt.len() == SALT_BYTES
            && hash.len() == HASH_BYTES;
        sound.then_some((cost, salt, hash))
    }
}

fn derive(
    password: &[u8],
    cost: HashCost,
    salt: &[u8],
) -> Result<[u8; HASH_BYTES], UnreadableHash> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES))
        .map_err(|_| UnreadableHash)?;
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut hash)
        .map_err(|_| UnreadableHash)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let hash =
            PasswordHash::of(b"zebra cloud oven", HashCost::TEST, &Random::seeded(1)).unwrap();
        let compare = |text: &str| hash.compare(text.as_bytes(), HashCost::TEST).unwrap();
        assert_eq!(compare("zebra cloud oven"), Comparison::Same);
        assert_eq!(compare("zebra cloud oven "), Comparison::Different);
        assert_eq!(compare(""), Comparison::Different);
    }

    #[test]
    fn a_hash_of_another_cost_asks_to_be_made_again() {
        let hash =
            PasswordHash::of(b"zebra cloud oven", HashCost::TEST, &Random::seeded(1)).unwrap();
        let dearer = HashCost { passes: 2, ..HashCost::TEST };
        assert_eq!(hash.compare(b"zebra cloud oven", dearer), Ok(Comparison::SameButDated));
    }

    #[test]
    fn the_cost_is_the_one_that_is_promised() {
        let hash =
            PasswordHash::of(b"zebra cloud oven", HashCost::DEFAULT, &Random::seeded(1)).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }

    #[test]
    fn the_reference_implementation_agrees() {
        // `echo -n 'zebra cloud oven' | argon2 somesaltsomesalt -id -t 2 -k 64 -p 1 -l 32 -e` (Debian's argon2).
        let hash = PasswordHash::stored(REFERENCE.to_owned());
        let today = HashCost { memory_kib: 64, passes: 2 };
        assert_eq!(hash.compare(b"zebra cloud oven", today), Ok(Comparison::Same));
        assert_eq!(hash.compare(b"zebra cloud ovem", today), Ok(Comparison::Different));
    }

    #[test]
    fn a_row_that_is_no_hash_or_asks_for_the_moon_is_refused() {
        for text in [
            "",
            "$2b$12$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA",
            "$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let hash = PasswordHash::stored(text.to_owned());
            assert_eq!(
                hash.compare(b"zebra cloud oven", HashCost::TEST),
                Err(UnreadableHash),
                "{text}"
            );
        }
    }

    const REFERENCE: &str = "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$fFH4iu3PPWhteugZzqc4aHu34/4EUK3nN3o+lAbBvkc";
}
