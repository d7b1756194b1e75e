//! Writes a message into a thread.

use super::{check_documents, find, record, settings_of, side};
use crate::{
    api::Api,
    domain::{
        access::{Act, Refusal},
        actor::Caller,
        id::{MessageId, ThreadId},
        once::Once,
        thread::{Message, MessageText},
    },
    store::{Scope, change::Change, idempotency::Earlier, threads},
    usecase::{Failure, load},
};

/// Writes.
///
/// # Errors
/// When the caller may not, the thread has ended, or the patient's time in it is over.
pub(crate) async fn create_message(
    api: &Api,
    caller: &Caller,
    once: &Once,
    id: &ThreadId,
    text: MessageText,
) -> Result<Message, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let by = caller.actor.user.clone().ok_or(Refusal::Forbidden)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let earlier = change.earlier::<u64>(Some(once)).await?;
    // Two who write at once write one after the other.
    threads::lock(change.tx(), id).await?;
    let act = Act::CreateMessage;
    let found = find(api, change.tx(), &caller.actor, act, clinic, id).await?;
    match earlier {
        Earlier::None => {}
        Earlier::Done(number) => {
            let sent = threads::find_message(change.tx(), &found.key, id, number).await?;
            return sent.ok_or(Failure::NotFound);
        }
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let text = text.checked()?;
    let mut thread = found.thread;
    let side = side(&found.permit);
    thread.may_write(side, now)?;
    check_documents(change.tx(), &thread.patient, &text).await?;
    let (settings, _) = settings_of(change.tx(), clinic).await?;
    thread.wrote(side, &settings, now);
    let message = Message {
        id: MessageId::mint(&api.random, now),
        number: thread.messages,
        side,
        by,
        text,
        sent_at: now,
    };
    threads::update(change.tx(), &thread).await?;
    threads::insert_message(change.tx(), &found.key, &api.random, &thread, &message).await?;
    record(&mut change, &found.permit, &thread, "message.sent", Some(&message)).await?;
    change.commit(Some(once), &message.number).await?;
    Ok(message)
}
