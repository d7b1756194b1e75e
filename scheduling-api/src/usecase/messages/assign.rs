//! Says who of the clinic looks after a thread, and ends it.

use super::{Shown, find, record, shown};
use crate::{
    api::Api,
    domain::{
        access::Act,
        account::is_staff,
        actor::Caller,
        id::{ThreadId, UserId},
        profile::refuse,
        rev::Rev,
        thread::ThreadError,
    },
    store::{Scope, StoreError, change::Change, memberships, threads},
    usecase::{Failure, load},
};

/// Assigns, or takes the assignment back when nobody is named.
///
/// # Errors
/// `Stale` when the thread changed since it was read; when the caller may not, or it is nobody of the clinic.
pub(crate) async fn assign_thread(
    api: &Api,
    caller: &Caller,
    id: &ThreadId,
    seen: Rev,
    to: Option<UserId>,
) -> Result<Shown, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let found = find(api, change.tx(), &caller.actor, Act::AssignThread, clinic, id).await?;
    let mut thread = found.thread;
    if thread.rev != seen {
        return Err(StoreError::Stale.into());
    }
    if let Some(user) = &to {
        let all = memberships::of_user(change.tx(), user).await?;
        let works_here =
            all.iter().any(|one| one.clinic.as_ref() == Some(clinic) && is_staff(one.role));
        if !works_here {
            refuse("/user", "nobody who works in this clinic")?;
        }
    }
    thread.assigned = to;
    thread.rev = thread.rev.next();
    threads::update(change.tx(), &thread).await?;
    record(&mut change, &found.permit, &thread, "thread.assigned", None).await?;
    let shown = shown(api, change.tx(), thread).await?;
    change.commit(None, &()).await?;
    Ok(shown)
}

/// Ends a thread.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn close_thread(
    api: &Api,
    caller: &Caller,
    id: &ThreadId,
) -> Result<Shown, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    threads::lock(change.tx(), id).await?;
    let found = find(api, change.tx(), &caller.actor, Act::CloseThread, clinic, id).await?;
    let mut thread = found.thread;
    if thread.closed {
        return Err(ThreadError::Closed.into());
    }
    thread.closed = true;
    thread.rev = thread.rev.next();
    threads::update(change.tx(), &thread).await?;
    record(&mut change, &found.permit, &thread, "thread.closed", None).await?;
    let shown = shown(api, change.tx(), thread).await?;
    change.commit(None, &()).await?;
    Ok(shown)
}
