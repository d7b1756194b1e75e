//! Where the data lives: a file of SQLite's, or a PostgreSQL server.

use std::{path::PathBuf, str::FromStr};

use sqlx::postgres::PgConnectOptions;

/// Which engine, for the few texts that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The default: a file.
    Sqlite,
    /// A server, for more than one machine.
    Postgres,
}

impl Engine {
    /// The engine in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Where the data lives. Written as `sqlite:PATH` or `postgres://...`.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file, made when it is missing.
    Sqlite(PathBuf),
    /// A server, with user, password and database in the URL.
    Postgres(Box<PgConnectOptions>),
}

/// A location that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither sqlite:PATH nor postgres://USER:PASSWORD@HOST/DATABASE")]
pub struct LocationError;

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains('?') {
                return Err(LocationError);
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // The parser's own message could repeat the password.
            let options = PgConnectOptions::from_str(text).map_err(|_| LocationError)?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        Err(LocationError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_file_or_a_server() {
        assert!(matches!("sqlite:/var/lib/a.db".parse(), Ok(Location::Sqlite(_))));
        assert!(matches!("postgres://a:b@h/d".parse(), Ok(Location::Postgres(_))));
        for text in ["", "sqlite:", "mysql://a", "/var/lib/a.db", "sqlite:a?mode=rw"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_refused_location_is_not_repeated() {
        let error = "postgres://a:hunter2@h:port/d".parse::<Location>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
