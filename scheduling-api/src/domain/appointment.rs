//! An appointment: its states, and every way from one to another.
//!
//! ```text
//!            ┌─ request ─► requested ─ approve ─┐              ┌─ no_show ─► no_show
//!  (nothing)─┤                                  ├─► booked ────┤
//!            └─ hold ────► held ────── book ────┘    │  ▲ reschedule (same id)
//!                                                    check_in ─► checked_in ─ start ─► in_progress ─ finish ─► completed
//!  no_show ─ come_late ─► checked_in
//!  requested, held, booked, checked_in ─ cancel ─► cancelled       requested, held ─ ttl ─► expired
//!  all but in_progress ─ entered_in_error ─► entered_in_error
//! ```
//!
//! Pure. Owns: which transition is possible from where, and what it changes; the policies around cancelling and not
//! coming. Never: who may (`access`), whether the time is free (the database).

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::domain::{
    availability::Span,
    id::{AppointmentId, ClinicId, PatientId, PractitionerId, SeriesId, ServiceId},
    money::Money,
    rev::Rev,
    service::{CancelPolicy, Mode, PayPolicy, ServiceTerms},
    slot,
    waitlist::OFFER_TTL_MIN,
};

/// How long a hold lasts: long enough to fill a form, short enough that others need not wait for it.
pub const HOLD_TTL_MIN: i64 = 10;

/// How long a held time is kept for who pays: a prompt on a telephone, a bank's page, and another try.
pub const PAYING_MIN: i64 = 15;

/// Longest time that a hold can last, however often somebody begins to pay.
pub const HELD_MIN_MAX: i64 = 60;

/// From how long before its start on a patient may check in.
pub const CHECK_IN_BEFORE_MIN: i64 = 60;

/// For how many hours after its start staff may say that who was missed has come after all.
pub const COME_LATE_H: i64 = 24;

/// Where an appointment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum State {
    /// Waits for approval; the time is kept until then.
    Requested {
        /// When the request ends by itself.
        until: Timestamp,
    },
    /// The time is kept while the patient decides.
    Held {
        /// When the hold ends by itself.
        until: Timestamp,
    },
    /// Agreed.
    Booked,
    /// The patient is there.
    CheckedIn,
    /// The visit goes on.
    InProgress,
    /// The visit is over.
    Completed,
    /// The patient did not come.
    NoShow,
    /// Called off.
    Cancelled,
    /// A hold or request that ended by itself.
    Expired,
    /// Should never have been.
    EnteredInError,
}

impl State {
    /// The state as the store and the API write it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Held { .. } => "held",
            Self::Booked => "booked",
            Self::CheckedIn => "checked_in",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::NoShow => "no_show",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::EnteredInError => "entered_in_error",
        }
    }

    /// The state of that name, with the end that a held or requested one has.
    #[must_use]
    pub fn from_name(name: &str, until: Option<Timestamp>) -> Option<Self> {
        Some(match (name, until) {
            ("requested", Some(until)) => Self::Requested { until },
            ("held", Some(until)) => Self::Held { until },
            ("booked", None) => Self::Booked,
            ("checked_in", None) => Self::CheckedIn,
            ("in_progress", None) => Self::InProgress,
            ("completed", None) => Self::Completed,
            ("no_show", None) => Self::NoShow,
            ("cancelled", None) => Self::Cancelled,
            ("expired", None) => Self::Expired,
            ("entered_in_error", None) => Self::EnteredInError,
            _ => return None,
        })
    }

    /// When it ends by itself.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Requested { until } | Self::Held { until } => Some(*until),
            _ => None,
        }
    }

    /// Whether time is kept for it, or was and is now used: such an appointment owns active claims.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(
            self,
            Self::Requested { .. }
                | Self::Held { .. }
                | Self::Booked
                | Self::CheckedIn
                | Self::InProgress
        )
    }
}

/// A way from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transition {
    /// A request is approved.
    Approve,
    /// A hold becomes an appointment.
    Book,
    /// The time, or who gives the visit, changes; the appointment stays.
    Reschedule,
    /// The patient has come.
    CheckIn,
    /// The visit begins.
    Start,
    /// The visit ends.
    Finish,
    /// The patient has not come.
    NoShow,
    /// The patient has come after all.
    ComeLate,
    /// It is called off.
    Cancel,
    /// Nobody decided in time.
    Expire,
    /// It should never have been.
    EnterInError,
}

impl Transition {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Approve,
        Self::Book,
        Self::Reschedule,
        Self::CheckIn,
        Self::Start,
        Self::Finish,
        Self::NoShow,
        Self::ComeLate,
        Self::Cancel,
        Self::Expire,
        Self::EnterInError,
    ];

    /// The transition table: where it leads from a state, if it is possible there at all.
    #[must_use]
    pub const fn from(self, state: &State) -> Option<State> {
        use State::{
            Booked, Cancelled, CheckedIn, Completed, EnteredInError, Expired, Held, InProgress,
            NoShow, Requested,
        };
        match (self, state) {
            (Self::Approve, Requested { .. })
            | (Self::Book, Held { .. })
            | (Self::Reschedule, Booked) => Some(Booked),
            (Self::CheckIn, Booked) | (Self::ComeLate, NoShow) => Some(CheckedIn),
            (Self::Start, CheckedIn) => Some(InProgress),
            (Self::Finish, InProgress) => Some(Completed),
            (Self::NoShow, Booked | CheckedIn) => Some(NoShow),
            (Self::Cancel, Requested { .. } | Held { .. } | Booked | CheckedIn) => Some(Cancelled),
            (Self::Expire, Requested { .. } | Held { .. }) => Some(Expired),
            (Self::EnterInError, InProgress) => None,
            (Self::EnterInError, _) => Some(EnteredInError),
            _ => None,
        }
    }
}

/// Why a transition is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The table has no such way.
    #[error("not possible for an appointment that is {0}")]
    State(&'static str),
    /// The hold or request has ended by itself.
    #[error("the time was kept until then and no longer")]
    Expired,
    /// A hold or request that has not ended yet.
    #[error("the time is still kept")]
    StillKept,
    /// Too early.
    #[error("not before {0}")]
    TooEarly(Timestamp),
    /// Too late.
    #[error("not after {0}")]
    TooLate(Timestamp),
    /// Nobody said for whom it is.
    #[error("the patient is missing")]
    NoPatient,
    /// The clinic's policy.
    #[error("the visit is too near to be cancelled by the patient: call the clinic")]
    TooLateToCancel,
}

/// Who called an appointment off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The patient, or who speaks for them.
    Patient,
    /// The practitioner or the clinic.
    Clinic,
}

/// What was agreed when it was made; later changes of the visit type do not touch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// How the visit happens.
    pub mode: Mode,
    /// What it costs.
    pub price: Money,
    /// When that is asked for.
    pub pay: PayPolicy,
    /// What cancelling costs.
    pub cancel: CancelPolicy,
    /// The visit type's revision that this comes from.
    pub terms_rev: Rev,
}

/// An appointment. As JSON it is a revision's body: ids, times and words of this program, nothing about people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// Which one.
    pub id: AppointmentId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed; also the `SEQUENCE` of its calendar entry.
    pub rev: Rev,
    /// Where it stands.
    pub state: State,
    /// The visit type.
    pub service: ServiceId,
    /// Who gives the visit.
    pub practitioner: PractitionerId,
    /// For whom; a hold may not know yet.
    pub patient: Option<PatientId>,
    /// From when to when.
    pub visit: Span,
    /// What it occupies: the visit and its buffers.
    pub occupies: Span,
    /// Appointments that were booked together.
    pub series: Option<SeriesId>,
    /// What was agreed.
    pub agreed: Agreed,
    /// Whether staff placed it outside the rules.
    pub overridden: bool,
    /// Who called it off.
    pub cancelled_by: Option<Party>,
    /// What is owed for cancelling late or not coming.
    pub fee: Option<Money>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a new appointment is about.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its id.
    pub id: AppointmentId,
    /// Whose.
    pub clinic: ClinicId,
    /// The visit type and its revision.
    pub service: (ServiceId, Rev),
    /// Who gives the visit.
    pub practitioner: PractitionerId,
    /// For whom.
    pub patient: Option<PatientId>,
    /// From when to when.
    pub visit: Span,
    /// Appointments that are booked together.
    pub series: Option<SeriesId>,
}

impl Appointment {
    /// Keeps a time while the patient decides.
    #[must_use]
    pub fn hold(wanted: Wanted, terms: &ServiceTerms, now: Timestamp) -> Self {
        let until = now + HOLD_TTL_MIN.minutes();
        Self::new(wanted, terms, State::Held { until }, now)
    }

    /// Keeps a time for a patient from the waitlist, who has to hear of it first; not beyond its start.
    #[must_use]
    pub fn offer(wanted: Wanted, terms: &ServiceTerms, now: Timestamp) -> Self {
        let until = now + OFFER_TTL_MIN.minutes();
        let until = until.min(wanted.visit.start);
        Self::new(wanted, terms, State::Held { until }, now)
    }

    /// Asks for approval; the time is kept until then, but not beyond the visit's start.
    ///
    /// # Errors
    /// Without a patient.
    pub fn request(
        wanted: Wanted,
        terms: &ServiceTerms,
        now: Timestamp,
    ) -> Result<Self, TransitionError> {
        if wanted.patient.is_none() {
            return Err(TransitionError::NoPatient);
        }
        let until = now + i64::from(terms.approval_ttl_min).minutes();
        let until = until.min(wanted.visit.start);
        Ok(Self::new(wanted, terms, State::Requested { until }, now))
    }

    fn new(wanted: Wanted, terms: &ServiceTerms, state: State, now: Timestamp) -> Self {
        let Wanted {
            id,
            clinic,
            service: (service, terms_rev),
            practitioner,
            patient,
            visit,
            series,
        } = wanted;
        let agreed = Agreed {
            mode: terms.mode,
            price: terms.price,
            pay: terms.pay,
            cancel: terms.cancel,
            terms_rev,
        };
        Self {
            id,
            clinic,
            rev: Rev::FIRST,
            state,
            service,
            practitioner,
            patient,
            visit,
            occupies: slot::claim_of(terms, visit),
            series,
            agreed,
            overridden: false,
            cancelled_by: None,
            fee: None,
            created_at: now,
        }
    }

    /// Approves a request.
    ///
    /// # Errors
    /// When it is none, or has ended.
    pub fn approve(&mut self, now: Timestamp) -> Result<(), TransitionError> {
        self.refuse_ended(now)?;
        self.go(Transition::Approve)
    }

    /// Turns a request down.
    ///
    /// # Errors
    /// When it is none.
    pub fn decline(&mut self) -> Result<(), TransitionError> {
        if !matches!(self.state, State::Requested { .. }) {
            return Err(TransitionError::State(self.state.name()));
        }
        self.go(Transition::Cancel)?;
        self.cancelled_by = Some(Party::Clinic);
        Ok(())
    }

    /// Makes an appointment of a hold, for a patient.
    ///
    /// # Errors
    /// When it is no hold, has ended, or nobody is named.
    pub fn book(
        &mut self,
        patient: Option<PatientId>,
        now: Timestamp,
    ) -> Result<(), TransitionError> {
        self.refuse_ended(now)?;
        let patient = patient.or_else(|| self.patient.clone());
        let patient = patient.ok_or(TransitionError::NoPatient)?;
        self.go(Transition::Book)?;
        self.patient = Some(patient);
        Ok(())
    }

    /// Makes an appointment of a hold that was paid for. Its time may have ended: as long as nobody took it, it is
    /// still kept.
    ///
    /// # Errors
    /// When it is no hold, or is for nobody.
    pub fn book_paid(&mut self) -> Result<(), TransitionError> {
        if self.patient.is_none() {
            return Err(TransitionError::NoPatient);
        }
        self.go(Transition::Book)
    }

    /// Keeps a held time while somebody pays, but not for ever.
    ///
    /// # Errors
    /// When it is no hold, or has ended.
    pub fn keep_while_paying(&mut self, now: Timestamp) -> Result<(), TransitionError> {
        self.refuse_ended(now)?;
        let State::Held { until } = self.state else {
            return Err(TransitionError::State(self.state.name()));
        };
        let last = self.created_at + HELD_MIN_MAX.minutes();
        let longer = (now + PAYING_MIN.minutes()).min(last).max(until);
        self.state = State::Held { until: longer };
        self.rev = self.rev.next();
        Ok(())
    }

    /// Moves it to another time or practitioner.
    ///
    /// # Errors
    /// When it is not booked.
    pub fn reschedule(
        &mut self,
        visit: Span,
        practitioner: PractitionerId,
        terms: &ServiceTerms,
    ) -> Result<(), TransitionError> {
        self.go(Transition::Reschedule)?;
        self.occupies = slot::claim_of(terms, visit);
        (self.visit, self.practitioner) = (visit, practitioner);
        Ok(())
    }

    /// The patient has come.
    ///
    /// # Errors
    /// When it is not booked, or too early.
    pub fn check_in(&mut self, now: Timestamp) -> Result<(), TransitionError> {
        let opens = self.visit.start - CHECK_IN_BEFORE_MIN.minutes();
        self.possible(Transition::CheckIn)?;
        if now < opens {
            return Err(TransitionError::TooEarly(opens));
        }
        self.go(Transition::CheckIn)
    }

    /// The visit begins.
    ///
    /// # Errors
    /// When the patient is not checked in.
    pub fn start(&mut self) -> Result<(), TransitionError> {
        self.go(Transition::Start)
    }

    /// The visit ends.
    ///
    /// # Errors
    /// When it has not begun.
    pub fn finish(&mut self) -> Result<(), TransitionError> {
        self.go(Transition::Finish)
    }

    /// The patient has not come, and owes what was agreed for that.
    ///
    /// # Errors
    /// Before the start and the grace after it.
    pub fn no_show(&mut self, now: Timestamp) -> Result<(), TransitionError> {
        let grace = i64::from(self.agreed.cancel.no_show_after_min).minutes();
        let from = self.visit.start + grace;
        self.possible(Transition::NoShow)?;
        if now < from {
            return Err(TransitionError::TooEarly(from));
        }
        self.go(Transition::NoShow)?;
        self.fee = self.owed(self.agreed.cancel.no_show_fee_minor);
        Ok(())
    }

    /// From when on a rule decides that the patient has not come: while nothing but that is waited for.
    #[must_use]
    pub fn no_show_from(&self) -> Option<Timestamp> {
        let cancel = &self.agreed.cancel;
        let is_waited_for = self.state == State::Booked && cancel.no_show_by_rule;
        // Placed by staff after its beginning, the grace is the same.
        let start = self.visit.start.max(self.created_at);
        is_waited_for.then(|| start + i64::from(cancel.no_show_after_min).minutes())
    }

    /// The patient has come after all, late or unseen: they owe nothing for not coming.
    ///
    /// # Errors
    /// When nobody said that they had not; more than a day after the start.
    pub fn come_late(&mut self, now: Timestamp) -> Result<(), TransitionError> {
        self.possible(Transition::ComeLate)?;
        let until = self.visit.start + COME_LATE_H.hours();
        if now > until {
            return Err(TransitionError::TooLate(until));
        }
        self.go(Transition::ComeLate)?;
        self.fee = None;
        Ok(())
    }

    /// Calls it off. A patient who does so late owes what was agreed for that, or may not at all.
    ///
    /// # Errors
    /// When it is too late.
    pub fn cancel(&mut self, by: Party, now: Timestamp) -> Result<(), TransitionError> {
        self.possible(Transition::Cancel)?;
        let agreed = matches!(self.state, State::Booked | State::CheckedIn);
        let late = agreed && by == Party::Patient && now > self.cancel_free_until();
        if late && !self.agreed.cancel.patient_may_cancel_late {
            return Err(TransitionError::TooLateToCancel);
        }
        self.go(Transition::Cancel)?;
        self.cancelled_by = Some(by);
        self.fee = if late { self.owed(self.agreed.cancel.late_fee_minor) } else { None };
        Ok(())
    }

    /// Ends a hold or request that nobody decided in time.
    ///
    /// # Errors
    /// When it is none, or has time left.
    pub fn expire(&mut self, now: Timestamp) -> Result<(), TransitionError> {
        self.possible(Transition::Expire)?;
        if self.state.until().is_some_and(|until| now < until) {
            return Err(TransitionError::StillKept);
        }
        self.go(Transition::Expire)
    }

    /// Says that it should never have been.
    ///
    /// # Errors
    /// While the visit goes on.
    pub fn enter_in_error(&mut self) -> Result<(), TransitionError> {
        self.go(Transition::EnterInError)?;
        self.fee = None;
        Ok(())
    }

    /// Until when cancelling costs the patient nothing.
    #[must_use]
    pub fn cancel_free_until(&self) -> Timestamp {
        self.visit.start - i64::from(self.agreed.cancel.free_until_min).minutes()
    }

    fn possible(&self, transition: Transition) -> Result<State, TransitionError> {
        transition.from(&self.state).ok_or(TransitionError::State(self.state.name()))
    }

    fn go(&mut self, transition: Transition) -> Result<(), TransitionError> {
        self.state = self.possible(transition)?;
        self.rev = self.rev.next();
        Ok(())
    }

    fn refuse_ended(&self, now: Timestamp) -> Result<(), TransitionError> {
        match self.state.until() {
            Some(until) if until <= now => Err(TransitionError::Expired),
            _ => Ok(()),
        }
    }

    fn owed(&self, minor: i64) -> Option<Money> {
        (minor > 0).then_some(Money { minor, currency: self.agreed.price.currency })
    }
}

#[cfg(test)]
mod tests;
