//! Somebody who takes part in a visit: what for, and how far they have come.

use jiff::Timestamp;
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};

use crate::domain::id::{ParticipantId, UserId};

/// What somebody takes part as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartRole {
    /// Receives the visit.
    Patient,
    /// Gives it: the appointment's own practitioner.
    Practitioner,
    /// Another clinician, for a second opinion.
    Clinician,
    /// Translates.
    Interpreter,
    /// Stands by the patient.
    Relative,
}

impl PartRole {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Patient, Self::Practitioner, Self::Clinician, Self::Interpreter, Self::Relative];

    /// As the store and the API write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Practitioner => "practitioner",
            Self::Clinician => "clinician",
            Self::Interpreter => "interpreter",
            Self::Relative => "relative",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether a visit goes on while somebody of this role is there.
    #[must_use]
    pub fn leads(self) -> bool {
        matches!(self, Self::Practitioner | Self::Clinician)
    }
}

/// How far somebody has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// May come.
    Invited,
    /// Has come, and waits to be let in.
    Waiting,
    /// Is let in.
    Admitted,
    /// Is in the call.
    Connected,
    /// Was, and may come back.
    Disconnected,
    /// Has left, and may come back while the visit goes on.
    Left,
    /// Was sent away.
    Removed,
    /// Was turned away before being let in.
    Denied,
}

impl PartState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Invited,
        Self::Waiting,
        Self::Admitted,
        Self::Connected,
        Self::Disconnected,
        Self::Left,
        Self::Removed,
        Self::Denied,
    ];

    /// As the store and the API write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Waiting => "waiting",
            Self::Admitted => "admitted",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Left => "left",
            Self::Removed => "removed",
            Self::Denied => "denied",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether the door is open for them.
    #[must_use]
    pub const fn is_admitted(self) -> bool {
        matches!(self, Self::Admitted | Self::Connected | Self::Disconnected | Self::Left)
    }

    /// Whether it stays shut.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Removed | Self::Denied)
    }
}

/// How one part of a device did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// It works.
    Ok,
    /// It does not.
    Failed,
    /// It was not tried.
    Skipped,
}

/// What somebody's device could do when they checked in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCheck {
    /// The camera.
    pub camera: Tried,
    /// The microphone.
    pub microphone: Tried,
    /// The loudspeaker.
    pub speaker: Tried,
    /// The line to the media server.
    pub network: Tried,
    /// What somebody wrote about it.
    #[serde(skip)]
    pub said: Said,
    /// When.
    pub at: Timestamp,
}

/// Texts that come with a device check. Whoever sends them may write anything: they are kept sealed, and in no history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// The browser, as it calls itself.
    pub browser: Option<Redacted<String>>,
    /// Which terms were agreed to.
    pub terms_version: Option<Redacted<String>>,
}

/// Somebody who takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Participant {
    /// Who; also the identity in the media server.
    pub id: ParticipantId,
    /// What as.
    pub role: PartRole,
    /// How far they have come.
    pub state: PartState,
    /// Since when they wait, or waited last.
    pub waiting_since: Option<Timestamp>,
    /// What their device could do.
    pub device_check: Option<DeviceCheck>,
    /// Who invited them, if not the appointment.
    pub invited_by: Option<UserId>,
    /// What they are called, if the appointment does not say.
    #[serde(skip)]
    pub name: Option<Redacted<String>>,
}

impl Participant {
    /// Somebody of whom nothing else is known.
    #[must_use]
    pub fn new(id: ParticipantId, role: PartRole, state: PartState) -> Self {
        Self {
            id,
            role,
            state,
            waiting_since: None,
            device_check: None,
            invited_by: None,
            name: None,
        }
    }
}
