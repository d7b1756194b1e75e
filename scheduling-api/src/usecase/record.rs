//! Writes what became of an appointment into history: one place, so that every transition tells the same.

use jiff::ToSpan as _;
use serde_json::json;

use crate::{
    domain::{
        access::{Act, Permit},
        appointment::{Appointment, COME_LATE_H},
    },
    store::{
        change::{Change, Transition},
        outbox::Event,
        payment_events,
    },
    usecase::Failure,
};

/// Writes an appointment's new revision.
pub(crate) async fn appointment(
    change: &mut Change<'_>,
    permit: &Permit,
    appointment: &Appointment,
) -> Result<(), Failure> {
    let payload = json!({
        "appointment": appointment.id,
        "state": appointment.state.name(),
        "start": appointment.visit.start,
        "practitioner": appointment.practitioner,
        "patient": appointment.patient,
    });
    let event = Event { topic: topic(permit, appointment), payload, not_before: None };
    let transition = Transition {
        kind: "appointment",
        id: appointment.id.as_str(),
        rev: appointment.rev,
        patient: appointment.patient.as_ref(),
        body: json!({ "appointment": appointment }),
        events: vec![event],
    };
    change.record(permit, transition).await?;
    if !appointment.state.is_active() {
        // Whoever ended it, what it owes is looked at.
        let (clinic, visit) = (&appointment.clinic, &appointment.id);
        let at = match permit.act() {
            // As long as staff may take it back, no money moves.
            Act::DecideNoShow => appointment.visit.start + COME_LATE_H.hours(),
            _ => change.now(),
        };
        payment_events::look_at(change.tx(), clinic, visit, at).await?;
    }
    Ok(())
}

/// What others hear: the state that was reached, but for a move, which keeps it.
fn topic(permit: &Permit, appointment: &Appointment) -> &'static str {
    use crate::domain::appointment::State;
    match appointment.state {
        State::Booked if permit.act() == Act::RescheduleAppointment => "appointment.rescheduled",
        State::Held { .. } if permit.act() == Act::OfferFromWaitlist => "appointment.offered",
        State::Requested { .. } => "appointment.requested",
        State::Held { .. } => "appointment.held",
        State::Booked => "appointment.booked",
        State::CheckedIn => "appointment.checked_in",
        State::InProgress => "appointment.started",
        State::Completed => "appointment.completed",
        State::NoShow => "appointment.no_show",
        State::Cancelled => "appointment.cancelled",
        State::Expired => "appointment.expired",
        State::EnteredInError => "appointment.entered_in_error",
    }
}
