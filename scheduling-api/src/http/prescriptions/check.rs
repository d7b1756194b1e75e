//! `GET /v1/prescription-checks/{code}`: what the QR code of a printed prescription leads to.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    http::{body::At, caller::Stranger, error::Problem},
    usecase::{
        Failure,
        records::print_prescription::{Validity, check_prescription as check},
    },
};

/// Whether a prescription holds, and nothing else.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckView {
    /// `valid`, `cancelled` or `unknown`.
    state: &'static str,
}

/// Tells whether a printed prescription still holds
///
/// By the code that is printed on it; JSON, or a page where a browser asks. Says nothing of what is prescribed, to whom or by
/// whom.
#[utoipa::path(
    get,
    path = "/v1/prescription-checks/{code}",
    tag = "records",
    params(("code" = String, Path, description = "The code on the paper")),
    responses(
        (status = OK, description = "Whether it holds", body = CheckView),
        (status = NOT_FOUND, description = "No such code", body = CheckView),
        (status = 503, description = "Not now", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn check_prescription(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    At(code): At<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (status, state) = match check(&api, &caller, &code).await {
        Ok(Validity::Valid) => (StatusCode::OK, "valid"),
        Ok(Validity::Cancelled) => (StatusCode::OK, "cancelled"),
        Err(Failure::NotFound) => (StatusCode::NOT_FOUND, "unknown"),
        Err(failure) => return Err(failure.into()),
    };
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !text(header::ACCEPT).contains("text/html") {
        return Ok((status, Json(CheckView { state })).into_response());
    }
    let page = page(state, text(header::ACCEPT_LANGUAGE));
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((status, headers, page).into_response())
}

/// Language, direction, and the three answers.
type Words = (&'static str, &'static str, [&'static str; 3]);

const ENGLISH: Words = (
    "en",
    "ltr",
    [
        "This prescription is valid.",
        "This prescription was cancelled and must not be dispensed.",
        "There is no prescription with this code.",
    ],
);

static WORDS: [Words; 5] = [
    ENGLISH,
    (
        "fr",
        "ltr",
        [
            "Cette ordonnance est valable.",
            "Cette ordonnance a \u{e9}t\u{e9} annul\u{e9}e et ne doit pas \u{ea}tre d\u{e9}livr\u{e9}e.",
            "Aucune ordonnance ne porte ce code.",
        ],
    ),
    (
        "es",
        "ltr",
        [
            "Esta receta es v\u{e1}lida.",
            "Esta receta fue anulada y no debe dispensarse.",
            "No hay ninguna receta con este c\u{f3}digo.",
        ],
    ),
    (
        "ar",
        "rtl",
        ["هذه الوصفة صالحة.", "ألغيت هذه الوصفة ولا يجوز صرفها.", "لا توجد وصفة بهذا الرمز."],
    ),
    (
        "sw",
        "ltr",
        [
            "Cheti hiki cha dawa ni halali.",
            "Cheti hiki cha dawa kimefutwa; dawa zisitolewe.",
            "Hakuna cheti cha dawa chenye msimbo huu.",
        ],
    ),
];

fn page(state: &str, wanted: &str) -> String {
    let mut tags = wanted.split(',').map(|tag| tag.trim().to_ascii_lowercase());
    let known = |tag: &str| WORDS.iter().find(|(known, ..)| tag.starts_with(known));
    let (language, direction, [valid, cancelled, unknown]) =
        tags.find_map(|tag| known(&tag)).unwrap_or(&ENGLISH);
    let (mark, text) = match state {
        "valid" => ("\u{2713}", valid),
        "cancelled" => ("\u{2717}", cancelled),
        _ => ("?", unknown),
    };
    format!(
        "<!doctype html>\n<html lang=\"{language}\" dir=\"{direction}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{text}</title>\
         <style>:root{{color-scheme:light dark}}body{{font:1.25rem/1.5 system-ui,sans-serif;margin:2rem auto;\
         max-width:32rem;padding:0 1rem}}</style></head><body><main><h1><span aria-hidden=\"true\">{mark}</span> \
         {text}</h1></main></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_page_speaks_the_first_language_that_it_knows_and_reaches_nothing() {
        assert!(page("valid", "de-DE, fr;q=0.8, en").contains("<html lang=\"fr\""));
        assert!(page("valid", "ar-EG").contains("dir=\"rtl\""));
        let english = page("cancelled", "");
        assert!(english.contains("must not be dispensed"));
        assert!(!english.contains("http") && !english.contains("<script"));
    }
}
