//! The access table: every act that exists, and who may do it.
//!
//! One row an act. An act is one endpoint: its name is the operation's id in OpenAPI, and a test refuses a route without
//! a row and a row without a route. `System` rows are this program's own work and have no route.

use super::Reach::{self, Anywhere, Clinic, Own, Theirs};
use crate::domain::actor::Role::{
    self, Anyone, ClinicAdmin, Patient, PlatformAdmin, Practitioner, Receptionist, Service, System,
};

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

    // -- Availability
    /// Makes a visit type.
    CreateService "create_service": [ClinicAdmin Clinic];
    /// Lists a clinic's visit types.
    ListServices "list_services": [Anyone Anywhere];
    /// Reads a visit type.
    ReadService "read_service": [Anyone Anywhere];
    /// Changes a visit type.
    UpdateService "update_service": [ClinicAdmin Clinic];
    /// Makes a practitioner's hours.
    CreateSchedule "create_schedule": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Reads a practitioner's hours.
    ReadSchedule "read_schedule": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Changes a practitioner's hours.
    UpdateSchedule "update_schedule": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Adds dates on which a practitioner's hours do not hold.
    AddOverride "add_override": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Finds times that can be booked.
    SearchSlots "search_slots": [Anyone Anywhere];
    /// Searches the directory of practitioners.
    SearchPractitioners "search_practitioners": [Anyone Anywhere];

    // -- Appointments
    /// Keeps a time.
    CreateHold "create_hold": [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Gives a kept time up.
    ReleaseHold "release_hold": [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Books, or asks for approval.
    CreateAppointment "create_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Reads an appointment.
    ReadAppointment "read_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Lists appointments.
    ListAppointments "list_appointments":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Moves an appointment.
    RescheduleAppointment "reschedule_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Calls an appointment off.
    CancelAppointment "cancel_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic, Service Clinic];
    /// Approves a request.
    ApproveAppointment "approve_appointment": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Turns a request down.
    DeclineAppointment "decline_appointment": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Says that the patient has come.
    CheckInAppointment "check_in_appointment":
        [Patient Own, Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Begins the visit.
    StartAppointment "start_appointment": [Practitioner Theirs];
    /// Ends the visit.
    FinishAppointment "finish_appointment": [Practitioner Theirs];
    /// Says that the patient has not come.
    MarkNoShow "mark_no_show": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Says that an appointment should never have been.
    EnterAppointmentInError "enter_appointment_in_error": [Practitioner Theirs, ClinicAdmin Clinic];
    /// Places an appointment outside the rules, with a reason.
    OverrideAppointment "override_appointment": [Practitioner Theirs, Receptionist Clinic, ClinicAdmin Clinic];
    /// Ends a hold or request that nobody decided in time.
    ExpireAppointment "expire_appointment": [System Clinic];
}
