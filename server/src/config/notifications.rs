//! The ways to people and to clinics' programs, from their settings. Nobody pays for a channel that is not set up.

use scheduling_api::{
    Outbound,
    ports::{
        email::Smtp,
        sms::{
            template::{BodyKind, SmsTemplate, Templated},
            twilio::{Twilio, TwilioAccount},
        },
        web_push::WebPush,
        whatsapp::{WhatsApp, WhatsAppAccount},
    },
};

use crate::config::{ConfigError, RawConfig};

/// Longest list of reminders: each is a message to everybody.
const REMINDERS_MAX: usize = 5;

/// Four weeks.
const REMINDER_MINUTES_MAX: u32 = 28 * 24 * 60;

/// What the settings say.
///
/// # Errors
/// When a channel is half set up, or its settings cannot be used.
pub(crate) fn outbound(raw: &RawConfig) -> Result<Outbound, ConfigError> {
    let private = raw.clinic_webhooks_private.unwrap_or(false);
    let outbound = Outbound::new(private);
    let outbound = outbound.map_err(|error| refused("clinic_webhooks_private", &error))?;
    let outbound = Outbound { reminders_min: reminders(raw)?, ..outbound };
    let outbound = match (&raw.smtp_url, &raw.mail_from) {
        (None, None) => outbound,
        (None, Some(_)) => return Err(belongs("smtp_url", "mail_from")),
        (Some(_), None) => return Err(belongs("mail_from", "smtp_url")),
        (Some(url), Some(from)) => {
            let smtp = Smtp::new(url.reveal(), from);
            outbound.with_email(smtp.map_err(|error| refused("smtp_url, mail_from", &error))?)
        }
    };
    let outbound = match (&raw.sms_twilio_account, &raw.sms_http_url) {
        (None, None) => outbound,
        (Some(_), Some(_)) => return Err(ConfigError::TwoSms),
        (Some(account), None) => twilio(raw, account, outbound)?,
        (None, Some(url)) => template(raw, url, outbound)?,
    };
    let outbound = match &raw.whatsapp_number_id {
        None => outbound,
        Some(number) => whatsapp(raw, number, outbound)?,
    };
    match (&raw.web_push_key, &raw.web_push_contact) {
        (None, None) => Ok(outbound),
        (None, Some(_)) => Err(belongs("web_push_key", "web_push_contact")),
        (Some(_), None) => Err(belongs("web_push_contact", "web_push_key")),
        (Some(key), Some(contact)) => {
            let push = WebPush::new(key.reveal(), contact, false);
            let push = push.map_err(|error| refused("web_push_key, web_push_contact", &error))?;
            Ok(outbound.with_push(push))
        }
    }
}

fn whatsapp(raw: &RawConfig, number: &str, outbound: Outbound) -> Result<Outbound, ConfigError> {
    let to = "whatsapp_number_id";
    if outbound.sms.is_none() {
        // Nobody could prove a telephone.
        return Err(belongs("sms_twilio_account or sms_http_url", to));
    }
    let token = raw.whatsapp_token.as_ref().ok_or(belongs("whatsapp_token", to))?;
    let secret = raw.whatsapp_app_secret.as_ref().ok_or(belongs("whatsapp_app_secret", to))?;
    let verify = raw.whatsapp_verify_token.as_ref().ok_or(belongs("whatsapp_verify_token", to))?;
    let base = raw.whatsapp_url.as_ref().ok_or(belongs("whatsapp_url", to))?;
    let whatsapp = WhatsApp::new(WhatsAppAccount {
        base: base.clone(),
        phone_number_id: number.to_owned(),
        token: token.reveal().to_owned(),
        app_secret: secret.reveal().to_owned(),
        verify_token: verify.reveal().to_owned(),
    });
    Ok(outbound.with_whatsapp(whatsapp.map_err(|error| refused("whatsapp_url", &error))?))
}

fn reminders(raw: &RawConfig) -> Result<Vec<u32>, ConfigError> {
    let mut minutes = raw.reminders_min.clone().unwrap_or_default();
    minutes.sort_unstable();
    minutes.dedup();
    if minutes.len() > REMINDERS_MAX || minutes.iter().any(|one| *one > REMINDER_MINUTES_MAX) {
        let reason = "at most five, each at most 40320 minutes (four weeks) before";
        return Err(refused("reminders_min", &reason));
    }
    Ok(minutes)
}

fn twilio(raw: &RawConfig, account: &str, outbound: Outbound) -> Result<Outbound, ConfigError> {
    let to = "sms_twilio_account";
    let token = raw.sms_twilio_token.as_ref().ok_or(belongs("sms_twilio_token", to))?;
    let from = raw.sms_from.as_ref().ok_or(belongs("sms_from", to))?;
    // Twilio tells what became of a message: it must be able to reach this server.
    let public_url =
        raw.public_url.as_ref().ok_or(belongs("public_url", to))?.trim_end_matches('/');
    let base = raw.sms_twilio_url.as_ref().ok_or(belongs("sms_twilio_url", to))?;
    let twilio = Twilio::new(TwilioAccount {
        base: base.clone(),
        sid: account.to_owned(),
        token: token.reveal().to_owned(),
        from: from.clone(),
        callback: format!("{public_url}/v1/hooks/sms"),
    });
    Ok(outbound.with_twilio(twilio.map_err(|error| refused("sms_twilio_url", &error))?))
}

fn template(raw: &RawConfig, url: &str, outbound: Outbound) -> Result<Outbound, ConfigError> {
    let body = raw.sms_http_body.as_ref().ok_or(belongs("sms_http_body", "sms_http_url"))?;
    let json = body.trim_start().starts_with('{') && !body.trim_start().starts_with("{to}");
    let template = Templated::new(SmsTemplate {
        url: url.to_owned(),
        body: body.clone(),
        kind: if json { BodyKind::Json } else { BodyKind::Form },
        authorization: raw.sms_http_authorization.as_ref().map(|value| value.reveal().to_owned()),
        key_header: raw.sms_http_key_header.clone(),
    });
    Ok(outbound.with_template(template.map_err(|error| refused("sms_http", &error))?))
}

fn refused(setting: &'static str, reason: &impl ToString) -> ConfigError {
    ConfigError::Notifications { setting, reason: reason.to_string() }
}

fn belongs(setting: &'static str, to: &'static str) -> ConfigError {
    ConfigError::Belongs { setting, to }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut RawConfig);

    fn parsed(change: Change) -> Result<Outbound, String> {
        let mut raw = RawConfig::defaults();
        raw.public_url = Some("https://clinic.example".into());
        change(&mut raw);
        outbound(&raw).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_sent_that_is_not_set_up() {
        let none = parsed(|_| ()).unwrap();
        assert!(none.email.is_none() && none.sms.is_none());
        assert_eq!(none.reminders_min, [0, 60, 1440]);
        let all = parsed(|raw| {
            raw.smtp_url = Some("smtp://127.0.0.1".into());
            raw.mail_from = Some("Clinic <no-reply@clinic.example>".into());
            raw.sms_http_url = Some("https://sms.example".into());
            raw.sms_http_body = Some("to={to}&text={text}".into());
            raw.reminders_min = Some(Vec::new());
            raw.whatsapp_number_id = Some("106540352242922".into());
            raw.whatsapp_token = Some("a".into());
            raw.whatsapp_app_secret = Some("b".into());
            raw.whatsapp_verify_token = Some("c".into());
            raw.web_push_key = Some("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw".into());
            raw.web_push_contact = Some("mailto:it@clinic.example".into());
        })
        .unwrap();
        assert!(all.whatsapp.is_some() && all.push.is_some());
        assert!(all.email.is_some() && all.sms.is_some() && all.reminders_min.is_empty());
    }

    #[test]
    fn a_channel_that_is_half_set_up_is_refused_without_its_secret() {
        let cases: [(&str, Change); 10] = [
            ("mail_from is missing", |raw| {
                raw.smtp_url = Some("smtp://u:hunter2@127.0.0.1".into());
            }),
            ("smtp_url", |raw| {
                raw.smtp_url = Some("http://u:hunter2@mail".into());
                raw.mail_from = Some("a@b.example".into());
            }),
            ("sms_twilio_token is missing", |raw| raw.sms_twilio_account = Some("AC1".into())),
            ("exclude", |raw| {
                raw.sms_twilio_account = Some("AC1".into());
                raw.sms_http_url = Some("https://sms.example".into());
            }),
            ("https", |raw| {
                raw.sms_http_url = Some("http://sms.example".into());
                raw.sms_http_body = Some("{to}{text}".into());
                raw.sms_http_authorization = Some("Bearer hunter2".into());
            }),
            ("{to}", |raw| {
                raw.sms_http_url = Some("https://sms.example".into());
                raw.sms_http_body = Some("text={text}".into());
            }),
            ("sms_twilio_account or sms_http_url is missing", |raw| {
                raw.whatsapp_number_id = Some("1".into());
                raw.whatsapp_token = Some("hunter2".into());
            }),
            ("web_push_contact is missing", |raw| raw.web_push_key = Some("hunter2".into())),
            ("32 random bytes", |raw| {
                raw.web_push_key = Some("hunter2".into());
                raw.web_push_contact = Some("mailto:it@clinic.example".into());
            }),
            ("at most five", |raw| raw.reminders_min = Some(vec![100_000])),
        ];
        for (advice, change) in cases {
            let message = parsed(change).unwrap_err();
            assert!(
                message.contains(advice) && !message.contains("hunter2"),
                "{advice}: {message}"
            );
        }
    }
}
