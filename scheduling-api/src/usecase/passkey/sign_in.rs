//! Signs in by a passkey: nobody types anything, and one step is two factors.

use super::{handle, passkeys, register::Asked};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        account::AccountState,
        actor::Caller,
        one_time::Purpose,
        session::{Factor, Factors},
    },
    gate::Origin,
    store::{Scope, accounts, change::Change, one_times::Whom, second_factors},
    usecase::{
        Failure,
        account::{
            begin_session::{SignedIn, begin},
            one_time,
        },
    },
};

/// Asks the browser for any passkey of ours.
pub(crate) async fn start_passkey_sign_in(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
) -> Result<Asked, Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::StartPasskeySignIn, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    let begun = passkeys(api)?.begin_sign_in().map_err(|_| Failure::NotFound)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let ceremony =
        one_time::issue(api, change.tx(), Purpose::PasskeySignIn, Whom::default(), &begun.state)
            .await?;
    change.saw(&permit, "session", None, None);
    change.commit(None, &()).await?;
    Ok(Asked { options: begun.options, ceremony })
}

/// Signs in.
///
/// # Errors
/// [`Failure::Credentials`] for a passkey that is none of ours, or does not verify.
pub(crate) async fn finish_passkey_sign_in(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    ceremony: &str,
    answer: &str,
) -> Result<SignedIn, Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::FinishPasskeySignIn, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    let verifier = passkeys(api)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let begun =
        one_time::redeem::<String>(api, change.tx(), Purpose::PasskeySignIn, ceremony).await?;
    let Some(user) = verify(api, &mut change, &verifier, answer, &begun.detail).await? else {
        change.refused(&permit, "session", None);
        change.commit(None, &()).await?;
        return Err(Failure::Credentials);
    };
    let signed_in =
        begin(api, &mut change, &permit, &user, Factors::of(Factor::Passkey), origin).await?;
    change.commit(None, &()).await?;
    Ok(signed_in)
}

async fn verify(
    api: &Api,
    change: &mut Change<'_>,
    verifier: &crate::crypto::passkeys::Passkeys,
    answer: &str,
    state: &str,
) -> Result<Option<crate::domain::id::UserId>, Failure> {
    let Ok((claimed, credential_id)) = verifier.claimed(answer) else { return Ok(None) };
    let passkey = second_factors::passkey_of_credential(change.tx(), &credential_id).await?;
    let Some(passkey) = passkey.filter(|passkey| handle(&passkey.user) == claimed) else {
        return Ok(None);
    };
    let Ok(verified) = verifier.finish_sign_in(answer, state, &passkey.credential) else {
        return Ok(None);
    };
    let account = accounts::find(change.tx(), &api.keys, &passkey.user).await?;
    if !account.is_some_and(|account| account.state == AccountState::Active) {
        return Ok(None);
    }
    second_factors::use_passkey(change.tx(), &passkey.id, &verified.record, api.clock.now())
        .await?;
    Ok(Some(passkey.user))
}
