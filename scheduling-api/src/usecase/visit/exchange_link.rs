//! A link's secret becomes a session on the device that brings it. Only that device may do so again: a link that was
//! passed on, or found in a mailbox later, is worth nothing.

use jiff::{Timestamp, ToSpan as _};

use super::{Visit, load};
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Resource},
        actor::{Actor, Caller, Role},
    },
    gate::Origin,
    store::{Scope, StoreError, change::Change, consultations, join_links},
    usecase::Failure,
};

/// Longest that somebody stays signed in by a link, in hours.
const SESSION_HOURS: i64 = 12;

/// A session by a link.
pub(crate) struct Entered {
    pub(crate) token: SecretToken,
    pub(crate) expires: Timestamp,
    /// What the device is known by from now on, if it was not.
    pub(crate) device: Option<SecretToken>,
    pub(crate) visit: Visit,
}

/// Exchanges a secret. All that is wrong with one is answered alike.
pub(crate) async fn exchange_join_link(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    secret: &str,
) -> Result<Entered, Failure> {
    let now = api.clock.now();
    api.gate.charge_network(&origin.network, now)?;
    let secret = SecretToken::presented(secret).ok_or(Failure::JoinLink)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let link = join_links::find_by_secret(&mut tx, &secret.hash()).await?;
    drop(tx);
    let link = link.filter(|link| link.revoked.is_none() && now < link.expires);
    let link = link.ok_or(Failure::JoinLink)?;
    let fresh = origin.device.is_none().then(|| SecretToken::mint("bd", &api.random));
    let device = origin.device.clone().or_else(|| fresh.as_ref().map(SecretToken::hash));
    let device = device.ok_or(Failure::JoinLink)?;

    let scope = Scope::Clinic(&link.clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match join_links::exchange(change.tx(), &link.id, &device, now).await {
        Err(StoreError::Stale) => return Err(Failure::JoinLink),
        other => other?,
    }
    join_links::revoke_sessions(change.tx(), &link.id, now).await?;
    join_links::revoke_older(change.tx(), &link, now).await?;
    let found = consultations::find(change.tx(), &api.keys, &link.consultation).await?;
    let found = found.ok_or(Failure::JoinLink)?;
    let resource = Resource { patient: Some(found.patient.clone()), ..load::resource(&found) };
    let permit = access::decide(&caller.actor, Act::ExchangeJoinLink, &resource, now)?;
    let token = SecretToken::mint("bj", &api.random);
    let expires = link.expires.min(now + SESSION_HOURS.hours());
    join_links::insert_session(change.tx(), &token.hash(), &link, (now, expires)).await?;
    change.saw(&permit, "join_link", Some(link.id.as_str()), Some(&found.patient));
    let guest = Actor {
        clinic: Some(link.clinic.clone()),
        roles: vec![Role::Guest],
        participant: Some(link.participant.clone()),
        ..Actor::default()
    };
    let visit = load::view(change.tx(), api, &guest, Role::Guest, found, now).await?;
    change.commit(None, &()).await?;
    Ok(Entered { token, expires, device: fresh, visit })
}
