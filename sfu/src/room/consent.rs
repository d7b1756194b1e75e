//! Consent to a recording, as a state: who was asked what, who has answered, and whether the recording may run. Pure.
//!
//! ```text
//!   asked ──── everyone present said yes ───► running ◄──────────────────────────┐
//!     ▲                                          │  newcomer, a no, by hand       │ everyone present said yes
//!     │ ask                                      ▼                                │
//!    off ◄─────────── stop ──────────────────  paused ────────────────────────────┘
//! ```
//!
//! It runs while somebody is present and every person present has answered *this* question with yes. An answer belongs to
//! an identity and stays when that one leaves: whoever reloads the page is not asked again. A new asking begins without
//! answers. What was asked, answered and done is kept in the order in which it happened, and only ever added to.

use protocol::{
    ids::Identity,
    recording::{Answer, Question},
};

use crate::words::recording::{ConsentEntry, ConsentEvent, ConsentStage, Speaker, WhyPaused};

/// Most entries of one asking. A consultation has a dozen; whoever fills this plays with it, and the recording ends.
pub(super) const LOG_ENTRIES_MAX: usize = 2048;

/// Most people who may answer one question: many times a full room.
const ANSWERS_MAX: usize = 256;

/// The asking that is under way.
#[derive(Debug)]
pub(super) struct Consent {
    question: Question,
    answers: Vec<(Identity, Answer)>,
    /// A clinician has paused it.
    is_held: bool,
    /// As it was judged last.
    stage: ConsentStage,
    log: Vec<ConsentEntry>,
}

/// An answer that was not taken: there are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany;

impl Consent {
    /// Asks. Nobody has answered.
    pub(super) fn ask(question: Question, at_ms: i64) -> Self {
        let what = ConsentEvent::Asked { question: question.to_string() };
        Self {
            question,
            answers: Vec::new(),
            is_held: false,
            stage: ConsentStage::Asked,
            log: vec![ConsentEntry { at_ms, what }],
        }
    }

    pub(super) fn question(&self) -> &Question {
        &self.question
    }

    pub(super) fn stage(&self) -> ConsentStage {
        self.stage
    }

    pub(super) fn is_running(&self) -> bool {
        self.stage == ConsentStage::Running
    }

    pub(super) fn answer_of(&self, who: &Identity) -> Option<Answer> {
        self.answers.iter().find(|(known, _)| known == who).map(|(_, answer)| *answer)
    }

    /// Everything that has happened, oldest first.
    pub(super) fn log(&self) -> &[ConsentEntry] {
        &self.log
    }

    /// Somebody answers, itself or through the clinic. A no always counts, even if it cannot be written down.
    ///
    /// # Errors
    /// When no more can be kept: the caller ends the recording.
    pub(super) fn answer(
        &mut self,
        who: &Identity,
        answer: Answer,
        speaker: Speaker,
        at_ms: i64,
    ) -> Result<(), TooMany> {
        if self.answer_of(who) == Some(answer) {
            return Ok(());
        }
        if let Some((_, before)) = self.answers.iter_mut().find(|(known, _)| known == who) {
            *before = answer;
        } else if self.answers.len() < ANSWERS_MAX {
            self.answers.push((who.clone(), answer));
        } else {
            return Err(TooMany);
        }
        self.note(at_ms, ConsentEvent::Answered { who: who.clone(), answer, speaker })
    }

    /// A clinician pauses it, or lets it go on.
    pub(super) fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Judges anew, with the people who are present. Answers whether it has begun or ceased to run.
    ///
    /// # Errors
    /// When no more can be kept: the caller ends the recording. It does not run then.
    pub(super) fn judge<'a>(
        &mut self,
        present: impl Iterator<Item = &'a Identity>,
        at_ms: i64,
    ) -> Result<bool, TooMany> {
        let before = self.stage;
        let why = self.why_not(present);
        self.stage = match (why, before) {
            (None, _) => ConsentStage::Running,
            (Some(_), ConsentStage::Asked) => ConsentStage::Asked,
            (Some(_), ConsentStage::Running | ConsentStage::Paused) => ConsentStage::Paused,
        };
        if self.stage == before {
            return Ok(false);
        }
        let what = why.map_or(ConsentEvent::Running, ConsentEvent::Paused);
        self.note(at_ms, what).inspect_err(|_| self.stage = ConsentStage::Paused).map(|()| true)
    }

    fn why_not<'a>(&self, present: impl Iterator<Item = &'a Identity>) -> Option<WhyPaused> {
        let mut is_empty = true;
        for who in present {
            is_empty = false;
            match self.answer_of(who) {
                Some(Answer::Yes) => {}
                Some(Answer::No) => return Some(WhyPaused::Refused),
                None => return Some(WhyPaused::Unanswered),
            }
        }
        if is_empty { Some(WhyPaused::Empty) } else { self.is_held.then_some(WhyPaused::ByHand) }
    }

    fn note(&mut self, at_ms: i64, what: ConsentEvent) -> Result<(), TooMany> {
        if self.log.len() >= LOG_ENTRIES_MAX {
            return Err(TooMany);
        }
        self.log.push(ConsentEntry { at_ms, what });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use protocol::recording::TextVersion;

    use super::*;

    fn who(name: &str) -> Identity {
        name.to_owned().try_into().unwrap()
    }

    fn asked() -> Consent {
        let version = TextVersion::try_from("1".to_owned()).unwrap();
        Consent::ask(Question { number: 1, version }, 0)
    }

    /// `+a` a comes, `-a` a leaves, `ya` a says yes, `na` a says no, `h` and `g`: held by hand, and let go on.
    fn walk(consent: &mut Consent, steps: &str) -> String {
        let mut present: Vec<Identity> = Vec::new();
        let mut stages = String::new();
        for step in steps.split_whitespace() {
            let (what, name) = step.split_at(1);
            match what {
                "+" => present.push(who(name)),
                "-" => present.retain(|one| *one != who(name)),
                "y" => consent.answer(&who(name), Answer::Yes, Speaker::Itself, 0).unwrap(),
                "n" => consent.answer(&who(name), Answer::No, Speaker::Itself, 0).unwrap(),
                "h" => consent.hold(true),
                "g" => consent.hold(false),
                _ => unreachable!("{step}"),
            }
            consent.judge(present.iter(), 0).unwrap();
            stages.push(match consent.stage() {
                ConsentStage::Asked => 'a',
                ConsentStage::Running => 'r',
                ConsentStage::Paused => 'p',
            });
        }
        stages
    }

    #[test]
    fn it_runs_only_while_everyone_present_has_said_yes() {
        for (steps, stages, why) in [
            ("+d +p yd yp", "aaar", "both have to say yes"),
            ("+d yd +p", "arp", "a newcomer pauses it"),
            ("+d yd +p yp", "arpr", "and lets it run"),
            ("+d yd +p -p", "arpr", "or goes"),
            ("+d +p yd yp np", "aaarp", "a yes is withdrawn"),
            ("+d +p yd yp np yp", "aaarpr", "and given again"),
            ("+d +p yd yp np -p", "aaarpr", "who says no leaves"),
            ("+d +p yd yp -p +p", "aaarrr", "who comes again has said yes"),
            ("+d +p yd np -p +p", "aaaarp", "who said no has said no, when it comes again too"),
            ("+d yd h", "arp", "by hand"),
            ("+d yd h +p yp g", "arpppr", "by hand it stays paused"),
            ("+d h yd g", "aaar", "held before it began"),
            ("+d yd -d", "arp", "nobody is there"),
            ("yd yp", "aa", "the absent may answer, but nothing runs"),
            ("+d nd", "aa", "the only one says no"),
        ] {
            assert_eq!(walk(&mut asked(), steps), stages, "{why}: {steps}");
        }
    }

    #[test]
    fn the_log_says_who_answered_and_when_it_ran_and_why_not() {
        let mut consent = asked();
        walk(&mut consent, "+d yd yd +p np h");
        let words: Vec<_> = consent.log().iter().map(|entry| &entry.what).collect();
        let answered = |name: &str, answer| ConsentEvent::Answered {
            who: who(name),
            answer,
            speaker: Speaker::Itself,
        };
        assert_eq!(
            words,
            [
                &ConsentEvent::Asked { question: "1/1".to_owned() },
                &answered("d", Answer::Yes),
                &ConsentEvent::Running,
                &ConsentEvent::Paused(WhyPaused::Unanswered),
                &answered("p", Answer::No),
            ]
        );
    }

    #[test]
    fn when_no_more_can_be_written_down_it_does_not_run() {
        let mut consent = asked();
        let present = [who("d")];
        let mut answers = [Answer::Yes, Answer::No].into_iter().cycle();
        let refused = loop {
            let answer = answers.next().unwrap();
            let taken = consent.answer(&present[0], answer, Speaker::Itself, 0);
            if taken.and_then(|()| consent.judge(present.iter(), 0)).is_err() {
                break consent.judge(present.iter(), 0);
            }
        };
        assert!(consent.log().len() <= LOG_ENTRIES_MAX);
        assert!(refused.is_err() || !consent.is_running());
    }

    #[test]
    fn more_people_than_can_be_kept_do_not_count_as_a_yes() {
        let mut consent = asked();
        for number in 0..ANSWERS_MAX {
            consent.answer(&who(&format!("p{number}")), Answer::Yes, Speaker::Itself, 0).unwrap();
        }
        let late = [who("late")];
        assert_eq!(consent.answer(&late[0], Answer::Yes, Speaker::Itself, 0), Err(TooMany));
        consent.judge(late.iter(), 0).unwrap();
        assert!(!consent.is_running());
    }
}
