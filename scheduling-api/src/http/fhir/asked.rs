//! A request on the face: who asks and with which scopes, and what is sent.

use std::collections::HashMap;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts as _, Path, Request},
    http::{HeaderMap, StatusCode, header},
};

use crate::{
    api::Api,
    domain::{
        access::Refusal,
        actor::Caller,
        oauth::clinical::{Interaction, Level},
        once::Once,
        rev::Rev,
    },
    http::{body::once, error::Problem, if_match::IfMatchMaybe},
    usecase::Failure,
};

/// A request on the face.
pub(super) struct Asked {
    pub(super) face: Face,
    pub(super) path: HashMap<String, String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) seen: Option<Rev>,
    pub(super) once: Option<Once>,
    pub(super) body: Bytes,
}

/// Who asks, and of what.
#[derive(Clone)]
pub(super) struct Face {
    pub(super) api: Api,
    pub(super) caller: Caller,
}

impl FromRequest<Api> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::from_request_parts(&mut parts, api).await?;
        let IfMatchMaybe(seen) = IfMatchMaybe::from_request_parts(&mut parts, api).await?;
        let path = Path::<HashMap<String, String>>::from_request_parts(&mut parts, api).await;
        let path = path.map(|Path(path)| path).unwrap_or_default();
        let mut query = fields(parts.uri.query().unwrap_or_default().as_bytes());
        let (headers, method, uri) =
            (parts.headers.clone(), parts.method.clone(), parts.uri.clone());
        let is_search = parts.uri.path().ends_with("/_search");
        let body = Bytes::from_request(Request::from_parts(parts, body), api).await;
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
            _ => Problem::bad_request("the body ended early"),
        })?;
        if is_search {
            query.extend(fields(&body));
        }
        acceptable(&headers, &mut query)?;
        let once = once(&method, &uri, &headers, &body)?;
        let face = Face { api: api.clone(), caller };
        Ok(Self { face, path, query, headers, seen, once, body })
    }
}

pub(super) fn fields(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

/// JSON is all that is spoken here; `_format` outdoes `Accept`.
fn acceptable(headers: &HeaderMap, query: &mut Vec<(String, String)>) -> Result<(), Problem> {
    let json = |wanted: &str| {
        wanted.contains("json") || wanted.contains("*/*") || wanted.contains("application/*")
    };
    let format = query.iter().position(|(name, _)| name == "_format").map(|at| query.remove(at).1);
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    match (format.as_deref(), accept) {
        (Some(format), _) if json(format) => Ok(()),
        (None, None) => Ok(()),
        (None, Some(accept)) if json(accept) => Ok(()),
        _ => Err(Problem::not_acceptable()),
    }
}

impl Face {
    /// The same, with no more than the scopes that name a resource; refused where a token has none for what is asked. What a
    /// scope of a level reaches is decided with everything else.
    pub(super) fn with(&self, resource: &str, interaction: Interaction) -> Result<Self, Problem> {
        let Some(scopes) = &self.caller.actor.scopes else { return Ok(self.clone()) };
        let levels = [Level::Patient, Level::User, Level::System];
        if !levels.into_iter().any(|level| scopes.allow(level, resource, interaction)) {
            return Err(Failure::from(Refusal::Scope).into());
        }
        let mut face = self.clone();
        face.caller.actor.scopes = Some(scopes.only(resource));
        Ok(face)
    }

    /// Where the face is.
    pub(super) fn base(&self) -> String {
        format!("{}/fhir/R4", self.api.links.issuer)
    }
}

impl Asked {
    pub(super) fn id(&self) -> &str {
        self.path.get("id").map_or("", String::as_str)
    }

    /// The body, as the wanted structure. What it does not know is refused, not forgotten.
    pub(super) fn resource<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).map_or("", str::trim);
        if !["application/fhir+json", "application/json"].contains(&kind) {
            return Err(Problem::not_json());
        }
        serde_json::from_slice(&self.body).map_err(Problem::bad_request)
    }

    pub(super) fn prefers(&self, what: &str) -> bool {
        let mut prefer =
            self.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        prefer.any(|value| value.split([',', ';']).any(|one| one.trim() == what))
    }
}
