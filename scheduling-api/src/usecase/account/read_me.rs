//! Who am I: the account, what it is where, and how well it is secured.

use super::own::own;
use crate::{
    api::Api,
    domain::{
        access::Act,
        account::{Account, Membership},
        actor::Caller,
        id::ClinicId,
    },
    store::{
        Scope, accounts,
        memberships::{self, Related},
        second_factors,
    },
    usecase::Failure,
};

/// What somebody is told about themselves.
pub(crate) struct Me {
    pub(crate) account: Account,
    pub(crate) clinic: Option<ClinicId>,
    pub(crate) memberships: Vec<Membership>,
    pub(crate) proxies: Vec<Related>,
    pub(crate) has_totp: bool,
    pub(crate) passkeys: usize,
}

/// Reads the own account.
pub(crate) async fn read_me(api: &Api, caller: &Caller) -> Result<Me, Failure> {
    let me = own(api, caller, Act::ReadMe)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let proxies = memberships::proxies_of_user(&mut tx, &me.user).await?;
    Ok(Me {
        account: accounts::find(&mut tx, &api.keys, &me.user).await?.ok_or(Failure::NotFound)?,
        clinic: caller.actor.clinic.clone(),
        memberships: memberships::of_user(&mut tx, &me.user).await?,
        proxies: memberships::related(&mut tx, &api.keys, proxies).await?,
        has_totp: second_factors::has_totp(&mut tx, &me.user).await?,
        passkeys: second_factors::passkeys(&mut tx, &me.user).await?.len(),
    })
}
