//! Why a client is refused, in OAuth's own words (RFC 6749 §4.1.2.1, §5.2).

use crate::{domain::access::Refusal, store::StoreError, usecase::Failure};

/// Why a client is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OauthFailure {
    /// The request lacks something or repeats something.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The client is unknown, switched off, or did not prove who it is.
    #[error("the client did not prove who it is")]
    InvalidClient,
    /// The code or refresh token is worth nothing.
    #[error("{0}")]
    InvalidGrant(&'static str),
    /// The client may not do this.
    #[error("this client may not do this")]
    UnauthorizedClient,
    /// A grant that is not offered.
    #[error("this grant is not offered")]
    UnsupportedGrantType,
    /// A response that is not offered.
    #[error("only `code` is offered")]
    UnsupportedResponseType,
    /// A scope that is unknown or more than the client may have.
    #[error("a scope is unknown, or more than this client may have")]
    InvalidScope,
    /// The person said no.
    #[error("the person did not agree")]
    AccessDenied,
    /// Nobody is signed in, and the client asked not to be shown a page.
    #[error("nobody is signed in")]
    LoginRequired,
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Failure),
}

impl OauthFailure {
    /// OAuth's word.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::Other(_) => "server_error",
        }
    }
}

impl From<StoreError> for OauthFailure {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<Refusal> for OauthFailure {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal.into())
    }
}
