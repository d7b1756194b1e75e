//! Passkeys: made, listed, taken away, and used to sign in. One is possession and knowledge in one step, and no page but
//! ours can use it.

pub(crate) mod manage;
pub(crate) mod register;
pub(crate) mod sign_in;

use uuid::Uuid;

use crate::{api::Api, crypto::passkeys::Passkeys, domain::id::UserId, usecase::Failure};

/// The verifier for our pages' origin.
fn passkeys(api: &Api) -> Result<Passkeys, Failure> {
    Passkeys::at(&api.links.web, &api.links.product).ok_or(Failure::NotFound)
}

/// A user's handle in an authenticator: the id without its prefix.
fn handle(user: &UserId) -> Uuid {
    let digits = user.as_str().rsplit('_').next().unwrap_or_default();
    Uuid::parse_str(digits).unwrap_or_default()
}
