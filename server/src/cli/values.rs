//! Values of flags that are more than a word or a number.

use std::time::Duration;

use protocol::permission::TrackSource;

/// Reads `90s`, `30m`, `6h` or `1d`.
///
/// # Errors
/// When it is none of these, zero, or more than a year.
pub(super) fn parse_ttl(text: &str) -> Result<Duration, String> {
    const ADVICE: &str = "write a number and a unit, such as 90s, 30m, 6h or 1d";
    let unit_s = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        _ => return Err(ADVICE.to_owned()),
    };
    let digits = text.get(..text.len() - 1).unwrap_or_default();
    let count = digits.parse::<u32>().map_err(|_| ADVICE.to_owned())?;
    match u64::from(count) * unit_s {
        0 => Err("a token must live for a while".to_owned()),
        seconds if seconds > 365 * 24 * 60 * 60 => Err("at most 365d".to_owned()),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

/// Reads `KEY=VALUE`.
///
/// # Errors
/// When there is no `=`, or nothing before it.
pub(super) fn parse_attribute(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

/// Reads a track source as tokens name it.
///
/// # Errors
/// When there is no such source.
pub(super) fn parse_source(text: &str) -> Result<TrackSource, String> {
    match text {
        "camera" => Ok(TrackSource::Camera),
        "microphone" => Ok(TrackSource::Microphone),
        "screen_share" => Ok(TrackSource::ScreenShare),
        "screen_share_audio" => Ok(TrackSource::ScreenShareAudio),
        _ => Err("write camera, microphone, screen_share or screen_share_audio".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_has_a_unit_and_a_bound() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("6h", 21_600), ("1d", 86_400)] {
            assert_eq!(parse_ttl(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "6", "h", "-1h", "6 h", "0s", "366d", "99999999999d", "1é"] {
            assert!(parse_ttl(text).is_err(), "{text:?}");
        }
    }
}
