//! A visit type: how long it lasts, how it may be booked, what it costs.

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{ClinicId, PractitionerId, ServiceId},
    money::Money,
    rev::Rev,
};

/// How a visit happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By video.
    Video,
    /// By voice alone.
    Audio,
    /// In the clinic.
    InPerson,
}

/// When the money is asked for. What each means is told by the payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayPolicy {
    /// Never.
    Free,
    /// Before the visit is booked.
    PayAtBooking,
    /// Reserved when booked, taken after the visit.
    AuthorizeThenCapture,
    /// A card is kept.
    CardOnFile,
    /// By an invoice after the visit.
    PayAfter,
    /// By an insurer.
    Insurance,
}

/// What cancelling costs. Shown before booking, kept with the appointment as it was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelPolicy {
    /// Until this many minutes before the start it costs nothing.
    pub free_until_min: u32,
    /// Later, the patient owes this, in minor units of the price's currency.
    pub late_fee_minor: i64,
    /// Not coming, the patient owes this.
    pub no_show_fee_minor: i64,
    /// Minutes after the start from which a patient who is not there counts as not coming.
    pub no_show_after_min: u32,
    /// Whether that is decided by the clock, not by staff. What was agreed before there was a rule says nothing: no.
    #[serde(default)]
    pub no_show_by_rule: bool,
    /// Whether a patient may cancel at all within the free time; staff always may.
    pub patient_may_cancel_late: bool,
}

/// A visit type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Which one.
    pub id: ServiceId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// Everything that may be said about it.
    #[serde(flatten)]
    pub terms: ServiceTerms,
}

/// What may be said about a visit type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTerms {
    /// What it is called. Public: it should not tell a diagnosis.
    pub name: String,
    /// Whether it can be booked now.
    pub active: bool,
    /// How it happens.
    pub mode: Mode,
    /// Length of the visit.
    pub duration_min: u32,
    /// Distance of one start to the next within the hours.
    pub step_min: u32,
    /// Time that the practitioner needs before.
    pub buffer_before_min: u32,
    /// Time that the practitioner needs after.
    pub buffer_after_min: u32,
    /// Nobody books later than this before the start.
    pub minimum_notice_min: u32,
    /// Nobody books further ahead than this.
    pub horizon_days: u32,
    /// Most visits of this type with one practitioner on one day; 0 is any number.
    pub daily_limit: u32,
    /// Whether staff must approve each request.
    pub needs_approval: bool,
    /// A request that nobody approves ends after this.
    pub approval_ttl_min: u32,
    /// Patients in one visit: one, until there are group visits (`docs/adr/0016`).
    pub capacity: u32,
    /// Whether the on-demand queue takes patients for it.
    pub on_demand: bool,
    /// What it costs.
    pub price: Money,
    /// When that is asked for.
    pub pay: PayPolicy,
    /// What cancelling costs.
    pub cancel: CancelPolicy,
    /// Who offers it.
    pub practitioners: Vec<PractitionerId>,
}

/// Why a visit type was refused: the field, and what holds for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct ServiceError {
    /// Which field, as a JSON pointer.
    pub field: &'static str,
    rule: &'static str,
}

const MINUTES_A_DAY: u32 = 24 * 60;

impl ServiceTerms {
    /// Checks terms that came from outside.
    ///
    /// # Errors
    /// The first field that cannot be so.
    pub fn checked(mut self) -> Result<Self, ServiceError> {
        self.name = self.name.trim().to_owned();
        let name = (1..=120).contains(&self.name.chars().count());
        let fees = [self.price.minor, self.cancel.late_fee_minor, self.cancel.no_show_fee_minor];
        let rules = [
            (name, "/name", "the name must have 1 to 120 characters"),
            (
                (5..=480).contains(&self.duration_min),
                "/duration_min",
                "a visit lasts 5 to 480 minutes",
            ),
            ((5..=480).contains(&self.step_min), "/step_min", "starts are 5 to 480 minutes apart"),
            (
                self.buffer_before_min <= 240,
                "/buffer_before_min",
                "a buffer has at most 240 minutes",
            ),
            (self.buffer_after_min <= 240, "/buffer_after_min", "a buffer has at most 240 minutes"),
            (
                self.minimum_notice_min <= 90 * MINUTES_A_DAY,
                "/minimum_notice_min",
                "the notice is at most 90 days",
            ),
            (
                (1..=730).contains(&self.horizon_days),
                "/horizon_days",
                "the horizon is 1 to 730 days",
            ),
            (self.daily_limit <= 200, "/daily_limit", "at most 200 a day"),
            (
                (5..=14 * MINUTES_A_DAY).contains(&self.approval_ttl_min),
                "/approval_ttl_min",
                "a request waits 5 minutes to 14 days",
            ),
            (
                self.capacity == 1,
                "/capacity",
                "a visit has one patient: group visits cannot be booked yet",
            ),
            (
                self.cancel.free_until_min <= 90 * MINUTES_A_DAY,
                "/cancel/free_until_min",
                "at most 90 days",
            ),
            (
                (1..=240).contains(&self.cancel.no_show_after_min),
                "/cancel/no_show_after_min",
                "1 to 240 minutes",
            ),
            (fees.iter().all(|fee| *fee >= 0), "/price", "prices and fees are not negative"),
            (self.practitioners.len() <= 500, "/practitioners", "at most 500 practitioners"),
        ];
        match rules.iter().find(|(holds, ..)| !holds) {
            Some((_, field, rule)) => Err(ServiceError { field, rule }),
            None => Ok(self),
        }
    }
}
