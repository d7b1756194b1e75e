//! One client's transport.

pub mod dtls;
pub mod ice;
pub mod sctp;
