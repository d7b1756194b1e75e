//! The transitions of an appointment that need nothing but itself: approve, decline, cancel, check in, start, finish, no
//! show, entered in error. Each is a row here; what it may and does is decided in `domain/appointment`.

use jiff::Timestamp;

use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::{Caller, Role},
        appointment::{Appointment, Party, TransitionError},
        id::AppointmentId,
        once::Once,
        rev::Rev,
    },
    store::{Scope, change::Change, idempotency::Earlier},
    usecase::{Failure, load},
};

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Staff approve a request.
    Approve,
    /// Staff do not.
    Decline,
    /// Somebody calls it off.
    Cancel,
    /// The patient has come.
    CheckIn,
    /// The visit begins.
    Start,
    /// The visit ends.
    Finish,
    /// The patient has not come.
    NoShow,
    /// It should never have been.
    EnterInError,
}

impl Step {
    fn act(self) -> Act {
        match self {
            Self::Approve => Act::ApproveAppointment,
            Self::Decline => Act::DeclineAppointment,
            Self::Cancel => Act::CancelAppointment,
            Self::CheckIn => Act::CheckInAppointment,
            Self::Start => Act::StartAppointment,
            Self::Finish => Act::FinishAppointment,
            Self::NoShow => Act::MarkNoShow,
            Self::EnterInError => Act::EnterAppointmentInError,
        }
    }

    fn take(
        self,
        appointment: &mut Appointment,
        by: Party,
        now: Timestamp,
    ) -> Result<(), TransitionError> {
        match self {
            Self::Approve => appointment.approve(now),
            Self::Decline => appointment.decline(),
            Self::Cancel => appointment.cancel(by, now),
            Self::CheckIn => appointment.check_in(now),
            Self::Start => appointment.start(),
            Self::Finish => appointment.finish(),
            Self::NoShow => appointment.no_show(now),
            Self::EnterInError => appointment.enter_in_error(),
        }
    }
}

/// Takes an appointment a step further.
pub(crate) async fn advance_appointment(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    (id, seen): (&AppointmentId, Option<Rev>),
    step: Step,
) -> Result<Appointment, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(appointment) => return Ok(appointment),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let (mut appointment, permit) =
        load::appointment(&mut change, caller, step.act(), id, seen, now).await?;
    let by = if permit.role() == Role::Patient { Party::Patient } else { Party::Clinic };
    step.take(&mut appointment, by, now)?;
    load::save(&mut change, &permit, &appointment).await?;
    change.commit(once, &appointment).await?;
    Ok(appointment)
}
