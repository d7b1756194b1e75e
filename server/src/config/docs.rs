//! `docs/CONFIG.md` and the example file, both made from the settings' own help texts and defaults.

use std::fmt::Write as _;

use clap::Args as _;

use crate::config::RawConfig;

/// One setting, as its declaration describes it.
struct Setting {
    key: String,
    help: String,
    heading: String,
    value_name: String,
    environment: String,
    /// As TOML; absent when it follows from the mode or the machine.
    default: Option<String>,
    /// A value to show where there is no default.
    sample: &'static str,
}

/// The text of `docs/CONFIG.md`.
pub(crate) fn markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    let settings = settings();
    let mut heading = "";
    for setting in &settings {
        if setting.heading != heading {
            heading = &setting.heading;
            let _ = writeln!(text, "\n## {heading}");
        }
        let default = match &setting.default {
            Some(value) => format!("`{value}`"),
            None => "none, or as described".to_owned(),
        };
        let _ = writeln!(text, "\n### `{}`\n\n{}\n", setting.key, setting.help);
        let flag = setting.key.replace('_', "-");
        match setting.value_name.as_str() {
            "BOOL" => _ = writeln!(text, "- Flag: `--{flag}` or `--{flag}=<BOOL>`"),
            value => _ = writeln!(text, "- Flag: `--{flag} <{value}>`"),
        }
        let _ = writeln!(text, "- Environment: `{}`", setting.environment);
        let _ = writeln!(text, "- Default: {default}");
    }
    text
}

/// A file that `--config` accepts: every setting, commented out, with its default or a sample value.
pub(crate) fn example() -> String {
    let mut text = EXAMPLE_HEAD.to_owned();
    let settings = settings();
    let mut heading = "";
    for setting in &settings {
        if setting.heading != heading {
            heading = &setting.heading;
            let _ = writeln!(text, "\n# ---- {heading} ----");
        }
        text.push('\n');
        for line in wrap(&setting.help, 110) {
            let _ = writeln!(text, "# {line}");
        }
        let value = setting.default.as_deref().unwrap_or(setting.sample);
        let _ = writeln!(text, "#{} = {value}", setting.key);
    }
    text
}

/// Every environment variable that is read.
pub(crate) fn environment_names() -> Vec<String> {
    let file = "BEDSIDE_CONFIG".to_owned();
    settings().into_iter().map(|setting| setting.environment).chain([file]).collect()
}

fn settings() -> Vec<Setting> {
    let defaults = toml::Table::try_from(RawConfig::defaults()).unwrap_or_default();
    let command = RawConfig::augment_args(clap::Command::new("bedside"));
    let described = command.get_arguments().map(|argument| {
        let key = argument.get_id().as_str().to_owned();
        Setting {
            help: help_text(argument),
            heading: argument.get_help_heading().unwrap_or_default().to_owned(),
            value_name: argument
                .get_value_names()
                .and_then(|names| names.first())
                .map(ToString::to_string)
                .unwrap_or_default(),
            environment: argument
                .get_env()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            default: defaults.get(&key).map(ToString::to_string),
            sample: sample(&key),
            key,
        }
    });
    described.collect()
}

fn help_text(argument: &clap::Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help());
    let text = help.map(ToString::to_string).unwrap_or_default();
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // clap strips the final full stop of a one-sentence doc comment.
    if !text.ends_with('.') && text.contains(' ') && !text.ends_with("-hex 32") {
        text.push('.');
    }
    text
}

fn sample(key: &str) -> &'static str {
    match key {
        "http" => "\"127.0.0.1:7880\"",
        "tls_cert_file" => "\"/etc/bedside/fullchain.pem\"",
        "tls_key_file" => "\"/etc/bedside/privkey.pem\"",
        "api_keys" => "\"clinic: replace-me-with-64-characters-of-openssl-rand-hex-32\"",
        "api_keys_file" => "\"/etc/bedside/api-keys\"",
        "advertise" => "[\"192.0.2.10\", \"2001:db8::10\"]",
        "database" => "\"postgres://bedside:replace-me@db.internal/bedside\"",
        "data_keys_file" => "\"/etc/bedside/data-keys\"",
        "key_service_url" => "\"https://vault.internal:8200\"",
        "key_service_key" => "\"transit/bedside\"",
        "key_service_token_file" => "\"/run/bedside/vault-token\"",
        "key_service_ca_file" => "\"/etc/bedside/ca.pem\"",
        "sfu_udp_bind" => "\"0.0.0.0\"",
        "shards" => "2",
        "origins" | "embed_origins" => "[\"https://clinic.example\"]",
        "connections_per_address_max" => "1000",
        "memory_budget_mib" => "4096",
        "public_url" => "\"https://video.clinic.example\"",
        "media_url" => "\"https://media.clinic.example\"",
        "trusted_proxies" => "[\"192.0.2.1\"]",
        "smtp_url" => "\"smtps://bedside:replace-me@mail.clinic.example\"",
        "mail_from" => "\"Clinic <no-reply@clinic.example>\"",
        "sms_twilio_account" => "\"AC00000000000000000000000000000000\"",
        "sms_twilio_token" => "\"replace-me\"",
        "sms_from" => "\"+15550100\"",
        "sms_http_url" => "\"https://sms.example/messages\"",
        "sms_http_body" => "'{\"to\": \"{to}\", \"text\": \"{text}\"}'",
        "sms_http_authorization" => "\"Bearer replace-me\"",
        "whatsapp_number_id" => "\"106540352242922\"",
        "whatsapp_token" | "whatsapp_app_secret" | "whatsapp_verify_token" | "web_push_key" => {
            "\"replace-me\""
        }
        "web_push_contact" => "\"mailto:it@clinic.example\"",
        "sms_http_key_header" => "\"Idempotency-Key\"",
        "stripe_secret_key" => "\"sk_live_replace-me\"",
        "stripe_webhook_secrets" => "\"whsec_replace-me\"",
        "paypal_client_id" => "\"replace-me\"",
        "paypal_client_secret" => "\"replace-me\"",
        "paypal_webhook_ids" => "[\"replace-me\"]",
        "mpesa_shortcode" => "\"174379\"",
        "mpesa_consumer_key" => "\"replace-me\"",
        "mpesa_consumer_secret" => "\"replace-me\"",
        "mpesa_passkey" => "\"replace-me\"",
        "mpesa_initiator" => "\"bedside\"",
        "mpesa_security_credential" => "\"replace-me\"",
        "webhook_urls" => "[\"https://clinic.example/hooks/rooms\"]",
        "webhook_api_key" => "\"clinic\"",
        "webhook_ca_file" => "\"/etc/bedside/ca.pem\"",
        "recording_dir" => "\"/var/lib/bedside/recordings\"",
        "turn_udp_port" => "3478",
        "documents" => "\"s3://clinic-documents/bedside\"",
        "s3_endpoint" => "\"https://s3.example\"",
        "s3_access_key" | "s3_secret_key" => "\"replace-me\"",
        "clamd" => "\"unix:/run/clamav/clamd.ctl\"",
        "turn_host" => "\"video.clinic.example\"",
        "turn_nodes" => "[\"203.0.113.8:7882-7885\"]",
        "turn_urls" => "[\"turn:turn.clinic.example:3478?transport=udp\"]",
        "turn_secret" => "\"replace-me-with-64-characters-of-openssl-rand-hex-32\"",
        "turn_secret_file" => "\"/etc/bedside/turn-secret\"",
        "turn_peers_allow" => "[\"203.0.113.7\"]",
        "turn_peers_deny" => "[\"203.0.113.0/24\"]",
        _ => "\"\"",
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Generated from server/src/config/raw.rs by `bedside config docs`. Do not edit: change the code, then run
     UPDATE_DOCS=1 cargo test -p server --test docs -->

Every setting can be given in three ways; the first that is given wins:

1. a flag: `bedside all --shards 2`
2. an environment variable: `BEDSIDE_SHARDS=2`
3. a line of the TOML file named by `--config` or `BEDSIDE_CONFIG`: `shards = 2`

What is given nowhere has its default. Unknown flags and unknown keys of the file are errors; an unknown `BEDSIDE_*`
variable is reported. Lists are separated by commas in flags and variables, and are arrays in the file.

- `bedside config example` prints a file with every setting.
- `bedside config check` says whether the settings work together, and prints the effective ones with secrets hidden.
- `bedside all` prints the same at start.

## Three ways to run

To try it on this machine:

```sh
bedside all --dev
```

To try a phone on the same network, with a self-signed certificate:

```sh
bedside all --dev --dev-expose
```

A clinic's server, which its clients reach by 192.0.2.10, with its own certificate:

```sh
echo \"clinic: $(openssl rand -hex 32)\" > api-keys
bedside all --http 0.0.0.0:443 --advertise 192.0.2.10 --api-keys-file api-keys \\
    --tls-cert-file fullchain.pem --tls-key-file privkey.pem
```
";

const EXAMPLE_HEAD: &str = "\
# Bedside's configuration: bedside all --config bedside.toml
# Made by `bedside config example`. Every line shows the default or a sample; remove the # to change it.
# Flags and BEDSIDE_* variables win over this file.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_example_is_a_valid_setting() {
        let example = example();
        let lines = example.lines().filter(|line| is_setting(line)).map(|line| &line[1..]);
        let text = lines.collect::<Vec<_>>().join("\n");
        let raw: RawConfig = toml::from_str(&text).unwrap();
        assert_eq!(text.lines().count(), settings().len());
        assert_eq!(raw.sockets_max, RawConfig::defaults().sockets_max);
    }

    #[test]
    fn the_example_itself_changes_nothing() {
        assert_eq!(toml::from_str::<RawConfig>(&example()).unwrap(), RawConfig::default());
    }

    #[test]
    fn every_setting_is_documented_and_named_by_one_rule() {
        for setting in settings() {
            assert!(setting.help.len() > 20, "{} needs a help text", setting.key);
            assert!(!setting.heading.is_empty(), "{} needs a heading", setting.key);
            assert_eq!(setting.environment, format!("BEDSIDE_{}", setting.key.to_uppercase()));
        }
    }

    fn is_setting(line: &str) -> bool {
        line.starts_with('#') && line[1..].starts_with(|c: char| c.is_ascii_lowercase())
    }
}
