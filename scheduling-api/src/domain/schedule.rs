//! A practitioner's hours, as they are kept.

use serde::{Deserialize, Serialize};

use crate::domain::{
    availability::{Availability, AvailabilityError, DayHours, Override},
    id::{ClinicId, PractitionerId, ScheduleId},
    rev::Rev,
};

/// A practitioner's hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Which one.
    pub id: ScheduleId,
    /// Whose clinic's.
    pub clinic: ClinicId,
    /// Whose.
    pub practitioner: PractitionerId,
    /// How often it was changed.
    pub rev: Rev,
    /// What it says.
    pub hours: Hours,
}

/// Hours as they are written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// IANA name of the zone that they are meant in.
    pub time_zone: String,
    /// The weekly hours.
    pub weekly: Vec<DayHours>,
    /// Dates on which these do not hold; of two for one date the later in the list holds.
    pub overrides: Vec<Override>,
}

impl Hours {
    /// Makes them usable.
    ///
    /// # Errors
    /// When they cannot be.
    pub fn availability(&self) -> Result<Availability, AvailabilityError> {
        Availability::new(&self.time_zone, self.weekly.clone(), self.overrides.clone())
    }
}
