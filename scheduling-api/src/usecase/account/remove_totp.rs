//! Takes an authenticator app and its recovery codes away.

use super::{own::own, renew_recovery_codes::changed};
use crate::{
    api::Api,
    domain::{access::Act, actor::Caller},
    store::{Scope, StoreError, change::Change, second_factors},
    usecase::Failure,
};

/// Takes an authenticator app away.
pub(crate) async fn remove_totp(api: &Api, caller: &Caller) -> Result<(), Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::RemoveTotp)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    match second_factors::remove_totp(change.tx(), &me.user).await {
        Err(StoreError::Stale) => return Err(Failure::NotFound),
        other => other?,
    }
    second_factors::replace_recovery_codes(change.tx(), &me.user, &[]).await?;
    changed(api, &mut change, &me, "account.second_factor_removed").await?;
    Ok(change.commit(None, &()).await?)
}
