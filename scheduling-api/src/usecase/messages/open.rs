//! Begins a thread with its first message.

use super::{Shown, check_documents, of, record, settings_of, shown, side};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Refusal},
        actor::Caller,
        appointment::Appointment,
        document::Side,
        id::{AppointmentId, MessageId, PatientId, PractitionerId, ThreadId},
        once::Once,
        profile::refuse,
        rev::Rev,
        thread::{
            Marks, Message, MessageText, THREADS_OPEN_MAX, Thread, ThreadError, days_after,
            open_until, subject,
        },
    },
    store::{Scope, Tx, appointments, change::Change, directory, idempotency::Earlier, threads},
    usecase::{Failure, load, records::key_of},
};

/// What a new thread is about.
pub(crate) struct Opening {
    /// With whom.
    pub(crate) patient: PatientId,
    /// With which practitioner; the clinic as a whole when none is named.
    pub(crate) practitioner: Option<PractitionerId>,
    /// About which visit. A patient must name one.
    pub(crate) appointment: Option<AppointmentId>,
    /// What about.
    pub(crate) subject: String,
    /// The first message.
    pub(crate) text: MessageText,
}

/// Begins.
///
/// # Errors
/// When the caller may not, or, for a patient, no visit was held that the thread could be about.
pub(crate) async fn create_thread(
    api: &Api,
    caller: &Caller,
    once: &Once,
    opening: Opening,
) -> Result<Shown, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let by = caller.actor.user.clone().ok_or(Refusal::Forbidden)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let tx = change.tx();
    if !directory::is_patient_of(tx, clinic, &opening.patient).await? {
        return Err(Failure::NotFound);
    }
    let resource = of(clinic, &opening.patient, opening.practitioner.clone());
    let permit = access::decide(&caller.actor, Act::CreateThread, &resource, now)?;
    let key = key_of(api, change.tx(), &opening.patient).await?;
    match change.earlier::<ThreadId>(Some(once)).await? {
        Earlier::None => {}
        Earlier::Done(id) => {
            let found = threads::find(change.tx(), &key, &id).await?.ok_or(Failure::NotFound)?;
            return shown(api, change.tx(), found).await;
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let tx = change.tx();
    let side = side(&permit);
    let visit = visit_of(tx, &opening).await?;
    let text = opening.text.checked()?;
    check_documents(tx, &opening.patient, &text).await?;
    let (settings, _) = settings_of(tx, clinic).await?;
    let open_until = match (side, &visit) {
        (Side::Patient, Some(visit)) => open_until(visit, &settings, now)?,
        (Side::Patient, None) => return Err(ThreadError::NotOpen.into()),
        (Side::Clinic, _) => days_after(now, settings.message_days),
    };
    if threads::count_open(tx, &opening.patient).await? >= THREADS_OPEN_MAX {
        return Err(ThreadError::TooMany(THREADS_OPEN_MAX.unsigned_abs()).into());
    }
    let mut thread = Thread {
        id: ThreadId::mint(&api.random, now),
        clinic: clinic.clone(),
        patient: opening.patient,
        practitioner: opening.practitioner,
        appointment: opening.appointment,
        rev: Rev::FIRST,
        subject: subject(&opening.subject)?,
        closed: false,
        assigned: None,
        open_until,
        messages: 1,
        patient_marks: Marks::default(),
        clinic_marks: Marks::default(),
        created_at: now,
        last_at: now,
    };
    thread.mark(side, 1, 1);
    let first =
        Message { id: MessageId::mint(&api.random, now), number: 1, side, by, text, sent_at: now };
    threads::insert(change.tx(), &key, &api.random, &thread).await?;
    threads::insert_message(change.tx(), &key, &api.random, &thread, &first).await?;
    record(&mut change, &permit, &thread, "thread.opened", Some(&first)).await?;
    let shown = shown(api, change.tx(), thread).await?;
    change.commit(Some(once), &shown.thread.id).await?;
    Ok(shown)
}

/// The visit that a thread is about, if one is named, and whether its practitioner is one whom the patient has come to.
async fn visit_of(tx: &mut Tx, opening: &Opening) -> Result<Option<Appointment>, Failure> {
    let visit = match &opening.appointment {
        Some(id) => appointments::find(tx, id).await?,
        None => None,
    };
    let visit = visit.filter(|visit| visit.patient.as_ref() == Some(&opening.patient));
    if opening.appointment.is_some() && visit.is_none() {
        refuse("/appointment", "no visit of this patient")?;
    }
    if let Some(practitioner) = &opening.practitioner {
        let gave_it = visit.as_ref().is_some_and(|visit| visit.practitioner == *practitioner);
        let treats = gave_it || appointments::treats(tx, practitioner, &opening.patient).await?;
        if !treats {
            refuse("/practitioner", "nobody whom this patient has come to")?;
        }
    }
    Ok(visit)
}
