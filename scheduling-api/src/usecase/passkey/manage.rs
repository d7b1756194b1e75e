//! Lists somebody's passkeys, and takes one away.

pub(crate) use crate::store::second_factors::Passkey;
use crate::{
    api::Api,
    domain::{access::Act, actor::Caller, id::PasskeyId},
    store::{Scope, StoreError, change::Change, second_factors},
    usecase::{
        Failure,
        account::{changed, own},
    },
};

/// Lists the own passkeys.
pub(crate) async fn list_passkeys(api: &Api, caller: &Caller) -> Result<Vec<Passkey>, Failure> {
    let me = own(api, caller, Act::ListPasskeys)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    Ok(second_factors::named_passkeys(&mut tx, &api.keys, &me.user).await?)
}

/// Takes one away.
pub(crate) async fn remove_passkey(
    api: &Api,
    caller: &Caller,
    id: &PasskeyId,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::RemovePasskey)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    match second_factors::remove_passkey(change.tx(), &me.user, id).await {
        Err(StoreError::Stale) => return Err(Failure::NotFound),
        other => other?,
    }
    changed(api, &mut change, &me, "account.passkey_removed").await?;
    Ok(change.commit(None, &()).await?)
}
