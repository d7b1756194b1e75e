//! A consultation: the visit's room session, from the first who opens the door to the end for everybody.
//!
//! ```text
//!   scheduled ─ somebody comes ─► open ─ practitioner and patient both there ─► live ◄─ a clinician is back ─┐
//!                                  │                                             │ no clinician is left      │
//!                                  │                                             └────────► paused (grace) ──┤
//!                                  └── end ──► ended ◄── end ───────────────────────────────── grace is over ┘
//! ```
//!
//! Pure. Owns: who waits, is let in and is there; when the visit is live, paused, over. Who is connected is computed
//! from what the media server told, in whatever order and however often it did (`presence`). Never: who may (`access`),
//! a token, the media server itself.

pub mod participant;
pub mod presence;

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::domain::{
    availability::Span,
    consultation::{
        participant::{DeviceCheck, PartRole, PartState, Participant},
        presence::{Presence, There},
    },
    id::{AppointmentId, ClinicId, ConsultationId, ParticipantId, PatientId, PractitionerId},
    rev::Rev,
};

/// How long a visit waits for a clinician who is gone: a restarted computer is back within it.
pub const GRACE_MIN: i64 = 3;

/// From how long before the start on somebody may come.
pub const OPENS_BEFORE_MIN: i64 = crate::domain::appointment::CHECK_IN_BEFORE_MIN;

/// How long after its planned end a visit that is not over may still be joined.
pub const OPEN_AFTER_END_MIN: i64 = 4 * 60;

/// Most people of one visit: a family, an interpreter, a colleague or two.
pub const PARTICIPANTS_MAX: usize = 12;

/// Longest that a visit is extended by, in one go and beyond its planned end.
pub const EXTEND_MIN_MAX: i64 = 4 * 60;

/// Where a consultation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum State {
    /// Nobody has come.
    Scheduled,
    /// Somebody has come.
    Open,
    /// The visit goes on.
    Live,
    /// No clinician is there.
    Paused {
        /// When it ends by itself.
        until: Timestamp,
    },
    /// Over.
    Ended,
}

impl State {
    /// As the store and the API write it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Open => "open",
            Self::Live => "live",
            Self::Paused { .. } => "paused",
            Self::Ended => "ended",
        }
    }

    /// The state of that name, with the end that a paused one has.
    #[must_use]
    pub const fn from_name(name: &str, until: Option<Timestamp>) -> Option<Self> {
        Some(match (name.as_bytes(), until) {
            (b"scheduled", None) => Self::Scheduled,
            (b"open", None) => Self::Open,
            (b"live", None) => Self::Live,
            (b"paused", Some(until)) => Self::Paused { until },
            (b"ended", None) => Self::Ended,
            _ => return None,
        })
    }

    /// When it ends by itself.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Paused { until } => Some(*until),
            _ => None,
        }
    }
}

/// Why something is not possible in a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VisitError {
    /// It is over.
    #[error("the visit is over")]
    Ended,
    /// Nobody may come yet.
    #[error("the visit opens at {0}")]
    TooEarly(Timestamp),
    /// Nobody may come any more.
    #[error("the visit was to be over long ago")]
    TooLate,
    /// The appointment is not one that is held.
    #[error("the appointment is {0}")]
    Appointment(&'static str),
    /// No such person takes part.
    #[error("nobody of that id takes part")]
    Nobody,
    /// The participant's state does not allow it.
    #[error("not possible for somebody who is {0}")]
    Participant(&'static str),
    /// It is the practitioner's own visit.
    #[error("the practitioner neither waits nor can be sent away")]
    Practitioner,
    /// As many as may take part are there or invited.
    #[error("as many people as may take part are invited")]
    Full,
    /// Extended by nothing, or by too much.
    #[error("a visit is extended by 1 to 240 minutes, and by no more in all")]
    Extension,
    /// A check-in without consent to the terms that the clinic asks for.
    #[error("the notice is longer than 500 characters")]
    Notice,
}

/// A consultation. As JSON it is a revision's body: ids, times and words of this program, nothing about people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consultation {
    /// Which one; also the room's name in the media server.
    pub id: ConsultationId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// The appointment that it is.
    pub appointment: AppointmentId,
    /// Who gives the visit.
    pub practitioner: PractitionerId,
    /// Who receives it.
    pub patient: PatientId,
    /// Where it stands.
    pub state: State,
    /// From when to when it is planned; the end moves when it is extended.
    pub visit: Span,
    /// How far the end was moved, in minutes.
    pub extended_min: i64,
    /// Since when it was live for the first time.
    pub live_since: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Everybody who takes part, the patient and the practitioner first.
    pub participants: Vec<Participant>,
    /// What the media server told.
    #[serde(skip)]
    pub presence: Presence,
    /// What who waits is told.
    #[serde(skip)]
    pub notice: Option<protocol::redact::Redacted<String>>,
}

impl Consultation {
    /// The consultation of an appointment. Its practitioner is let in by right, its patient is invited.
    #[must_use]
    pub fn new(
        (id, clinic, appointment): (ConsultationId, ClinicId, AppointmentId),
        (practitioner, practitioner_part): (PractitionerId, ParticipantId),
        (patient, patient_part): (PatientId, ParticipantId),
        visit: Span,
    ) -> Self {
        let participants = vec![
            Participant::new(patient_part, PartRole::Patient, PartState::Invited),
            Participant::new(practitioner_part, PartRole::Practitioner, PartState::Admitted),
        ];
        Self {
            id,
            clinic,
            rev: Rev::FIRST,
            appointment,
            practitioner,
            patient,
            state: State::Scheduled,
            visit,
            extended_min: 0,
            live_since: None,
            ended_at: None,
            participants,
            presence: Presence::default(),
            notice: None,
        }
    }

    /// The appointment was moved, or handed to another practitioner; false when nothing of the visit changes by that.
    pub fn follow_appointment(&mut self, practitioner: &PractitionerId, visit: Span) -> bool {
        let is_same = self.practitioner == *practitioner && self.visit == visit;
        if is_same || self.state == State::Ended {
            return false;
        }
        self.practitioner = practitioner.clone();
        self.visit = visit;
        self.extended_min = 0;
        self.rev = self.rev.next();
        true
    }

    /// Somebody who takes part.
    ///
    /// # Errors
    /// [`VisitError::Nobody`].
    pub fn participant(&self, id: &ParticipantId) -> Result<&Participant, VisitError> {
        self.participants.iter().find(|one| one.id == *id).ok_or(VisitError::Nobody)
    }

    /// The first of a role: there is one patient by account and one practitioner.
    #[must_use]
    pub fn of_role(&self, role: PartRole) -> Option<&Participant> {
        self.participants.iter().find(|one| one.role == role)
    }

    /// Whether it is over, be it by the clock.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.state == State::Ended || self.state.until().is_some_and(|until| until <= now)
    }

    /// Whether somebody may come now.
    ///
    /// # Errors
    /// Before it opens, and after it has ended.
    pub fn refuse_closed(&self, now: Timestamp) -> Result<(), VisitError> {
        let opens = self.visit.start - OPENS_BEFORE_MIN.minutes();
        if self.is_over(now) {
            Err(VisitError::Ended)
        } else if now < opens {
            Err(VisitError::TooEarly(opens))
        } else if now > self.visit.end + OPEN_AFTER_END_MIN.minutes() {
            Err(VisitError::TooLate)
        } else {
            Ok(())
        }
    }

    /// Invites somebody else, or the patient once more on another way.
    ///
    /// # Errors
    /// When it is over, or too many are invited.
    pub fn invite(&mut self, participant: Participant, now: Timestamp) -> Result<(), VisitError> {
        if self.is_over(now) {
            return Err(VisitError::Ended);
        }
        if self.participants.len() >= PARTICIPANTS_MAX {
            return Err(VisitError::Full);
        }
        self.participants.push(participant);
        self.changed(now);
        Ok(())
    }

    /// Somebody has come, and has tried what they will speak with. Who was let in before stays so.
    ///
    /// # Errors
    /// When nobody may come, or this one was sent away.
    pub fn check_in(
        &mut self,
        id: &ParticipantId,
        check: DeviceCheck,
        now: Timestamp,
    ) -> Result<(), VisitError> {
        self.refuse_closed(now)?;
        let one = self.participant_mut(id)?;
        if one.state.is_final() {
            return Err(VisitError::Participant(one.state.name()));
        }
        one.device_check = Some(check);
        if one.state == PartState::Invited {
            one.state = PartState::Waiting;
            one.waiting_since = Some(now);
        }
        if self.state == State::Scheduled {
            self.state = State::Open;
        }
        self.changed(now);
        Ok(())
    }

    /// The practitioner has come.
    ///
    /// # Errors
    /// When nobody may come.
    pub fn open(&mut self, now: Timestamp) -> Result<(), VisitError> {
        self.refuse_closed(now)?;
        if self.state == State::Scheduled {
            self.state = State::Open;
            self.changed(now);
        }
        Ok(())
    }

    /// Somebody who waits is let in.
    ///
    /// # Errors
    /// When it is over, or they neither wait nor are in already.
    pub fn admit(&mut self, id: &ParticipantId, now: Timestamp) -> Result<(), VisitError> {
        self.refuse_closed(now)?;
        let one = self.participant_mut(id)?;
        match one.state {
            PartState::Waiting => one.state = PartState::Admitted,
            state if state.is_admitted() => {}
            state => return Err(VisitError::Participant(state.name())),
        }
        self.changed(now);
        Ok(())
    }

    /// Somebody is sent back to wait.
    ///
    /// # Errors
    /// When it is over, or they are not there to be sent back.
    pub fn hold(&mut self, id: &ParticipantId, now: Timestamp) -> Result<(), VisitError> {
        self.refuse_closed(now)?;
        let one = self.guest_mut(id)?;
        match one.state {
            PartState::Waiting => {}
            state if state.is_admitted() => {
                one.state = PartState::Waiting;
                one.waiting_since = Some(now);
            }
            state => return Err(VisitError::Participant(state.name())),
        }
        self.changed(now);
        Ok(())
    }

    /// Somebody is sent away, for good.
    ///
    /// # Errors
    /// When it is over.
    pub fn remove(&mut self, id: &ParticipantId, now: Timestamp) -> Result<(), VisitError> {
        if self.is_over(now) {
            return Err(VisitError::Ended);
        }
        let one = self.guest_mut(id)?;
        one.state = match one.state {
            state if state.is_final() => state,
            state if state.is_admitted() => PartState::Removed,
            _ => PartState::Denied,
        };
        self.changed(now);
        Ok(())
    }

    /// Who waits is told something, or nothing any more.
    ///
    /// # Errors
    /// When it is over, or the text too long.
    pub fn tell(&mut self, notice: Option<String>, now: Timestamp) -> Result<(), VisitError> {
        if self.is_over(now) {
            return Err(VisitError::Ended);
        }
        if notice.as_ref().is_some_and(|text| text.chars().count() > 500) {
            return Err(VisitError::Notice);
        }
        self.notice = notice.filter(|text| !text.trim().is_empty()).map(Into::into);
        self.changed(now);
        Ok(())
    }

    /// It may take longer. The calendar is not touched: what comes after it waits.
    ///
    /// # Errors
    /// When it is over, or by too much.
    pub fn extend(&mut self, minutes: i64, now: Timestamp) -> Result<(), VisitError> {
        if self.is_over(now) {
            return Err(VisitError::Ended);
        }
        let in_all = self.extended_min.saturating_add(minutes);
        if minutes < 1 || in_all > EXTEND_MIN_MAX {
            return Err(VisitError::Extension);
        }
        self.extended_min = in_all;
        self.visit.end += minutes.minutes();
        self.changed(now);
        Ok(())
    }

    /// It is over for everybody. Once more changes nothing.
    pub fn end(&mut self, now: Timestamp) {
        if self.state == State::Ended {
            return;
        }
        self.finish(now);
        self.rev = self.rev.next();
    }

    /// The media server told something, perhaps late and perhaps again: whether anything is different now.
    pub fn heard(&mut self, word: presence::Word, now: Timestamp) -> bool {
        // Of somebody who does not take part nothing is remembered.
        let is_ours = word.whose().is_none_or(|who| self.participant(who).is_ok());
        if !is_ours || !self.presence.hear(word) {
            return false;
        }
        self.changed(now);
        true
    }

    /// Time has passed: whether anything is different now.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let is_due = self.state != State::Ended && self.is_over(now);
        if is_due {
            self.changed(now);
        }
        is_due
    }

    /// Whether somebody may be given a token, and whether it lets them in.
    ///
    /// # Errors
    /// When they have not checked in, or were sent away, or nobody may come.
    pub fn entry(&self, id: &ParticipantId, now: Timestamp) -> Result<bool, VisitError> {
        self.refuse_closed(now)?;
        let one = self.participant(id)?;
        match one.state {
            state if state.is_admitted() => Ok(true),
            PartState::Waiting => Ok(false),
            state => Err(VisitError::Participant(state.name())),
        }
    }

    fn participant_mut(&mut self, id: &ParticipantId) -> Result<&mut Participant, VisitError> {
        self.participants.iter_mut().find(|one| one.id == *id).ok_or(VisitError::Nobody)
    }

    /// Anybody but the practitioner, whose right comes from the appointment.
    fn guest_mut(&mut self, id: &ParticipantId) -> Result<&mut Participant, VisitError> {
        let one = self.participant_mut(id)?;
        if one.role == PartRole::Practitioner {
            return Err(VisitError::Practitioner);
        }
        Ok(one)
    }

    /// Every change ends here: states follow from who is there.
    fn changed(&mut self, now: Timestamp) {
        self.rev = self.rev.next();
        if self.state == State::Ended {
            return;
        }
        if self.state.until().is_some_and(|until| until <= now) {
            return self.finish(now);
        }
        for one in self.participants.iter_mut().filter(|one| one.state.is_admitted()) {
            one.state = match self.presence.of(&one.id) {
                There::Never => one.state,
                There::Yes => PartState::Connected,
                There::Lost => PartState::Disconnected,
                There::Left => PartState::Left,
            };
        }
        let connected = |is_meant: fn(PartRole) -> bool| {
            self.participants
                .iter()
                .any(|one| one.state == PartState::Connected && is_meant(one.role))
        };
        let (clinician, patient) =
            (connected(PartRole::leads), connected(|role| role == PartRole::Patient));
        self.state = match self.state {
            State::Scheduled | State::Open if clinician && patient => State::Live,
            State::Scheduled if clinician || patient => State::Open,
            State::Live if !clinician => State::Paused { until: now + GRACE_MIN.minutes() },
            State::Paused { .. } if clinician => State::Live,
            state => state,
        };
        if self.state == State::Live {
            self.live_since.get_or_insert(now);
        }
    }

    fn finish(&mut self, now: Timestamp) {
        self.state = State::Ended;
        self.ended_at = Some(now);
        for one in &mut self.participants {
            if one.state.is_admitted() || one.state == PartState::Waiting {
                one.state = PartState::Left;
            }
        }
    }
}

#[cfg(test)]
mod tests;
