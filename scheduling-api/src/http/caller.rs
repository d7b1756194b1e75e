//! Reads who asks: `Authorization: Bearer`.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use crate::{
    api::Api,
    domain::{
        actor::{Actor, Caller},
        id::RequestId,
    },
    http::error::Problem,
};

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let now = api.clock.now();
        let request = match parts.extensions.get::<RequestId>() {
            Some(id) => id.clone(),
            None => RequestId::mint(&api.random, now),
        };
        let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
            return Ok(Self { actor: Actor::anyone(), request });
        };
        let header = header.to_str().map_err(|_| Problem::not_signed_in())?;
        let (scheme, token) = header.split_once(' ').ok_or_else(Problem::not_signed_in)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Problem::not_signed_in());
        }
        let actor = api.identify.identify(token.trim(), now).await?;
        Ok(Self { actor: actor.ok_or_else(Problem::not_signed_in)?, request })
    }
}
