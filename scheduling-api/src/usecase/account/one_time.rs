//! Making and redeeming secrets that are good for one use.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        id::UserId,
        one_time::{OneTime, Purpose},
    },
    store::{
        StoreError, Tx,
        one_times::{self, Whom},
    },
    usecase::Failure,
};

/// What a secret was worth.
pub(crate) struct Redeemed<T> {
    pub(crate) user: Option<UserId>,
    pub(crate) detail: T,
}

/// Makes one; the secret goes to whom it is for and nowhere else.
pub(crate) async fn issue<T: Serialize>(
    api: &Api,
    tx: &mut Tx,
    purpose: Purpose,
    whom: Whom<'_>,
    detail: &T,
) -> Result<SecretToken, StoreError> {
    let secret = SecretToken::mint("bo", &api.random);
    let one = OneTime::new(purpose, api.clock.now());
    let detail = serde_json::to_string(detail)
        .map_err(|error| StoreError::Schema(format!("a detail cannot be kept: {error}")))?;
    one_times::insert(tx, &secret.hash(), &one, whom, &detail).await?;
    Ok(secret)
}

/// Uses one up.
///
/// # Errors
/// [`Failure::Link`] when it is worth nothing, whatever the reason.
pub(crate) async fn redeem<T: DeserializeOwned>(
    api: &Api,
    tx: &mut Tx,
    purpose: Purpose,
    secret: &str,
) -> Result<Redeemed<T>, Failure> {
    let (mut one, hash, redeemed) = attempt(api, tx, purpose, secret).await?;
    one.consume(api.clock.now());
    one_times::update(tx, &hash, &one).await?;
    Ok(redeemed)
}

/// Counts a try at one that asks for more than its secret, and leaves it open.
pub(crate) async fn attempt<T: DeserializeOwned>(
    api: &Api,
    tx: &mut Tx,
    purpose: Purpose,
    secret: &str,
) -> Result<(OneTime, crate::crypto::secret_token::TokenHash, Redeemed<T>), Failure> {
    let hash = SecretToken::presented(secret).ok_or(Failure::Link)?.hash();
    let kept = one_times::find(tx, &hash, purpose).await?.ok_or(Failure::Link)?;
    let mut one = kept.one;
    one.attempt(api.clock.now()).map_err(|_| Failure::Link)?;
    let detail =
        serde_json::from_str(&kept.detail).map_err(|_| StoreError::Corrupt { column: "detail" })?;
    Ok((one, hash, Redeemed { user: kept.user, detail }))
}
