//! Those who take money, from their settings. Nobody pays for a provider that is not set up.

use std::sync::Arc;

use protocol::redact::Redacted;
use scheduling_api::ports::payments::{
    Gateways,
    mpesa::{Mpesa, MpesaAccount},
    paypal::{Paypal, PaypalAccount},
    stripe::{Stripe, StripeAccount},
};

use crate::config::{ConfigError, RawConfig};

/// What the settings say.
///
/// # Errors
/// When a provider is half set up, or its settings cannot be used.
pub(crate) fn gateways(raw: &RawConfig) -> Result<Gateways, ConfigError> {
    let mut gateways = Gateways::default();
    if let Some(stripe) = stripe(raw)? {
        gateways.card = Some(Arc::new(stripe));
    }
    if let Some(paypal) = paypal(raw)? {
        gateways.paypal = Some(Arc::new(paypal));
    }
    if let Some(mpesa) = mpesa(raw)? {
        gateways.mpesa = Some(Arc::new(mpesa));
    }
    Ok(gateways)
}

fn stripe(raw: &RawConfig) -> Result<Option<Stripe>, ConfigError> {
    let to = "stripe_secret_key";
    let Some(key) = &raw.stripe_secret_key else {
        let stray = raw.stripe_webhook_secrets.is_some();
        return if stray { Err(belongs(to, "stripe_webhook_secrets")) } else { Ok(None) };
    };
    let secrets = needed(raw.stripe_webhook_secrets.as_ref(), "stripe_webhook_secrets", to)?;
    let secrets = secrets.reveal().split(',').map(str::trim).filter(|one| !one.is_empty());
    let account = StripeAccount {
        base: needed(raw.stripe_url.clone(), "stripe_url", to)?,
        secret_key: key.reveal().to_owned().into(),
        webhook_secrets: secrets.map(|one| Redacted::new(one.to_owned())).collect(),
    };
    Stripe::new(account).map(Some).map_err(|error| refused("stripe", &error))
}

fn paypal(raw: &RawConfig) -> Result<Option<Paypal>, ConfigError> {
    let to = "paypal_client_id";
    let Some(client_id) = &raw.paypal_client_id else {
        let stray = raw.paypal_client_secret.is_some() || raw.paypal_webhook_ids.is_some();
        return if stray { Err(belongs(to, "paypal_client_secret")) } else { Ok(None) };
    };
    let secret = needed(raw.paypal_client_secret.as_ref(), "paypal_client_secret", to)?;
    let account = PaypalAccount {
        base: needed(raw.paypal_url.clone(), "paypal_url", to)?,
        client_id: client_id.clone(),
        client_secret: secret.reveal().to_owned().into(),
        webhook_ids: needed(raw.paypal_webhook_ids.clone(), "paypal_webhook_ids", to)?,
    };
    Paypal::new(account).map(Some).map_err(|error| refused("paypal", &error))
}

fn mpesa(raw: &RawConfig) -> Result<Option<Mpesa>, ConfigError> {
    let to = "mpesa_shortcode";
    let Some(shortcode) = &raw.mpesa_shortcode else {
        let stray = raw.mpesa_consumer_secret.is_some() || raw.mpesa_passkey.is_some();
        return if stray { Err(belongs(to, "mpesa_passkey")) } else { Ok(None) };
    };
    // Safaricom tells what became of a prompt: it must be able to reach this server.
    needed(raw.public_url.as_ref(), "public_url", to)?;
    let secret = needed(raw.mpesa_consumer_secret.as_ref(), "mpesa_consumer_secret", to)?;
    let passkey = needed(raw.mpesa_passkey.as_ref(), "mpesa_passkey", to)?;
    let initiator = match (&raw.mpesa_initiator, &raw.mpesa_security_credential) {
        (None, None) => None,
        (Some(name), Some(credential)) => {
            Some((name.clone(), Redacted::new(credential.reveal().to_owned())))
        }
        (Some(_), None) => return Err(belongs("mpesa_security_credential", "mpesa_initiator")),
        (None, Some(_)) => return Err(belongs("mpesa_initiator", "mpesa_security_credential")),
    };
    let account = MpesaAccount {
        base: needed(raw.mpesa_url.clone(), "mpesa_url", to)?,
        consumer_key: needed(raw.mpesa_consumer_key.clone(), "mpesa_consumer_key", to)?,
        consumer_secret: secret.reveal().to_owned().into(),
        shortcode: shortcode.clone(),
        passkey: passkey.reveal().to_owned().into(),
        is_till: raw.mpesa_till.unwrap_or(false),
        initiator,
    };
    Mpesa::new(account).map(Some).map_err(|error| refused("mpesa", &error))
}

fn needed<T>(value: Option<T>, setting: &'static str, to: &'static str) -> Result<T, ConfigError> {
    value.ok_or(belongs(setting, to))
}

fn refused(setting: &'static str, reason: &impl ToString) -> ConfigError {
    ConfigError::Payments { setting, reason: reason.to_string() }
}

fn belongs(setting: &'static str, to: &'static str) -> ConfigError {
    ConfigError::Belongs { setting, to }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut RawConfig);

    fn parsed(change: Change) -> Result<Gateways, String> {
        let mut raw = RawConfig::defaults();
        raw.public_url = Some("https://clinic.example".into());
        change(&mut raw);
        gateways(&raw).map_err(|error| error.to_string())
    }

    #[test]
    fn nobody_takes_money_who_is_not_set_up() {
        assert!(parsed(|_| ()).unwrap().methods().is_empty());
        let all = parsed(|raw| {
            raw.stripe_secret_key = Some("sk_test_1".into());
            raw.stripe_webhook_secrets = Some("whsec_1, whsec_0".into());
            raw.paypal_client_id = Some("id".into());
            raw.paypal_client_secret = Some("secret".into());
            raw.paypal_webhook_ids = Some(vec!["WH-1".into()]);
            raw.mpesa_shortcode = Some("174379".into());
            raw.mpesa_consumer_key = Some("key".into());
            raw.mpesa_consumer_secret = Some("secret".into());
            raw.mpesa_passkey = Some("passkey".into());
        });
        assert_eq!(all.unwrap().methods(), Gateways::METHODS);
    }

    #[test]
    fn a_provider_that_is_half_set_up_is_refused_without_its_secret() {
        let cases: [(&str, Change); 6] = [
            ("stripe_webhook_secrets is missing", |raw| {
                raw.stripe_secret_key = Some("hunter2".into());
            }),
            ("stripe_secret_key is missing", |raw| {
                raw.stripe_webhook_secrets = Some("hunter2".into());
            }),
            ("https", |raw| {
                raw.stripe_secret_key = Some("hunter2".into());
                raw.stripe_webhook_secrets = Some("hunter2".into());
                raw.stripe_url = Some("http://stripe.example".into());
            }),
            ("paypal_client_secret is missing", |raw| raw.paypal_client_id = Some("id".into())),
            ("5 to 7 digits", |raw| {
                raw.mpesa_shortcode = Some("12".into());
                raw.mpesa_consumer_key = Some("key".into());
                raw.mpesa_consumer_secret = Some("hunter2".into());
                raw.mpesa_passkey = Some("hunter2".into());
            }),
            ("mpesa_security_credential is missing", |raw| {
                raw.mpesa_shortcode = Some("174379".into());
                raw.mpesa_consumer_secret = Some("hunter2".into());
                raw.mpesa_passkey = Some("hunter2".into());
                raw.mpesa_initiator = Some("bedside".into());
            }),
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
