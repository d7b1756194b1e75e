//! `/v1/threads`, their messages, and `/v1/message-templates`.

mod assign;
mod create;
mod list;
mod messages;
mod read;
mod templates;
mod write;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        id::DocumentId,
        thread::{Marks, Message, MessageText, Thread},
    },
    usecase::messages::Shown,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create::create_thread, list::list_threads))
        .routes(routes!(read::read_thread))
        .routes(routes!(messages::list_messages, write::create_message))
        .routes(routes!(messages::mark_read))
        .routes(routes!(assign::assign_thread))
        .routes(routes!(assign::close_thread))
        .routes(routes!(templates::create_message_template, templates::list_message_templates))
        .routes(routes!(templates::update_message_template, templates::end_message_template))
}

/// What is written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MessageBody {
    /// The text.
    #[schema(min_length = 1, max_length = 5000)]
    text: String,
    /// Documents of the same patient that go with it, at most 10.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    documents: Vec<DocumentId>,
}

impl From<MessageBody> for MessageText {
    fn from(body: MessageBody) -> Self {
        Self { text: body.text, documents: body.documents }
    }
}

/// One message.
#[derive(Serialize, ToSchema)]
struct MessageView {
    /// Which one.
    id: String,
    /// Its place in the thread, from 1.
    number: u64,
    /// From which side: `patient` or `clinic`.
    side: &'static str,
    /// Who wrote it.
    written_by: String,
    /// The text.
    text: String,
    /// Documents that go with it. Who may read them is decided for each by itself.
    #[schema(value_type = Vec<String>)]
    documents: Vec<DocumentId>,
    /// When.
    sent_at: String,
}

impl From<Message> for MessageView {
    fn from(one: Message) -> Self {
        Self {
            id: one.id.into(),
            number: one.number,
            side: one.side.name(),
            written_by: one.by.into(),
            text: one.text.text,
            documents: one.text.documents,
            sent_at: one.sent_at.to_string(),
        }
    }
}

/// How far a side has come: numbers of messages, 0 for none.
#[derive(Serialize, ToSchema)]
struct MarksView {
    /// The last that a device of it has fetched.
    delivered: u64,
    /// The last that somebody of it has read.
    read: u64,
}

impl From<Marks> for MarksView {
    fn from(marks: Marks) -> Self {
        Self { delivered: marks.delivered, read: marks.read }
    }
}

/// A thread.
#[derive(Serialize, ToSchema)]
struct ThreadView {
    /// Which one.
    id: String,
    /// How often it changed; also the `ETag`.
    rev: i64,
    /// With whom.
    patient: String,
    /// With which practitioner; absent for the clinic as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner: Option<String>,
    /// About which visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment: Option<String>,
    /// What about.
    subject: String,
    /// `open` or `closed`.
    state: &'static str,
    /// Who of the clinic looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned: Option<String>,
    /// Until when the patient may write.
    open_until: String,
    /// How many messages it has.
    messages: u64,
    /// How far the patient has come.
    patient_marks: MarksView,
    /// How far the clinic has.
    clinic_marks: MarksView,
    /// When it was begun.
    created_at: String,
    /// When the last message was sent.
    last_at: String,
}

impl From<Thread> for ThreadView {
    fn from(one: Thread) -> Self {
        Self {
            id: one.id.into(),
            rev: one.rev.0,
            patient: one.patient.into(),
            practitioner: one.practitioner.map(Into::into),
            appointment: one.appointment.map(Into::into),
            subject: one.subject,
            state: if one.closed { "closed" } else { "open" },
            assigned: one.assigned.map(Into::into),
            open_until: one.open_until.to_string(),
            messages: one.messages,
            patient_marks: one.patient_marks.into(),
            clinic_marks: one.clinic_marks.into(),
            created_at: one.created_at.to_string(),
            last_at: one.last_at.to_string(),
        }
    }
}

/// A thread, and when it is answered.
#[derive(Serialize, ToSchema)]
struct ShownView {
    /// The thread.
    thread: ThreadView,
    /// Whether somebody reads messages now, by the clinic's office hours; absent when it has said none.
    #[serde(skip_serializing_if = "Option::is_none")]
    staffed: Option<bool>,
    /// Where to turn when it cannot wait.
    urgent_notice: String,
}

impl From<Shown> for ShownView {
    fn from(Shown { thread, staffed, urgent_notice }: Shown) -> Self {
        Self { thread: thread.into(), staffed, urgent_notice }
    }
}
