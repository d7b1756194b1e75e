//! Takes WhatsApp's signed words about messages. They may come twice, in any order, and before we know what the message
//! is called there; what arrived stays so.

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::DeliveryId,
    },
    store::{
        Scope,
        deliveries::{self, Verdict},
    },
    usecase::Failure,
};

/// Words of one call that are taken: a call has a handful.
const WORDS_MAX: usize = 100;

/// Answers the other side's first question with its own word.
///
/// # Errors
/// [`Failure::NotFound`] for whoever does not know the token that was agreed on.
pub(crate) fn verify_whatsapp(
    api: &Api,
    caller: &Caller,
    (mode, token, challenge): (&str, &str, &str),
) -> Result<String, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::VerifyWhatsapp, &Resource::platform(), now)?;
    let whatsapp = api.outbound.whatsapp.as_ref().ok_or(Failure::NotFound)?;
    if !whatsapp.is_theirs(mode, token) {
        return Err(Failure::NotFound);
    }
    Ok(challenge.to_owned())
}

/// Takes a call.
///
/// # Errors
/// [`Failure::NotFound`] without a signature that fits: whoever guesses learns nothing.
pub(crate) async fn receive_whatsapp_status(
    api: &Api,
    caller: &Caller,
    body: &[u8],
    signature: &str,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ReceiveWhatsappStatus, &Resource::platform(), now)?;
    let whatsapp = api.outbound.whatsapp.as_ref().ok_or(Failure::NotFound)?;
    let told = whatsapp.statuses(body, signature).ok_or(Failure::NotFound)?;
    let mut tx = api.store.write(Scope::Platform).await?;
    for status in told.into_iter().take(WORDS_MAX) {
        let Some(state) = status.state else { continue };
        let id = status.delivery.as_deref().and_then(|id| id.parse::<DeliveryId>().ok());
        let Some(id) = id else { continue };
        let verdict = Verdict {
            state,
            provider_id: Some(status.wamid.clone()),
            reason: status.code.map(|code| format!("code {code}")),
        };
        deliveries::confirm(&mut tx, &id, &status.wamid, &verdict, now).await?;
    }
    Ok(tx.commit().await?)
}
