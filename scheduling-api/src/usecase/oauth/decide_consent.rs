//! A person's answer: sends the client a code, or that they said no.

use super::{
    OauthFailure,
    agreed::{Agreed, Wanted, send_back},
};
use crate::{
    api::Api,
    domain::{
        access::{self, Act, Refusal, Resource},
        actor::Caller,
        id::PatientId,
        one_time::Purpose,
    },
    store::{Scope, change::Change, oauth, sessions},
    usecase::{Failure, account::one_time},
};

/// Where to send the person after their answer.
pub(crate) async fn decide_consent(
    api: &Api,
    caller: &Caller,
    request: &str,
    agreed: Option<Option<PatientId>>,
) -> Result<String, OauthFailure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::DecideConsent, &Resource::platform(), now)?;
    let session = caller.actor.session.as_ref().ok_or(Refusal::Forbidden)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let wanted =
        one_time::redeem::<Wanted>(api, change.tx(), Purpose::Consent, request).await?.detail;
    let client =
        oauth::find_client(change.tx(), &wanted.client).await?.ok_or(Failure::Link)?.client;
    let session = sessions::find(change.tx(), session).await?.ok_or(Failure::NotFound)?;
    let address = if let Some(patient) = agreed
        && !client.disabled
    {
        Agreed { client: &client, wanted: &wanted, session: &session, patient }
            .issue(api, &mut change, &permit)
            .await?
    } else {
        let error = [("error", OauthFailure::AccessDenied.code())];
        send_back(api, &wanted.redirect_uri, wanted.state.as_deref(), &error)
    };
    change.saw(&permit, "oauth_client", Some(client.id.as_str()), None);
    change.commit(None, &()).await?;
    Ok(address)
}
