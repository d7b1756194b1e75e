//! The second step of signing in, and the proof that other acts ask for: a code of an app, or a recovery code.

use super::begin_session::{SignedIn, begin};
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Resource},
        actor::Caller,
        id::UserId,
        one_time::Purpose,
        session::{Factor, Factors},
    },
    gate::Origin,
    store::{Scope, StoreError, Tx, accounts, change::Change, one_times, second_factors},
    usecase::{Failure, account::one_time},
};

/// A proof that somebody has something.
pub(crate) enum Proof {
    /// A code of an authenticator app.
    Totp(String),
    /// One of the codes that were written down.
    RecoveryCode(String),
}

/// Finishes signing in.
///
/// # Errors
/// [`Failure::Credentials`] for a wrong code; after five of them [`Failure::Link`].
pub(crate) async fn answer_second_factor(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    challenge: &str,
    proof: &Proof,
) -> Result<SignedIn, Failure> {
    let now = api.clock.now();
    let permit =
        access::decide(&caller.actor, Act::AnswerSecondFactor, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let (mut one, hash, redeemed) =
        one_time::attempt::<String>(api, change.tx(), Purpose::SecondFactor, challenge).await?;
    let user = redeemed.user.ok_or(StoreError::Corrupt { column: "user_id" })?;
    let factors =
        Factors::parse(&redeemed.detail).ok_or(StoreError::Corrupt { column: "detail" })?;
    let Some(factor) = prove(api, change.tx(), &user, proof).await? else {
        one_times::update(change.tx(), &hash, &one).await?;
        change.refused(&permit, "account", Some(user.as_str()));
        change.commit(None, &()).await?;
        return Err(Failure::Credentials);
    };
    one.consume(now);
    one_times::update(change.tx(), &hash, &one).await?;
    let mut factors = factors;
    factors.add(factor);
    let signed_in = begin(api, &mut change, &permit, &user, factors, origin).await?;
    change.commit(None, &()).await?;
    Ok(signed_in)
}

/// Checks a proof and uses it up; none when it is wrong.
pub(crate) async fn prove(
    api: &Api,
    tx: &mut Tx,
    user: &UserId,
    proof: &Proof,
) -> Result<Option<Factor>, StoreError> {
    let now = api.clock.now();
    match proof {
        Proof::Totp(code) => {
            let key = accounts::key(tx, &api.keys, user).await?;
            let totp = second_factors::totp(tx, &key, user).await?.filter(|totp| totp.confirmed);
            let step = totp.and_then(|totp| totp.secret.verify(code.trim(), totp.last_step, now));
            let Some(step) = step else { return Ok(None) };
            second_factors::use_totp(tx, user, step, now).await?;
            Ok(Some(Factor::Totp))
        }
        Proof::RecoveryCode(code) => {
            let Some(code) = SecretToken::typed_recovery_code(code) else { return Ok(None) };
            match second_factors::use_recovery_code(tx, user, &code.hash(), now).await {
                Ok(()) => Ok(Some(Factor::RecoveryCode)),
                Err(StoreError::Stale) => Ok(None),
                Err(error) => Err(error),
            }
        }
    }
}
