//! Failures as RFC 9457 problems: the one place that chooses a status and a problem's type.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        access::Refusal, appointment::TransitionError, consultation::VisitError,
        document::DocumentError,
    },
    store::StoreError,
    usecase::Failure,
};

/// Seconds after which a client may try again when the database was away.
const RETRY_AFTER_S: u32 = 2;

/// Why a request was not carried out (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What kind of problem: stable, made for programs.
    #[schema(example = "urn:bedside:problem:not-found")]
    r#type: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The field of the request that is wrong, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Seconds after which another try makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u32>,
}

/// The kinds: name, title, status.
type Kind = (&'static str, &'static str, StatusCode);

const BAD_REQUEST: Kind = ("bad-request", "The request cannot be read", StatusCode::BAD_REQUEST);
const INVALID: Kind = ("invalid", "A field cannot be so", StatusCode::UNPROCESSABLE_ENTITY);
const TOO_LARGE: Kind = ("too-large", "The request is too large", StatusCode::PAYLOAD_TOO_LARGE);
const NOT_SUPPORTED: Kind = ("not-supported", "Not done by this face", StatusCode::BAD_REQUEST);
const NOT_ACCEPTABLE: Kind = ("not-acceptable", "Not in this form", StatusCode::NOT_ACCEPTABLE);
const NOT_JSON: Kind = ("not-json", "The body is not JSON", StatusCode::UNSUPPORTED_MEDIA_TYPE);
const NOT_SIGNED_IN: Kind = ("not-signed-in", "Signing in is needed", StatusCode::UNAUTHORIZED);
const CREDENTIALS: Kind = ("credentials", "These credentials do not fit", StatusCode::UNAUTHORIZED);
const LINK: Kind = ("link", "This link or challenge no longer works", StatusCode::GONE);
const EXISTS: Kind = ("exists", "It is there already", StatusCode::CONFLICT);
const TOO_OFTEN: Kind = ("too-often", "Too many tries", StatusCode::TOO_MANY_REQUESTS);
const SECOND_FACTOR: Kind = ("second-factor", "A second factor is needed", StatusCode::FORBIDDEN);
const FOREIGN_PAGE: Kind = ("foreign-page", "Asked from another page", StatusCode::FORBIDDEN);
const UNNAMED_PAGE: Kind =
    ("origin", "The API key does not work from this page", StatusCode::FORBIDDEN);
const SCOPE: Kind = ("scope", "The token does not reach this far", StatusCode::FORBIDDEN);
const STEP_UP: Kind = ("step-up", "A fresh proof of identity is needed", StatusCode::FORBIDDEN);
const FORBIDDEN: Kind = ("forbidden", "Not allowed", StatusCode::FORBIDDEN);
const NOT_FOUND: Kind = ("not-found", "There is no such thing", StatusCode::NOT_FOUND);
const NO_METHOD: Kind = ("no-method", "Not done to this", StatusCode::METHOD_NOT_ALLOWED);
const STALE: Kind = ("stale", "Changed since it was read", StatusCode::PRECONDITION_FAILED);
const IF_MATCH: Kind = ("if-match-needed", "If-Match is needed", StatusCode::PRECONDITION_REQUIRED);
const KEY_NEEDED: Kind =
    ("idempotency-key-needed", "Idempotency-Key is needed", StatusCode::BAD_REQUEST);
const KEY_REUSED: Kind = (
    "idempotency-key-reused",
    "The key stands for another request",
    StatusCode::UNPROCESSABLE_ENTITY,
);
const IN_FLIGHT: Kind = ("in-flight", "The same is being done", StatusCode::CONFLICT);
const SLOT_TAKEN: Kind = ("slot-taken", "The time is taken", StatusCode::CONFLICT);
const SLOT_REFUSED: Kind =
    ("slot-refused", "The time cannot be booked", StatusCode::UNPROCESSABLE_ENTITY);
const NOT_POSSIBLE: Kind = ("not-possible", "Not possible in this state", StatusCode::CONFLICT);
const HOLD_EXPIRED: Kind = ("hold-expired", "The time is kept no longer", StatusCode::CONFLICT);
const PAYMENT_NEEDED: Kind =
    ("payment-needed", "Payment comes first", StatusCode::PAYMENT_REQUIRED);
const NEEDS_APPROVAL: Kind = ("needs-approval", "Approval is needed", StatusCode::CONFLICT);
const JOIN_LINK: Kind = ("link-not-valid", "This link does not work", StatusCode::UNAUTHORIZED);
const VISIT_ENDED: Kind = ("visit-ended", "The visit is over", StatusCode::CONFLICT);
const NOT_OPEN: Kind = ("visit-not-open", "The visit cannot be joined now", StatusCode::CONFLICT);
const FILE_TYPE: Kind =
    ("file-type", "This kind of file is not taken", StatusCode::UNSUPPORTED_MEDIA_TYPE);
const PART_LENGTH: Kind =
    ("part-length", "The part has another length", StatusCode::UNPROCESSABLE_ENTITY);
const RANGE: Kind = ("range", "There are no such bytes", StatusCode::RANGE_NOT_SATISFIABLE);
const UNAVAILABLE: Kind =
    ("unavailable", "Not possible right now", StatusCode::SERVICE_UNAVAILABLE);
const INTERNAL: Kind =
    ("internal", "Something broke on our side", StatusCode::INTERNAL_SERVER_ERROR);

impl Problem {
    fn new((name, title, status): Kind) -> Self {
        Self {
            r#type: format!("urn:bedside:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: None,
            field: None,
            retry_after_s: None,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "errors and texts alike are handed over")]
    fn with_detail(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    fn after(mut self, wait: Duration) -> Self {
        // A full second more than needed never costs a second refusal.
        self.retry_after_s =
            Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1));
        self
    }

    /// A change asked for by another site's page, with this one's cookie.
    pub(super) fn foreign_page() -> Self {
        Self::new(FOREIGN_PAGE)
    }

    /// A page asks with an API key that does not name it.
    pub(super) fn unnamed_page() -> Self {
        let why = "the key's origins do not include the origin of this page";
        Self::new(UNNAMED_PAGE).with_detail(why)
    }

    /// A request that cannot be read.
    pub(super) fn bad_request(detail: impl ToString) -> Self {
        Self::new(BAD_REQUEST).with_detail(detail)
    }

    /// Whether it says that the caller may not.
    pub(super) fn is_refusal(&self) -> bool {
        self.status == StatusCode::FORBIDDEN || self.status == StatusCode::UNAUTHORIZED
    }

    /// Whether it says that there is no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// A body that is too large.
    pub(super) fn too_large() -> Self {
        Self::new(TOO_LARGE)
    }

    /// A body of another kind.
    pub(super) fn not_json() -> Self {
        Self::new(NOT_JSON).with_detail("send application/json")
    }

    /// What the FHIR face does not do.
    pub(super) fn not_supported(detail: impl ToString) -> Self {
        Self::new(NOT_SUPPORTED).with_detail(detail)
    }

    /// An answer in a form that we do not write.
    pub(super) fn not_acceptable() -> Self {
        Self::new(NOT_ACCEPTABLE).with_detail("application/fhir+json is all there is")
    }

    /// A change without the revision that it is based on.
    pub(super) fn if_match_needed() -> Self {
        Self::new(IF_MATCH).with_detail("send If-Match with the ETag that was read")
    }

    /// A request that must be repeatable, without its key.
    pub(super) fn key_needed() -> Self {
        Self::new(KEY_NEEDED).with_detail("send Idempotency-Key with a random value of your own")
    }

    /// Credentials that nobody has, or that have ended.
    pub(super) fn not_signed_in() -> Self {
        Self::new(NOT_SIGNED_IN)
    }

    /// The database, or time, ran out.
    pub(super) fn unavailable() -> Self {
        Self { retry_after_s: Some(RETRY_AFTER_S), ..Self::new(UNAVAILABLE) }
    }

    /// A part of a document that ended early, or did not end.
    pub(super) fn part_length(detail: impl ToString) -> Self {
        Self::new(PART_LENGTH).with_detail(detail)
    }

    /// Bytes behind a document's end.
    pub(super) fn range() -> Self {
        Self::new(RANGE)
    }

    fn of_document(reason: DocumentError) -> Self {
        match reason {
            DocumentError::Type => Self::new(FILE_TYPE).with_detail(reason),
            DocumentError::Length { bytes: 0, .. } => Self::new(NOT_FOUND),
            DocumentError::Length { .. } => Self::new(PART_LENGTH).with_detail(reason),
            DocumentError::NotUploading
            | DocumentError::Missing(_)
            | DocumentError::NotReady
            | DocumentError::NotRecorded
            | DocumentError::TooMany(_) => Self::new(NOT_POSSIBLE).with_detail(reason),
        }
    }

    fn of_visit(reason: VisitError) -> Self {
        match reason {
            VisitError::Ended => Self::new(VISIT_ENDED),
            VisitError::TooEarly(_) | VisitError::TooLate => {
                Self::new(NOT_OPEN).with_detail(reason)
            }
            VisitError::Nobody => Self::new(NOT_FOUND),
            VisitError::Practitioner => Self::new(FORBIDDEN).with_detail(reason),
            VisitError::Extension => Self::new(INVALID).with_detail(reason).at("/minutes"),
            VisitError::Notice => Self::new(INVALID).with_detail(reason).at("/text"),
            VisitError::Appointment(_) | VisitError::Participant(_) | VisitError::Full => {
                Self::new(NOT_POSSIBLE).with_detail(reason)
            }
        }
    }

    fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Stale => Self::new(STALE),
            StoreError::SlotTaken => Self::new(SLOT_TAKEN),
            StoreError::Duplicate(_) => Self::new(IN_FLIGHT),
            StoreError::Unavailable(_) | StoreError::TimedOut | StoreError::Collided => {
                tracing::warn!(reason = error.chain(), "the database did not answer");
                Self::unavailable()
            }
            StoreError::KeysClosed => Self::unavailable()
                .with_detail("the service that guards the data keys is not there"),
            StoreError::Corrupt { .. } | StoreError::Schema(_) | StoreError::Other(_) => {
                tracing::error!(reason = error.chain(), "the database refused");
                Self::new(INTERNAL)
            }
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(Refusal::NotSignedIn) => Self::not_signed_in(),
            Failure::Refused(Refusal::SecondFactor) => Self::new(SECOND_FACTOR),
            Failure::Refused(Refusal::Scope) => Self::new(SCOPE),
            Failure::Refused(Refusal::StepUp) => Self::new(STEP_UP),
            Failure::Refused(Refusal::Forbidden) => Self::new(FORBIDDEN),
            Failure::Refused(Refusal::OtherClinic) | Failure::NotFound => Self::new(NOT_FOUND),
            Failure::Invalid { field, reason } => {
                Self { field: Some(field.to_owned()), ..Self::new(INVALID) }.with_detail(reason)
            }
            Failure::KeyReused => Self::new(KEY_REUSED),
            Failure::Slot(reason) => Self::new(SLOT_REFUSED).with_detail(reason),
            Failure::Transition(TransitionError::Expired) => Self::new(HOLD_EXPIRED),
            Failure::Transition(reason) => Self::new(NOT_POSSIBLE).with_detail(reason),
            Failure::Visit(reason) => Self::of_visit(reason),
            Failure::JoinLink => Self::new(JOIN_LINK),
            Failure::Media(_) => Self::unavailable().with_detail("the media server is not there"),
            Failure::Record(reason) => Self::new(NOT_POSSIBLE).with_detail(reason),
            Failure::Document(reason) => Self::of_document(reason),
            Failure::Thread(reason) => Self::new(NOT_POSSIBLE).with_detail(reason),
            Failure::Review(reason) => Self::new(NOT_POSSIBLE).with_detail(reason),
            Failure::Files(reason) => Self::unavailable().with_detail(reason),
            Failure::Entry(reason) => Self::new(NOT_POSSIBLE).with_detail(reason),
            Failure::Several => Self::new(STALE).with_detail(failure),
            Failure::Stands(_) => Self::new(NOT_POSSIBLE).with_detail(failure),
            Failure::PaymentNeeded => Self::new(PAYMENT_NEEDED).with_detail(failure),
            Failure::NeedsApproval => Self::new(NEEDS_APPROVAL).with_detail(failure),
            Failure::Credentials => Self::new(CREDENTIALS),
            Failure::Link => Self::new(LINK),
            Failure::Exists(_) => Self::new(EXISTS).with_detail(failure),
            Failure::TooOften { retry_after } => Self::new(TOO_OFTEN).after(retry_after),
            Failure::Busy { retry_after } => Self::new(UNAVAILABLE).after(retry_after),
            Failure::Store(error) => Self::of_store(&error),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after_s.map(HeaderValue::from);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// For a path that does not exist.
pub(super) async fn no_such_route() -> Problem {
    Problem::new(NOT_FOUND)
}

/// For a method that a path does not have.
pub(super) async fn no_such_method() -> Problem {
    Problem::new(NO_METHOD)
}
