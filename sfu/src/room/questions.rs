//! Questions of the server to a participant's client: remote procedure calls whose answers go to an administrator.
//!
//! Owns what was asked and not yet answered, for as long as somebody waits. Knows no contents: answers are handed out as they
//! came. They are never passed on to other participants.

use std::time::{Duration, Instant};

use protocol::ids::{SERVER_IDENTITY, SessionId};

use super::{
    Room,
    data_packet::{self, Answer, Sender},
};
use crate::{
    connection::sctp::ChannelLabel,
    context::Context,
    keys::ParticipantKey,
    limits::{DATA_MESSAGE_BYTES_MAX, QUESTIONS_MAX},
    words::administration::{Administered, Question, Refused, Report},
};

/// See the module.
#[derive(Default)]
pub(super) struct Questions {
    waiting: Vec<Waiting>,
}

struct Waiting {
    id: String,
    of: ParticipantKey,
    session: SessionId,
    until: Instant,
}

impl Questions {
    /// Remembers a question; false if too many are open.
    fn open(&mut self, waiting: Waiting, now: Instant) -> bool {
        self.waiting.retain(|one| one.until > now);
        let has_room = self.waiting.len() < QUESTIONS_MAX;
        if has_room {
            self.waiting.push(waiting);
        }
        has_room
    }

    /// Whom to tell that a participant's message answers a question; the answer itself ends it. Nothing is read of messages
    /// while nothing is asked.
    pub(super) fn asker_of(&mut self, from: ParticipantKey, message: &[u8]) -> Option<SessionId> {
        if self.waiting.is_empty() {
            return None;
        }
        let answer = data_packet::answer(message)?;
        let (Answer::Received(id) | Answer::Result(id)) = answer;
        let place = self.waiting.iter().position(|one| one.of == from && one.id == id)?;
        let session = self.waiting.get(place)?.session;
        if let Answer::Result(_) = answer {
            self.waiting.swap_remove(place);
        }
        Some(session)
    }
}

impl Room {
    /// Asks the client of a participant that is connected here.
    pub(super) fn ask(
        &mut self,
        context: &mut Context,
        of: ParticipantKey,
        question: Question,
        now: Instant,
    ) -> Administered {
        let Question { packet, id, session, patience_ms } = question;
        let sender = Sender { identity: SERVER_IDENTITY, sid: "", is_agent: false, lossy: false };
        let is_short = packet.len() <= DATA_MESSAGE_BYTES_MAX;
        let stamped = is_short.then(|| data_packet::stamp(&packet, sender).ok()).flatten();
        let stamped = stamped.ok_or(Refused::BadData)?;
        let until = now + Duration::from_millis(patience_ms.into());
        if !self.questions.open(Waiting { id, of, session, until }, now) {
            return Err(Refused::Busy);
        }
        self.deliver(context, of, ChannelLabel::Reliable, &stamped.bytes, now);
        Ok(Report::Done)
    }
}

#[cfg(test)]
mod tests {
    use prost::encoding::{WireType, encode_key, encode_varint};

    use super::*;

    fn message(kind: u32, id: &str) -> Vec<u8> {
        let mut inner = vec![0x0a, u8::try_from(id.len()).unwrap()];
        inner.extend_from_slice(id.as_bytes());
        let mut out = Vec::new();
        encode_key(kind, WireType::LengthDelimited, &mut out);
        encode_varint(inner.len() as u64, &mut out);
        out.extend_from_slice(&inner);
        out
    }

    #[test]
    fn only_who_was_asked_can_answer_and_only_once() {
        let mut keys = slotmap::SlotMap::<ParticipantKey, ()>::with_key();
        let (asked, other) = (keys.insert(()), keys.insert(()));
        let now = Instant::now();
        let until = now + Duration::from_secs(5);
        let mut questions = Questions::default();
        let (ack, result) = (message(11, "one"), message(12, "one"));
        assert_eq!(questions.asker_of(asked, &result), None);
        let waiting = |id: &str| Waiting { id: id.into(), of: asked, session: SessionId(7), until };
        assert!(questions.open(waiting("one"), now));
        assert_eq!(questions.asker_of(other, &result), None);
        assert_eq!(questions.asker_of(asked, &message(12, "two")), None);
        assert_eq!(questions.asker_of(asked, &message(10, "one")), None);
        assert_eq!(questions.asker_of(asked, &ack), Some(SessionId(7)));
        assert_eq!(questions.asker_of(asked, &result), Some(SessionId(7)));
        assert_eq!(questions.asker_of(asked, &result), None);
    }

    #[test]
    fn open_questions_are_bounded_and_expire() {
        let now = Instant::now();
        let until = now + Duration::from_secs(5);
        let mut questions = Questions::default();
        let waiting = || Waiting {
            id: String::new(),
            of: ParticipantKey::default(),
            session: SessionId(1),
            until,
        };
        assert!((0..QUESTIONS_MAX).all(|_| questions.open(waiting(), now)));
        assert!(!questions.open(waiting(), now));
        assert!(questions.open(waiting(), until));
        assert_eq!(questions.waiting.len(), 1);
    }
}
