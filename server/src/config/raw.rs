//! Every setting as it is written: one struct is the flags, the environment and the file at once.
//!
//! The doc comment of a field is its `--help` text, its comment in `bedside config example` and its row in
//! `docs/CONFIG.md`. Never checks anything beyond the syntax of single values; see `parse`.

use std::{fmt, net::IpAddr, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::address;

/// Declares the settings and their merging in one place, so that no field can be forgotten in the latter.
macro_rules! settings {
    ($(#[$meta:meta])* pub(crate) struct $name:ident {
        $($(#[$field_meta:meta])* pub(crate) $field:ident: Option<$type:ty>,)+
    }) => {
        $(#[$meta])*
        pub(crate) struct $name {
            $($(#[$field_meta])* pub(crate) $field: Option<$type>,)+
        }

        impl $name {
            /// What is not set here is taken from `lower`.
            pub(crate) fn or(self, lower: Self) -> Self {
                Self { $($field: self.$field.or(lower.$field),)+ }
            }
        }
    };
}

settings! {
    /// Settings as written, each absent until given.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
    #[serde(deny_unknown_fields, default)]
    pub(crate) struct RawConfig {
        /// Development mode: accepts the key pair devkey / secret and prints two links into a demo room. Everything
        /// stays on this machine: addresses other than loopback are refused.
        #[arg(long, env = "BEDSIDE_DEV", value_name = "BOOL", num_args = 0..=1, require_equals = true,
            default_missing_value = "true", help_heading = "Development")]
        pub(crate) dev: Option<bool>,
        /// With --dev: lets other machines in, for trying a phone on the same network. Serves HTTPS with a certificate
        /// made at start (browsers warn about it) and advertises this machine's LAN addresses. Anyone who reaches the
        /// machine can mint tokens, because the secret is public: use it on a network you trust, and stop it after.
        #[arg(long, env = "BEDSIDE_DEV_EXPOSE", value_name = "BOOL", num_args = 0..=1, require_equals = true,
            default_missing_value = "true", help_heading = "Development")]
        pub(crate) dev_expose: Option<bool>,
        /// Lifetime, in seconds, of the two links that --dev prints. A day: the length of a working session.
        #[arg(long, env = "BEDSIDE_DEV_TOKEN_TTL_S", value_name = "SECONDS", help_heading = "Development")]
        pub(crate) dev_token_ttl_s: Option<u32>,

        /// Address and port for the page, the signal socket and health. Port 0 lets the system choose; the choice is
        /// printed. Loopback by default, so that nothing is exposed by accident: put a TLS-terminating proxy in front,
        /// or give certificate files and listen on all addresses. With --dev-expose the default is 0.0.0.0:7880.
        #[arg(long, env = "BEDSIDE_HTTP", value_name = "ADDRESS:PORT", value_parser = address::socket_address,
            help_heading = "HTTP")]
        pub(crate) http: Option<SocketAddr>,
        /// Address and port for /metrics, /healthz and /readyz. Metrics tell how busy a clinic is: keep them off the
        /// public network.
        #[arg(long, env = "BEDSIDE_ADMIN", value_name = "ADDRESS:PORT", value_parser = address::socket_address,
            help_heading = "HTTP")]
        pub(crate) admin: Option<SocketAddr>,
        /// PEM file with the certificate chain, leaf first. With it, HTTPS is served. Read again when it changes or on
        /// SIGHUP; a broken new file is reported and the old certificate stays in use.
        #[arg(long, env = "BEDSIDE_TLS_CERT_FILE", value_name = "FILE", help_heading = "HTTP")]
        pub(crate) tls_cert_file: Option<PathBuf>,
        /// PEM file with the certificate's private key.
        #[arg(long, env = "BEDSIDE_TLS_KEY_FILE", value_name = "FILE", help_heading = "HTTP")]
        pub(crate) tls_key_file: Option<PathBuf>,
        /// Origins whose pages may open a signal socket, such as <https://clinic.example>, separated by commas or given
        /// several times. None: any. Sockets are authorised by token, never by cookie; this keeps other sites' pages
        /// from using tokens that leaked to them.
        #[arg(long, env = "BEDSIDE_ORIGINS", value_name = "ORIGIN", value_delimiter = ',', help_heading = "HTTP")]
        pub(crate) origins: Option<Vec<String>>,
        /// Origins whose pages may show a visit in a frame (the custom element bedside-room), such as
        /// <https://clinic.example>, separated by commas or given several times. None: nobody, so that no other site can
        /// lay itself over a visit.
        #[arg(long, env = "BEDSIDE_EMBED_ORIGINS", value_name = "ORIGIN", value_delimiter = ',', help_heading = "HTTP")]
        pub(crate) embed_origins: Option<Vec<String>>,
        /// Most connections at once from one IPv4 address or one IPv6 network of 64 bits; further ones are closed. A
        /// whole clinic may stand behind one address. 0: no limit, which is the default where http is a loopback address,
        /// as everybody then comes through one proxy.
        #[arg(long, env = "BEDSIDE_CONNECTIONS_PER_ADDRESS_MAX", value_name = "COUNT", help_heading = "HTTP")]
        pub(crate) connections_per_address_max: Option<u32>,

        /// API keys and their secrets, "key: secret, key2: secret2". A secret has at least 32 bytes; the first key
        /// signs tokens, all are accepted, so that keys can be rotated. Prefer api_keys_file: flags are visible in the
        /// process list. Make one with: openssl rand -hex 32
        #[arg(long, env = "BEDSIDE_API_KEYS", value_name = "PAIRS", hide_env_values = true, help_heading = "Keys")]
        pub(crate) api_keys: Option<Secret>,
        /// File with API keys, one "key: secret" on each line; # begins a comment.
        #[arg(long, env = "BEDSIDE_API_KEYS_FILE", value_name = "FILE", help_heading = "Keys")]
        pub(crate) api_keys_file: Option<PathBuf>,

        /// IP addresses that clients reach this machine by, put into ICE candidates in this order; IPv4 and IPv6,
        /// separated by commas or given several times. Needed unless sfu_udp_bind is one specific address. Behind NAT:
        /// the public address. With --dev: 127.0.0.1; with --dev-expose: this machine's LAN addresses.
        #[arg(long, env = "BEDSIDE_ADVERTISE", value_name = "IP", value_delimiter = ',',
            value_parser = address::ip_address, help_heading = "Media")]
        pub(crate) advertise: Option<Vec<IpAddr>>,
        /// Address that media sockets bind to. Default: all addresses (:: if an IPv6 address is advertised, otherwise
        /// 0.0.0.0); with --dev 127.0.0.1.
        #[arg(long, alias = "udp-bind", env = "BEDSIDE_SFU_UDP_BIND", value_name = "IP",
            value_parser = address::ip_address, help_heading = "Media")]
        pub(crate) sfu_udp_bind: Option<IpAddr>,
        /// UDP port of the first shard; shard n listens on this port plus n. Open them all in the firewall. 0 lets the
        /// system choose.
        #[arg(long, alias = "udp-port", env = "BEDSIDE_SFU_UDP_PORT", value_name = "PORT", help_heading = "Media")]
        pub(crate) sfu_udp_port: Option<u16>,
        /// Number of shards: one thread and one UDP port each. Rooms are spread over them by load. Default: the number of
        /// processor cores.
        #[arg(long, env = "BEDSIDE_SHARDS", value_name = "COUNT", help_heading = "Media")]
        pub(crate) shards: Option<u16>,

        /// Whether clients whose network blocks UDP may send media over TCP to the http address (ICE-TCP). They are told so
        /// where the http address is an advertised one, or all: not behind a proxy, which does not pass it on.
        #[arg(long, env = "BEDSIDE_ICE_TCP", value_name = "BOOL", num_args = 0..=1, require_equals = true,
            default_missing_value = "true", help_heading = "Media")]
        pub(crate) ice_tcp: Option<bool>,

        /// Whether clients behind closed networks may come through TURN: on the UDP ports of the media plane and, over TCP
        /// and TLS, on the http address. Nothing but this media plane is reached through it.
        #[arg(long, env = "BEDSIDE_TURN", value_name = "BOOL", num_args = 0..=1, require_equals = true,
            default_missing_value = "true", help_heading = "TURN")]
        pub(crate) turn: Option<bool>,
        /// UDP port of the first shard for TURN and nothing else; shard n listens on this port plus n. For networks that let
        /// nothing out but the port of TURN, 3478, and for clients that want a relay by themselves. Default: none.
        #[arg(long, env = "BEDSIDE_TURN_UDP_PORT", value_name = "PORT", help_heading = "TURN")]
        pub(crate) turn_udp_port: Option<u16>,
        /// Whether clients are told to send everything through TURN: hides nothing from this server, and costs it a little.
        /// For networks in which only one port is open anyway.
        #[arg(long, env = "BEDSIDE_TURN_ONLY", value_name = "BOOL", num_args = 0..=1, require_equals = true,
            default_missing_value = "true", help_heading = "TURN")]
        pub(crate) turn_only: Option<bool>,
        /// Name in the certificate of the http address, such as video.clinic.example. With it, clients are told that they
        /// may come over TLS, which looks like any web page to a firewall.
        #[arg(long, env = "BEDSIDE_TURN_HOST", value_name = "NAME", help_heading = "TURN")]
        pub(crate) turn_host: Option<String>,
        /// Further TURN servers that clients are told, such as turn:turn.clinic.example:3478?transport=udp, separated by
        /// commas or given several times: `bedside turn`, or another server with a shared secret (REST credentials).
        #[arg(long, env = "BEDSIDE_TURN_URLS", value_name = "URL", value_delimiter = ',', help_heading = "TURN")]
        pub(crate) turn_urls: Option<Vec<String>>,
        /// Media addresses of the cluster's other nodes, such as 203.0.113.8:7882, or 203.0.113.8:7882-7885 for four shards:
        /// clients who come through TURN here reach calls there, and nothing else. Other nodes name this one in turn_urls,
        /// and all share one turn_secret. Default: none.
        #[arg(long, env = "BEDSIDE_TURN_NODES", value_name = "ADDRESS:PORTS", value_delimiter = ',', help_heading = "TURN")]
        pub(crate) turn_nodes: Option<Vec<String>>,
        /// What TURN servers and those who mint credentials for them share: at least 20 bytes. Needed by `bedside turn` and
        /// with turn_urls or turn_nodes; otherwise one is made up at every start. Prefer turn_secret_file.
        #[arg(long, env = "BEDSIDE_TURN_SECRET", value_name = "SECRET", hide_env_values = true, help_heading = "TURN")]
        pub(crate) turn_secret: Option<Secret>,
        /// File with the shared secret of TURN.
        #[arg(long, env = "BEDSIDE_TURN_SECRET_FILE", value_name = "FILE", help_heading = "TURN")]
        pub(crate) turn_secret_file: Option<PathBuf>,
        /// Most TURN allocations at once, on each shard or on `bedside turn`; further ones are refused. A client behind a
        /// closed network holds two to six.
        #[arg(long, env = "BEDSIDE_TURN_ALLOCATIONS_MAX", value_name = "COUNT", help_heading = "TURN")]
        pub(crate) turn_allocations_max: Option<u32>,
        /// `bedside turn`: address and port for clients, UDP and TCP. Relays are on the advertised addresses, which must be
        /// this machine's own.
        #[arg(long, env = "BEDSIDE_TURN_LISTEN", value_name = "ADDRESS:PORT",
            value_parser = address::socket_address, help_heading = "TURN")]
        pub(crate) turn_listen: Option<SocketAddr>,
        /// `bedside turn`: address and port for clients, TLS, if there are certificate files.
        #[arg(long, env = "BEDSIDE_TURN_TLS_LISTEN", value_name = "ADDRESS:PORT",
            value_parser = address::socket_address, help_heading = "TURN")]
        pub(crate) turn_tls_listen: Option<SocketAddr>,
        /// `bedside turn`: ports of relays, first and last.
        #[arg(long, env = "BEDSIDE_TURN_RELAY_PORTS", value_name = "FIRST-LAST", help_heading = "TURN")]
        pub(crate) turn_relay_ports: Option<String>,
        /// `bedside turn`: networks that data may be relayed to, such as 203.0.113.7 or 10.1.0.0/16, and nothing else. Name
        /// the media servers here. Default: every public address on ports from 1024; special-purpose addresses in no form.
        #[arg(long, env = "BEDSIDE_TURN_PEERS_ALLOW", value_name = "NETWORK", value_delimiter = ',', help_heading = "TURN")]
        pub(crate) turn_peers_allow: Option<Vec<String>>,
        /// `bedside turn`: networks that data is never relayed to, whatever else is allowed.
        #[arg(long, env = "BEDSIDE_TURN_PEERS_DENY", value_name = "NETWORK", value_delimiter = ',', help_heading = "TURN")]
        pub(crate) turn_peers_deny: Option<Vec<String>>,

        /// Whether a valid token opens a room that does not exist yet. Off: a join into a missing room is answered 404.
        #[arg(long, env = "BEDSIDE_AUTO_CREATE_ROOMS", value_name = "BOOL", num_args = 0..=1, require_equals = true,
            default_missing_value = "true", help_heading = "Rooms and limits")]
        pub(crate) auto_create_rooms: Option<bool>,
        /// Most participants in one room. A consultation is 2 to 4 people; 64 is a large case conference.
        #[arg(long, env = "BEDSIDE_PARTICIPANTS_PER_ROOM_MAX", value_name = "COUNT",
            help_heading = "Rooms and limits")]
        pub(crate) participants_per_room_max: Option<u16>,
        /// Most publications of one participant. Camera, microphone, screen and its sound are four.
        #[arg(long, env = "BEDSIDE_PUBLICATIONS_PER_PARTICIPANT_MAX", value_name = "COUNT",
            help_heading = "Rooms and limits")]
        pub(crate) publications_per_participant_max: Option<u16>,
        /// Most rooms on one shard: bounds memory before a core is saturated.
        #[arg(long, env = "BEDSIDE_ROOMS_PER_SHARD_MAX", value_name = "COUNT", help_heading = "Rooms and limits")]
        pub(crate) rooms_per_shard_max: Option<u16>,
        /// Subscriptions of one room on its home shard from which on further listeners, who may not publish, are spread
        /// over the other shards. Below it that happens only when the home is busy and another shard is not. 0 spreads
        /// every listener.
        #[arg(long, env = "BEDSIDE_ROOM_OVERFLOW_SUBSCRIPTIONS", value_name = "COUNT",
            help_heading = "Rooms and limits")]
        pub(crate) room_overflow_subscriptions: Option<u32>,
        /// Seconds a room waits for its first participant.
        #[arg(long, env = "BEDSIDE_ROOM_EMPTY_TIMEOUT_S", value_name = "SECONDS", help_heading = "Rooms and limits")]
        pub(crate) room_empty_timeout_s: Option<u32>,
        /// Seconds a room that everyone left waits for someone to return.
        #[arg(long, env = "BEDSIDE_ROOM_DEPARTURE_TIMEOUT_S", value_name = "SECONDS",
            help_heading = "Rooms and limits")]
        pub(crate) room_departure_timeout_s: Option<u32>,
        /// Most signal sockets at once; further joins are answered 503. One client holds one.
        #[arg(long, env = "BEDSIDE_SOCKETS_MAX", value_name = "COUNT", help_heading = "Rooms and limits")]
        pub(crate) sockets_max: Option<u32>,
        /// Memory in MiB that this process may use. From nine tenths of it on, new participants are refused with 503, so
        /// that those in a call stay. Default: four fifths of what the container or the machine has.
        #[arg(long, env = "BEDSIDE_MEMORY_BUDGET_MIB", value_name = "MIB", help_heading = "Rooms and limits")]
        pub(crate) memory_budget_mib: Option<u32>,

        /// Folder for recordings; made when it is missing. Without it, no room is recorded by this server. A folder of this
        /// process alone. What is in it is not encrypted, until a visit's recording is taken into the record: keep it on an
        /// encrypted disk.
        #[arg(long, env = "BEDSIDE_RECORDING_DIR", value_name = "FOLDER", help_heading = "Recording")]
        pub(crate) recording_dir: Option<PathBuf>,
        /// Version of the text by which people are asked whether they may be recorded, where a call names none: up to 64
        /// letters, digits, dots, hyphens and underscores.
        #[arg(long, env = "BEDSIDE_RECORDING_TEXT_VERSION", value_name = "VERSION", help_heading = "Recording")]
        pub(crate) recording_text_version: Option<String>,

        /// Addresses that are told what happens in rooms (webhooks): LiveKit's signed events, in order for each room,
        /// tried again for 15 minutes while a receiver is down. Separated by commas or given several times. Put no
        /// secret into them: they are shown in the log; the signature tells the receiver who calls. https trusts the
        /// certificates of the operating system.
        #[arg(long, env = "BEDSIDE_WEBHOOK_URLS", value_name = "URL", value_delimiter = ',', help_heading = "Webhooks")]
        pub(crate) webhook_urls: Option<Vec<String>>,
        /// Name of the API key whose secret signs webhooks. Default: the first of the API keys.
        #[arg(long, env = "BEDSIDE_WEBHOOK_API_KEY", value_name = "KEY", help_heading = "Webhooks")]
        pub(crate) webhook_api_key: Option<String>,
        /// PEM file with certificate authorities that webhook receivers' certificates may be signed by, besides those of
        /// the operating system: a clinic's own.
        #[arg(long, env = "BEDSIDE_WEBHOOK_CA_FILE", value_name = "FILE", help_heading = "Webhooks")]
        pub(crate) webhook_ca_file: Option<PathBuf>,
        /// Folder in which the scheduling API keeps its database and keys; made when it is missing. Keep the keys' file out
        /// of the backups of the database, and in a safe place of its own.
        #[arg(long, env = "BEDSIDE_DATA_DIR", value_name = "FOLDER", help_heading = "Scheduling")]
        pub(crate) data_dir: Option<PathBuf>,
        /// The scheduling API's database: sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE for more than one machine.
        /// Default: the file bedside.db in data_dir.
        #[arg(long, env = "BEDSIDE_DATABASE", value_name = "URL", hide_env_values = true, help_heading = "Scheduling")]
        pub(crate) database: Option<Secret>,
        /// Most connections to the database. Eight keep two cores and a disk busy.
        #[arg(long, env = "BEDSIDE_DATABASE_CONNECTIONS_MAX", value_name = "COUNT", help_heading = "Scheduling")]
        pub(crate) database_connections_max: Option<u32>,
        /// File with the keys that open patients' data; made at the first start when it is missing. Without it, no name or
        /// note in the database can be read again. Default: the file data-keys in data_dir.
        #[arg(long, env = "BEDSIDE_DATA_KEYS_FILE", value_name = "FILE", help_heading = "Scheduling")]
        pub(crate) data_keys_file: Option<PathBuf>,
        /// Address of a key service that guards the data keys' file, such as <https://vault.internal:8200>: the transit
        /// engine of Vault or OpenBao. The file then holds what the service wrapped, and opens nothing without it. http only
        /// to this very machine. See docs/BACKUP.md.
        #[arg(long, env = "BEDSIDE_KEY_SERVICE_URL", value_name = "URL", help_heading = "Scheduling")]
        pub(crate) key_service_url: Option<String>,
        /// Name of the key service's key that wraps the file's, as NAME or MOUNT/NAME; the usual mount is transit.
        #[arg(long, env = "BEDSIDE_KEY_SERVICE_KEY", value_name = "NAME", help_heading = "Scheduling")]
        pub(crate) key_service_key: Option<String>,
        /// File with the token that the key service is asked with; read for each question, so that an agent can renew it.
        #[arg(long, env = "BEDSIDE_KEY_SERVICE_TOKEN_FILE", value_name = "FILE", help_heading = "Scheduling")]
        pub(crate) key_service_token_file: Option<PathBuf>,
        /// PEM file with certificate authorities that the key service's certificate may be signed by, besides those of the
        /// operating system.
        #[arg(long, env = "BEDSIDE_KEY_SERVICE_CA_FILE", value_name = "FILE", help_heading = "Scheduling")]
        pub(crate) key_service_ca_file: Option<PathBuf>,
        /// How long the opened keys are kept since the key service last opened them. It is asked four times in that time;
        /// when it has passed, everything that needs a key is answered 503 until the service opens them again.
        #[arg(long, env = "BEDSIDE_KEY_SERVICE_KEEP_S", value_name = "SECONDS", help_heading = "Scheduling")]
        pub(crate) key_service_keep_s: Option<u32>,
        /// Address at which people's browsers reach this server, as it stands in letters and OAuth metadata, such as
        /// <https://video.clinic.example>. Default: this machine by the name localhost.
        #[arg(long, env = "BEDSIDE_PUBLIC_URL", value_name = "URL", help_heading = "Scheduling")]
        pub(crate) public_url: Option<String>,
        /// Address of the media server, for a scheduling API that runs alone, such as <https://media.clinic.example>. Both
        /// have the same API keys, and the media server tells what happens in rooms to
        /// <https://API/internal/media-events>: set that as its webhook address. Without it, no visit can be held.
        #[arg(long, env = "BEDSIDE_MEDIA_URL", value_name = "URL", help_heading = "Scheduling")]
        pub(crate) media_url: Option<String>,
        /// Where documents lie, sealed: folder:PATH, or s3://BUCKET/PREFIX for storage that speaks S3. Nothing else keeps
        /// anything below that prefix. Default: the folder documents in data_dir. Back it up together with the database.
        #[arg(long, env = "BEDSIDE_DOCUMENTS", value_name = "PLACE", help_heading = "Scheduling")]
        pub(crate) documents: Option<String>,
        /// Address of the storage that speaks S3, such as <https://s3.eu-central-1.amazonaws.com>; http only on this machine.
        #[arg(long, env = "BEDSIDE_S3_ENDPOINT", value_name = "URL", help_heading = "Scheduling")]
        pub(crate) s3_endpoint: Option<String>,
        /// Region that requests to it are signed for.
        #[arg(long, env = "BEDSIDE_S3_REGION", value_name = "REGION", help_heading = "Scheduling")]
        pub(crate) s3_region: Option<String>,
        /// Name of the key for it. It must be allowed to list, read, write and delete below the prefix.
        #[arg(long, env = "BEDSIDE_S3_ACCESS_KEY", value_name = "NAME", help_heading = "Scheduling")]
        pub(crate) s3_access_key: Option<String>,
        /// The secret that belongs to s3_access_key.
        #[arg(long, env = "BEDSIDE_S3_SECRET_KEY", value_name = "KEY", hide_env_values = true, help_heading = "Scheduling")]
        pub(crate) s3_secret_key: Option<Secret>,
        /// ClamAV's daemon, which looks for malware in documents: unix:/run/clamav/clamd.ctl or tcp:HOST:PORT. Set its
        /// StreamMaxLength as large as the largest document: what is longer is refused. With it, no document can be read
        /// before its verdict; without it, documents say that nobody has looked.
        #[arg(long, env = "BEDSIDE_CLAMD", value_name = "ADDRESS", help_heading = "Scheduling")]
        pub(crate) clamd: Option<String>,
        /// Addresses of proxies that are believed when they say, with X-Forwarded-For, where a request to the scheduling
        /// API comes from: tries at passwords are counted by it. Separated by commas or given several times.
        #[arg(long, env = "BEDSIDE_TRUSTED_PROXIES", value_name = "ADDRESS", value_delimiter = ',',
            value_parser = address::ip_address, help_heading = "Scheduling")]
        pub(crate) trusted_proxies: Option<Vec<IpAddr>>,

        /// Mail server that letters and reminders go through: smtps://USER:PASSWORD@HOST (TLS from the beginning) or
        /// smtp://USER:PASSWORD@HOST:587 (STARTTLS, without which nothing is sent; on this very machine plain). None: no
        /// mail is sent, and letters are shown as failed among the jobs.
        #[arg(long, env = "BEDSIDE_SMTP_URL", value_name = "URL", hide_env_values = true, help_heading = "Notifications")]
        pub(crate) smtp_url: Option<Secret>,
        /// Whom mail comes from, as "Clinic <no-reply@clinic.example>". Needed with smtp_url. Say nothing in the name that
        /// tells what kind of clinic it is.
        #[arg(long, env = "BEDSIDE_MAIL_FROM", value_name = "ADDRESS", help_heading = "Notifications")]
        pub(crate) mail_from: Option<String>,
        /// How many minutes before an appointment people are reminded of it, separated by commas; 0 is when it begins. An
        /// empty list reminds nobody.
        #[arg(long, env = "BEDSIDE_REMINDERS_MIN", value_name = "MINUTES", value_delimiter = ',', help_heading = "Notifications")]
        pub(crate) reminders_min: Option<Vec<u32>>,
        /// Account at a text message provider of Twilio's shape. With it, sms_twilio_token and sms_from are needed.
        #[arg(long, env = "BEDSIDE_SMS_TWILIO_ACCOUNT", value_name = "SID", help_heading = "Notifications")]
        pub(crate) sms_twilio_account: Option<String>,
        /// Token of that account; it also proves what the provider tells us afterwards.
        #[arg(long, env = "BEDSIDE_SMS_TWILIO_TOKEN", value_name = "TOKEN", hide_env_values = true,
            help_heading = "Notifications")]
        pub(crate) sms_twilio_token: Option<Secret>,
        /// Address of that provider.
        #[arg(long, env = "BEDSIDE_SMS_TWILIO_URL", value_name = "URL", help_heading = "Notifications")]
        pub(crate) sms_twilio_url: Option<String>,
        /// Number, or messaging service (MG...), that text messages come from.
        #[arg(long, env = "BEDSIDE_SMS_FROM", value_name = "NUMBER", help_heading = "Notifications")]
        pub(crate) sms_from: Option<String>,
        /// Address of any other text message provider, asked by POST with sms_http_body. Excludes sms_twilio_account.
        #[arg(long, env = "BEDSIDE_SMS_HTTP_URL", value_name = "URL", help_heading = "Notifications")]
        pub(crate) sms_http_url: Option<String>,
        /// Body of that request, with {to}, {text} and, if wanted, {key} in it. JSON when it begins with {, otherwise a
        /// form; what is put in is escaped accordingly.
        #[arg(long, env = "BEDSIDE_SMS_HTTP_BODY", value_name = "TEMPLATE", help_heading = "Notifications")]
        pub(crate) sms_http_body: Option<String>,
        /// What stands in the Authorization header of that request, such as "Bearer TOKEN".
        #[arg(long, env = "BEDSIDE_SMS_HTTP_AUTHORIZATION", value_name = "VALUE", hide_env_values = true,
            help_heading = "Notifications")]
        pub(crate) sms_http_authorization: Option<Secret>,
        /// Header by which that provider knows a repeated request, such as Idempotency-Key. Without it a message whose
        /// answer was lost is never sent again.
        #[arg(long, env = "BEDSIDE_SMS_HTTP_KEY_HEADER", value_name = "HEADER", help_heading = "Notifications")]
        pub(crate) sms_http_key_header: Option<String>,
        /// Id of the number at WhatsApp's Business Cloud API that messages come from. With it, whatsapp_token,
        /// whatsapp_app_secret and whatsapp_verify_token are needed, and a way to send text messages: telephones are proved
        /// by one. The templates that it uses are in docs/NOTIFICATIONS.md.
        #[arg(long, env = "BEDSIDE_WHATSAPP_NUMBER_ID", value_name = "ID", help_heading = "Notifications")]
        pub(crate) whatsapp_number_id: Option<String>,
        /// Token of a system user of that account.
        #[arg(long, env = "BEDSIDE_WHATSAPP_TOKEN", value_name = "TOKEN", hide_env_values = true,
            help_heading = "Notifications")]
        pub(crate) whatsapp_token: Option<Secret>,
        /// Secret of the app there: it signs what we are told at <https://API/v1/hooks/whatsapp>.
        #[arg(long, env = "BEDSIDE_WHATSAPP_APP_SECRET", value_name = "SECRET", hide_env_values = true,
            help_heading = "Notifications")]
        pub(crate) whatsapp_app_secret: Option<Secret>,
        /// A word of your own that is also entered there: it proves the first question about that address.
        #[arg(long, env = "BEDSIDE_WHATSAPP_VERIFY_TOKEN", value_name = "WORD", hide_env_values = true,
            help_heading = "Notifications")]
        pub(crate) whatsapp_verify_token: Option<Secret>,
        /// Address of that API, with its version.
        #[arg(long, env = "BEDSIDE_WHATSAPP_URL", value_name = "URL", help_heading = "Notifications")]
        pub(crate) whatsapp_url: Option<String>,
        /// Key that notifications of browsers are signed with (VAPID): 32 random bytes in base64url, as
        /// `openssl rand -base64 32 | tr '+/' '-_' | tr -d =` makes them. Never change it: browsers that subscribed with
        /// another hear nothing. Without it, browsers show no notifications.
        #[arg(long, env = "BEDSIDE_WEB_PUSH_KEY", value_name = "KEY", hide_env_values = true,
            help_heading = "Notifications")]
        pub(crate) web_push_key: Option<Secret>,
        /// Whom a push service writes to when something is wrong, as mailto:... or https://... Needed with web_push_key.
        #[arg(long, env = "BEDSIDE_WEB_PUSH_CONTACT", value_name = "URI", help_heading = "Notifications")]
        pub(crate) web_push_contact: Option<String>,
        /// Whether clinics may have their own programs told of events (webhook endpoints) at plain http and at addresses
        /// within the network. Off: https and public addresses only, so that nobody reaches into the network through us.
        #[arg(long, env = "BEDSIDE_CLINIC_WEBHOOKS_PRIVATE", value_name = "BOOL", num_args = 0..=1, require_equals = true,
            default_missing_value = "true", help_heading = "Notifications")]
        pub(crate) clinic_webhooks_private: Option<bool>,

        /// Secret key (sk_...) of the account at Stripe by which patients pay by card. With it, stripe_webhook_secrets is
        /// needed. None: nobody pays by card.
        #[arg(long, env = "BEDSIDE_STRIPE_SECRET_KEY", value_name = "KEY", hide_env_values = true,
            help_heading = "Payments")]
        pub(crate) stripe_secret_key: Option<Secret>,
        /// What signs Stripe's events (whsec_...) to /v1/hooks/stripe: the newest first, and while it is being replaced
        /// the one before, separated by a comma.
        #[arg(long, env = "BEDSIDE_STRIPE_WEBHOOK_SECRETS", value_name = "SECRETS", hide_env_values = true,
            help_heading = "Payments")]
        pub(crate) stripe_webhook_secrets: Option<Secret>,
        /// Address of Stripe: another for trials against a server of your own.
        #[arg(long, env = "BEDSIDE_STRIPE_URL", value_name = "URL", help_heading = "Payments")]
        pub(crate) stripe_url: Option<String>,
        /// Id of the application at PayPal by which patients pay there. With it, paypal_client_secret and
        /// paypal_webhook_ids are needed. None: nobody pays by PayPal.
        #[arg(long, env = "BEDSIDE_PAYPAL_CLIENT_ID", value_name = "ID", help_heading = "Payments")]
        pub(crate) paypal_client_id: Option<String>,
        /// Secret of that application.
        #[arg(long, env = "BEDSIDE_PAYPAL_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true,
            help_heading = "Payments")]
        pub(crate) paypal_client_secret: Option<Secret>,
        /// Ids that PayPal gave to the registration of /v1/hooks/paypal for its events: the newest first, and while it is
        /// being replaced the one before.
        #[arg(long, env = "BEDSIDE_PAYPAL_WEBHOOK_IDS", value_name = "IDS", value_delimiter = ',', help_heading = "Payments")]
        pub(crate) paypal_webhook_ids: Option<Vec<String>>,
        /// Address of PayPal: another for its sandbox.
        #[arg(long, env = "BEDSIDE_PAYPAL_URL", value_name = "URL", help_heading = "Payments")]
        pub(crate) paypal_url: Option<String>,
        /// Paybill or till number at Safaricom by which patients pay by M-Pesa. With it, mpesa_consumer_key,
        /// mpesa_consumer_secret, mpesa_passkey and public_url are needed. None: nobody pays by M-Pesa.
        #[arg(long, env = "BEDSIDE_MPESA_SHORTCODE", value_name = "NUMBER", help_heading = "Payments")]
        pub(crate) mpesa_shortcode: Option<String>,
        /// Key of the application at Safaricom.
        #[arg(long, env = "BEDSIDE_MPESA_CONSUMER_KEY", value_name = "KEY", help_heading = "Payments")]
        pub(crate) mpesa_consumer_key: Option<String>,
        /// Secret of that application.
        #[arg(long, env = "BEDSIDE_MPESA_CONSUMER_SECRET", value_name = "SECRET", hide_env_values = true,
            help_heading = "Payments")]
        pub(crate) mpesa_consumer_secret: Option<Secret>,
        /// What prompts on telephones are made with: the passkey of Lipa na M-Pesa online.
        #[arg(long, env = "BEDSIDE_MPESA_PASSKEY", value_name = "PASSKEY", hide_env_values = true,
            help_heading = "Payments")]
        pub(crate) mpesa_passkey: Option<Secret>,
        /// Whether the number is a till (buy goods) instead of a paybill.
        #[arg(long, env = "BEDSIDE_MPESA_TILL", value_name = "BOOL", num_args = 0..=1, require_equals = true,
            default_missing_value = "true", help_heading = "Payments")]
        pub(crate) mpesa_till: Option<bool>,
        /// Name of the API operator who may reverse payments. Without it refunds of M-Pesa wait for a person.
        #[arg(long, env = "BEDSIDE_MPESA_INITIATOR", value_name = "NAME", help_heading = "Payments")]
        pub(crate) mpesa_initiator: Option<String>,
        /// That operator's security credential, as Safaricom's portal makes it of the password. Belongs to
        /// mpesa_initiator.
        #[arg(long, env = "BEDSIDE_MPESA_SECURITY_CREDENTIAL", value_name = "CREDENTIAL", hide_env_values = true,
            help_heading = "Payments")]
        pub(crate) mpesa_security_credential: Option<Secret>,
        /// Address of Safaricom's Daraja.
        #[arg(long, env = "BEDSIDE_MPESA_URL", value_name = "URL", help_heading = "Payments")]
        pub(crate) mpesa_url: Option<String>,

        /// How log lines are written: text for people, json for collectors.
        #[arg(long, env = "BEDSIDE_LOG_FORMAT", value_name = "FORMAT", value_enum, help_heading = "Logging")]
        pub(crate) log_format: Option<LogFormat>,
        /// Which log lines are written, in tracing's filter syntax, for example "info,signaling=debug". No level logs
        /// names, tokens or SDP.
        #[arg(long, env = "BEDSIDE_LOG_FILTER", value_name = "FILTER", help_heading = "Logging")]
        pub(crate) log_filter: Option<String>,

        /// Seconds that SIGTERM waits for running calls to end before it stops them. Meanwhile no new room is opened,
        /// /readyz says so, and whoever is in a call may reconnect or bring others in. A second signal ends the waiting
        /// and the process at once. 0: calls are told to go elsewhere at once.
        #[arg(long, alias = "drain-timeout", env = "BEDSIDE_DRAIN_TIMEOUT_S", value_name = "SECONDS",
            help_heading = "Shutdown")]
        pub(crate) drain_timeout_s: Option<u32>,
        /// Seconds a graceful stop (SIGTERM, SIGINT) may take before open connections are cut. Kubernetes waits 30 s
        /// by default, systemd 90 s: stay below, drain_timeout_s included.
        #[arg(long, env = "BEDSIDE_SHUTDOWN_DEADLINE_S", value_name = "SECONDS", help_heading = "Shutdown")]
        pub(crate) shutdown_deadline_s: Option<u32>,
    }
}

impl RawConfig {
    /// The defaults that are plain values. The others follow from the machine and the mode; see `parse`.
    pub(crate) fn defaults() -> Self {
        let limits = sfu::limits::Limits::default();
        Self {
            dev: Some(false),
            dev_expose: Some(false),
            dev_token_ttl_s: Some(24 * 60 * 60),
            admin: Some(SocketAddr::from(([127, 0, 0, 1], 7881))),
            sfu_udp_port: Some(7882),
            ice_tcp: Some(true),
            turn: Some(true),
            turn_only: Some(false),
            turn_allocations_max: Some(10_000),
            turn_listen: Some(SocketAddr::from(([0, 0, 0, 0], 3478))),
            turn_tls_listen: Some(SocketAddr::from(([0, 0, 0, 0], 5349))),
            turn_relay_ports: Some("49152-65535".to_owned()),
            auto_create_rooms: Some(true),
            participants_per_room_max: Some(limits.participants_per_room),
            publications_per_participant_max: Some(limits.publications_per_participant),
            rooms_per_shard_max: Some(limits.rooms_per_shard),
            room_overflow_subscriptions: Some(limits.overflow_subscriptions),
            room_empty_timeout_s: Some(limits.empty_timeout_s),
            room_departure_timeout_s: Some(limits.departure_timeout_s),
            // A consultation of two holds two sockets: this is 5,000 of them, far beyond one machine's media.
            sockets_max: Some(10_000),
            recording_text_version: Some("1".to_owned()),
            data_dir: Some("bedside-data".into()),
            key_service_keep_s: Some(60 * 60),
            database_connections_max: Some(8),
            s3_region: Some("us-east-1".to_owned()),
            reminders_min: Some(scheduling_api::REMINDERS_MIN.to_vec()),
            sms_twilio_url: Some("https://api.twilio.com".to_owned()),
            whatsapp_url: Some("https://graph.facebook.com/v23.0".to_owned()),
            clinic_webhooks_private: Some(false),
            stripe_url: Some("https://api.stripe.com".to_owned()),
            paypal_url: Some("https://api-m.paypal.com".to_owned()),
            mpesa_till: Some(false),
            mpesa_url: Some("https://api.safaricom.co.ke".to_owned()),
            log_format: Some(LogFormat::Text),
            log_filter: Some("info".to_owned()),
            drain_timeout_s: Some(0),
            shutdown_deadline_s: Some(10),
            ..Self::default()
        }
    }

    /// The settings as TOML with secrets hidden, absent ones left out.
    pub(crate) fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Text that is never shown: not by `Debug`, not when serialised.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_above_hides_what_is_set_below() {
        let above = RawConfig { shards: Some(1), ..RawConfig::default() };
        let below = RawConfig { shards: Some(2), sockets_max: Some(3), ..RawConfig::default() };
        let merged = above.or(below);
        assert_eq!((merged.shards, merged.sockets_max), (Some(1), Some(3)));
    }

    #[test]
    fn a_secret_is_shown_neither_by_debug_nor_as_toml() {
        let raw = RawConfig { api_keys: Some("key: hunter2".into()), ..RawConfig::default() };
        let shown = format!("{raw:?}{}", raw.to_toml());
        assert!(shown.contains("(hidden)"));
        assert!(!shown.contains("hunter2"));
    }
}
