//! Identifiers: a prefix that says of what, and a UUIDv7 that sorts by the time of its making.
//!
//! Each noun has its own type, so that none can stand where another belongs. As text: `apt_01932f3e...`, the prefix
//! and 32 hexadecimal digits. Parsed at the door; a row that holds something else is corrupt.

use std::{fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::random::Random;

/// Text that is no identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier that begins with {prefix}_")]
pub struct IdError {
    prefix: &'static str,
}

/// What every identifier can do; for code that is the same for all of them, such as the store's rows.
pub trait Id: Sized + AsRef<str> + FromStr<Err = IdError> {
    /// What every such identifier begins with, without the underscore.
    const PREFIX: &'static str;
}

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident $prefix:literal,)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
        }

        impl $name {
            /// A new identifier.
            #[must_use]
            pub fn mint(random: &Random, now: Timestamp) -> Self {
                Self(mint($prefix, random, now).into())
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                check($prefix, text).map(|()| Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }
    )+};
}

id_types! {
    /// A clinic: the tenant that everything else belongs to.
    ClinicId "clin",
    /// Somebody who can sign in.
    UserId "usr",
    /// A patient of one clinic.
    PatientId "pat",
    /// A practitioner of one clinic.
    PractitionerId "prac",
    /// A visit type.
    ServiceId "svc",
    /// Weekly hours and overrides of a practitioner.
    ScheduleId "sch",
    /// A change to the weekly hours on given dates.
    OverrideId "ovr",
    /// Time that one resource is occupied.
    ClaimId "clm",
    /// An appointment, from its hold through all its reschedulings.
    AppointmentId "apt",
    /// Appointments that were booked together, to repeat.
    SeriesId "ser",
    /// A place on the waitlist.
    WaitlistId "wait",
    /// A place in the queue of a visit type.
    QueueEntryId "que",
    /// The visit's room session.
    ConsultationId "cons",
    /// Somebody who takes part in an appointment.
    ParticipantId "part",
    /// What somebody is in a clinic.
    MembershipId "mem",
    /// Somebody's right to act for a patient.
    ProxyId "prx",
    /// A way into a visit for one person.
    JoinLinkId "jln",
    /// A letter to somebody.
    LetterId "let",
    /// A signed-in device.
    SessionId "ses",
    /// A passkey.
    PasskeyId "pky",
    /// An outside identity provider.
    ProviderId "idp",
    /// A program that asks for tokens.
    OauthClientId "ocl",
    /// What a program was granted.
    GrantId "ogr",
    /// A clinic's API key.
    ApiKeyId "key",
    /// A message that waits to be delivered.
    OutboxId "msg",
    /// What goes to one recipient by one channel.
    DeliveryId "dlv",
    /// A look at a patient's visits in an emergency.
    BreakGlassId "bgl",
    /// What a patient asks for about their data.
    DataRequestId "drq",
    /// Where a clinic's program is told of events.
    WebhookId "whk",
    /// The note of a visit.
    NoteId "note",
    /// Something added to a signed note.
    AddendumId "adn",
    /// A prescription.
    PrescriptionId "rx",
    /// A browser that shows notifications.
    PushSubscriptionId "psh",
    /// A document of a patient.
    DocumentId "doc",
    /// That a patient lets somebody read documents.
    ShareId "shr",
    /// Messages about one thing.
    ThreadId "thr",
    /// A message.
    MessageId "mes",
    /// A text that is used again and again.
    TemplateId "tpl",
    /// What a patient says of a visit.
    ReviewId "rvw",
    /// An entry of a patient's record.
    RecordEntryId "rec",
    /// A questionnaire.
    QuestionnaireId "qst",
    /// What somebody pays at once, and what becomes of it.
    PaymentId "pay",
    /// Money that goes back.
    RefundId "rfd",
    /// Money that a practitioner was paid.
    PayoutId "pot",
    /// An invoice or a credit note.
    InvoiceId "inv",
    /// An insurer that a clinic bills.
    PayerId "pyr",
    /// A patient's insurance with a payer.
    CoverageId "cov",
    /// What an insurer is asked to pay for a visit.
    InsuranceClaimId "icl",
    /// What an insurer has paid at once.
    RemittanceId "rmt",
    /// One request, for logs and problem reports.
    RequestId "req",
}

fn mint(prefix: &str, random: &Random, now: Timestamp) -> String {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random.bytes()).into_uuid();
    format!("{prefix}_{}", uuid.simple())
}

fn check(prefix: &'static str, text: &str) -> Result<(), IdError> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match digits {
        Some(digits) if digits.len() == 32 && digits.bytes().all(is_digit) => Ok(()),
        _ => Err(IdError { prefix }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_survives_being_written_and_read() {
        let id = ClinicId::mint(&Random::seeded(1), Timestamp::UNIX_EPOCH);
        assert!(id.as_str().starts_with("clin_00000000"));
        assert_eq!(id.as_str().parse::<ClinicId>(), Ok(id));
    }

    #[test]
    fn identifiers_sort_by_the_time_of_their_making() {
        let random = Random::seeded(1);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(UserId::mint(&random, at(1)) < UserId::mint(&random, at(2)));
    }

    #[test]
    fn an_identifier_of_another_noun_is_refused() {
        let id = ClinicId::mint(&Random::seeded(1), Timestamp::UNIX_EPOCH);
        for text in [id.as_str(), "usr_", "usr", "usr_0123", "", &"usr_g".repeat(40)] {
            assert_eq!(text.parse::<UserId>(), Err(IdError { prefix: "usr" }), "{text}");
        }
    }
}
