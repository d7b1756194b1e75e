//! Who is in the call, as far as the media server told: a set of stays, to which words are added.
//!
//! Words come late, twice and in any order. Each names the stay that it is about by the media server's own id, which it
//! gives once: so the same words make the same presence, however they come.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::ParticipantId;

/// Stays that are remembered of one participant: somebody whose line breaks every minute for a quarter of an hour.
const STAYS_MAX: usize = 16;

/// Lives of the room that are remembered as finished.
const FINISHED_MAX: usize = 32;

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A stay began.
    Joined {
        /// Whose.
        who: ParticipantId,
        /// Which.
        stay: Stay,
    },
    /// A stay ended.
    Left {
        /// Whose.
        who: ParticipantId,
        /// Which.
        stay: Stay,
        /// Whether they hung up.
        by_choice: bool,
    },
    /// The room ended, and every stay of this life of it.
    Finished {
        /// The media server's id of this life.
        room: String,
    },
}

impl Word {
    /// Whom it is about; nobody in particular if about the room.
    #[must_use]
    pub fn whose(&self) -> Option<&ParticipantId> {
        match self {
            Self::Joined { who, .. } | Self::Left { who, .. } => Some(who),
            Self::Finished { .. } => None,
        }
    }
}

/// One connection to the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The media server's id of it.
    pub sid: String,
    /// The media server's id of the room's life that it is in.
    pub room: String,
    /// When it began.
    pub began: Timestamp,
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    /// Was never.
    Never,
    /// Is.
    Yes,
    /// Was, until the line broke.
    Lost,
    /// Was, until they hung up.
    Left,
}

/// What is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    stays: BTreeMap<ParticipantId, Vec<Known>>,
    finished: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Known {
    began: Timestamp,
    sid: String,
    room: String,
    joined: bool,
    /// Once it has ended: whether by choice.
    ended: Option<bool>,
}

impl Presence {
    /// Takes a word; whether it was news.
    pub fn hear(&mut self, word: Word) -> bool {
        match word {
            Word::Joined { who, stay } => {
                let known = self.stay(who, stay);
                known.is_some_and(|known| !std::mem::replace(&mut known.joined, true))
            }
            Word::Left { who, stay, by_choice } => {
                let known = self.stay(who, stay);
                known.is_some_and(|known| known.ended.replace(by_choice).is_none())
            }
            Word::Finished { room } => {
                let is_news = !self.finished.contains(&room);
                if is_news {
                    if self.finished.len() >= FINISHED_MAX {
                        self.finished.remove(0);
                    }
                    self.finished.push(room);
                }
                is_news
            }
        }
    }

    /// Whether somebody is there: as their newest stay says.
    #[must_use]
    pub fn of(&self, who: &ParticipantId) -> There {
        let stays = self.stays.get(who).map(Vec::as_slice).unwrap_or_default();
        let Some(newest) = stays.last() else { return There::Never };
        match newest.ended {
            Some(true) => There::Left,
            Some(false) => There::Lost,
            None if self.finished.contains(&newest.room) => There::Lost,
            None if newest.joined => There::Yes,
            None => There::Never,
        }
    }

    /// The stay that a word is about, in the order in which they began; none if it is older than all that are
    /// remembered.
    fn stay(&mut self, who: ParticipantId, stay: Stay) -> Option<&mut Known> {
        let stays = self.stays.entry(who).or_default();
        if let Some(place) = stays.iter().position(|known| known.sid == stay.sid) {
            return stays.get_mut(place);
        }
        let Stay { sid, room, began } = stay;
        let known = Known { began, sid, room, joined: false, ended: None };
        let place = stays.partition_point(|other| *other < known);
        if stays.len() >= STAYS_MAX {
            if place == 0 {
                return None;
            }
            stays.remove(0);
            stays.insert(place - 1, known);
            return stays.get_mut(place - 1);
        }
        stays.insert(place, known);
        stays.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::Random;

    fn who(seed: u64) -> ParticipantId {
        ParticipantId::mint(&Random::seeded(seed), Timestamp::UNIX_EPOCH)
    }

    fn stay(number: i64) -> Stay {
        Stay {
            sid: format!("PA_{number}"),
            room: format!("RM_{}", number / 4),
            began: Timestamp::from_second(number).unwrap(),
        }
    }

    fn words() -> Vec<Word> {
        let mut words = Vec::new();
        for number in 0..6 {
            for seed in 1..3 {
                words.push(Word::Joined { who: who(seed), stay: stay(number) });
                if number < 5 || seed == 1 {
                    let by_choice = number % 2 == 1;
                    words.push(Word::Left { who: who(seed), stay: stay(number), by_choice });
                }
            }
        }
        words.push(Word::Finished { room: "RM_0".to_owned() });
        words
    }

    #[test]
    fn a_word_is_news_once_and_the_newest_stay_counts() {
        let mut presence = Presence::default();
        assert_eq!(presence.of(&who(1)), There::Never);
        assert!(presence.hear(Word::Joined { who: who(1), stay: stay(5) }));
        assert!(!presence.hear(Word::Joined { who: who(1), stay: stay(5) }));
        assert!(presence.hear(Word::Left { who: who(1), stay: stay(3), by_choice: true }));
        assert_eq!(presence.of(&who(1)), There::Yes, "an older stay's end comes late");
        assert!(presence.hear(Word::Left { who: who(1), stay: stay(5), by_choice: false }));
        assert_eq!(presence.of(&who(1)), There::Lost);
        assert!(presence.hear(Word::Joined { who: who(1), stay: stay(6) }));
        assert!(presence.hear(Word::Finished { room: "RM_1".to_owned() }));
        assert_eq!(presence.of(&who(1)), There::Lost);
    }

    #[test]
    fn an_end_that_comes_before_its_beginning_still_ends_it() {
        let mut presence = Presence::default();
        presence.hear(Word::Left { who: who(1), stay: stay(1), by_choice: true });
        presence.hear(Word::Joined { who: who(1), stay: stay(1) });
        assert_eq!(presence.of(&who(1)), There::Left);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut presence = Presence::default();
        for number in 0..100 {
            presence.hear(Word::Joined { who: who(1), stay: stay(number) });
            presence.hear(Word::Finished { room: format!("RM_x{number}") });
        }
        assert_eq!(presence.stays[&who(1)].len(), STAYS_MAX);
        assert_eq!(presence.finished.len(), FINISHED_MAX);
        assert!(!presence.hear(Word::Joined { who: who(1), stay: stay(1) }));
        assert_eq!(presence.of(&who(1)), There::Yes);
    }

    proptest! {
        #[test]
        fn the_same_words_in_any_order_and_number_make_the_same_presence(
            order in Just(words()).prop_shuffle(),
            again in prop::collection::vec(0_usize..20, 0..20),
        ) {
            let mut told = Presence::default();
            for word in words() {
                told.hear(word);
            }
            let mut shuffled = Presence::default();
            for word in &order {
                shuffled.hear(word.clone());
            }
            for index in again {
                shuffled.hear(order[index % order.len()].clone());
            }
            for seed in 1..3 {
                prop_assert_eq!(told.of(&who(seed)), shuffled.of(&who(seed)));
            }
        }
    }
}
