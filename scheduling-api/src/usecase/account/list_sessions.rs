//! Lists where somebody is signed in.

use super::own::own;
use crate::{
    api::Api,
    domain::{access::Act, actor::Caller, id::SessionId, session::SessionState},
    store::{
        Scope,
        sessions::{self, Session},
    },
    usecase::Failure,
};

/// Lists the sessions that may still be used, and which one asks.
pub(crate) async fn list_sessions(
    api: &Api,
    caller: &Caller,
) -> Result<(Vec<Session>, SessionId), Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::ListSessions)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let all = sessions::of_user(&mut tx, &api.keys, &me.user).await?;
    let live = all.into_iter().filter(|session| session.life.state(now) == SessionState::Live);
    Ok((live.collect(), me.session))
}
