//! Text messages: `twilio` speaks the wire that several providers share, `template` asks any other over HTTP.

pub mod template;
pub mod twilio;
