//! Servers on loopback that speak providers' wires, with their failures.

#[path = "../fakes/http.rs"]
pub mod http;
#[path = "../fakes/payments.rs"]
pub mod payments;
#[path = "../fakes/smtp.rs"]
pub mod smtp;
