//! Takes a provider's signed word about a text message. It may come twice, in any order, and before we know what the
//! provider calls the message; what arrived stays so.

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

/// Takes a provider's word.
///
/// # Errors
/// [`Failure::NotFound`] without a signature that fits: whoever guesses learns nothing.
pub(crate) async fn receive_sms_status(
    api: &Api,
    caller: &Caller,
    delivery: &str,
    fields: &[(String, String)],
    signature: &str,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::ReceiveSmsStatus, &Resource::platform(), now)?;
    let provider = api.outbound.sms_status.as_ref().ok_or(Failure::NotFound)?;
    let status = provider.status(delivery, fields, signature).ok_or(Failure::NotFound)?;
    let id: DeliveryId = delivery.parse().map_err(|_| Failure::NotFound)?;
    let Some(state) = status.state else { return Ok(()) };
    let verdict = Verdict {
        state,
        provider_id: Some(status.sid.clone()),
        reason: status.code.map(|code| format!("code {code}")),
    };
    let mut tx = api.store.write(Scope::Platform).await?;
    deliveries::confirm(&mut tx, &id, &status.sid, &verdict, now).await?;
    Ok(tx.commit().await?)
}
