//! Proves anew who it is, for acts that ask for a fresh proof: by password, code or recovery code.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    own::own,
    second_factor::{Proof, prove},
};
use crate::{
    api::Api,
    crypto::{password_hash::Comparison, secret_token::SecretToken},
    domain::{access::Act, actor::Caller, id::UserId, password::Password, session::Factor},
    gate::{Origin, Try},
    store::{Scope, accounts, change::Change, second_factors, sessions},
    usecase::Failure,
};

/// What is shown.
pub(crate) enum Fresh {
    /// The password; enough only where there is no second factor.
    Password(String),
    /// A second factor.
    Second(Proof),
}

/// Proves anew who it is; the session's new token (ASVS 7.2.4: a new one with each authentication).
///
/// # Errors
/// [`Failure::Credentials`] for a wrong proof.
pub(crate) async fn step_up(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    fresh: Fresh,
) -> Result<SecretToken, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::StepUp)?;
    let right_password = match &fresh {
        Fresh::Password(password) => compare(api, origin, &me.user, password.clone()).await?,
        Fresh::Second(_) => false,
    };
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let factor = match &fresh {
        Fresh::Password(_) => {
            let has_second = second_factors::has_totp(change.tx(), &me.user).await?;
            (right_password && !has_second).then_some(Factor::Password)
        }
        Fresh::Second(proof) => {
            api.gate.charge(&own_try(origin, &me.user), now)?;
            prove(api, change.tx(), &me.user, proof).await?
        }
    };
    let Some(factor) = factor else {
        change.refused(&me.permit, "session", Some(me.session.as_str()));
        change.commit(None, &()).await?;
        return Err(Failure::Credentials);
    };
    let mut session = sessions::find(change.tx(), &me.session).await?.ok_or(Failure::NotFound)?;
    session.factors.add(factor);
    (session.life.authenticated, session.life.last_seen) = (now, now);
    let token = SecretToken::mint("bs", &api.random);
    sessions::update(change.tx(), &token.hash(), &session).await?;
    change.saw(&me.permit, "session", Some(me.session.as_str()), None);
    change.commit(None, &()).await?;
    api.gate.forgive(&own_try(origin, &me.user), now);
    Ok(token)
}

/// Somebody signed in guesses at their own account: no stranger's budget is theirs to spend.
fn own_try(origin: &Origin, user: &UserId) -> Try {
    Try {
        network: origin.network.clone(),
        account: user.to_string(),
        device: Some(format!("session of {user}")),
    }
}

async fn compare(
    api: &Api,
    origin: &Origin,
    user: &UserId,
    password: String,
) -> Result<bool, Failure> {
    let password =
        Password::offered(password).map_err(|error| Failure::invalid("/password", error))?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let account = accounts::find(&mut tx, &api.keys, user).await?.ok_or(Failure::NotFound)?;
    let stored = accounts::password(&mut tx, user).await?;
    drop(tx);
    let attempt = own_try(origin, user);
    api.gate.charge(&attempt, api.clock.now())?;
    let mut requester = attempt.requester();
    requester.account = BASE64_STANDARD.encode(accounts::email_index(&api.keys, &account.email));
    let compared = api.gate.hashes().compare(&requester, password, stored).await?;
    Ok(compared != Comparison::Different)
}
