//! One client's transport.

pub mod sdp;
pub mod srtp;
