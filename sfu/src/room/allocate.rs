//! Who gets how much of a line: a pure function from a budget and requests to a rung for each.
//!
//! ```text
//!   ladder of one picture      still · q 8 fps · q 15 · q 30 · h 15 · h 30 · f 15 · f 30       cheapest first
//!   1. the first rung for each, in order of importance        2. the most important climb as far as they can
//!   3. then the next                                          what is left is left
//! ```
//!
//! Frames are shed before size: a layer's rungs with fewer frames stand between it and the next smaller layer. Going down
//! follows the budget at once; going up needs the larger reserve of `raise_bps`. Sound is not asked: it is taken off the
//! budget before, and always sent.

use crate::keys::LayerIndex;

/// Most rungs of a ladder: three layers, two steps of frame rate each and one more for the smallest, and stills.
pub(crate) const RUNGS_MAX: usize = 8;

/// How a picture is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Frame by frame.
    Running,
    /// A key frame now and then.
    Stills,
    /// Not at all.
    Paused,
}

/// One way of sending a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rung {
    pub(crate) layer: LayerIndex,
    /// Highest temporal layer.
    pub(crate) temporal: u8,
    pub(crate) pace: Pace,
    pub(crate) bps: u64,
}

/// The ways of sending one picture, cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ladder {
    rungs: [Option<Rung>; RUNGS_MAX],
    len: usize,
}

impl Ladder {
    /// Adds a rung that is better than those before it; those that are not cheaper go.
    pub(crate) fn push(&mut self, rung: Rung) {
        while self.len > 0 && self.get(self.len - 1).is_some_and(|last| last.bps >= rung.bps) {
            self.len -= 1;
        }
        if let Some(place) = self.rungs.get_mut(self.len) {
            *place = Some(rung);
            self.len += 1;
        }
    }

    pub(crate) fn get(&self, place: usize) -> Option<Rung> {
        if place < self.len { *self.rungs.get(place)? } else { None }
    }

    pub(crate) fn top(&self) -> Option<Rung> {
        self.get(self.len.checked_sub(1)?)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn cost(&self, given: Option<usize>) -> u64 {
        given.and_then(|place| self.get(place)).map_or(0, |rung| rung.bps)
    }
}

/// How important a picture is; the least comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// The subscriber says so: 1 is the most important.
    Asked(u32),
    /// What is shown on purpose.
    Screen,
    /// Who speaks.
    Speaker,
    /// Everyone else.
    Other,
}

/// What one subscription asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) rank: Rank,
    pub(crate) ladder: Ladder,
    /// What it costs as it is sent now.
    pub(crate) current_bps: u64,
    /// It may be sent not at all; else it always has its first rung.
    pub(crate) may_pause: bool,
    /// The answer: a place on the ladder.
    pub(crate) given: Option<usize>,
}

/// What there is to give, sound apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// For what costs no more than it does now.
    pub(crate) keep_bps: u64,
    /// For what costs more: less than `keep_bps`, so that a rung is not climbed and left again and again.
    pub(crate) raise_bps: u64,
}

impl Budget {
    /// Nothing is withheld.
    pub(crate) const UNKNOWN: Self = Self { keep_bps: u64::MAX, raise_bps: u64::MAX };

    /// No more than that, if it is given.
    pub(crate) fn within(self, most: Option<u64>) -> Self {
        let most = most.unwrap_or(u64::MAX);
        Self { keep_bps: self.keep_bps.min(most), raise_bps: self.raise_bps.min(most) }
    }

    fn allows(&self, total: u64, request: &Request, rung: Rung) -> bool {
        let raises = rung.bps > request.current_bps;
        total <= if raises { self.raise_bps } else { self.keep_bps }
    }
}

/// Gives each request a rung; sorts them by rank. Answers what all of them cost together.
///
/// O(requests x rungs), and a sort. Never more than the budget, but for first rungs of what may not be paused.
pub(crate) fn allocate<K: Copy + Ord>(budget: Budget, requests: &mut [(K, Request)]) -> u64 {
    requests.sort_unstable_by_key(|(key, request)| (request.rank, *key));
    let mut total = 0_u64;
    for (_, request) in requests.iter_mut() {
        request.given = request.ladder.get(0).and_then(|rung| {
            let with = total.saturating_add(rung.bps);
            let fits = !request.may_pause || budget.allows(with, request, rung);
            fits.then(|| {
                total = with;
                0
            })
        });
    }
    let mut rest = requests;
    while let Some(rank) = rest.first().map(|(_, request)| request.rank) {
        let count = rest.iter().take_while(|(_, request)| request.rank == rank).count();
        let (same, others) = rest.split_at_mut(count);
        total = climb(budget, same, total);
        rest = others;
    }
    total
}

/// Those of one rank climb in turns, a rung at a time.
fn climb<K>(budget: Budget, requests: &mut [(K, Request)], mut total: u64) -> u64 {
    for _ in 0..RUNGS_MAX {
        let mut has_climbed = false;
        for (_, request) in requests.iter_mut() {
            let Some(place) = request.given else { continue };
            let Some(next) = request.ladder.get(place + 1) else { continue };
            let without = total.saturating_sub(request.ladder.cost(request.given));
            let with = without.saturating_add(next.bps);
            if budget.allows(with, request, next) {
                request.given = Some(place + 1);
                total = with;
                has_climbed = true;
            }
        }
        if !has_climbed {
            break;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rung(layer: u8, temporal: u8, bps: u64) -> Rung {
        Rung { layer: LayerIndex(layer), temporal, pace: Pace::Running, bps }
    }

    fn camera() -> Ladder {
        let mut ladder = Ladder::default();
        for one in [
            Rung { pace: Pace::Stills, ..rung(0, 0, 15_000) },
            rung(0, 0, 70_000),
            rung(0, 2, 150_000),
            rung(1, 1, 330_000),
            rung(1, 2, 500_000),
            rung(2, 1, 1_000_000),
            rung(2, 2, 1_500_000),
        ] {
            ladder.push(one);
        }
        ladder
    }

    fn request(rank: Rank, current_bps: u64) -> Request {
        Request { rank, ladder: camera(), current_bps, may_pause: true, given: None }
    }

    fn flat(bps: u64) -> Budget {
        Budget { keep_bps: bps, raise_bps: bps }
    }

    fn given(budget: Budget, requests: &[Request]) -> Vec<Option<(u8, u8)>> {
        let mut keyed: Vec<_> = requests.iter().copied().enumerate().collect();
        allocate(budget, &mut keyed);
        keyed.sort_by_key(|(key, _)| *key);
        let rungs = keyed.iter().map(|(_, one)| one.ladder.get(one.given?));
        rungs.map(|rung| rung.map(|rung| (rung.layer.0, rung.temporal))).collect()
    }

    #[test]
    fn one_camera_gets_the_best_that_fits_and_sheds_frames_before_size() {
        for (bps, wanted) in [
            (5_000_000, Some((2, 2))),
            (1_499_999, Some((2, 1))),
            (999_999, Some((1, 2))),
            (499_999, Some((1, 1))),
            (329_999, Some((0, 2))),
            (149_999, Some((0, 0))),
            (69_999, Some((0, 0))),
            (14_999, None),
        ] {
            assert_eq!(given(flat(bps), &[request(Rank::Other, 0)]), [wanted], "{bps}");
        }
    }

    #[test]
    fn what_may_not_be_paused_keeps_its_first_rung() {
        let stubborn = Request { may_pause: false, ..request(Rank::Other, 0) };
        assert_eq!(given(flat(0), &[stubborn]), [Some((0, 0))]);
        assert_eq!(given(Budget::UNKNOWN, &[stubborn]), [Some((2, 2))]);
    }

    #[test]
    fn everyone_gets_something_then_the_screen_then_the_speaker_then_the_rest() {
        let all = [request(Rank::Other, 0), request(Rank::Speaker, 0), request(Rank::Screen, 0)];
        for (bps, wanted) in [
            (1_700_000, [(0, 0), (0, 2), (2, 2)]),
            (2_300_000, [(0, 2), (1, 2), (2, 2)]),
            (3_200_000, [(0, 2), (2, 2), (2, 2)]),
            (4_500_000, [(2, 2), (2, 2), (2, 2)]),
        ] {
            assert_eq!(given(flat(bps), &all), wanted.map(Some), "{bps}");
        }
        // Too little for all: the least important goes first.
        assert_eq!(given(flat(30_000), &all), [None, Some((0, 0)), Some((0, 0))]);
        let asked =
            [request(Rank::Screen, 0), request(Rank::Asked(1), 0), request(Rank::Asked(2), 0)];
        assert_eq!(given(flat(1_600_000), &asked), [Some((0, 0)), Some((2, 2)), Some((0, 0))]);
    }

    #[test]
    fn equals_share() {
        let all = [request(Rank::Other, 0); 3];
        assert_eq!(given(flat(1_600_000), &all), [Some((1, 2)); 3]);
    }

    #[test]
    fn going_up_needs_more_than_staying() {
        let budget = Budget { keep_bps: 1_600_000, raise_bps: 1_300_000 };
        assert_eq!(given(budget, &[request(Rank::Other, 1_500_000)]), [Some((2, 2))]);
        assert_eq!(given(budget, &[request(Rank::Other, 500_000)]), [Some((2, 1))]);
        let held = Budget { keep_bps: 1_600_000, raise_bps: 0 };
        assert_eq!(given(held, &[request(Rank::Other, 500_000)]), [Some((1, 2))]);
    }

    #[test]
    fn a_rung_that_costs_as_much_as_a_better_one_goes() {
        let mut ladder = Ladder::default();
        for bps in [100, 300, 200, 250] {
            ladder.push(rung(u8::try_from(bps / 100).unwrap(), 0, bps));
        }
        let costs: Vec<_> =
            (0..ladder.len()).filter_map(|at| ladder.get(at)).map(|r| r.bps).collect();
        assert_eq!(costs, [100, 200, 250]);
        assert_eq!(ladder.top().unwrap().bps, 250);
    }

    proptest! {
        #[test]
        fn the_budget_is_never_exceeded_and_more_of_it_never_gives_less_in_all(
            asks in prop::collection::vec((0_u8..4, 0_u64..2_000_000), 1..12),
            bps in 0_u64..8_000_000,
            more in 0_u64..2_000_000,
        ) {
            let requests: Vec<_> = asks.iter().map(|(rank, current)| {
                let rank = match rank {
                    0 => Rank::Asked(1),
                    1 => Rank::Screen,
                    2 => Rank::Speaker,
                    _ => Rank::Other,
                };
                request(rank, *current)
            }).collect();
            let cost = |bps| {
                let mut keyed: Vec<_> = requests.iter().copied().enumerate().collect();
                let total = allocate(flat(bps), &mut keyed);
                let sum: u64 = keyed.iter().map(|(_, one)| one.ladder.cost(one.given)).sum();
                assert_eq!(total, sum);
                (total, keyed.iter().filter(|(_, one)| one.given.is_none()).count())
            };
            let ((less, paused), (greater, still_paused)) = (cost(bps), cost(bps + more));
            prop_assert!(less <= bps && greater <= bps + more);
            prop_assert!(still_paused <= paused);
        }
    }
}
