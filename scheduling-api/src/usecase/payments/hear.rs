//! Takes a provider's word: proved by its own way, kept once, answered. Nothing else happens here; what it means is found
//! out by the worker, from the provider's object.

use aws_lc_rs::{constant_time, digest};

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        payment::Method,
    },
    ports::payments::{About, Deaf, Heard, Word},
    store::{Scope, payment_events, payment_events::PaymentEvent},
    usecase::{Failure, payments::hook_secret},
};

/// Where M-Pesa's word arrived: of which payment or refund, and the secret of that address.
pub(crate) struct Address<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
}

/// What was posted: the headers by which providers prove themselves, and the body, untouched.
pub(crate) struct Post<'a> {
    pub(crate) proofs: Vec<(String, String)>,
    pub(crate) body: &'a [u8],
}

/// Takes a word.
///
/// # Errors
/// [`Failure::NotFound`] for whatever is not the provider's: whoever guesses learns nothing.
pub(crate) async fn receive_payment_event(
    api: &Api,
    caller: &Caller,
    method: Method,
    post: &Post<'_>,
    address: Option<Address<'_>>,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let word = &Word { proofs: &post.proofs, body: post.body, now };
    let act = match method {
        Method::Card => Act::ReceiveStripeEvent,
        Method::Paypal => Act::ReceivePaypalEvent,
        _ => Act::ReceiveMpesaEvent,
    };
    let _ = access::decide(&caller.actor, act, &Resource::platform(), word.now)?;
    let gateway = api.gateways.of(method).ok_or(Failure::NotFound)?;
    let known = match &address {
        None => Ok(()),
        Some(address) => {
            let secret = hook_secret(api, address.id);
            constant_time::verify_slices_are_equal(secret.as_bytes(), address.secret.as_bytes())
                .map_err(|_| Deaf::Address)
        }
    };
    let heard = match known {
        Ok(()) => gateway.hear(word).await,
        Err(deaf) => Err(deaf),
    };
    let heard = match heard {
        Ok(heard) => heard,
        Err(deaf) => {
            api.gateways.refused.count(method, deaf);
            tracing::warn!(%method, reason = %deaf, "a payment provider's word was not believed");
            return Err(match deaf {
                Deaf::Busy => Failure::Busy { retry_after: std::time::Duration::from_secs(10) },
                _ => Failure::NotFound,
            });
        }
    };
    let event = event(method, heard, address.as_ref());
    let digest = digest::digest(&digest::SHA256, word.body);
    let mut tx = api.store.write(Scope::Platform).await?;
    payment_events::keep(&mut tx, &event, digest.as_ref(), word.now).await?;
    Ok(tx.commit().await?)
}

fn event(method: Method, heard: Heard, address: Option<&Address<'_>>) -> PaymentEvent {
    let at = address.map(|address| address.id);
    let (provider_id, named) = match heard.about {
        About::Provider(id) => (Some(id), None),
        About::Payment(id) => (None, Some(id)),
        About::Refund(_) | About::Nothing => (None, None),
    };
    PaymentEvent {
        method,
        // The same words at two addresses are two events: none can be kept from being heard by the other.
        event: at.map_or(heard.event.clone(), |at| format!("{at}.{}", heard.event)),
        kind: heard.kind,
        payment: named.or_else(|| at.and_then(|at| at.parse().ok())),
        refund: at.and_then(|at| at.parse().ok()),
        provider_id,
        claim: heard.claim.and_then(|claim| serde_json::to_string(&claim).ok()),
        attempts: 0,
    }
}
