//! Signs in by a link from a mail; a second factor is asked for all the same.

use super::begin_session::{SignIn, after_first_factor};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        account::AccountState,
        actor::Caller,
        one_time::Purpose,
        session::Factor,
    },
    gate::Origin,
    store::{Scope, accounts, change::Change},
    usecase::{Failure, account::one_time},
};

/// Signs in by a link from a mail.
pub(crate) async fn redeem_magic_link(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    secret: &str,
) -> Result<SignIn, Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::RedeemMagicLink, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let redeemed = one_time::redeem::<()>(api, change.tx(), Purpose::MagicLink, secret).await?;
    let user = redeemed.user.ok_or(Failure::Link)?;
    let account = accounts::find(change.tx(), &api.keys, &user).await?;
    let account =
        account.filter(|account| account.state == AccountState::Active).ok_or(Failure::Link)?;
    let signed_in =
        after_first_factor(api, &mut change, &permit, &account.id, Factor::MagicLink, origin)
            .await?;
    change.commit(None, &()).await?;
    Ok(signed_in)
}
