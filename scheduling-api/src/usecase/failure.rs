//! Why a use case did not do what it was asked: every reason of the API, without its status.

use crate::{
    domain::{access::Refusal, clinic::ClinicError},
    store::StoreError,
};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The access table does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such thing, or it is none of the caller's business.
    #[error("not found")]
    NotFound,
    /// Something in the request cannot be: the field, as a JSON pointer, and why.
    #[error("{field}: {reason}")]
    Invalid {
        /// Where in the request.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure {
    /// A field of the request that cannot be.
    pub(crate) fn invalid(field: &'static str, reason: impl ToString) -> Self {
        Self::Invalid { field, reason: reason.to_string() }
    }
}

impl From<ClinicError> for Failure {
    fn from(error: ClinicError) -> Self {
        let field = match error {
            ClinicError::Name => "/name",
            ClinicError::TimeZone => "/time_zone",
            ClinicError::Phone => "/phone",
        };
        Self::invalid(field, error)
    }
}
