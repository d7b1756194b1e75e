//! How much may come of a stream or a participant in a second, and what is left of it.
//!
//! Renewed by a timer, so that a packet costs two subtractions and no look at a clock. Within a second everything may come
//! at once: key frames and what waited behind a bad network do.

/// What may come in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ceiling {
    pub(crate) bytes: u32,
    pub(crate) packets: u32,
}

/// What is left of a ceiling until it is renewed.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: Ceiling,
    ceiling: Ceiling,
    is_exceeded: bool,
}

impl Allowance {
    /// All of it is left.
    pub(crate) fn new(ceiling: Ceiling) -> Self {
        Self { left: ceiling, ceiling, is_exceeded: false }
    }

    /// Takes a packet of so many bytes out of what is left; false if that is not enough. Hot.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        match (self.left.bytes.checked_sub(bytes), self.left.packets.checked_sub(1)) {
            (Some(bytes), Some(packets)) => {
                self.left = Ceiling { bytes, packets };
                true
            }
            _ => {
                self.is_exceeded = true;
                false
            }
        }
    }

    /// A second has passed. Answers whether more came in it than may.
    pub(crate) fn renew(&mut self) -> bool {
        self.left = self.ceiling;
        std::mem::take(&mut self.is_exceeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_beyond_either_bound_is_refused_until_the_next_second() {
        let mut allowance = Allowance::new(Ceiling { bytes: 1000, packets: 3 });
        assert!(allowance.take(600) && !allowance.take(401) && allowance.take(400));
        assert!(allowance.renew() && !allowance.renew());
        assert!((0..3).all(|_| allowance.take(0)) && !allowance.take(0));
        assert!(allowance.renew() && allowance.take(1000) && !allowance.renew());
        assert!(!allowance.take(usize::MAX));
    }
}
