//! Rules about single settings that several roles have.

use super::{ConfigError, Mode, RawConfig, Tls};

pub(super) fn tls(raw: &RawConfig, mode: Mode) -> Result<Tls, ConfigError> {
    match (&raw.tls_cert_file, &raw.tls_key_file) {
        (Some(cert), Some(key)) => Ok(Tls::Files { cert: cert.clone(), key: key.clone() }),
        (Some(_), None) => Err(ConfigError::HalfTls { missing: "tls_key_file" }),
        (None, Some(_)) => Err(ConfigError::HalfTls { missing: "tls_cert_file" }),
        (None, None) if mode == Mode::DevExposed => Ok(Tls::SelfSigned),
        (None, None) => Ok(Tls::None),
    }
}

pub(super) fn log_filter(raw: &RawConfig) -> Result<String, ConfigError> {
    let filter = raw.log_filter.clone().unwrap_or_default();
    match filter.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(filter),
        Err(error) => Err(ConfigError::LogFilter { filter, reason: error.to_string() }),
    }
}

pub(super) fn at_least_one<N: Default + PartialEq>(
    setting: &'static str,
    value: Option<N>,
) -> Result<N, ConfigError> {
    let zero = N::default();
    match value {
        Some(value) if value != zero => Ok(value),
        _ => Err(ConfigError::Zero { setting }),
    }
}
