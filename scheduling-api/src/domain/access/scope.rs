//! Which scope a program needs for an act in somebody's name. What is not listed, no program may: a new act is closed to
//! tokens and API keys until somebody thinks about it.

use super::Act;
use crate::domain::oauth::scope::{Scope, Scopes};

/// Whether these scopes reach as far as an act.
pub(super) fn covers(scopes: &Scopes, act: Act) -> bool {
    // What a stranger may, a program may too.
    let public =
        act.rule().allows.iter().any(|(role, _)| *role == crate::domain::actor::Role::Anyone);
    public || needed(act).is_some_and(|scope| scopes.contains(scope))
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
