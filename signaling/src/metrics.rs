//! Counters of signalling: plain atomics, copied out as one snapshot. No global recorder.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;

use crate::event_router::EventRouter;
use crate::session::Violation;
use crate::twirp::error::Code;

/// Absolute counts since start, and gauges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Sockets open, joins under way included (gauge).
    pub sockets_open: u64,
    /// Joins that succeeded.
    pub joins: u64,
    /// Resumes that succeeded.
    pub resumes: u64,
    /// Resumes answered with "join anew".
    pub resumes_mismatched: u64,
    /// Refused with 400.
    pub refused_bad_request: u64,
    /// Refused with 401.
    pub refused_unauthorized: u64,
    /// Refused with 403.
    pub refused_forbidden: u64,
    /// Refused with 404.
    pub refused_not_found: u64,
    /// Refused with 503.
    pub refused_unavailable: u64,
    /// Bytes that wait to be written to sockets (gauge).
    pub bytes_waiting: u64,
    /// Signal frames received.
    pub frames_received: u64,
    /// Signal frames sent.
    pub frames_sent: u64,
    /// Sockets closed for a frame over the size limit.
    pub closed_oversize: u64,
    /// Sockets closed for a frame that does not parse.
    pub closed_broken: u64,
    /// Sockets closed for too many frames or bytes.
    pub closed_rate: u64,
    /// Sockets closed for asking too much of others.
    pub closed_work: u64,
    /// Sockets closed because a newer one speaks for their participant.
    pub closed_superseded: u64,
    /// Sockets closed for silence.
    pub closed_idle: u64,
    /// Sockets closed because they did not read their events.
    pub closed_slow: u64,
    /// Sockets closed because a write failed or blocked.
    pub closed_write: u64,
    /// Sockets closed because the media plane could not take a request.
    pub closed_overload: u64,
    /// Server API calls.
    pub api_calls: u64,
    /// Calls whose token is missing, bad or does not grant the method.
    pub api_refused_token: u64,
    /// Calls that are broken, or about something that is not there.
    pub api_refused_request: u64,
    /// Calls of methods that are not served.
    pub api_refused_unimplemented: u64,
    /// Calls beyond what is taken at once, or in a second.
    pub api_refused_throttled: u64,
    /// Calls that the media plane did not answer.
    pub api_refused_unavailable: u64,
}

macro_rules! metrics {
    ($($name:ident),+ $(,)?) => {
        #[derive(Default)]
        pub(crate) struct Metrics { $(pub(crate) $name: AtomicU64,)+ }

        impl Metrics {
            pub(crate) fn snapshot(&self, events: &EventRouter) -> Counters {
                Counters {
                    $($name: self.$name.load(Ordering::Relaxed),)+
                    closed_slow: events.overflows(),
                    bytes_waiting: events.bytes_waiting(),
                }
            }
        }
    };
}

metrics! {
    sockets_open, joins, resumes, resumes_mismatched, refused_bad_request, refused_unauthorized,
    refused_forbidden, refused_not_found, refused_unavailable, frames_received, frames_sent,
    closed_oversize, closed_broken, closed_rate, closed_work, closed_superseded, closed_idle,
    closed_write, closed_overload,
    api_calls, api_refused_token, api_refused_request, api_refused_unimplemented,
    api_refused_throttled, api_refused_unavailable,
}

impl Metrics {
    pub(crate) fn sockets_open(&self) -> u64 {
        self.sockets_open.load(Ordering::Acquire)
    }

    pub(crate) fn count_refusal(&self, status: StatusCode) {
        count(match status {
            StatusCode::UNAUTHORIZED => &self.refused_unauthorized,
            StatusCode::FORBIDDEN => &self.refused_forbidden,
            StatusCode::NOT_FOUND => &self.refused_not_found,
            StatusCode::SERVICE_UNAVAILABLE => &self.refused_unavailable,
            _ => &self.refused_bad_request,
        });
    }

    pub(crate) fn count_api_refusal(&self, code: Code) {
        count(match code {
            Code::Unauthenticated | Code::PermissionDenied => &self.api_refused_token,
            Code::Unimplemented | Code::BadRoute => &self.api_refused_unimplemented,
            Code::ResourceExhausted => &self.api_refused_throttled,
            Code::Unavailable | Code::DeadlineExceeded | Code::Internal => {
                &self.api_refused_unavailable
            }
            Code::InvalidArgument | Code::Malformed | Code::NotFound | Code::FailedPrecondition => {
                &self.api_refused_request
            }
        });
    }

    pub(crate) fn count_violation(&self, violation: Violation) {
        count(match violation {
            Violation::Oversize => &self.closed_oversize,
            Violation::Broken | Violation::Protocol => &self.closed_broken,
            Violation::Rate => &self.closed_rate,
            Violation::Work => &self.closed_work,
        });
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
