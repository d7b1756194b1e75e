//! How a client proves who it is at the token, introspection and revocation endpoints: by its secret, or, for an app
//! that can keep none, by its name alone (PKCE and rotation stand in for it).

use aws_lc_rs::constant_time;

use super::OauthFailure;
use crate::{
    crypto::secret_token::SecretToken,
    domain::{
        id::OauthClientId,
        oauth::client::{Client, ClientKind},
    },
    store::{Tx, oauth},
};

/// What a client shows.
#[derive(Clone)]
pub(crate) struct ClientProof {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
}

/// The client, if it is who it says.
pub(crate) async fn prove(tx: &mut Tx, proof: &ClientProof) -> Result<Client, OauthFailure> {
    let id: OauthClientId = proof.id.parse().map_err(|_| OauthFailure::InvalidClient)?;
    let kept = oauth::find_client(tx, &id).await?.ok_or(OauthFailure::InvalidClient)?;
    let right = match (kept.client.kind, &kept.secret_hash, &proof.secret) {
        (ClientKind::Public, None, None) => true,
        (ClientKind::Confidential, Some(hash), Some(secret)) => SecretToken::presented(secret)
            .is_some_and(|secret| {
                constant_time::verify_slices_are_equal(
                    secret.hash().as_str().as_bytes(),
                    hash.as_bytes(),
                )
                .is_ok()
            }),
        _ => false,
    };
    if right && !kept.client.disabled { Ok(kept.client) } else { Err(OauthFailure::InvalidClient) }
}
