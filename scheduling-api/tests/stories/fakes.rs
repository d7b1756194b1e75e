//! Servers on loopback that speak providers' wires, with their failures.

#[path = "../fakes/clamd.rs"]
pub mod clamd;
#[path = "../fakes/http.rs"]
pub mod http;
#[path = "../fakes/payments.rs"]
pub mod payments;
#[path = "../fakes/recordings.rs"]
pub mod recordings;
#[path = "../fakes/s3.rs"]
pub mod s3;
#[path = "../fakes/smtp.rs"]
pub mod smtp;
#[path = "../fakes/vault.rs"]
pub mod vault;
