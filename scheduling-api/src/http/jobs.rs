//! `/v1/admin/jobs`: what goes out, what became of it, and sending it again.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::actor::Caller,
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::jobs::{Job, JobWish, list_jobs as list, replay_job as replay},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_jobs)).routes(routes!(replay_job))
}

/// Which jobs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct JobQuery {
    /// `email`, `sms`, `whatsapp`, `push` or `webhook`; `event` for messages that could not be handed out and were set aside.
    kind: Option<String>,
    /// `waiting`, `sending`, `sent`, `delivered`, `skipped`, `failed` or `unknown`.
    state: Option<String>,
    /// About this: an appointment's id.
    about: Option<String>,
}

/// Something that goes out. Says to which account or endpoint, never to which address, and not what.
#[derive(Serialize, ToSchema)]
pub(super) struct JobView {
    /// Which one.
    id: String,
    /// `email`, `sms`, `whatsapp`, `push`, `webhook` or `event`.
    kind: &'static str,
    /// The clinic; absent for letters about signing in.
    #[serde(skip_serializing_if = "Option::is_none")]
    clinic_id: Option<String>,
    /// The account or the endpoint; absent for a letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<String>,
    /// Which message: `letter`, `appointment.booked`, `reminder.60`, or the event's topic.
    message: String,
    /// What it is about.
    about: String,
    /// In which revision.
    about_rev: i64,
    /// Where it stands. `unknown`: it may have arrived, and was not sent again.
    state: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it is due, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<String>,
    /// Why it was not sent, or what went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            clinic_id: job.clinic,
            recipient: job.recipient,
            message: job.message,
            about: job.aggregate,
            about_rev: job.rev,
            state: job.state,
            attempts: job.attempts,
            created_at: job.created.to_string(),
            due_at: job.not_before.map(|at| at.to_string()),
            done_at: job.done.map(|at| at.to_string()),
            reason: job.reason,
        }
    }
}

impl JobQuery {
    fn parse(self) -> Result<JobWish, Problem> {
        let unknown = |name: &str| Problem::bad_request(format!("{name} is no such word"));
        let events = self.kind.as_deref() == Some("event");
        let kind = self.kind.filter(|_| !events).map(|word| word.parse());
        let state = self.state.map(|word| word.parse());
        Ok(JobWish {
            events,
            channel: kind.transpose().map_err(|_| unknown("kind"))?,
            state: state.transpose().map_err(|_| unknown("state"))?,
            aggregate: self.about,
        })
    }
}

/// Lists what goes out
///
/// The newest first: a clinic's own for its administrators, everybody's for those of the installation.
#[utoipa::path(
    get,
    path = "/v1/admin/jobs",
    tag = "admin",
    params(PageQuery, JobQuery),
    responses(
        (status = OK, description = "A page of jobs", body = PageView<JobView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_jobs(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
    Asked(asked): Asked<JobQuery>,
) -> Result<Json<PageView<JobView>>, Problem> {
    Ok(Json(list(&api, &caller, asked.parse()?, &page.parse()?).await?.into()))
}

/// Sends something again
///
/// What failed, what may have arrived (`unknown`), or an event that was set aside. What it says is looked at anew: a
/// reminder of an appointment that was moved since is not sent.
#[utoipa::path(
    post,
    path = "/v1/admin/jobs/{id}/replay",
    tag = "admin",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = NO_CONTENT, description = "It is due now"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn replay_job(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<String>,
) -> Result<StatusCode, Problem> {
    replay(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
