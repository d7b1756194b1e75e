//! The visit: who comes, waits, is let in and talks, and what remains of it. One verb a file.
//!
//! ```text
//! check_in ─► (waits) ─► admit ─► ports/media ─► the media server opens the door, then the row says so
//! token ───► join (mints)                         media server ─► hear_media ─► live, paused, ended
//! ```

pub(crate) mod admit;
pub(crate) mod check_in;
pub(crate) mod end;
pub(crate) mod exchange_link;
pub(crate) mod extend;
pub(crate) mod hear_media;
pub(crate) mod join_links;
mod load;
pub(crate) mod notice;
pub(crate) mod read;
pub(crate) mod recover_link;
pub(crate) mod sweep;
pub(crate) mod token;
pub(crate) mod waiting_room;

pub(crate) use load::follow_appointment;

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::domain::{
    clinic::Clinic,
    consultation::{Consultation, participant::Participant},
    id::ParticipantId,
};

/// A visit, as one caller may see it.
pub(crate) struct Visit {
    pub(crate) consultation: Consultation,
    pub(crate) clinic: Clinic,
    pub(crate) practitioner_name: String,
    pub(crate) service_name: String,
    pub(crate) patient_name: Redacted<String>,
    /// Whom the caller takes part as.
    pub(crate) me: Option<ParticipantId>,
    /// Whether the caller may see everybody's state; otherwise only their own.
    pub(crate) sees_all: bool,
    pub(crate) now: Timestamp,
}

impl Visit {
    /// What somebody is called.
    pub(crate) fn name_of(&self, one: &Participant) -> String {
        load::name_of(one, &self.practitioner_name, self.patient_name.expose())
    }
}
