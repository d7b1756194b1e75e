//! One client's transport.

pub mod srtp;
