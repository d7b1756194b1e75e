//! Janus as Debian packages it, with a configuration of its own: VideoRoom over WebSocket, ICE lite, nothing else.

use std::{
    fs,
    net::{IpAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicBool,
};

use anyhow::{Context, Result, ensure};

use super::launch::{Folder, Server};
use crate::kernel;

/// The program in PATH.
pub(super) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("janus")).find(|file| file.is_file())
}

/// What it calls its version: `1.1.2`.
pub(super) fn version(program: &Path) -> Result<String> {
    let output = Command::new(program).arg("--help").output();
    let output = output.with_context(|| format!("starting {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(version_in(&text).unwrap_or("of unknown version").to_owned())
}

fn version_in(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.strip_prefix("Janus version:"))?;
    line.split_once('(')?.1.split_once(')').map(|(version, _)| version)
}

/// Starts it; answers it and the URL of its API.
pub(super) fn start(
    program: &Path,
    folder: &Folder,
    loops: u16,
    stop: &AtomicBool,
) -> Result<(Server, String)> {
    let own = kernel::own_address();
    ensure!(
        !own.is_loopback(),
        "it sends media from no loopback interface, and this machine has no other address"
    );
    let port = free_port()?;
    for (name, text) in [
        ("janus.jcfg", core(own, loops)),
        ("janus.transport.websockets.jcfg", websockets(port)),
        ("janus.plugin.videoroom.jcfg", "general: { }\n".to_owned()),
    ] {
        fs::write(folder.file(name), text).with_context(|| format!("writing {name}"))?;
    }
    let mut command = Command::new(program);
    command.arg("--configs-folder").arg(folder.path()).arg("--disable-colors");
    let mut server = Server::start(&mut command, folder, "janus")?;
    let is_open = |_: &str| TcpStream::connect(("127.0.0.1", port)).ok();
    server.wait(stop, is_open).context("starting janus")?;
    Ok((server, format!("ws://127.0.0.1:{port}")))
}

/// Free now, and hardly taken within the next second.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr().context("looking for a free port")?.port())
}

/// No STUN or TURN server, no loggers, no event handlers; warnings only, as its log costs time.
fn core(own: IpAddr, loops: u16) -> String {
    let loops = if loops > 0 { format!("event_loops = {loops}\n") } else { String::new() };
    let disabled = |kind: &str, names: &[&str]| {
        let files: Vec<_> = names.iter().map(|name| format!("libjanus_{name}.so")).collect();
        format!("{kind}: {{ disable = \"{}\" }}\n", files.join(","))
    };
    let plugins = disabled("plugins", PLUGINS);
    let transports = disabled("transports", TRANSPORTS);
    let loggers = disabled("loggers", &["jsonlog"]);
    format!(
        "general: {{\ndebug_level = 3\n{loops}}}\n\
         nat: {{\nice_lite = true\nfull_trickle = false\nice_enforce_list = \"{own}\"\n}}\n\
         {plugins}{transports}{loggers}events: {{ broadcast = false }}\n"
    )
}

/// All that Debian's package has, without VideoRoom.
const PLUGINS: &[&str] = &[
    "audiobridge",
    "duktape",
    "echotest",
    "lua",
    "nosip",
    "recordplay",
    "sip",
    "streaming",
    "textroom",
    "videocall",
    "voicemail",
];
/// All that it has, without WebSocket.
const TRANSPORTS: &[&str] = &["http", "mqtt", "nanomsg", "pfunix", "rabbitmq"];

fn websockets(port: u16) -> String {
    format!(
        "general: {{\njson = \"compact\"\nws = true\nws_port = {port}\nws_ip = \"127.0.0.1\"\nwss = false\n}}\n\
         admin: {{ admin_ws = false }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_in_brackets() {
        let text = "Janus version: 1102 (1.1.2)\nJanus commit: none\n";
        assert_eq!(version_in(text), Some("1.1.2"));
        assert_eq!(version_in("sh: not found"), None);
    }

    #[test]
    fn only_what_is_measured_is_configured() {
        let text = core("192.0.2.7".parse().unwrap(), 0);
        assert!(
            text.contains("ice_lite = true") && text.contains("ice_enforce_list = \"192.0.2.7\"")
        );
        assert!(!text.contains("videoroom") && !text.contains("websockets"));
        assert!(!text.contains("stun_server") && !text.contains("event_loops"));
        assert!(core("192.0.2.7".parse().unwrap(), 2).contains("event_loops = 2\n"));
    }
}
