//! An appointment as an entry of a calendar (RFC 5545), and as an invitation to it (iTIP, RFC 5546).
//!
//! One `UID` for the life of an appointment; `SEQUENCE` is its revision, so that every calendar takes the newest. Times
//! are in UTC: each calendar shows them in its owner's zone, and no rule of a zone can be out of date in the file. The
//! text says that there is an appointment, not what for or with whom.

use jiff::Timestamp;

use crate::domain::{appointment::Appointment, notification::text::Tongue};

/// What a file is for (RFC 5546 §1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Downloaded by hand.
    Publish,
    /// Put this in, or change it.
    Request,
    /// Take it out.
    Cancel,
}

impl Method {
    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }
}

/// What an entry is made of besides the appointment.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// What the file is for.
    pub method: Method,
    /// Where people open the appointment.
    pub link: &'a str,
    /// The host that makes the id unique in the world.
    pub host: &'a str,
    /// Who invites: an address.
    pub organizer: Option<&'a str>,
    /// Who is invited: an address.
    pub attendee: Option<&'a str>,
    /// The language of its text.
    pub tongue: Tongue,
    /// When this was written.
    pub now: Timestamp,
}

/// Writes the file.
#[must_use]
pub fn write(appointment: &Appointment, frame: &Frame<'_>) -> String {
    let over = frame.method == Method::Cancel || !appointment.state.is_active();
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Bedside//Scheduling//EN".to_owned(),
        "CALSCALE:GREGORIAN".to_owned(),
        format!("METHOD:{}", frame.method.name()),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@{}", appointment.id, frame.host),
        format!("SEQUENCE:{}", appointment.rev),
        format!("DTSTAMP:{}", utc(frame.now)),
        format!("DTSTART:{}", utc(appointment.visit.start)),
        format!("DTEND:{}", utc(appointment.visit.end)),
        format!("SUMMARY:{}", escaped(frame.tongue.summary())),
        format!("URL:{}", frame.link),
        format!("DESCRIPTION:{}", escaped(frame.link)),
        format!("STATUS:{}", if over { "CANCELLED" } else { "CONFIRMED" }),
        "CLASS:PRIVATE".to_owned(),
        format!("TRANSP:{}", if over { "TRANSPARENT" } else { "OPAQUE" }),
    ];
    if let Some(organizer) = frame.organizer {
        lines.push(format!("ORGANIZER:mailto:{organizer}"));
    }
    if let Some(attendee) = frame.attendee {
        lines.push(format!(
            "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:{attendee}"
        ));
    }
    lines.push("END:VEVENT".to_owned());
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// TEXT (RFC 5545 §3.3.11).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            character if character.is_control() => {}
            character => out.push(character),
        }
    }
    out
}

/// A line of at most 75 octets, then continuations (RFC 5545 §3.1). Never within a character.
fn folded(line: &str) -> String {
    const OCTETS_MAX: usize = 75;
    let mut out = String::with_capacity(line.len() + 8);
    let mut octets = 0;
    for character in line.chars() {
        if octets + character.len_utf8() > OCTETS_MAX {
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(character);
        octets += character.len_utf8();
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_characters() {
        let line = format!("SUMMARY:{}", "\u{645}\u{648}\u{639}\u{62f} ".repeat(20));
        let text = folded(&line);
        for part in text.split("\r\n") {
            assert!(part.len() <= 75, "{} octets", part.len());
        }
        assert_eq!(text.replace("\r\n ", "").trim_end_matches("\r\n"), line);
    }

    #[test]
    fn text_cannot_end_its_line_or_become_a_list() {
        assert_eq!(escaped("a,b;c\\d\ne\r"), "a\\,b\\;c\\\\d\\ne");
    }
}
