//! `GET /v1/admin/users`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{account::Account, actor::Caller},
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::clinic::set_account_state::list_accounts as list,
};

/// An account.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountView {
    /// Which one.
    id: String,
    /// `active` or `disabled`.
    state: &'static str,
    /// What they are called.
    name: String,
    /// Their address.
    email: String,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.into(),
            state: account.state.as_str(),
            name: account.name.into_exposed(),
            email: account.email.expose().to_owned(),
        }
    }
}

/// Lists all accounts
///
/// For the administrators of the installation.
#[utoipa::path(
    get,
    path = "/v1/admin/users",
    tag = "admin",
    params(PageQuery),
    responses(
        (status = OK, description = "A page of accounts", body = PageView<AccountView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_accounts(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<AccountView>>, Problem> {
    Ok(Json(list(&api, &caller, &page.parse()?).await?.into()))
}
