//! Mail over SMTP (RFC 5321): one message a parcel, plain text, with a calendar's entry where there is one.
//!
//! A connection a message: a clinic's mail is seldom more than a letter a second. TLS is required, but to this very machine. `Message-ID` comes from the parcel's key, so that a second sending is the
//! same message to whoever looks. SMTP has no other way to say so: a crash, or a lost answer, between the message's end
//! and the server's word can double it.

use std::time::{Duration, SystemTime};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        extension::ClientId,
        response::{Category, Severity},
    },
};
use url::Url;

use crate::ports::carry::{CalendarPart, Carry, CarryError, Carrying, Parcel, Repeats};

/// A mail server, and who we are to it.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Settings that are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// The server's address. It may hold a password, so it is not repeated.
    #[error("neither smtp://[USER:PASSWORD@]HOST[:PORT] nor smtps://[USER:PASSWORD@]HOST[:PORT]")]
    Address,
    /// Who we are.
    #[error("not a mail address such as Clinic <no-reply@clinic.example>")]
    From,
    /// The system has no certificates to trust.
    #[error("no certificates to trust the mail server by")]
    Tls,
}

/// Longest time for one command; a message takes about six.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Longest time for a whole message.
const MESSAGE_MAX: Duration = Duration::from_secs(50);

impl Smtp {
    /// A mail server by its address: `smtps` is TLS from the beginning, `smtp` is STARTTLS, without which nothing is
    /// sent; on this very machine `smtp` is plain.
    ///
    /// # Errors
    /// When an address is none.
    pub fn new(server: &str, from: &str) -> Result<Self, SmtpError> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let url = Url::parse(server).map_err(|_| SmtpError::Address)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpError::Address)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let from: Mailbox = from.parse().map_err(|_| SmtpError::From)?;
        let local =
            host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        let mut builder = match url.scheme() {
            "smtps" => {
                AsyncSmtpTransport::<Tokio1Executor>::relay(host).map_err(|_| SmtpError::Tls)?
            }
            "smtp" if local => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
            "smtp" => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)
                .map_err(|_| SmtpError::Tls)?,
            _ => return Err(SmtpError::Address),
        };
        if let Some(port) = url.port() {
            builder = builder.port(port);
        } else if url.scheme() == "smtp" && local {
            builder = builder.port(25);
        }
        if !url.username().is_empty() {
            let decoded = |text: &str| {
                url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
                    .next()
                    .map(|(_, value)| value.into_owned())
                    .unwrap_or_default()
            };
            let password = decoded(url.password().unwrap_or_default());
            builder = builder.credentials(Credentials::new(decoded(url.username()), password));
        }
        let domain = ClientId::Domain(from.email.domain().to_owned());
        let transport = builder.timeout(Some(TIMEOUT)).hello_name(domain).build();
        Ok(Self { transport, from })
    }

    /// The address that letters come from.
    #[must_use]
    pub fn from_address(&self) -> String {
        self.from.email.to_string()
    }

    fn message(&self, parcel: &Parcel) -> Result<Message, CarryError> {
        let to: Address =
            parcel.to.expose().parse().map_err(|_| CarryError::refused("not a mail address"))?;
        let id = format!("<{}@{}>", parcel.key, self.from.email.domain());
        let since = u64::try_from(parcel.at.as_second()).unwrap_or_default();
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(parcel.subject.clone())
            .message_id(Some(id))
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(since));
        let text = SinglePart::plain(parcel.text.expose().clone());
        let built = match &parcel.calendar {
            None => builder.singlepart(text),
            Some(calendar) => builder
                .multipart(MultiPart::alternative().singlepart(text).singlepart(part(calendar)?)),
        };
        let mut message =
            built.map_err(|_| CarryError::refused("the message cannot be written"))?;
        // No vacation notice answers us (RFC 3834).
        for (name, value) in [
            (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
            (HeaderName::new_from_ascii_str("Content-Language"), parcel.language.as_str()),
        ] {
            message.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
        }
        Ok(message)
    }
}

fn part(calendar: &CalendarPart) -> Result<SinglePart, CarryError> {
    let kind = format!("text/calendar; method={}; charset=UTF-8", calendar.method);
    let kind = ContentType::parse(&kind).map_err(|_| CarryError::refused("not a content type"))?;
    Ok(SinglePart::builder().header(kind).body(calendar.file.expose().clone()))
}

impl Carry for Smtp {
    fn repeats(&self) -> Repeats {
        Repeats::Tolerable
    }

    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(async move {
            let message = self.message(parcel)?;
            let sending = tokio::time::timeout(MESSAGE_MAX, self.transport.send(message)).await;
            let sent = sending.map_err(|_| CarryError::unclear("no answer in time"))?;
            sent.map(|_| None).map_err(|error| judged(&error))
        })
    }
}

/// What an SMTP failure means. The server's own words are not repeated: they may name the address.
fn judged(error: &lettre::transport::smtp::Error) -> CarryError {
    if let Some(code) = error.status() {
        let why = format!("smtp {code}");
        // A mailbox that does not exist is refused for good; so is everything else with a 5.
        return match (code.severity, code.category) {
            (Severity::PermanentNegativeCompletion, Category::Connections) => {
                CarryError::later(why)
            }
            (Severity::PermanentNegativeCompletion, _) => CarryError::refused(why),
            _ => CarryError::later(why),
        };
    }
    if error.is_timeout() {
        CarryError::unclear("no answer in time")
    } else if error.is_response() {
        CarryError::unclear("an answer that is none")
    } else {
        CarryError::later("cannot be reached")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_server_with_tls_or_this_machine() {
        let from = "Clinic <no-reply@clinic.example>";
        for good in
            ["smtps://user:p%40ss@mail.example", "smtp://mail.example:587", "smtp://127.0.0.1:2525"]
        {
            assert!(Smtp::new(good, from).is_ok(), "{good}");
        }
        for bad in ["mail.example", "http://mail.example", "smtp://", ""] {
            assert_eq!(Smtp::new(bad, from).err(), Some(SmtpError::Address), "{bad}");
        }
        assert_eq!(Smtp::new("smtp://127.0.0.1", "nobody").err(), Some(SmtpError::From));
    }

    #[test]
    fn a_repeated_message_is_the_same_message() {
        let smtp = Smtp::new("smtp://127.0.0.1", "Clinic <no-reply@clinic.example>").unwrap();
        let parcel = Parcel {
            key: "dlv_1".into(),
            to: "a@b.example".to_owned().into(),
            subject: "Ihre Termine äöü".into(),
            text: "Bonjour à 10h".to_owned().into(),
            calendar: Some(CalendarPart {
                method: "REQUEST",
                file: "BEGIN:VCALENDAR\r\n".to_owned().into(),
            }),
            language: "fr".into(),
            headers: Vec::new(),
            template: None,
            at: Timestamp::UNIX_EPOCH,
        };
        let text = String::from_utf8(smtp.message(&parcel).unwrap().formatted()).unwrap();
        assert!(text.contains("Message-ID: <dlv_1@clinic.example>"), "{text}");
        assert!(
            text.contains("Auto-Submitted: auto-generated")
                && text.contains("Content-Language: fr")
        );
        assert!(text.contains("text/calendar; method=REQUEST; charset=utf-8"), "{text}");
    }

    use jiff::Timestamp;
}
