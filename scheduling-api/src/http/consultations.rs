//! `/v1/consultations` and what belongs to a visit under `/v1/appointments`: coming, waiting, being let in, talking.

mod check_in;
mod door;
mod end;
mod extend;
mod notice;
mod read;
mod token;
mod waiting_room;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::consultation::{
        State,
        participant::{DeviceCheck, PartRole, PartState, Participant, Tried},
    },
    usecase::visit::Visit,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(read::read_appointment_consultation))
        .routes(routes!(read::read_consultation))
        .routes(routes!(check_in::check_in_consultation))
        .routes(routes!(token::create_visit_token))
        .routes(routes!(door::admit_participant))
        .routes(routes!(door::hold_participant))
        .routes(routes!(door::remove_participant))
        .routes(routes!(notice::set_notice))
        .routes(routes!(extend::extend_consultation))
        .routes(routes!(end::end_consultation))
        .routes(routes!(waiting_room::list_waiting_room))
}

/// A visit: what every client shows. A state that a client does not know is shown as "one moment" and read again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VisitView {
    /// Which one.
    #[schema(example = "cons_01932f3ea5b07c3e8d9a6b1c2d3e4f50")]
    id: String,
    /// The appointment that it is.
    appointment: String,
    /// The room's name in the media server.
    room: String,
    /// `scheduled`, `open`, `live`, `paused` or `ended`.
    state: &'static str,
    /// When a paused one ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<String>,
    /// From when it is planned.
    #[schema(example = "2026-03-02T06:30:00Z")]
    starts_at: String,
    /// Until when; later once it is extended.
    ends_at: String,
    /// The zone that its times are the clinic's in.
    #[schema(example = "Africa/Nairobi")]
    time_zone: String,
    /// From when on somebody may check in.
    opens_at: String,
    /// Whose.
    clinic: ClinicPart,
    /// Who gives it.
    practitioner: PractitionerPart,
    /// What it is.
    service: ServicePart,
    /// What who waits is told.
    message: Option<String>,
    /// Whom the caller takes part as.
    me: MeView,
    /// Everybody, for who leads the visit; otherwise only the caller.
    participants: Vec<ParticipantView>,
    /// Since when it was live for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    live_since: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// The server's time, for clocks that count down.
    server_time: String,
    /// How often it was changed.
    revision: i64,
}

/// A clinic, for who wants to call it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClinicPart {
    /// Which one.
    id: String,
    /// What it is called.
    name: String,
    /// Whom to call when nothing else works.
    phone: Option<String>,
}

/// A practitioner's name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PractitionerPart {
    /// Which one.
    id: String,
    /// What they are called.
    name: String,
}

/// A visit type's name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServicePart {
    /// What it is called.
    name: String,
}

/// The caller's own part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VisitMeView)]
pub(super) struct MeView {
    /// Whom they take part as; absent for staff who only look after it.
    participant: Option<String>,
    /// `patient`, `practitioner`, `clinician`, `interpreter`, `relative`, or `staff`.
    role: &'static str,
    /// What they are called.
    name: String,
    /// `invited`, `waiting`, `admitted`, `connected`, `disconnected`, `left`, `removed` or `denied`.
    state: Option<&'static str>,
}

/// Somebody who takes part.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ParticipantView {
    /// Who; also the identity in the media server.
    id: String,
    /// What as.
    role: &'static str,
    /// What they are called.
    name: String,
    /// How far they have come, as in `me`.
    state: &'static str,
    /// Since when they wait, or waited last.
    waiting_since: Option<String>,
    /// What their device could do when they came.
    device_check: Option<DeviceCheckView>,
    /// The account that invited them, if not the appointment.
    invited_by: Option<String>,
}

/// What a device could do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceCheckView {
    /// `ok`, `failed` or `skipped`.
    camera: TriedView,
    /// As the camera.
    microphone: TriedView,
    /// As the camera.
    speaker: TriedView,
    /// As the camera: the line to the media server.
    network: TriedView,
    /// The browser, as it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
    /// Which terms were agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms_version: Option<String>,
    /// When.
    at: String,
}

/// How one part of a device did.
#[derive(Debug, Clone, Copy, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TriedView {
    /// It works.
    Ok,
    /// It does not.
    Failed,
    /// It was not tried.
    Skipped,
}

impl From<Tried> for TriedView {
    fn from(tried: Tried) -> Self {
        match tried {
            Tried::Ok => Self::Ok,
            Tried::Failed => Self::Failed,
            Tried::Skipped => Self::Skipped,
        }
    }
}

impl From<TriedView> for Tried {
    fn from(tried: TriedView) -> Self {
        match tried {
            TriedView::Ok => Self::Ok,
            TriedView::Failed => Self::Failed,
            TriedView::Skipped => Self::Skipped,
        }
    }
}

impl From<&DeviceCheck> for DeviceCheckView {
    fn from(check: &DeviceCheck) -> Self {
        Self {
            camera: check.camera.into(),
            microphone: check.microphone.into(),
            speaker: check.speaker.into(),
            network: check.network.into(),
            browser: check.said.browser.as_ref().map(|text| text.expose().clone()),
            terms_version: check.said.terms_version.as_ref().map(|text| text.expose().clone()),
            at: check.at.to_string(),
        }
    }
}

impl From<Visit> for VisitView {
    fn from(visit: Visit) -> Self {
        use crate::domain::consultation::OPENS_BEFORE_MIN;
        use jiff::ToSpan as _;
        let participants = visit.consultation.participants.iter();
        let seen = participants.filter(|one| visit.sees_all || Some(&one.id) == visit.me.as_ref());
        let participants = seen.map(|one| participant(one, visit.name_of(one))).collect();
        let me = me(&visit);
        let one = visit.consultation;
        // It is over by the clock before the sweep says so.
        let state = if one.is_over(visit.now) { State::Ended } else { one.state };
        Self {
            room: one.id.as_str().to_owned(),
            state: state.name(),
            paused_until: state.until().map(|until| until.to_string()),
            starts_at: one.visit.start.to_string(),
            ends_at: one.visit.end.to_string(),
            opens_at: (one.visit.start - OPENS_BEFORE_MIN.minutes()).to_string(),
            time_zone: visit.clinic.time_zone,
            clinic: ClinicPart {
                id: visit.clinic.id.into(),
                name: visit.clinic.name,
                phone: visit.clinic.phone,
            },
            practitioner: PractitionerPart {
                id: one.practitioner.into(),
                name: visit.practitioner_name,
            },
            service: ServicePart { name: visit.service_name },
            message: one.notice.map(protocol::redact::Redacted::into_exposed),
            me,
            participants,
            live_since: one.live_since.map(|at| at.to_string()),
            ended_at: one.ended_at.map(|at| at.to_string()),
            server_time: visit.now.to_string(),
            revision: one.rev.0,
            id: one.id.into(),
            appointment: one.appointment.into(),
        }
    }
}

fn me(visit: &Visit) -> MeView {
    let me = visit.me.as_ref().and_then(|id| visit.consultation.participant(id).ok());
    match me {
        None => MeView { participant: None, role: "staff", name: String::new(), state: None },
        Some(me) => MeView {
            participant: Some(me.id.as_str().to_owned()),
            role: role_name(me.role),
            name: visit.name_of(me),
            state: Some(state_name(me.state)),
        },
    }
}

fn participant(one: &Participant, name: String) -> ParticipantView {
    ParticipantView {
        id: one.id.as_str().to_owned(),
        role: role_name(one.role),
        name,
        state: state_name(one.state),
        waiting_since: one.waiting_since.map(|at| at.to_string()),
        device_check: one.device_check.as_ref().map(DeviceCheckView::from),
        invited_by: one.invited_by.as_ref().map(|user| user.as_str().to_owned()),
    }
}

fn role_name(role: PartRole) -> &'static str {
    role.name()
}

fn state_name(state: PartState) -> &'static str {
    state.name()
}
