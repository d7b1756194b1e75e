//! The addresses that we send people to, and the name we go by.
//!
//! Secrets stand in the fragment: a browser sends it to no server, so no log and no `Referer` carries one (ASVS 14.2.1).

use crate::{crypto::secret_token::SecretToken, domain::id::AppointmentId};

/// Where the pages and the API are, as people's browsers reach them.
#[derive(Debug, Clone)]
pub struct Links {
    /// `https://video.clinic.example`: where the API answers; also the issuer of our tokens. No slash at the end.
    pub issuer: String,
    /// Where the pages are; mostly the same.
    pub web: String,
    /// What an authenticator app and a passkey call us.
    pub product: String,
}

impl Links {
    /// Everything at one address.
    #[must_use]
    pub fn at(base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { issuer: base.clone(), web: base, product: "Bedside".to_owned() }
    }

    /// Whether a page of that origin is ours.
    pub(crate) fn is_own(&self, origin: &str) -> bool {
        origin == self.web || origin == self.issuer
    }

    pub(crate) fn sign_in(&self) -> String {
        format!("{}/sign-in", self.web)
    }

    pub(crate) fn verify_email(&self, secret: &SecretToken) -> String {
        format!("{}/verify-email#token={}", self.web, secret.expose())
    }

    pub(crate) fn magic_link(&self, secret: &SecretToken) -> String {
        format!("{}/sign-in#token={}", self.web, secret.expose())
    }

    pub(crate) fn password_reset(&self, secret: &SecretToken) -> String {
        format!("{}/new-password#token={}", self.web, secret.expose())
    }

    pub(crate) fn invitation(&self, secret: &SecretToken) -> String {
        format!("{}/invitation#token={}", self.web, secret.expose())
    }

    pub(crate) fn join(&self, secret: &SecretToken) -> String {
        format!("{}/join#{}", self.web, secret.expose())
    }

    /// Where an appointment is opened.
    pub(crate) fn appointment(&self, id: &AppointmentId) -> String {
        format!("{}/appointments/{id}", self.web)
    }

    /// Where people choose how they are told.
    pub(crate) fn notification_choices(&self) -> String {
        format!("{}/notifications", self.web)
    }

    /// The host of our pages, for ids that are unique in the world.
    pub(crate) fn host(&self) -> &str {
        let behind = self.web.split_once("://").map_or(self.web.as_str(), |(_, rest)| rest);
        behind.split(['/', ':']).next().unwrap_or(behind)
    }

    pub(crate) fn provider_return(&self) -> String {
        format!("{}/sign-in/provider", self.web)
    }

    pub(crate) fn consent(&self, secret: &SecretToken) -> String {
        format!("{}/consent#request={}", self.web, secret.expose())
    }
}
