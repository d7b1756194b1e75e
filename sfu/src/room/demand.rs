//! What of a picture its publisher knows to be wanted: more at once, less after a while.

use std::time::{Duration, Instant};

use crate::keys::LayerIndex;

/// How long a layer must be unwanted.
const LOWER_AFTER: Duration = Duration::from_secs(5);

/// What the publisher was told, and since when less is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Demand {
    /// The highest wanted layer; `None`: all, as nothing has been said.
    told: Option<LayerIndex>,
    less_since: Option<Instant>,
}

impl Demand {
    /// Takes what is wanted now; answers whether the publisher must be told.
    pub(super) fn turn(&mut self, wanted: LayerIndex, highest: LayerIndex, now: Instant) -> bool {
        let told = self.told.unwrap_or(highest);
        if wanted == told {
            self.less_since = None;
            return false;
        }
        if wanted < told {
            let since = *self.less_since.get_or_insert(now);
            if now.saturating_duration_since(since) < LOWER_AFTER {
                return false;
            }
        }
        self.less_since = None;
        self.told = Some(wanted);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_told_at_once_and_less_after_five_seconds() {
        let (start, highest) = (Instant::now(), LayerIndex(2));
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut demand = Demand::default();
        for (second, wanted, told) in [
            (0, 2, false),
            (1, 0, false),
            (4, 1, false),
            (5, 2, false),
            (6, 0, false),
            (10, 0, false),
            (11, 0, true),
            (12, 1, true),
            (13, 1, false),
            (14, 2, true),
        ] {
            assert_eq!(demand.turn(LayerIndex(wanted), highest, at(second)), told, "{second}");
        }
    }
}
