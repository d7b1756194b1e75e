//! Replaces a forgotten password by a link from a mail. Signs nobody in, so that it is no way around a second factor
//! (ASVS 6.4.3), and ends every session.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        one_time::Purpose,
    },
    gate::Origin,
    store::{Scope, StoreError, accounts, change::Change},
    usecase::{
        Failure,
        account::{
            change_password::{Replacement, choose, replace},
            one_time,
        },
    },
};

/// Replaces a forgotten password.
pub(crate) async fn reset_password(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    secret: &str,
    password: String,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::ResetPassword, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    // Looked at before hashing, used up after: a password that is refused does not cost the link.
    let mut tx = api.store.read(Scope::Platform).await?;
    let (_, _, found) =
        one_time::attempt::<()>(api, &mut tx, Purpose::PasswordReset, secret).await?;
    let user = found.user.ok_or(Failure::Link)?;
    let account = accounts::find(&mut tx, &api.keys, &user).await?.ok_or(Failure::Link)?;
    drop(tx);
    let hash = choose(api, &origin.network, &account, password).await?;

    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let redeemed = one_time::redeem::<()>(api, change.tx(), Purpose::PasswordReset, secret).await?;
    if redeemed.user.as_ref() != Some(&user) {
        return Err(StoreError::Stale.into());
    }
    let replacement = Replacement { user: &user, hash: &hash, keep: None };
    replace(api, &mut change, &permit, replacement).await?;
    Ok(change.commit(None, &()).await?)
}
