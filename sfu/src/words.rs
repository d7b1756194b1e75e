//! The words between signalling and a shard: [`command`]s in, [`event`]s out, and what both speak of ([`info`]).
//!
//! Plain values (serde), because they also cross hosts. They carry no protobuf and no SDP: signalling
//! translates between the LiveKit client protocol and these, so that no shard reads a client's text. Every reference to a
//! participant from outside is by [`SessionId`](protocol::ids::SessionId); the shard knows which participant a session
//! speaks for.

pub mod administration;
pub mod command;
pub mod event;
pub mod info;
pub mod occurrence;
pub mod recording;
