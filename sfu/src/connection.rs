//! One client's transport.

pub mod ice;
