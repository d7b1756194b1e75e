//! Chooses another password: with the right to do so, every other session and waiting link ends, and the owner is told.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::own::own;
use crate::{
    api::Api,
    crypto::password_hash::PasswordHash,
    domain::{
        access::{Act, Permit},
        account::Account,
        actor::Caller,
        id::{SessionId, UserId},
        one_time::Purpose,
        password::Password,
    },
    gate::{Origin, hash_queue::Requester},
    ports::mail::{Letter, Mail},
    store::{
        Scope, accounts,
        change::{Change, Transition},
        one_times,
        outbox::Event,
        sessions,
    },
    usecase::{
        Failure,
        account::{Sender, send},
    },
};

/// Chooses another password.
pub(crate) async fn change_password(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    password: String,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::ChangePassword)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let account = accounts::find(&mut tx, &api.keys, &me.user).await?.ok_or(Failure::NotFound)?;
    drop(tx);
    let hash = choose(api, &origin.network, &account, password).await?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let replacement = Replacement { user: &me.user, hash: &hash, keep: Some(&me.session) };
    replace(api, &mut change, &me.permit, replacement).await?;
    Ok(change.commit(None, &()).await?)
}

/// Checks and hashes a new password of an account.
pub(super) async fn choose(
    api: &Api,
    network: &str,
    account: &Account,
    password: String,
) -> Result<PasswordHash, Failure> {
    let own_words: Vec<&str> =
        account.name.expose().split_whitespace().chain([account.email.local_part()]).collect();
    let password = Password::chosen(password, &own_words)
        .map_err(|error| Failure::invalid("/password", error))?;
    let requester = Requester {
        address: network.to_owned(),
        account: BASE64_STANDARD.encode(accounts::email_index(&api.keys, &account.email)),
        known_device: true,
    };
    Ok(api.gate.hashes().hash(&requester, password).await?)
}

/// A password to be put in place of another.
pub(super) struct Replacement<'a> {
    pub(super) user: &'a UserId,
    pub(super) hash: &'a PasswordHash,
    /// The session that goes on.
    pub(super) keep: Option<&'a SessionId>,
}

/// Puts a password in place, and ends what the old one opened.
pub(super) async fn replace(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    replacement: Replacement<'_>,
) -> Result<(), Failure> {
    let Replacement { user, hash, keep } = replacement;
    let account = accounts::find(change.tx(), &api.keys, user).await?.ok_or(Failure::NotFound)?;
    let account = Account { rev: account.rev.next(), ..account };
    accounts::update(change.tx(), &api.keys, &api.random, &account).await?;
    accounts::set_password(change.tx(), user, hash).await?;
    sessions::revoke_all(change.tx(), user, keep, api.clock.now()).await?;
    for purpose in [Purpose::MagicLink, Purpose::PasswordReset, Purpose::SecondFactor] {
        one_times::forget(change.tx(), user, purpose).await?;
    }
    let transition = Transition {
        kind: "account",
        id: user.as_str(),
        rev: account.rev,
        patient: None,
        body: serde_json::json!({ "changed": "password" }),
        events: vec![Event::now("account.password_changed")],
    };
    change.record(permit, transition).await?;
    let mail = Mail::to(&account, Letter::PasswordChanged, None);
    Ok(send(&Sender { api, permit }, change, &mail).await?)
}
