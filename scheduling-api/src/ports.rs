//! What the world outside offers, as traits: one file a port. Adapters implement them; tests have fakes.

pub mod carry;
pub mod email;
pub mod files;
pub mod hook;
pub(crate) mod http_client;
pub mod identify;
pub mod identity_provider;
pub mod key_service;
pub mod machine;
pub mod mail;
pub mod media;
pub mod payments;
pub mod recordings;
pub mod scanner;
pub mod sms;
pub mod web_push;
pub mod whatsapp;
