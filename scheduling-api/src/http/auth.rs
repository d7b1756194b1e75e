//! `/v1/auth` and `/v1/me`: registering, signing in, and the own account.

mod answer_second_factor;
mod change_password;
mod choose_clinic;
mod confirm_totp;
mod end_session;
mod enrol_totp;
mod list_sessions;
mod magic_link;
mod password_reset;
mod read_me;
mod register;
mod remove_totp;
mod renew_recovery_codes;
pub(super) mod session;
mod sign_in;
mod sign_out;
mod step_up;
mod verify_email;

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(answer_second_factor::answer_second_factor))
        .routes(routes!(magic_link::request_magic_link))
        .routes(routes!(magic_link::redeem_magic_link))
        .routes(routes!(password_reset::request_password_reset))
        .routes(routes!(password_reset::reset_password))
        .routes(routes!(step_up::step_up))
        .routes(routes!(sign_out::sign_out))
        .routes(routes!(list_sessions::list_sessions))
        .routes(routes!(end_session::end_session))
        .routes(routes!(choose_clinic::choose_clinic))
        .routes(routes!(change_password::change_password))
        .routes(routes!(enrol_totp::enrol_totp, remove_totp::remove_totp))
        .routes(routes!(confirm_totp::confirm_totp))
        .routes(routes!(renew_recovery_codes::renew_recovery_codes))
        .routes(routes!(read_me::read_me))
}

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmailBody {
    /// The address.
    #[schema(example = "asha@example.org")]
    email: String,
}

/// A secret from a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    /// The secret, from the link's fragment.
    token: String,
}
