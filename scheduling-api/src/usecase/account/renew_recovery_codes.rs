//! Gives new recovery codes in place of the old ones.

use super::own::{Own, own};
use crate::{
    api::Api,
    crypto::secret_token::{SecretToken, TokenHash},
    domain::{access::Act, account::Account, actor::Caller, id::UserId},
    ports::mail::{Letter, Mail},
    store::{
        Scope, StoreError, accounts,
        change::{Change, Transition},
        outbox::Event,
        second_factors,
    },
    usecase::{
        Failure,
        account::{Sender, send},
    },
};

/// As many as fit on a card.
const CODES: usize = 10;

/// Gives new recovery codes.
pub(crate) async fn renew_recovery_codes(
    api: &Api,
    caller: &Caller,
) -> Result<Vec<SecretToken>, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::RenewRecoveryCodes)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    if !second_factors::has_totp(change.tx(), &me.user).await? {
        return Err(Failure::NotFound);
    }
    let codes = fresh_codes(api, &mut change, &me.user).await?;
    changed(api, &mut change, &me, "account.recovery_codes_renewed").await?;
    change.commit(None, &()).await?;
    Ok(codes)
}

/// Keeps new codes; they are shown once.
pub(super) async fn fresh_codes(
    api: &Api,
    change: &mut Change<'_>,
    user: &UserId,
) -> Result<Vec<SecretToken>, StoreError> {
    let codes: Vec<SecretToken> =
        (0..CODES).map(|_| SecretToken::mint_recovery_code(&api.random)).collect();
    let hashes: Vec<TokenHash> = codes.iter().map(SecretToken::hash).collect();
    second_factors::replace_recovery_codes(change.tx(), user, &hashes).await?;
    Ok(codes)
}

/// Writes down that a way of signing in changed, and tells the owner: it may not have been them.
pub(crate) async fn changed(
    api: &Api,
    change: &mut Change<'_>,
    me: &Own,
    topic: &'static str,
) -> Result<(), Failure> {
    let account =
        accounts::find(change.tx(), &api.keys, &me.user).await?.ok_or(Failure::NotFound)?;
    let account = Account { rev: account.rev.next(), ..account };
    accounts::update(change.tx(), &api.keys, &api.random, &account).await?;
    let transition = Transition {
        kind: "account",
        id: me.user.as_str(),
        rev: account.rev,
        patient: None,
        body: serde_json::json!({ "changed": topic }),
        events: vec![Event::now(topic)],
    };
    change.record(&me.permit, transition).await?;
    let mail = Mail::to(&account, Letter::SignInChanged, None);
    Ok(send(&Sender { api, permit: &me.permit }, change, &mail).await?)
}
