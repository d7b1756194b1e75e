//! Signs in by password.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::begin_session::{SignIn, after_first_factor};
use crate::{
    api::Api,
    crypto::password_hash::{Comparison, PasswordHash},
    domain::{
        access::{self, Act, Resource},
        account::{Account, AccountState},
        actor::Caller,
        email_address::EmailAddress,
        password::Password,
        session::Factor,
    },
    gate::{Origin, Try},
    store::{Scope, StoreError, accounts, change::Change, sessions},
    usecase::Failure,
};

/// Signs in by password.
///
/// # Errors
/// [`Failure::Credentials`] for a wrong password, an unknown address and a disabled account alike, after the same work.
pub(crate) async fn sign_in(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    email: &str,
    password: String,
) -> Result<SignIn, Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::SignIn, &Resource::platform(), now)?;
    let email = EmailAddress::parse(email).map_err(|error| Failure::invalid("/email", error))?;
    let password =
        Password::offered(password).map_err(|error| Failure::invalid("/password", error))?;
    let (account, stored, attempt) = look_up(api, origin, &email).await?;
    api.gate.charge(&attempt, now)?;
    let compared =
        api.gate.hashes().compare(&attempt.requester(), password.clone(), stored.clone()).await?;
    let right = compared != Comparison::Different;
    let account = account.filter(|account| right && account.state == AccountState::Active);

    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let Some(account) = account else {
        change.refused(&permit, "account", None);
        change.commit(None, &()).await?;
        return Err(Failure::Credentials);
    };
    api.gate.forgive(&attempt, now);
    let signed_in =
        after_first_factor(api, &mut change, &permit, &account.id, Factor::Password, origin)
            .await?;
    change.commit(None, &()).await?;
    if let (Comparison::SameButDated, Some(old)) = (compared, stored) {
        renew_hash(api, &attempt, &account, &old, password).await;
    }
    Ok(signed_in)
}

async fn look_up(
    api: &Api,
    origin: &Origin,
    email: &EmailAddress,
) -> Result<(Option<Account>, Option<PasswordHash>, Try), StoreError> {
    let mut tx = api.store.read(Scope::Platform).await?;
    let account = accounts::find_by_email(&mut tx, &api.keys, email).await?;
    let mut attempt = Try {
        network: origin.network.clone(),
        account: BASE64_STANDARD.encode(accounts::email_index(&api.keys, email)),
        device: None,
    };
    let Some(account) = account else { return Ok((None, None, attempt)) };
    let stored = accounts::password(&mut tx, &account.id).await?;
    if let Some(device) = &origin.device
        && sessions::is_known_device(&mut tx, &account.id, device, api.clock.now()).await?
    {
        attempt.device = Some(device.as_str().to_owned());
    }
    Ok((Some(account), stored, attempt))
}

/// Hashes the password at today's cost. The person is signed in already: that it fails costs nothing but another try
/// at the next time.
async fn renew_hash(
    api: &Api,
    attempt: &Try,
    account: &Account,
    old: &PasswordHash,
    password: Password,
) {
    let Ok(new) = api.gate.hashes().hash(&attempt.requester(), password).await else { return };
    let renewed = async {
        let mut tx = api.store.write(Scope::Platform).await?;
        accounts::rehash(&mut tx, &account.id, old, &new).await?;
        tx.commit().await
    };
    if let Err(error) = renewed.await {
        tracing::warn!(reason = error.chain(), "a password was not hashed anew");
    }
}
