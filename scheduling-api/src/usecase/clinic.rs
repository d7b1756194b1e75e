//! Who works in a clinic, and what was done there.

pub(crate) mod accept_invitation;
pub(crate) mod bootstrap;
pub(crate) mod end_membership;
pub(crate) mod invite_member;
pub(crate) mod list_staff;
pub(crate) mod read_health;
pub(crate) mod search_audit;
pub(crate) mod set_account_state;
