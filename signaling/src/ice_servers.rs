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

/// Shortest life of a credential, in seconds: a reconnection with some patience.
const LIFETIME_S_MIN: i64 = 10 * 60;

/// Longest life, in seconds. A credential lives as long as the join token that it goes with, and a running allocation
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
    /// What one client is told.
    pub(crate) fn of(
        &self,
        room: &RoomName,
        identity: &Identity,
        shard: ShardId,
        (token_expires_unix_s, now_unix_s): (i64, i64),
    ) -> Vec<proto::IceServer> {
        let urls = self.urls_by_shard.get(shard.index()).cloned().unwrap_or_default();
        if urls.is_empty() {
            return Vec::new();
        }
        let left = token_expires_unix_s.saturating_sub(now_unix_s);
        let expires = now_unix_s.saturating_add(left.clamp(LIFETIME_S_MIN, LIFETIME_S_MAX));
        let expires = u64::try_from(expires).unwrap_or_default();
        let credential = self.secret.mint(room.as_str(), identity.as_str(), shard.0, expires);
        vec![proto::IceServer {
            urls,
            username: credential.username,
            credential: credential.password,
        }]
    }

    /// Settings of the client that follow from ours.
    pub(crate) fn client_configuration(&self) -> Option<proto::ClientConfiguration> {
        self.force_relay.then(Self::relay_only)
    }

    /// What tells a client to send everything through TURN.
    pub(crate) fn relay_only() -> proto::ClientConfiguration {
        proto::ClientConfiguration {
            force_relay: proto::ClientConfigSetting::Enabled.into(),
            ..Default::default()
        }
    }
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
        }
    }

    fn of(shard: u16, times: (i64, i64)) -> Vec<proto::IceServer> {
        let room = RoomName::try_from("room".to_owned()).unwrap();
        let identity = Identity::try_from("patient".to_owned()).unwrap();
        servers().of(&room, &identity, ShardId(shard), times)
    }

    #[test]
    fn a_client_is_sent_to_its_own_shard_with_a_credential_that_lives_as_long_as_its_token() {
        for (expires, expected) in [(5000, 5000), (1001, 1600), (1_000_000, 1000 + 12 * 3600)] {
            let [server] = of(1, (expires, 1000)).try_into().unwrap();
            assert_eq!(server.urls, ["turn:192.0.2.1:7883"]);
            let user = TurnUser::parse(&server.username).unwrap();
            assert_eq!((user.expires_at, user.shard()), (expected, Some(1)));
            let (username, password) = (server.username, server.credential);
            assert!(servers().secret.is_minted(&TurnCredential { username, password }));
        }
    }

    #[test]
    fn without_an_address_nothing_is_told() {
        assert!(of(7, (5000, 1000)).is_empty());
    }

    #[test]
    fn relaying_is_forced_only_if_it_is_set() {
        assert!(servers().client_configuration().is_none());
        let forced = IceServers { force_relay: true, ..servers() }.client_configuration().unwrap();
        assert_eq!(forced.force_relay(), proto::ClientConfigSetting::Enabled);
    }
}
