//! Offers an authenticator app a secret. It counts only when a code of it was shown.

use super::own::own;
use crate::{
    api::Api,
    crypto::totp::TotpSecret,
    domain::{access::Act, actor::Caller},
    store::{Scope, StoreError, accounts, change::Change, second_factors},
    usecase::Failure,
};

/// What an app is told.
pub(crate) struct Offer {
    pub(crate) secret: String,
    pub(crate) uri: String,
}

/// Offers a secret.
pub(crate) async fn enrol_totp(api: &Api, caller: &Caller) -> Result<Offer, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::EnrolTotp)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let account =
        accounts::find(change.tx(), &api.keys, &me.user).await?.ok_or(Failure::NotFound)?;
    let key = accounts::key(change.tx(), &api.keys, &me.user).await?;
    let secret = TotpSecret::mint(&api.random);
    let enrolled =
        second_factors::enrol_totp(change.tx(), &key, &api.random, &me.user, &secret).await;
    match enrolled {
        Err(StoreError::Stale) => return Err(Failure::Exists("an authenticator app")),
        other => other?,
    }
    change.saw(&me.permit, "account", Some(me.user.as_str()), None);
    change.commit(None, &()).await?;
    let uri = secret.uri(&api.links.product, account.email.expose());
    Ok(Offer { secret: secret.to_base32(), uri })
}
