//! Reads threads and messages, and keeps how far each side has come: fetched is delivered, read is what a person says.

use serde_json::json;

use super::{Shown, find, shown, side};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Caller, Role},
        id::{PatientId, ThreadId},
        live::{Audience, LiveEvent},
        page::{Page, PageRequest},
        thread::{Message, Thread},
    },
    store::{
        Scope, StoreError,
        change::Change,
        threads::{self, Whose},
    },
    usecase::{Failure, load},
};

/// Reads a thread.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn read_thread(
    api: &Api,
    caller: &Caller,
    id: &ThreadId,
) -> Result<Shown, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = find(api, change.tx(), &caller.actor, Act::ReadThread, clinic, id).await?;
    change.saw(&found.permit, "thread", Some(id.as_str()), Some(&found.thread.patient));
    let shown = shown(api, change.tx(), found.thread).await?;
    change.commit(None, &()).await?;
    Ok(shown)
}

/// Lists threads, newest first: a patient's own, a practitioner's, or the clinic's as a whole.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn list_threads(
    api: &Api,
    caller: &Caller,
    of: Option<PatientId>,
    page: &PageRequest,
) -> Result<Page<Thread>, Failure> {
    let now = api.clock.now();
    let actor = &caller.actor;
    let clinic = load::clinic_of(actor)?;
    let of = of.or_else(|| actor.only_patient());
    let resource = Resource {
        clinic: Some(clinic.clone()),
        patient: of.clone(),
        practitioners: actor.practitioner.iter().cloned().collect(),
        ..Resource::default()
    };
    let permit = access::decide(actor, Act::ListThreads, &resource, now)?;
    let whose = match (permit.role(), &of, &actor.practitioner) {
        (Role::Patient, Some(patient), _) => Whose::Patient(patient),
        (Role::Practitioner, _, Some(practitioner)) => {
            Whose::Practitioner(practitioner, actor.user.as_ref())
        }
        _ => Whose::Clinic(clinic),
    };
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = threads::list(change.tx(), &api.keys, whose, of.as_ref(), page).await?;
    change.saw(&permit, "thread", None, of.as_ref());
    change.commit(None, &()).await?;
    Ok(found)
}

/// Reads a thread's messages, oldest first. What is handed out counts as delivered.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn list_messages(
    api: &Api,
    caller: &Caller,
    id: &ThreadId,
    page: &PageRequest,
) -> Result<Page<Message>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = find(api, change.tx(), &caller.actor, Act::ListMessages, clinic, id).await?;
    let messages = threads::messages(change.tx(), &found.key, id, page).await?;
    let mut thread = found.thread;
    let last = messages.items.last().map_or(0, |last| last.number);
    let further = thread.mark(side(&found.permit), last, 0);
    if further {
        threads::mark(change.tx(), &thread).await?;
    }
    change.saw(&found.permit, "thread", Some(id.as_str()), Some(&thread.patient));
    change.commit(None, &()).await?;
    if further {
        tell(api, &found.permit, &thread, "message.delivered");
    }
    Ok(messages)
}

/// Says that somebody has read so far.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn mark_read(
    api: &Api,
    caller: &Caller,
    id: &ThreadId,
    number: u64,
) -> Result<Thread, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = find(api, change.tx(), &caller.actor, Act::MarkRead, clinic, id).await?;
    let mut thread = found.thread;
    if number > thread.messages {
        return Err(StoreError::Stale.into());
    }
    let further = thread.mark(side(&found.permit), number, number);
    if further {
        threads::mark(change.tx(), &thread).await?;
    }
    change.saw(&found.permit, "thread", Some(id.as_str()), Some(&thread.patient));
    change.commit(None, &()).await?;
    if further {
        tell(api, &found.permit, &thread, "message.read");
    }
    Ok(thread)
}

/// Tells who watches at this moment; who comes later reads the marks.
fn tell(api: &Api, permit: &Permit, thread: &Thread, topic: &'static str) {
    let marks = match side(permit) {
        crate::domain::document::Side::Patient => thread.patient_marks,
        crate::domain::document::Side::Clinic => thread.clinic_marks,
    };
    api.live.tell_now(LiveEvent {
        seq: 0,
        topic: topic.to_owned(),
        aggregate: thread.id.to_string(),
        rev: thread.rev,
        audience: Audience {
            clinic: thread.clinic.clone(),
            patient: Some(thread.patient.clone()),
            practitioner: thread.practitioner.clone(),
            user: None,
        },
        data: json!({
            "thread": thread.id,
            "side": side(permit).name(),
            "delivered": marks.delivered,
            "read": marks.read,
        }),
        at: api.clock.now(),
    });
}
