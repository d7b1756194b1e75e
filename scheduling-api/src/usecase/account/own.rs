//! Acts of somebody on their own account: who it is, and from which session.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Refusal, Resource},
        actor::Caller,
        id::{SessionId, UserId},
    },
    usecase::Failure,
};

/// Somebody at their own account.
pub(crate) struct Own {
    pub(crate) permit: Permit,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
}

/// Decides an act of somebody on their own account. Programs have none.
pub(crate) fn own(api: &Api, caller: &Caller, act: Act) -> Result<Own, Failure> {
    let permit = access::decide(&caller.actor, act, &Resource::platform(), api.clock.now())?;
    match (&caller.actor.user, &caller.actor.session) {
        (Some(user), Some(session)) => {
            Ok(Own { permit, user: user.clone(), session: session.clone() })
        }
        _ => Err(Refusal::Forbidden.into()),
    }
}
