//! Makes a passkey: asks the browser, and keeps what it answers.

use super::{handle, passkeys};
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{access::Act, actor::Caller, id::PasskeyId, one_time::Purpose, profile},
    store::{
        Scope, StoreError, accounts,
        change::Change,
        one_times::Whom,
        second_factors::{self, Passkey},
    },
    usecase::{
        Failure,
        account::{changed, one_time, own},
    },
};

/// What the browser is asked, and the secret that its answer carries.
pub(crate) struct Asked {
    pub(crate) options: serde_json::Value,
    pub(crate) ceremony: SecretToken,
}

/// Asks the browser to make a passkey.
pub(crate) async fn start_passkey(api: &Api, caller: &Caller) -> Result<Asked, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::StartPasskey)?;
    let verifier = passkeys(api)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let account =
        accounts::find(change.tx(), &api.keys, &me.user).await?.ok_or(Failure::NotFound)?;
    let known = second_factors::credential_ids(change.tx(), &me.user).await?;
    let begun = verifier
        .begin_registration(handle(&me.user), account.email.expose(), &known)
        .map_err(|error| Failure::invalid("/", error))?;
    let whom = Whom { user: Some(&me.user), subject: None };
    let ceremony =
        one_time::issue(api, change.tx(), Purpose::PasskeyRegistration, whom, &begun.state).await?;
    change.saw(&me.permit, "account", Some(me.user.as_str()), None);
    change.commit(None, &()).await?;
    Ok(Asked { options: begun.options, ceremony })
}

/// Keeps the passkey that the browser made.
pub(crate) async fn finish_passkey(
    api: &Api,
    caller: &Caller,
    ceremony: &str,
    name: &str,
    answer: &str,
) -> Result<PasskeyId, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::FinishPasskey)?;
    let name = profile::filled("/name", name, 80)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let begun =
        one_time::redeem::<String>(api, change.tx(), Purpose::PasskeyRegistration, ceremony)
            .await?;
    if begun.user.as_ref() != Some(&me.user) {
        return Err(Failure::Link);
    }
    let verified = passkeys(api)?
        .finish_registration(answer, &begun.detail)
        .map_err(|error| Failure::invalid("/credential", error))?;
    let passkey = Passkey {
        id: PasskeyId::mint(&api.random, now),
        user: me.user.clone(),
        name,
        credential: verified.record,
        created: now,
        used: None,
    };
    let sealer = (api.keys.as_ref(), api.random.as_ref());
    let kept =
        second_factors::insert_passkey(change.tx(), sealer, &verified.credential_id, &passkey);
    match kept.await {
        Err(StoreError::Duplicate(_)) => return Err(Failure::Exists("this passkey")),
        other => other?,
    }
    changed(api, &mut change, &me, "account.passkey_added").await?;
    change.commit(None, &()).await?;
    Ok(passkey.id)
}
