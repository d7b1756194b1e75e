//! The ICE servers that clients are told: our own TURN, with a credential of their own. Never anybody else's STUN.
//!
//! Owns: how long a credential lives and whom it is minted for. Never: who listens where; the addresses come from outside.

use std::fmt;

use livekit_protocol as proto;
use protocol::{
    ids::{Identity, RoomName},
    turn_credential::TurnSecret,
};
use sfu::handle::ShardId;

use crate::fallback::Ways;

/// Life of a credential, in seconds, that a shard holds: what may be left when the call is over.
const HELD_LIFETIME_S: i64 = 5 * 60;

/// Shortest life of another credential, in seconds: a reconnection with some patience.
const LIFETIME_S_MIN: i64 = 10 * 60;

/// Longest life, in seconds. Such a credential lives as long as the join token that it goes with, and a running allocation
/// outlives it anyway; every (re)connection brings a new one.
const LIFETIME_S_MAX: i64 = 12 * 60 * 60;

/// See the module.
#[derive(Clone)]
pub struct IceServers {
    /// What the TURN servers check credentials with.
    pub secret: TurnSecret,
    /// URLs by the shard that a client is on: the one that it should reach by UDP is that shard's port.
    pub urls_by_shard: Vec<Vec<String>>,
    /// Whether clients are to send everything through TURN.
    pub force_relay: bool,
    /// Whether they are all on our own shards, which know who is in a call: a credential is good for as long as its person
    /// is, and need not live long besides.
    pub is_held: bool,
}

impl fmt::Debug for IceServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServers")
            .field("urls_by_shard", &self.urls_by_shard)
            .field("force_relay", &self.force_relay)
            .finish_non_exhaustive()
    }
}

impl IceServers {
    /// What one client is told: the servers, and settings that follow.
    pub(crate) fn of(
        &self,
        room: &RoomName,
        identity: &Identity,
        (shard, ways): (ShardId, Ways),
        (token_expires_unix_s, now_unix_s): (i64, i64),
    ) -> Told {
        let urls = self.urls_by_shard.get(shard.index()).map(Vec::as_slice).unwrap_or_default();
        let wanted: Vec<String> = urls.iter().filter(|url| ways.takes(url)).cloned().collect();
        // Where there are no such servers, all that is known is better than nothing.
        let is_narrowed = ways != Ways::All && !wanted.is_empty();
        let urls = if is_narrowed { wanted } else { urls.to_vec() };
        let configuration = (self.force_relay || is_narrowed).then(|| {
            let force_relay = proto::ClientConfigSetting::Enabled.into();
            proto::ClientConfiguration { force_relay, ..Default::default() }
        });
        if urls.is_empty() {
            return Told { servers: Vec::new(), configuration };
        }
        let left = token_expires_unix_s.saturating_sub(now_unix_s);
        let life =
            if self.is_held { HELD_LIFETIME_S } else { left.clamp(LIFETIME_S_MIN, LIFETIME_S_MAX) };
        let expires = u64::try_from(now_unix_s.saturating_add(life)).unwrap_or_default();
        let credential = self.secret.mint(room.as_str(), identity.as_str(), shard.0, expires);
        let server = proto::IceServer {
            urls,
            username: credential.username,
            credential: credential.password,
        };
        Told { servers: vec![server], configuration }
    }
}

/// What one client is told about its ways to the media plane.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) servers: Vec<proto::IceServer>,
    pub(crate) configuration: Option<proto::ClientConfiguration>,
}

#[cfg(test)]
mod tests {
    use protocol::turn_credential::{TurnCredential, TurnUser};

    use super::*;

    fn servers() -> IceServers {
        IceServers {
            secret: TurnSecret::new(b"a secret of the tests"),
            urls_by_shard: vec![
                vec!["turn:192.0.2.1:7882".into()],
                vec!["turn:192.0.2.1:7883".into()],
            ],
            force_relay: false,
            is_held: false,
        }
    }

    fn told(servers: &IceServers, ways: Ways, shard: u16, times: (i64, i64)) -> Told {
        let room = RoomName::try_from("room".to_owned()).unwrap();
        let identity = Identity::try_from("patient".to_owned()).unwrap();
        servers.of(&room, &identity, (ShardId(shard), ways), times)
    }

    fn of(servers: &IceServers, shard: u16, times: (i64, i64)) -> Vec<proto::IceServer> {
        told(servers, Ways::All, shard, times).servers
    }

    #[test]
    fn a_client_is_sent_to_its_own_shard_with_a_credential_that_lives_as_long_as_its_token() {
        for (expires, expected) in [(5000, 5000), (1001, 1600), (1_000_000, 1000 + 12 * 3600)] {
            let [server] = of(&servers(), 1, (expires, 1000)).try_into().unwrap();
            assert_eq!(server.urls, ["turn:192.0.2.1:7883"]);
            let user = TurnUser::parse(&server.username).unwrap();
            assert_eq!((user.expires_at, user.shard()), (expected, Some(1)));
            let (username, password) = (server.username, server.credential);
            assert!(servers().secret.is_minted(&TurnCredential { username, password }));
        }
    }

    #[test]
    fn a_credential_that_is_held_by_a_shard_lives_five_minutes_besides() {
        let held = IceServers { is_held: true, ..servers() };
        for expires in [1001, 5000, 1_000_000] {
            let [server] = of(&held, 0, (expires, 1000)).try_into().unwrap();
            assert_eq!(TurnUser::parse(&server.username).unwrap().expires_at, 1300);
        }
    }

    #[test]
    fn without_an_address_nothing_is_told() {
        assert!(of(&servers(), 7, (5000, 1000)).is_empty());
    }

    #[test]
    fn relaying_is_forced_only_if_it_is_set_or_datagrams_have_failed() {
        let forces = |told: &Told| {
            told.configuration.as_ref().map(proto::ClientConfiguration::force_relay)
                == Some(proto::ClientConfigSetting::Enabled)
        };
        let urls = |told: &Told| told.servers[0].urls.clone();
        let (udp, tcp, tls) = (
            "turn:192.0.2.1:7882?transport=udp",
            "turn:192.0.2.1:443?transport=tcp",
            "turns:video.example:443?transport=tcp",
        );
        let all = vec![udp.to_owned(), tcp.to_owned(), tls.to_owned()];
        let servers =
            IceServers { urls_by_shard: vec![all.clone(), vec![udp.into()]], ..servers() };
        for (ways, expected) in
            [(Ways::All, &all[..]), (Ways::Streams, &all[1..]), (Ways::Tls, &all[2..])]
        {
            let told = told(&servers, ways, 0, (5000, 1000));
            assert_eq!((urls(&told), forces(&told)), (expected.to_vec(), ways != Ways::All));
            // Where there is nothing but UDP, that is better than nothing.
            let told = super::tests::told(&servers, ways, 1, (5000, 1000));
            assert_eq!((urls(&told), forces(&told)), (vec![udp.to_owned()], false));
        }
        let forced = IceServers { force_relay: true, ..servers };
        assert!(forces(&told(&forced, Ways::All, 0, (5000, 1000))));
        assert!(forces(&told(&forced, Ways::All, 7, (5000, 1000))));
    }
}
