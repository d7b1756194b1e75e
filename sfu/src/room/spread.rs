//! A room on several shards: its one home, and its edges.

pub(crate) mod edge;
pub(crate) mod home;
