//! Reads a form of OAuth: each field at most once (RFC 6749 §3.2), and the client's proof, from the header or the form.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};

use super::problem::OauthProblem;
use crate::usecase::oauth::{OauthFailure, client_proof::ClientProof};

/// A form with the client that sent it.
pub(super) struct Form {
    fields: BTreeMap<String, String>,
    pub(super) client: ClientProof,
}

impl Form {
    /// A field; empty is absent (RFC 6749 §3.1).
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name).filter(|value| !value.is_empty())
    }

    /// A field that must be there.
    pub(super) fn need(
        &mut self,
        name: &str,
        missing: &'static str,
    ) -> Result<String, OauthProblem> {
        self.take(name).ok_or_else(|| OauthFailure::InvalidRequest(missing).into())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = OauthProblem;

    async fn from_request(request: Request, state: &S) -> Result<Self, OauthProblem> {
        let headers = request.headers().clone();
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM)) {
            return Err(
                OauthFailure::InvalidRequest("send application/x-www-form-urlencoded").into()
            );
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|_| OauthFailure::InvalidRequest("the form cannot be read"))?;
        let mut fields = fields(&bytes)?;
        let client = client(&headers, &mut fields)?;
        Ok(Self { fields, client })
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form or a query; a repeated one is refused.
pub(super) fn fields(bytes: &[u8]) -> Result<BTreeMap<String, String>, OauthFailure> {
    let mut fields = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(bytes) {
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(OauthFailure::InvalidRequest("a parameter is repeated"));
        }
    }
    Ok(fields)
}

/// One way to prove who one is, not two (RFC 6749 §2.3).
fn client(
    headers: &HeaderMap,
    fields: &mut BTreeMap<String, String>,
) -> Result<ClientProof, OauthFailure> {
    let (id, secret) = (fields.remove("client_id"), fields.remove("client_secret"));
    let assertion = fields.remove("client_assertion");
    if let Some(assertion) = assertion {
        let kind = fields.remove("client_assertion_type");
        if kind.as_deref() != Some(ASSERTION_TYPE) {
            return Err(OauthFailure::InvalidRequest("client_assertion_type must be jwt-bearer"));
        }
        if secret.is_some() || headers.contains_key(header::AUTHORIZATION) {
            return Err(OauthFailure::InvalidRequest("the client is named twice"));
        }
        // The assertion names its client, so that the field may be left out (RFC 7523 §3).
        let id = id.or_else(|| subject(&assertion)).ok_or(OauthFailure::InvalidClient)?;
        return Ok(ClientProof { id, secret: None, assertion: Some(assertion) });
    }
    let Some(header) = headers.get(header::AUTHORIZATION) else {
        let id = id.ok_or(OauthFailure::InvalidClient)?;
        let secret = secret.filter(|secret| !secret.is_empty());
        return Ok(ClientProof { id, secret, assertion: None });
    };
    let proof = header.to_str().ok().and_then(basic).ok_or(OauthFailure::InvalidClient)?;
    if secret.is_some() || id.is_some_and(|id| id != proof.id) {
        return Err(OauthFailure::InvalidRequest("the client is named twice"));
    }
    Ok(proof)
}

/// Whom an assertion says that it is of; nothing is believed before its signature is looked at.
fn subject(assertion: &str) -> Option<String> {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims.get("sub")?.as_str().map(str::to_owned)
}

/// The only kind of assertion that is taken (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Name and secret are form-encoded before they are put into the header (RFC 6749 §2.3.1).
fn basic(header: &str) -> Option<ClientProof> {
    let (scheme, text) = header.split_once(' ')?;
    let text = String::from_utf8(BASE64_STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |text: &str| {
        let pair = format!("x={text}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    scheme.eq_ignore_ascii_case("basic").then_some(ClientProof {
        id: plain(id)?,
        secret: Some(plain(secret)?),
        assertion: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_field_is_refused() {
        assert!(fields(b"a=1&b=2").is_ok());
        assert!(fields(b"a=1&a=1").is_err());
    }

    #[test]
    fn the_client_proves_itself_in_one_place() {
        let header = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::AUTHORIZATION,
                format!("Basic {}", BASE64_STANDARD.encode(text)).parse().unwrap(),
            );
            headers
        };
        let form = |text: &str| fields(text.as_bytes()).unwrap();
        let proof = client(&header("id:a%3Ab"), &mut form("client_id=id")).unwrap();
        assert_eq!((proof.id.as_str(), proof.secret.as_deref()), ("id", Some("a:b")));
        let proof = client(&HeaderMap::new(), &mut form("client_id=id&client_secret=s")).unwrap();
        assert_eq!((proof.id.as_str(), proof.secret.as_deref()), ("id", Some("s")));
        assert!(client(&header("id:s"), &mut form("client_id=id&client_secret=s")).is_err());
        assert!(client(&header("id:s"), &mut form("client_id=other")).is_err());
        assert!(client(&HeaderMap::new(), &mut form("")).is_err());
    }
}
