//! The access table: every act that exists, and who may do it.
//!
//! One row an act. An act is one endpoint: its name is the operation's id in OpenAPI, and a test refuses a route without
//! a row and a row without a route. `System` rows are this program's own work and have no route.

use super::Reach::{self, Anywhere, Clinic};
use crate::domain::actor::Role::{self, Anyone, ClinicAdmin, PlatformAdmin};

/// A row: who may, and whether a fresh proof of identity is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The roles that may, each with how far.
    pub allows: &'static [(Role, Reach)],
    /// Whether the actor must have proved its identity anew shortly before.
    pub step_up: bool,
}

/// Declares the acts with their rows in one place, so that no act can be without one.
macro_rules! access_table {
    ($($(#[$doc:meta])* $act:ident $name:literal: [$($role:ident $reach:ident),+] $($step_up:ident)?;)+) => {
        /// Everything that can be asked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Act {
            $($(#[$doc])* $act,)+
        }

        impl Act {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$act,)+];

            /// The act in the audit log, and the operation's id in OpenAPI.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$act => $name,)+ }
            }

            /// Its row.
            #[must_use]
            pub const fn rule(self) -> Rule {
                match self {
                    $(Self::$act => Rule {
                        allows: &[$(($role, $reach)),+],
                        step_up: step_up!($($step_up)?),
                    },)+
                }
            }
        }
    };
}

macro_rules! step_up {
    () => {
        false
    };
    (step_up) => {
        true
    };
}

access_table! {
    // -- Clinics
    /// Opens a clinic.
    CreateClinic "create_clinic": [PlatformAdmin Anywhere];
    /// Lists clinics, for somebody who looks for theirs.
    ListClinics "list_clinics": [Anyone Anywhere];
    /// Reads a clinic's public card.
    ReadClinic "read_clinic": [Anyone Anywhere];
    /// Changes a clinic's public card.
    UpdateClinic "update_clinic": [ClinicAdmin Clinic, PlatformAdmin Anywhere];
}
