//! Servers on loopback that speak providers' wires, with their failures.

#[path = "../fakes/http.rs"]
pub mod http;
#[path = "../fakes/smtp.rs"]
pub mod smtp;
