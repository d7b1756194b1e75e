//! How long a clinic keeps what it may forget. What must be kept (records, appointments, history, the audit log) is not
//! among it.

use serde::{Deserialize, Serialize};

/// Days, each counted from when the thing was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// What was sent to whom, and what became of it.
    pub deliveries_days: u32,
    /// Copies of patients' data that wait for them.
    pub exports_days: u32,
    /// Links into visits, and the sessions of who came by them.
    pub join_links_days: u32,
    /// Places on the waitlist and in queues.
    pub waitlist_days: u32,
    /// Recordings of visits; as long as the record when it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recordings_days: Option<u32>,
}

/// The shortest and longest of each.
const LIMITS: [(&str, u32, u32); 5] = [
    ("/deliveries_days", 7, 3650),
    ("/exports_days", 1, 365),
    ("/join_links_days", 1, 365),
    ("/waitlist_days", 1, 3650),
    ("/recordings_days", 1, 36500),
];

impl Default for Retention {
    /// A quarter for what may be asked about; a month for what waits for somebody.
    fn default() -> Self {
        Self {
            deliveries_days: 90,
            exports_days: 30,
            join_links_days: 30,
            waitlist_days: 90,
            recordings_days: None,
        }
    }
}

impl Retention {
    /// As it is, if it may be so.
    ///
    /// # Errors
    /// The field, and its bounds.
    pub fn checked(self) -> Result<Self, (&'static str, String)> {
        let days = [
            Some(self.deliveries_days),
            Some(self.exports_days),
            Some(self.join_links_days),
            Some(self.waitlist_days),
            self.recordings_days,
        ];
        for ((field, min, max), days) in LIMITS.into_iter().zip(days) {
            if days.is_some_and(|days| !(min..=max).contains(&days)) {
                return Err((field, format!("{min} to {max} days")));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_both_ways() {
        let with = |exports_days| Retention { exports_days, ..Retention::default() }.checked();
        assert!(with(1).is_ok() && with(365).is_ok());
        assert_eq!(with(0).unwrap_err().0, "/exports_days");
        assert_eq!(with(366).unwrap_err().0, "/exports_days");
        let with = |days| Retention { recordings_days: days, ..Retention::default() }.checked();
        assert!(with(None).is_ok() && with(Some(1)).is_ok());
        assert_eq!(with(Some(0)).unwrap_err().0, "/recordings_days");
    }

    #[test]
    fn what_was_chosen_before_there_were_recordings_is_still_read() {
        let before =
            r#"{"deliveries_days":7,"exports_days":1,"join_links_days":2,"waitlist_days":3}"#;
        let read: Retention = serde_json::from_str(before).unwrap();
        assert_eq!((read.deliveries_days, read.recordings_days), (7, None));
    }
}
