//! Chooses the clinic that a session acts in, among those where the person is something.

use super::own::own;
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{Act, Refusal},
        actor::Caller,
        id::ClinicId,
    },
    store::{Scope, change::Change, memberships, sessions},
    usecase::Failure,
};

/// Chooses the clinic; the session's new token, since it opens something else now.
pub(crate) async fn choose_clinic(
    api: &Api,
    caller: &Caller,
    clinic: &ClinicId,
) -> Result<SecretToken, Failure> {
    let now = api.clock.now();
    let me = own(api, caller, Act::ChooseClinic)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let members = memberships::of_user(change.tx(), &me.user).await?;
    let proxies = memberships::proxies_of_user(change.tx(), &me.user).await?;
    let belongs = members.iter().any(|membership| membership.clinic.as_ref() == Some(clinic))
        || proxies.iter().any(|proxy| proxy.clinic == *clinic);
    if !belongs {
        return Err(Refusal::OtherClinic.into());
    }
    let mut session = sessions::find(change.tx(), &me.session).await?.ok_or(Failure::NotFound)?;
    session.clinic = Some(clinic.clone());
    session.life.last_seen = now;
    let token = SecretToken::mint("bs", &api.random);
    sessions::update(change.tx(), &token.hash(), &session).await?;
    change.saw(&me.permit, "session", Some(me.session.as_str()), None);
    change.commit(None, &()).await?;
    Ok(token)
}
