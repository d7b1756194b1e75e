//! Why a use case did not do what it was asked: every reason of the API, without its status.

use std::time::Duration;

use crate::{
    domain::{
        access::Refusal, appointment::TransitionError, availability::AvailabilityError,
        clinic::ClinicError, consultation::VisitError, document::DocumentError,
        profile::ProfileError, record::EntryError, review::ReviewError, service::ServiceError,
        signature::RecordError, slot::SlotRefusal, thread::ThreadError, throttle::Spent,
    },
    gate::hash_queue::HashRefusal,
    ports::{files::FileError, media::MediaError},
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
    /// A wrong password, code or address: which one is not told.
    #[error("these credentials do not fit")]
    Credentials,
    /// A link or challenge that is worth nothing: unknown, used, expired, tried too often.
    #[error("this link or challenge no longer works")]
    Link,
    /// It is there already.
    #[error("there is {0} already")]
    Exists(&'static str),
    /// The caller tries too often.
    #[error("too many tries")]
    TooOften {
        /// When another makes sense.
        retry_after: Duration,
    },
    /// Too many people try at once.
    #[error("too much to do")]
    Busy {
        /// When another try makes sense.
        retry_after: Duration,
    },
    /// It cannot be done to something that stands so.
    #[error("not possible: {0}")]
    Stands(&'static str),
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The time cannot be booked.
    #[error(transparent)]
    Slot(#[from] SlotRefusal),
    /// The appointment cannot go there from where it is.
    #[error(transparent)]
    Transition(#[from] TransitionError),
    /// Something is not possible in the visit.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// A join link that is worth nothing: which reason is not told.
    #[error("this link does not work")]
    JoinLink,
    /// The media server is not there, or refuses; nothing has changed.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The note or prescription cannot go there from where it is.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The document cannot go there from where it is, or not with this part.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Nothing is written in the thread.
    #[error(transparent)]
    Thread(#[from] ThreadError),
    /// The review cannot go there from where it is.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The store of files did not do it.
    #[error(transparent)]
    Files(#[from] FileError),
    /// The record's entry cannot be corrected so.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// What should be there once is there several times.
    #[error("several are there already")]
    Several,
    /// The visit is to be paid before it is booked.
    #[error("this visit is paid when it is booked: hold the time, pay, and it is booked")]
    PaymentNeeded,
    /// The visit type needs approval, so it cannot be held.
    #[error("this visit type needs approval: book it at once, which makes a request")]
    NeedsApproval,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure {
    /// A field of the request that cannot be.
    #[expect(clippy::needless_pass_by_value, reason = "errors and texts alike are handed over")]
    pub(crate) fn invalid(field: &'static str, reason: impl ToString) -> Self {
        Self::Invalid { field, reason: reason.to_string() }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::invalid(error.field, error)
    }
}

impl From<AvailabilityError> for Failure {
    fn from(error: AvailabilityError) -> Self {
        let field = match error {
            AvailabilityError::TimeZone => "/time_zone",
            AvailabilityError::Weekday | AvailabilityError::Windows => "/weekly",
            AvailabilityError::Override => "/overrides",
        };
        Self::invalid(field, error)
    }
}

impl From<Spent> for Failure {
    fn from(spent: Spent) -> Self {
        Self::TooOften { retry_after: spent.retry_after }
    }
}

impl From<HashRefusal> for Failure {
    fn from(refusal: HashRefusal) -> Self {
        match refusal {
            HashRefusal::Share { retry_after } => Self::TooOften { retry_after },
            HashRefusal::Full { retry_after } => Self::Busy { retry_after },
            HashRefusal::Unreadable(_) => StoreError::Corrupt { column: "password" }.into(),
        }
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::invalid(error.field, error.why)
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
