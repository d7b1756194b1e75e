//! Where randomness comes from.
//!
//! Owns: [`Random`], one generator that every part shares. Never: an implicit generator. Seeded from the operating
//! system it is fit for secrets and nonces; seeded with a number it makes a test repeatable.

use std::sync::{Mutex, PoisonError};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

/// A shared cryptographic generator.
#[derive(Debug)]
pub struct Random(Mutex<StdRng>);

impl Random {
    /// Seeded by the operating system.
    ///
    /// # Errors
    /// When the operating system gives no randomness; nothing may start then.
    pub fn from_system() -> Result<Self, NoRandomness> {
        let mut seed = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut seed).map_err(|_| NoRandomness)?;
        Ok(Self(Mutex::new(StdRng::from_seed(seed))))
    }

    /// The same sequence for the same number: tests only.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// That many random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        self.generator().fill_bytes(&mut bytes);
        bytes
    }

    /// A number below `end`; 0 when `end` is 0.
    #[must_use]
    pub fn below(&self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.generator().random_range(0..end) }
    }

    fn generator(&self) -> std::sync::MutexGuard<'_, StdRng> {
        // The generator has no broken state: whatever panicked while holding it left it usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoRandomness;
