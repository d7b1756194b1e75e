//! What a clinic chose about its records: how large documents may be, when messages are answered, from how many reviews
//! on a mean is shown, whether visits may be recorded.

use serde::{Deserialize, Serialize};

use crate::domain::{
    availability::{Availability, AvailabilityError, DayHours},
    document::DOCUMENT_BYTES_MAX,
    note::paragraphs,
    profile::{ProfileError, refuse},
};

/// The choices. The defaults hold until a clinic makes its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordSettings {
    /// Most bytes of one document.
    pub document_bytes_max: u64,
    /// Days after a visit in which its patient may write messages.
    pub message_days: u16,
    /// When messages are read, in the clinic's zone; empty: nothing is promised.
    pub office_hours: Vec<DayHours>,
    /// What is told to who writes: where to turn when it cannot wait.
    pub urgent_notice: String,
    /// From how many published reviews on they are shown, and their mean.
    pub reviews_min: u16,
    /// Whether the practitioner of a visit may ask for it to be recorded. Who is present is asked in any case.
    pub recording: bool,
}

impl Default for RecordSettings {
    fn default() -> Self {
        Self {
            // A scan of a hundred pages, or a film of an ultrasound.
            document_bytes_max: 256 * 1024 * 1024,
            message_days: 14,
            office_hours: Vec::new(),
            urgent_notice: String::new(),
            // With fewer, a mean tells who wrote what.
            reviews_min: 5,
            // Films of patients are made where somebody has decided so.
            recording: false,
        }
    }
}

impl RecordSettings {
    /// The choices, if they can be.
    ///
    /// # Errors
    /// The field that cannot be so.
    pub fn checked(self) -> Result<Self, ProfileError> {
        if !(1..=DOCUMENT_BYTES_MAX).contains(&self.document_bytes_max) {
            return refuse("/document_bytes_max", "1 byte to 4 GiB");
        }
        if self.message_days > 366 {
            return refuse("/message_days", "at most 366");
        }
        if !(3..=100).contains(&self.reviews_min) {
            return refuse("/reviews_min", "3 to 100");
        }
        paragraphs("/urgent_notice", &self.urgent_notice)?;
        match Availability::new("UTC", self.office_hours.clone(), Vec::new()) {
            Ok(_) => Ok(self),
            Err(AvailabilityError::Weekday) => {
                refuse("/office_hours", "weekdays 1 to 7, each once")
            }
            Err(_) => refuse("/office_hours", "windows in order and apart, at most 8 a day"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_out_of_bounds_are_refused_by_field() {
        let of = |json: &str| serde_json::from_str::<RecordSettings>(json).unwrap().checked();
        assert_eq!(of("{}"), Ok(RecordSettings::default()));
        for (json, field) in [
            (r#"{"document_bytes_max":0}"#, "/document_bytes_max"),
            (r#"{"document_bytes_max":99999999999}"#, "/document_bytes_max"),
            (r#"{"message_days":367}"#, "/message_days"),
            (r#"{"reviews_min":2}"#, "/reviews_min"),
            (r#"{"office_hours":[{"weekday":9,"windows":[]}]}"#, "/office_hours"),
        ] {
            assert_eq!(of(json).unwrap_err().field, field, "{json}");
        }
    }
}
