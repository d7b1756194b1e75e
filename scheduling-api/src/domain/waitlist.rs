//! Places of patients who wait: for a time that becomes free (the waitlist), or for the next practitioner (the queue).
//!
//! ```text
//! waitlist: waiting ─ offer ─► offered ─ book ─► booked          queue: waiting ─ take ─► taken
//!              ▲                  │                                        └─ leave ─► left
//!              └──── lapse ───────┤ (three times: ended)
//!           waiting, offered ─ withdraw ─► withdrawn      waiting ─ its span is over ─► ended
//! ```
//!
//! An offer is a hold on the calendar: while it lasts the time is the patient's. Pure.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    availability::Span,
    id::{AppointmentId, ClinicId, PatientId, PractitionerId, QueueEntryId, ServiceId, WaitlistId},
    rev::Rev,
};

/// How long an offered time is kept for the patient, in minutes: long enough to read a message between two errands.
pub const OFFER_TTL_MIN: i64 = 120;

/// Offers that somebody may let go by.
pub const LAPSES_MAX: i64 = 3;

/// Patients who may wait for one visit type: each is looked at in every round.
pub const WAITING_MAX: i64 = 200;

/// Longest span that somebody waits for, in days: what one search for times covers.
pub const SPAN_DAYS_MAX: i64 = 62;

/// How long somebody stands in a queue; who is forgotten there is told so by being out of it.
pub const QUEUE_HOURS: i64 = 12;

/// Where a place on the waitlist stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum WaitState {
    /// Nothing was free yet.
    Waiting,
    /// A time is kept.
    Offered {
        /// The hold.
        hold: AppointmentId,
    },
    /// It was taken.
    Booked {
        /// The appointment.
        appointment: AppointmentId,
    },
    /// The patient gave it up.
    Withdrawn,
    /// Nothing came in time, or offers were let go by.
    Ended,
}

impl WaitState {
    /// As stored and shown.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Offered { .. } => "offered",
            Self::Booked { .. } => "booked",
            Self::Withdrawn => "withdrawn",
            Self::Ended => "ended",
        }
    }

    /// The state of that name, with the hold or appointment that it has.
    #[must_use]
    pub fn from_name(name: &str, appointment: Option<AppointmentId>) -> Option<Self> {
        Some(match (name, appointment) {
            ("waiting", None) => Self::Waiting,
            ("offered", Some(hold)) => Self::Offered { hold },
            ("booked", Some(appointment)) => Self::Booked { appointment },
            ("withdrawn", _) => Self::Withdrawn,
            ("ended", _) => Self::Ended,
            _ => return None,
        })
    }

    /// The hold or the appointment.
    #[must_use]
    pub const fn appointment(&self) -> Option<&AppointmentId> {
        match self {
            Self::Offered { hold: id } | Self::Booked { appointment: id } => Some(id),
            _ => None,
        }
    }

    /// Whether it goes on.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Waiting | Self::Offered { .. })
    }
}

/// A place on the waitlist. As JSON it is a revision's body: ids and instants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitlistEntry {
    /// Which one.
    pub id: WaitlistId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// Where it stands.
    pub state: WaitState,
    /// Who waits.
    pub patient: PatientId,
    /// For what.
    pub service: ServiceId,
    /// With whom; anybody who offers it when absent.
    pub practitioner: Option<PractitionerId>,
    /// When a visit may begin.
    pub span: Span,
    /// Offers that were let go by.
    pub lapsed: i64,
    /// Since when.
    pub created: Timestamp,
    /// When it was over.
    pub ended: Option<Timestamp>,
}

/// It is not possible from where it stands: the state's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands(pub &'static str);

impl WaitlistEntry {
    /// A time was found and is kept.
    ///
    /// # Errors
    /// When nobody waits any more.
    pub fn offer(&mut self, hold: AppointmentId) -> Result<(), Stands> {
        self.only(&WaitState::Waiting)?;
        self.go(WaitState::Offered { hold }, None);
        Ok(())
    }

    /// The kept time was booked.
    ///
    /// # Errors
    /// When none is offered.
    pub fn book(&mut self, now: Timestamp) -> Result<(), Stands> {
        let WaitState::Offered { hold } = &self.state else {
            return Err(Stands(self.state.name()));
        };
        let appointment = hold.clone();
        self.go(WaitState::Booked { appointment }, Some(now));
        Ok(())
    }

    /// The kept time was let go by: the next in line has it, and this one waits on, but not for ever.
    ///
    /// # Errors
    /// When none is offered.
    pub fn lapse(&mut self, now: Timestamp) -> Result<(), Stands> {
        if !matches!(self.state, WaitState::Offered { .. }) {
            return Err(Stands(self.state.name()));
        }
        self.lapsed += 1;
        let over = self.lapsed >= LAPSES_MAX || self.span.end <= now;
        let (state, ended) =
            if over { (WaitState::Ended, Some(now)) } else { (WaitState::Waiting, None) };
        self.go(state, ended);
        Ok(())
    }

    /// The patient gives it up.
    ///
    /// # Errors
    /// When it is over.
    pub fn withdraw(&mut self, now: Timestamp) -> Result<(), Stands> {
        if !self.state.is_open() {
            return Err(Stands(self.state.name()));
        }
        self.go(WaitState::Withdrawn, Some(now));
        Ok(())
    }

    /// Nothing came in time.
    ///
    /// # Errors
    /// While there is time, or a time is kept.
    pub fn end(&mut self, now: Timestamp) -> Result<(), Stands> {
        self.only(&WaitState::Waiting)?;
        if now < self.span.end {
            return Err(Stands("waiting"));
        }
        self.go(WaitState::Ended, Some(now));
        Ok(())
    }

    fn only(&self, state: &WaitState) -> Result<(), Stands> {
        if self.state == *state { Ok(()) } else { Err(Stands(self.state.name())) }
    }

    fn go(&mut self, state: WaitState, ended: Option<Timestamp>) {
        (self.state, self.ended) = (state, ended);
        self.rev = self.rev.next();
    }
}

/// Where a place in a queue stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum QueueState {
    /// Nobody was free yet.
    Waiting,
    /// A practitioner took the patient.
    Taken {
        /// The visit.
        appointment: AppointmentId,
    },
    /// The patient left, or stood too long.
    Left,
}

impl QueueState {
    /// As stored and shown.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken { .. } => "taken",
            Self::Left => "left",
        }
    }

    /// The state of that name, with the visit that it has.
    #[must_use]
    pub fn from_name(name: &str, appointment: Option<AppointmentId>) -> Option<Self> {
        Some(match (name, appointment) {
            ("waiting", None) => Self::Waiting,
            ("taken", Some(appointment)) => Self::Taken { appointment },
            ("left", None) => Self::Left,
            _ => return None,
        })
    }

    /// The visit.
    #[must_use]
    pub const fn appointment(&self) -> Option<&AppointmentId> {
        match self {
            Self::Taken { appointment } => Some(appointment),
            _ => None,
        }
    }
}

/// A place in the queue of a visit type. As JSON it is a revision's body: ids and instants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueEntry {
    /// Which one.
    pub id: QueueEntryId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// Where it stands.
    pub state: QueueState,
    /// Who waits.
    pub patient: PatientId,
    /// For what.
    pub service: ServiceId,
    /// Since when.
    pub created: Timestamp,
    /// When it was over.
    pub ended: Option<Timestamp>,
}

impl QueueEntry {
    /// A practitioner takes the patient.
    ///
    /// # Errors
    /// When the patient waits no longer.
    pub fn take(&mut self, appointment: AppointmentId, now: Timestamp) -> Result<(), Stands> {
        self.go(QueueState::Taken { appointment }, now)
    }

    /// The patient leaves.
    ///
    /// # Errors
    /// When the patient waits no longer.
    pub fn leave(&mut self, now: Timestamp) -> Result<(), Stands> {
        self.go(QueueState::Left, now)
    }

    fn go(&mut self, state: QueueState, now: Timestamp) -> Result<(), Stands> {
        if self.state != QueueState::Waiting {
            return Err(Stands(self.state.name()));
        }
        (self.state, self.ended, self.rev) = (state, Some(now), self.rev.next());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::Random;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn entry(random: &Random) -> WaitlistEntry {
        let now = at(0);
        WaitlistEntry {
            id: WaitlistId::mint(random, now),
            clinic: ClinicId::mint(random, now),
            rev: Rev::FIRST,
            state: WaitState::Waiting,
            patient: PatientId::mint(random, now),
            service: ServiceId::mint(random, now),
            practitioner: None,
            span: Span { start: at(0), end: at(1000) },
            lapsed: 0,
            created: now,
            ended: None,
        }
    }

    proptest! {
        #[test]
        fn what_is_over_stays_so_and_every_step_is_a_revision(steps in prop::collection::vec(0..5_u8, 0..40)) {
            let random = Random::seeded(1);
            let mut one = entry(&random);
            for (minute, step) in (1..).zip(steps) {
                let before = one.clone();
                let now = at(minute * 50);
                let done = match step {
                    0 => one.offer(AppointmentId::mint(&random, now)),
                    1 => one.book(now),
                    2 => one.lapse(now),
                    3 => one.withdraw(now),
                    _ => one.end(now),
                };
                match done {
                    Ok(()) => {
                        prop_assert!(before.state.is_open(), "{before:?}");
                        prop_assert_eq!(one.rev, before.rev.next());
                        prop_assert_eq!(one.state.is_open(), one.ended.is_none());
                    }
                    Err(_) => prop_assert_eq!(&one, &before),
                }
                prop_assert!(one.lapsed <= LAPSES_MAX);
                let again = WaitState::from_name(one.state.name(), one.state.appointment().cloned());
                prop_assert_eq!(again, Some(one.state.clone()));
            }
        }
    }
}
