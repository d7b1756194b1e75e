//! What a person is asked: which program, of which clinic, wants what.

use super::{OauthFailure, agreed::Wanted};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        oauth::scope::Scopes,
        one_time::Purpose,
    },
    store::{Scope, clinics, oauth},
    usecase::{Failure, account::one_time},
};

/// What a person is asked.
pub(crate) struct Question {
    pub(crate) client: String,
    pub(crate) clinic: String,
    pub(crate) scopes: Scopes,
}

/// Reads what a person is asked. Looking does not use it up.
pub(crate) async fn read_consent(
    api: &Api,
    caller: &Caller,
    request: &str,
) -> Result<Question, OauthFailure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ReadConsent, &Resource::platform(), now)?;
    let mut tx = api.store.read(Scope::Platform).await?;
    let (_, _, kept) = one_time::attempt::<Wanted>(api, &mut tx, Purpose::Consent, request).await?;
    let client =
        oauth::find_client(&mut tx, &kept.detail.client).await?.ok_or(Failure::Link)?.client;
    let clinic = clinics::find(&mut tx, &client.clinic).await?.ok_or(Failure::Link)?;
    let scopes = Scopes::parse(&kept.detail.scopes).ok_or(OauthFailure::InvalidScope)?;
    Ok(Question { client: client.name, clinic: clinic.name, scopes })
}
