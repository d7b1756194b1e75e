//! The first administrator of an installation: invited from the command line, once. There is no default account and no
//! default password (ASVS 6.3.2).

use super::invite_member::{Invitation, issue};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::{Actor, Caller, Role},
        email_address::EmailAddress,
        id::RequestId,
    },
    store::{Scope, change::Change, memberships},
    usecase::Failure,
};

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BootstrapError(String);

/// Invites the first administrator; the address of the page that finishes it. It is mailed too.
///
/// # Errors
/// When there is one already, or the address is none.
pub async fn invite_first_administrator(api: &Api, email: &str) -> Result<String, BootstrapError> {
    invite(api, email).await.map_err(|failure| BootstrapError(failure.to_string()))
}

async fn invite(api: &Api, email: &str) -> Result<String, Failure> {
    let now = api.clock.now();
    let actor = Actor { roles: vec![Role::System], ..Actor::default() };
    let caller = Caller { actor, request: RequestId::mint(&api.random, now) };
    let permit =
        access::decide(&caller.actor, Act::InviteFirstAdministrator, &Resource::platform(), now)?;
    let email = EmailAddress::parse(email).map_err(|error| Failure::invalid("/email", error))?;
    let mut change = Change::begin(&api.store, &api.random, &caller, Scope::Platform, now).await?;
    if memberships::has_platform_admin(change.tx()).await? {
        return Err(Failure::Exists("an administrator"));
    }
    let invitation = Invitation {
        clinic: None,
        role: Role::PlatformAdmin.name().to_owned(),
        email: email.expose().to_owned(),
        language: "en".to_owned(),
    };
    let secret = issue(api, &mut change, &permit, &invitation, &email).await?;
    change.commit(None, &()).await?;
    Ok(api.links.invitation(&secret))
}
