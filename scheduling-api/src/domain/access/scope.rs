//! Which scope a program needs for an act in somebody's name: a word of ours, or a clinical scope for what FHIR calls it. What is not listed, no program may: a new act is closed to
//! tokens and API keys until somebody thinks about it.

use super::{Act, Resource};
use crate::domain::{
    actor::{Actor, Role},
    oauth::{
        clinical::{
            Interaction::{self, Create, Read, Search, Update},
            Level,
        },
        scope::{Scope, Scopes},
    },
};

/// Whether the actor's scopes reach as far as an act on a resource.
pub(super) fn covers(scopes: &Scopes, actor: &Actor, act: Act, resource: &Resource) -> bool {
    // What a stranger may, a program may too.
    let public = act.rule().allows.iter().any(|(role, _)| *role == Role::Anyone);
    public
        || needed(act).is_some_and(|scope| scopes.contains(scope))
        || clinical(act, resource).iter().any(|(fhir, interaction)| {
            levels(actor, act, resource).any(|level| scopes.allow(level, fhir, *interaction))
        })
}

/// The levels whose scopes reach an act: a program's own, a person's, and the launch's where it is about its patient or about
/// nobody.
fn levels(actor: &Actor, act: Act, resource: &Resource) -> impl Iterator<Item = Level> {
    let itself = actor.has(Role::Service).then_some(Level::System);
    let person = actor.user.is_some().then_some(Level::User);
    let directory = matches!(
        act,
        Act::FindSchedule | Act::ReadSchedule | Act::ReadQuestionnaire | Act::ListQuestionnaires
    );
    let about = directory || resource.patient == actor.launched_for;
    let launch = (actor.launched_for.is_some() && about).then_some(Level::Patient);
    [itself, person, launch].into_iter().flatten()
}

/// What FHIR calls an act: any of these pairs suffices.
fn clinical(act: Act, resource: &Resource) -> Vec<(&'static str, Interaction)> {
    let kinds = |interaction| resource.fhir.map(|fhir| (fhir, interaction)).into_iter().collect();
    match act {
        Act::ReadPatient => vec![("Patient", Read)],
        Act::SearchPatients => vec![("Patient", Search)],
        Act::UpdatePatient => vec![("Patient", Update)],
        Act::ReadAppointment => vec![("Appointment", Read), ("Encounter", Read)],
        Act::ListAppointments => vec![("Appointment", Search), ("Encounter", Search)],
        Act::CreateHold | Act::CreateAppointment => vec![("Appointment", Create)],
        Act::CancelAppointment | Act::RescheduleAppointment => vec![("Appointment", Update)],
        Act::FindSchedule | Act::ReadSchedule => vec![("Schedule", Read)],
        Act::ReadNote => vec![("Composition", Read), ("DocumentReference", Read), ("Binary", Read)],
        Act::ListNotes => vec![("Composition", Search), ("DocumentReference", Search)],
        Act::ReadPrescription => vec![("MedicationRequest", Read)],
        Act::ListPrescriptions => vec![("MedicationRequest", Search)],
        Act::ReadQuestionnaire => vec![("Questionnaire", Read)],
        Act::ListQuestionnaires => vec![("Questionnaire", Search)],
        Act::ReadAccessLog => vec![("AuditEvent", Search)],
        Act::SearchAudit => vec![("AuditEvent", Search)],
        Act::CreateRecordEntry => kinds(Create),
        Act::CorrectRecordEntry => kinds(Update),
        Act::ReadRecordEntry => kinds(Read),
        // Who said it and when is Provenance.
        Act::ListRecordVersions => {
            let mut kinds: Vec<_> = kinds(Read);
            kinds.push(("Provenance", Search));
            kinds
        }
        Act::ListRecordEntries => match resource.fhir {
            Some(fhir) => vec![(fhir, Search)],
            // Every kind at once, also what FHIR has no name for: by a scope for everything.
            None => vec![("*", Search)],
        },
        _ => Vec::new(),
    }
}

fn needed(act: Act) -> Option<Scope> {
    match act {
        Act::UserInfo => Some(Scope::OpenId),
        Act::ReadPatient | Act::ListProxies | Act::ListStaff => Some(Scope::PeopleRead),
        Act::UpdatePatient | Act::UpdatePractitioner => Some(Scope::PeopleWrite),
        Act::ReadAppointment | Act::ListAppointments | Act::ReadCalendarEntry => {
            Some(Scope::AppointmentsRead)
        }
        Act::CreateHold
        | Act::ReleaseHold
        | Act::CreateAppointment
        | Act::RescheduleAppointment
        | Act::CancelAppointment
        | Act::CheckInAppointment
        | Act::CreateJoinLink
        | Act::CreateSeries
        | Act::CancelSeries => Some(Scope::AppointmentsWrite),
        Act::CreateRoom
        | Act::ReadRoom
        | Act::CloseRoom
        | Act::CreateRoomToken
        | Act::AdmitToRoom
        | Act::HoldInRoom
        | Act::RemoveFromRoom => Some(Scope::Rooms),
        _ => None,
    }
}
