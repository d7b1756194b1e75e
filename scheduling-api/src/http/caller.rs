//! Reads who asks: `Authorization: Bearer`, or the session's cookie.
//!
//! A browser sends the cookie whoever's page asks. So a change with the cookie is taken only from our own pages: the
//! browser says so in `Origin`, which no page can forge. An API key works from the pages that its clinic named, for the
//! same reason; a program that is no browser says no origin, and is not asked for one.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
};

use crate::{
    api::Api,
    domain::{
        actor::{Actor, Caller},
        id::RequestId,
    },
    http::{cors, error::Problem, origin::cookie},
};

/// Somebody whose credentials are not looked at: an endpoint where clients prove themselves in another way.
pub(super) struct Stranger(pub(super) Caller);

impl FromRequestParts<Api> for Stranger {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        let request = request_id(parts, api);
        Ok(Self(Caller { actor: Actor::anyone(), request }))
    }
}

/// Somebody whose session may have ended: a page that anybody may open.
pub(super) struct Visitor(pub(super) Caller);

impl FromRequestParts<Api> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Self::Rejection> {
        match Caller::from_request_parts(parts, api).await {
            Ok(caller) => Ok(Self(caller)),
            Err(_) => {
                Stranger::from_request_parts(parts, api).await.map(|Stranger(caller)| Self(caller))
            }
        }
    }
}

fn request_id(parts: &Parts, api: &Api) -> RequestId {
    let known = parts.extensions.get::<RequestId>().cloned();
    known.unwrap_or_else(|| RequestId::mint(&api.random, api.clock.now()))
}

/// The cookie that holds a session's token. `__Host-`: only this host sets it, for all its paths, over TLS.
pub(super) const SESSION_COOKIE: &str = "__Host-bedside_session";

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let now = api.clock.now();
        let request = request_id(parts, api);
        let actor = match (
            parts.headers.get(header::AUTHORIZATION),
            cookie(&parts.headers, SESSION_COOKIE),
        ) {
            (Some(header), _) => {
                let actor = api.identify.identify(bearer(header)?, now).await?;
                let actor = actor.ok_or_else(Problem::not_signed_in)?;
                named_page(parts, api, &actor)?;
                actor
            }
            // A cookie stays in the browser when its session has ended: that is nobody, who may sign in.
            (None, Some(token)) => match api.identify.identify(token, now).await? {
                Some(actor) => {
                    own_page(parts, api)?;
                    actor
                }
                None => Actor::anyone(),
            },
            (None, None) => Actor::anyone(),
        };
        Ok(Self { actor, request })
    }
}

fn bearer(header: &HeaderValue) -> Result<&str, Problem> {
    let header = header.to_str().map_err(|_| Problem::not_signed_in())?;
    let (scheme, token) = header.split_once(' ').ok_or_else(Problem::not_signed_in)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim())
    } else {
        Err(Problem::not_signed_in())
    }
}

fn own_page(parts: &Parts, api: &Api) -> Result<(), Problem> {
    if parts.method.is_safe() {
        return Ok(());
    }
    let origin = parts.headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if origin.is_some_and(|origin| api.links.is_own(origin)) {
        Ok(())
    } else {
        Err(Problem::foreign_page())
    }
}

/// Whether the page that asks with an API key is one that the key names.
fn named_page(parts: &Parts, api: &Api, actor: &Actor) -> Result<(), Problem> {
    let Some(pages) = &actor.pages else { return Ok(()) };
    cors::key_is_known(&parts.extensions);
    let mut origins = parts.headers.get_all(header::ORIGIN).iter();
    let is_named = |origin: &HeaderValue| {
        let origin = origin.to_str().unwrap_or_default();
        api.links.is_own(origin) || pages.iter().any(|page| page.as_str() == origin)
    };
    if origins.all(is_named) { Ok(()) } else { Err(Problem::unnamed_page()) }
}
