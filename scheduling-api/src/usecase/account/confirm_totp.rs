//! Makes an authenticator app count: a code of it was shown. Gives recovery codes for the day it is lost.

use super::{
    own::own,
    renew_recovery_codes::{changed, fresh_codes},
};
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{access::Act, actor::Caller, session::Factor},
    store::{Scope, accounts, change::Change, second_factors, sessions},
    usecase::Failure,
};

/// What is told once, when an app begins to count.
pub(crate) struct Confirmed {
    /// To be written down.
    pub(crate) codes: Vec<SecretToken>,
    /// The session's new token.
    pub(crate) token: SecretToken,
}

/// Makes an app count.
pub(crate) async fn confirm_totp(
    api: &Api,
    caller: &Caller,
    code: &str,
) -> Result<Confirmed, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::ConfirmTotp)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let key = accounts::key(change.tx(), &api.keys, &me.user).await?;
    let totp = second_factors::totp(change.tx(), &key, &me.user).await?.ok_or(Failure::NotFound)?;
    if totp.confirmed {
        return Err(Failure::Exists("an authenticator app"));
    }
    let step = totp.secret.verify(code.trim(), totp.last_step, now);
    let step = step.ok_or_else(|| {
        Failure::invalid("/code", "the code is not the one that the app shows now")
    })?;
    second_factors::use_totp(change.tx(), &me.user, step, now).await?;
    let codes = fresh_codes(api, &mut change, &me.user).await?;
    // The session has proved a second factor now, and gets another token for it.
    let mut session = sessions::find(change.tx(), &me.session).await?.ok_or(Failure::NotFound)?;
    session.factors.add(Factor::Totp);
    session.life.last_seen = now;
    let token = SecretToken::mint("bs", &api.random);
    sessions::update(change.tx(), &token.hash(), &session).await?;
    changed(api, &mut change, &me, "account.second_factor_added").await?;
    change.commit(None, &()).await?;
    Ok(Confirmed { codes, token })
}
