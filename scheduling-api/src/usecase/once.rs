//! Requests that carry a key and keep no outcome in a transaction of their own: signing in, the visit, and whatever else
//! is asked for by POST. Around them, not within: the key is taken before, and the answer kept after.
//!
//! An answer may hold a token or a name, so it is sealed with a key that the client's own `Idempotency-Key` and the key
//! file make together; the database has only the digest of the former. Whoever does not have the client's key opens none.
//!
//! What this cannot do: a process that dies between the change and the keeping of its answer leaves the key taken for a
//! minute; then the same request is carried out anew. Bookings and payments keep theirs in their transaction, and are
//! carried out once whatever dies.

use jiff::ToSpan as _;

use crate::{
    api::Api,
    domain::once::Once,
    store::{
        Scope, StoreError,
        idempotency::{self, Taken},
    },
    usecase::Failure,
};

/// How long a key stays taken by a request that never answers: longer than any request may take.
const TAKEN_S: i64 = 60;

/// How long an answer is kept.
const KEPT_HOURS: i64 = 48;

/// What is known about a request.
pub(crate) enum Begun {
    /// It is new: carry it out, then [`keep`] or [`forget`].
    New,
    /// It was answered with this.
    Answered(String),
}

/// A request's key, and whose it is.
pub(crate) struct Asked {
    /// A digest of the credential that came with it.
    pub(crate) owner: String,
    pub(crate) once: Once,
}

/// Takes a key.
///
/// # Errors
/// [`Failure::KeyReused`] when it stands for another request; in flight when the same one is being carried out.
pub(crate) async fn begin(api: &Api, asked: &Asked) -> Result<Begun, Failure> {
    let now = api.clock.now();
    let stored = stored(api, asked);
    let mut tx = api.store.write(Scope::Platform).await?;
    let until = now + TAKEN_S.seconds();
    match idempotency::take(&mut tx, &asked.owner, &stored, (now, until)).await? {
        Taken::New => tx.commit().await?,
        Taken::InFlight => return Err(StoreError::Duplicate("idempotency_key".into()).into()),
        Taken::OtherRequest => return Err(Failure::KeyReused),
        Taken::Done(sealed) => {
            let key = api.keys.derived("idempotency", &secret(asked));
            let corrupt = || StoreError::Corrupt { column: "outcome" };
            let plain = key.open(&place(&stored), &sealed).map_err(|_| corrupt())?;
            return Ok(Begun::Answered(String::from_utf8(plain).map_err(|_| corrupt())?));
        }
    }
    Ok(Begun::New)
}

/// Keeps the answer.
pub(crate) async fn keep(api: &Api, asked: &Asked, answer: &str) -> Result<(), Failure> {
    let stored = stored(api, asked);
    let key = api.keys.derived("idempotency", &secret(asked));
    let sealed = key.seal(&api.random, &place(&stored), answer.as_bytes());
    let until = api.clock.now() + KEPT_HOURS.hours();
    let mut tx = api.store.write(Scope::Platform).await?;
    idempotency::answer(&mut tx, &asked.owner, &stored, &sealed, until).await?;
    Ok(tx.commit().await?)
}

/// Gives the key back: nothing was done, and another try may do it.
pub(crate) async fn forget(api: &Api, asked: &Asked) -> Result<(), Failure> {
    let stored = stored(api, asked);
    let mut tx = api.store.write(Scope::Platform).await?;
    idempotency::forget(&mut tx, &asked.owner, &stored).await?;
    Ok(tx.commit().await?)
}

/// The key as it is stored: its digest.
fn stored(api: &Api, asked: &Asked) -> Once {
    let digest = api.keys.digest("idempotency_key", &asked.once.key);
    let key = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Once { key, request_hash: asked.once.request_hash }
}

fn secret(asked: &Asked) -> String {
    let hash: String = asked.once.request_hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}/{hash}/{}", asked.owner, asked.once.key)
}

fn place(stored: &Once) -> String {
    format!("idempotency_key.outcome/{}", stored.key)
}
