//! The command line: subcommands, flags and the texts that teach them. Never acts.

mod values;

use std::path::PathBuf;

use clap::{
    Args, CommandFactory as _, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};

use crate::config::{RawConfig, address, raw::Secret};

/// Bedside: a self-hosted media server for consultations.
#[derive(Debug, Parser)]
#[command(name = "bedside", version, about, long_about = LONG_ABOUT, after_help = AFTER_HELP)]
#[command(propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const LONG_ABOUT: &str = "\
Bedside: a self-hosted media server for consultations. A doctor and a patient meet by video on a clinic's own machine. \
It speaks LiveKit's client protocol, so that LiveKit's client SDKs can be used.";

const AFTER_HELP: &str = "\
Try it:        bedside all --dev, then open the two printed links
Run it:        bedside config example > bedside.toml, edit, bedside config check, bedside all
Settings:      flags > BEDSIDE_* environment > --config FILE > defaults; docs/CONFIG.md explains each";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs everything in one process: signalling, media and the web page.
    #[command(after_long_help = ALL_EXAMPLES)]
    All(Box<Settings>),
    /// Runs the scheduling API alone, for a machine of its own.
    #[command(name = "scheduling-api")]
    SchedulingApi(Box<Settings>),
    /// Runs a TURN server alone, for a machine of its own: relays between clients and the peers that turn_peers_allow and
    /// turn_peers_deny let it reach.
    ///
    /// `bedside all` needs none: it takes TURN on its own ports.
    Turn(Box<Settings>),
    /// Makes a demo clinic in the database, and prints what it is made of.
    ///
    /// Practitioners with hours, a patient, an appointment that begins now. Beside whatever is there.
    Demo(Box<Settings>),
    /// Looks after who runs the installation.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Copies the scheduling API's database into a new file, while it is in use. SQLite only; PostgreSQL has pg_dump.
    ///
    /// The keys' file is not part of it: keep it apart.
    Backup(Box<BackupArguments>),
    /// Puts a backup in the place of a database that is not there, and checks it: the file, and every audit log.
    Restore(Box<BackupArguments>),
    /// Makes join tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Checks, shows and explains settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Asks a running Bedside on this machine how it is: exit code 0 when well, 1 when not.
    ///
    /// For a container's health check. Uses the admin address of the same settings that the server runs with.
    #[command(after_long_help = HEALTHCHECK_EXAMPLES)]
    Healthcheck(Healthcheck),
    /// Prints docs/METRICS.md.
    #[command(hide = true)]
    MetricsDocs,
}

const ALL_EXAMPLES: &str = "\
Examples:
  bedside all --dev
      On this machine only, with the public key pair devkey / secret. Prints a doctor link and a patient link.
  bedside all --dev --dev-expose
      The same for a phone on the same network: HTTPS with a self-signed certificate.
  bedside all --advertise 203.0.113.7 --api-keys-file /etc/bedside/api-keys
      Behind a proxy that ends TLS and forwards to 127.0.0.1:7880.
  bedside all --http '[::]:443' --advertise 203.0.113.7,2001:db8::7 --api-keys-file /etc/bedside/api-keys \\
      --tls-cert-file fullchain.pem --tls-key-file privkey.pem
      Facing clients itself. Renewed certificates are picked up without a restart.";

const HEALTHCHECK_EXAMPLES: &str = "\
Examples:
  bedside healthcheck
  bedside healthcheck --ready --admin 127.0.0.1:7881";

/// Where settings come from, and the settings.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    #[command(flatten)]
    pub(crate) file: FileArgument,
    #[command(flatten)]
    pub(crate) given: RawConfig,
}

/// The configuration file.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FileArgument {
    /// TOML file with settings; `bedside config example` prints one.
    #[arg(long, env = "BEDSIDE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Arguments of `backup` and `restore`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BackupArguments {
    /// The backup.
    pub(crate) backup: PathBuf,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `bedside admin ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Checks every audit log: that no entry was changed, taken out or put in since it was written.
    ///
    /// Each clinic has one, and the platform; the server may run meanwhile. Ends with 1, and says which log and from which
    /// entry on, where one is not what was written.
    VerifyAudit(Box<Settings>),
    /// Has the key service (key_service_url) wrap the keys of data_keys_file: plain ones, and anew those that it wrapped.
    ///
    /// Asks the service for each key back before the file is replaced. Run it once when a key service is set up, and after
    /// its key was rotated. What the plain file held may remain on the disk and in backups: rotate the keys if it was seen.
    WrapKeys(Box<Settings>),
    /// Invites the first administrator, and prints the link that sets a name and a password.
    ///
    /// There is no default account. The link works once, for whoever has it; it is mailed too, where mail is set up. Refused
    /// when there is an administrator already: they invite the others.
    Create(Box<AdminCreate>),
}

/// Arguments of `admin create`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AdminCreate {
    /// Address of the administrator: what they sign in with.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: String,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `bedside token ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Prints a join token (or, with --url, a link that holds it) on standard output.
    ///
    /// A token admits whoever holds it: hand it over a private channel and keep its life short. It is signed with the
    /// first API key.
    #[command(after_long_help = MINT_EXAMPLES)]
    Mint(Box<Mint>),
}

const MINT_EXAMPLES: &str = "\
Examples:
  bedside token mint --dev --room demo --identity doctor --name 'Dr. Amara Osei' --url http://localhost:7880
      A link into the demo room of `bedside all --dev`.
  bedside token mint --api-keys-file /etc/bedside/api-keys --room visit-4711 --identity patient-17 --ttl 30m
      A token for half an hour.
  bedside token mint --dev --room demo --identity interpreter --can-publish-sources microphone
      May speak, but not show a camera or a screen.
  bedside token mint --dev --room demo --identity observer --can-publish=false --hidden
      May watch, unseen.";

/// Arguments of `token mint`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Mint {
    #[command(flatten)]
    pub(crate) keys: KeyArguments,
    /// The room to join.
    #[arg(long)]
    pub(crate) room: String,
    /// Who joins: unique in the room; a second join of the same identity replaces the first.
    #[arg(long)]
    pub(crate) identity: String,
    /// Display name that the others see.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// How long the token may be used to join, such as 90s, 30m, 6h or 1d. A running call may outlast it.
    #[arg(long, default_value = "6h", value_parser = values::parse_ttl)]
    pub(crate) ttl: std::time::Duration,
    /// Print a link to this page instead of the bare token. The token goes into the fragment, which browsers do not
    /// send to servers.
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Text for the application, visible to everyone in the room.
    #[arg(long)]
    pub(crate) metadata: Option<String>,
    /// An attribute for the application, visible to everyone in the room; may be repeated.
    #[arg(long = "attribute", value_name = "KEY=VALUE", value_parser = values::parse_attribute)]
    pub(crate) attributes: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) grants: Grants,
}

/// What the token's holder may do. An absent grant is not the same as `false`: it has the default of the protocol.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct Grants {
    /// May publish audio and video [default: true].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) can_publish: Option<bool>,
    /// May receive audio and video [default: true].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) can_subscribe: Option<bool>,
    /// May send chat and other data [default: as --can-publish].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) can_publish_data: Option<bool>,
    /// Only these sources may be published: camera, microphone, screen_share, screen_share_audio.
    #[arg(long, value_name = "SOURCE", value_delimiter = ',', value_parser = values::parse_source)]
    pub(crate) can_publish_sources: Vec<protocol::permission::TrackSource>,
    /// May change its own name, metadata and attributes.
    #[arg(long)]
    pub(crate) can_update_own_metadata: bool,
    /// Is invisible to the others.
    #[arg(long)]
    pub(crate) hidden: bool,
    /// Marks the room as recorded while present.
    #[arg(long)]
    pub(crate) recorder: bool,
    /// May administer this room.
    #[arg(long)]
    pub(crate) room_admin: bool,
    /// May open and end rooms.
    #[arg(long)]
    pub(crate) room_create: bool,
    /// May list all rooms.
    #[arg(long)]
    pub(crate) room_list: bool,
}

/// Where the signing key comes from: the same settings as the server's.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Keys")]
pub(crate) struct KeyArguments {
    #[command(flatten)]
    pub(crate) file: FileArgument,
    /// Sign with the public key pair of `bedside all --dev`.
    #[arg(long, env = "BEDSIDE_DEV", value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true")]
    pub(crate) dev: Option<bool>,
    /// API keys and their secrets, "key: secret, ..."; the first one signs.
    #[arg(long, env = "BEDSIDE_API_KEYS", value_name = "PAIRS", hide_env_values = true)]
    pub(crate) api_keys: Option<Secret>,
    /// File with API keys, one "key: secret" on each line.
    #[arg(long, env = "BEDSIDE_API_KEYS_FILE", value_name = "FILE")]
    pub(crate) api_keys_file: Option<PathBuf>,
}

/// `bedside config ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Checks the settings by doing what a start would do, and prints the effective ones with secrets hidden.
    ///
    /// Takes the flags of `bedside all`. Ports are opened and closed again, certificates and keys are read, the database
    /// is asked. Exit code 1 and a reason when something would keep Bedside from starting. With --offline only the
    /// settings themselves are looked at: for another machine than the one that runs them.
    Check(Box<CheckArguments>),
    /// Prints a configuration file with every setting, its default and its explanation.
    Example,
    /// Prints docs/CONFIG.md.
    Docs,
}

/// Arguments of `config check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Look at the settings alone; open and read nothing but the files that hold them.
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Arguments of `healthcheck`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Healthcheck {
    #[command(flatten)]
    pub(crate) file: FileArgument,
    /// Admin address of the server.
    #[arg(long, env = "BEDSIDE_ADMIN", value_name = "ADDRESS:PORT", value_parser = address::socket_address)]
    pub(crate) admin: Option<std::net::SocketAddr>,
    /// Ask whether it takes new participants (/readyz) instead of whether it lives (/healthz).
    #[arg(long)]
    pub(crate) ready: bool,
}

/// The environment variable whose value was refused; `None` if a flag's was. clap names the flag in both cases.
pub(crate) fn variable_at_fault(
    error: &clap::Error,
    mut arguments: impl Iterator<Item = String>,
) -> Option<String> {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = shown.split([' ', '[', '=']).next()?;
    let is_given = |argument: String| argument.split('=').next() == Some(flag);
    if arguments.any(is_given) {
        return None;
    }
    let command = Cli::command();
    let all = command.find_subcommand("all")?;
    let argument = all.get_arguments().find(|one| one.get_long() == flag.strip_prefix("--"))?;
    let variable = argument.get_env()?;
    std::env::var_os(variable).map(|_| variable.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_may_be_given_a_value_or_none() {
        let dev = |arguments: &[&str]| match Cli::try_parse_from(arguments).unwrap().command {
            Command::All(settings) => settings.given.dev,
            other => panic!("{other:?}"),
        };
        assert_eq!(dev(&["bedside", "all", "--dev"]), Some(true));
        assert_eq!(dev(&["bedside", "all", "--dev=false"]), Some(false));
    }

    #[test]
    fn help_never_shows_a_secret_from_the_environment() {
        for command in Cli::command().get_subcommands().flat_map(|command| {
            let mut all = vec![command.clone()];
            all.extend(command.get_subcommands().cloned());
            all
        }) {
            let secrets = ["api_keys", "turn_secret"];
            let keys = command
                .get_arguments()
                .filter(|argument| secrets.contains(&argument.get_id().as_str()));
            assert!(keys.into_iter().all(clap::Arg::is_hide_env_values_set));
        }
    }
}
