//! Accounts: registering, signing in, staying signed in, and what secures an account.
//!
//! Answers to somebody who is not signed in are the same for an address that is known and one that is not; only a mail
//! tells the difference.

pub(crate) mod begin_session;
pub(crate) mod change_password;
pub(crate) mod choose_clinic;
pub(crate) mod confirm_totp;
pub(crate) mod end_session;
pub(crate) mod enrol_totp;
mod letter;
pub(crate) mod list_sessions;
pub(crate) mod one_time;
mod own;
pub(crate) mod preferences;
pub(crate) mod push_subscriptions;
pub(crate) mod read_me;
pub(crate) mod redeem_magic_link;
pub(crate) mod register;
pub(crate) mod remove_totp;
pub(crate) mod renew_recovery_codes;
pub(crate) mod request_link;
pub(crate) mod reset_password;
mod sealed;
pub(crate) mod second_factor;
pub(crate) mod sign_in;
pub(crate) mod step_up;
pub(crate) mod verify_email;

pub(crate) use crate::crypto::secret_token::SecretToken;
pub(crate) use letter::{Sender, send};
pub(crate) use own::own;
pub(crate) use renew_recovery_codes::changed;
pub(crate) use sealed::Sealed;
