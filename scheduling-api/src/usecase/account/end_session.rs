//! Ends a session: this one, or another of the same person.

use super::own::own;
use crate::{
    api::Api,
    domain::{access::Act, actor::Caller, id::SessionId},
    store::{Scope, StoreError, change::Change, sessions},
    usecase::Failure,
};

/// Signs out.
pub(crate) async fn sign_out(api: &Api, caller: &Caller) -> Result<(), Failure> {
    end(api, caller, Act::SignOut, None).await
}

/// Ends another session of the same person.
pub(crate) async fn end_session(api: &Api, caller: &Caller, id: &SessionId) -> Result<(), Failure> {
    end(api, caller, Act::EndSession, Some(id)).await
}

async fn end(api: &Api, caller: &Caller, act: Act, id: Option<&SessionId>) -> Result<(), Failure> {
    let now = api.clock.now();
    let me = own(api, caller, act)?;
    let id = id.unwrap_or(&me.session);
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    match sessions::revoke(change.tx(), &me.user, id, now).await {
        Err(StoreError::Stale) => return Err(Failure::NotFound),
        other => other?,
    }
    change.saw(&me.permit, "session", Some(id.as_str()), None);
    Ok(change.commit(None, &()).await?)
}
