//! Reads the TOML file, and other small text files. Never echoes a line of either: it may hold a secret.

use std::path::Path;

use crate::config::{ConfigError, RawConfig};

/// Largest configuration or key file that is read, in bytes: a directory of devices must not be read for ever.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Reads settings from a TOML file.
///
/// # Errors
/// When it cannot be read, is not TOML, or holds an unknown key.
pub(crate) fn read(path: &Path) -> Result<RawConfig, ConfigError> {
    parse(&read_text(path)?).map_err(|(line, reason)| ConfigError::File {
        path: path.to_owned(),
        line,
        reason,
    })
}

/// Reads a small text file.
///
/// # Errors
/// When it cannot be read, or is not small.
pub(crate) fn read_text(path: &Path) -> Result<String, ConfigError> {
    let refuse = |source| ConfigError::Read { path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(refuse)?.len();
    if length > FILE_BYTES_MAX {
        return Err(refuse(std::io::Error::other("the file is larger than 1 MiB")));
    }
    std::fs::read_to_string(path).map_err(refuse)
}

/// The error is the line (from 1) and the parser's message, without the text it points at.
fn parse(text: &str) -> Result<RawConfig, (usize, String)> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        (line, error.message().lines().collect::<Vec<_>>().join("; "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let (line, reason) = parse("shards = 2\nshard = 3\n").unwrap_err();
        assert_eq!(line, 2);
        assert!(reason.contains("unknown field `shard`"), "{reason}");
    }

    #[test]
    fn a_broken_file_is_reported_without_its_text() {
        let (line, reason) = parse("\n\napi_keys = \"key: hunter2\nshards = 1").unwrap_err();
        assert_eq!(line, 3);
        assert!(!reason.contains("hunter2"), "{reason}");
    }

    #[test]
    fn a_wrong_type_is_reported_without_its_text() {
        let (_, reason) = parse("shards = \"hunter2\"").unwrap_err();
        assert!(reason.contains("u16"), "{reason}");
    }

    #[test]
    fn no_text_is_too_deep_to_be_refused() {
        for opening in ["[", "{a=", "[[", "a.", "\"", "'", "#", "\u{0}", "= "] {
            assert!(parse(&format!("shards = {}", opening.repeat(100_000))).is_err(), "{opening}");
            let _ = parse(&opening.repeat(100_000));
        }
    }
}
