//! One client's transport.
