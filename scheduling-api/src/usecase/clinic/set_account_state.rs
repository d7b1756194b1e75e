//! Switches an account off, and on again. Off means at once: sessions, grants, running calls.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        account::{Account, AccountState},
        actor::Caller,
        id::UserId,
        page::{Page, PageRequest},
    },
    store::{
        Scope, accounts,
        change::{Change, Transition},
        oauth,
        outbox::Event,
        sessions,
    },
    usecase::Failure,
};

/// Lists all accounts. Names are read, so it is audited.
pub(crate) async fn list_accounts(
    api: &Api,
    caller: &Caller,
    page: &PageRequest,
) -> Result<Page<Account>, Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::ListAccounts, &Resource::platform(), now)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let accounts = accounts::list(change.tx(), &api.keys, page).await?;
    change.saw(&permit, "account", None, None);
    change.commit(None, &()).await?;
    Ok(accounts)
}

/// Switches an account off.
pub(crate) async fn disable_account(
    api: &Api,
    caller: &Caller,
    id: &UserId,
) -> Result<(), Failure> {
    set(api, caller, id, Act::DisableAccount, AccountState::Disabled, "account.disabled").await
}

/// Switches an account on.
pub(crate) async fn enable_account(api: &Api, caller: &Caller, id: &UserId) -> Result<(), Failure> {
    set(api, caller, id, Act::EnableAccount, AccountState::Active, "account.enabled").await
}

async fn set(
    api: &Api,
    caller: &Caller,
    id: &UserId,
    act: Act,
    state: AccountState,
    topic: &'static str,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, act, &Resource::platform(), now)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let account = accounts::find(change.tx(), &api.keys, id).await?.ok_or(Failure::NotFound)?;
    let account = Account { rev: account.rev.next(), state, ..account };
    accounts::update(change.tx(), &api.keys, &api.random, &account).await?;
    if state != AccountState::Active {
        sessions::revoke_all(change.tx(), id, None, now).await?;
        oauth::revoke_grants_of(change.tx(), id, now).await?;
    }
    let transition = Transition {
        kind: "account",
        id: id.as_str(),
        rev: account.rev,
        patient: None,
        body: serde_json::json!({ "state": state.as_str() }),
        events: vec![Event {
            topic,
            payload: serde_json::json!({ "user_id": id }),
            not_before: None,
        }],
    };
    change.record(&permit, transition).await?;
    Ok(change.commit(None, &()).await?)
}
