//! What goes out, by which ways: the channels that an installation has, and when reminders are sent.

use std::{fmt, sync::Arc};

use crate::{
    domain::notification::Channel,
    ports::{
        carry::Carry,
        email::Smtp,
        hook::Hooks,
        sms::{template::Templated, twilio::Twilio},
        web_push::WebPush,
        whatsapp::WhatsApp,
    },
};

/// The channels of an installation. What is not set up is not offered.
#[derive(Clone)]
pub struct Outbound {
    /// Mail; without it, letters fail and can be sent again later.
    pub email: Option<Arc<dyn Carry>>,
    /// Who invites to appointments in calendars: the address that mail comes from.
    pub organizer: Option<String>,
    /// Text messages.
    pub sms: Option<Arc<dyn Carry>>,
    /// Messages by WhatsApp.
    pub whatsapp: Option<Arc<WhatsApp>>,
    /// Notifications of browsers.
    pub push: Option<Arc<WebPush>>,
    /// Who tells what became of text messages, where the provider does.
    pub sms_status: Option<Arc<Twilio>>,
    /// Clinics' own programs.
    pub hooks: Arc<Hooks>,
    /// How many minutes before an appointment people are reminded of it.
    pub reminders_min: Vec<u32>,
}

/// A day, an hour, and when it begins.
pub const REMINDERS_MIN: [u32; 3] = [24 * 60, 60, 0];

impl Outbound {
    /// No channel but clinics' programs; `private` lets those stand within the network.
    ///
    /// # Errors
    /// When the system has no certificates to trust.
    pub fn new(private: bool) -> Result<Self, std::io::Error> {
        Ok(Self {
            email: None,
            organizer: None,
            sms: None,
            sms_status: None,
            whatsapp: None,
            push: None,
            hooks: Arc::new(Hooks::new(private)?),
            reminders_min: REMINDERS_MIN.to_vec(),
        })
    }

    /// With mail.
    #[must_use]
    pub fn with_email(self, smtp: Smtp) -> Self {
        let organizer = Some(smtp.from_address());
        Self { email: Some(Arc::new(smtp)), organizer, ..self }
    }

    /// With text messages over a provider of Twilio's shape.
    #[must_use]
    pub fn with_twilio(self, twilio: Twilio) -> Self {
        let twilio = Arc::new(twilio);
        Self { sms: Some(twilio.clone()), sms_status: Some(twilio), ..self }
    }

    /// With text messages over any other provider.
    #[must_use]
    pub fn with_template(self, template: Templated) -> Self {
        Self { sms: Some(Arc::new(template)), sms_status: None, ..self }
    }

    /// With WhatsApp.
    #[must_use]
    pub fn with_whatsapp(self, whatsapp: WhatsApp) -> Self {
        Self { whatsapp: Some(Arc::new(whatsapp)), ..self }
    }

    /// With notifications of browsers.
    #[must_use]
    pub fn with_push(self, push: WebPush) -> Self {
        Self { push: Some(Arc::new(push)), ..self }
    }

    /// Who takes parcels by a channel.
    pub(crate) fn carrier(&self, channel: Channel) -> Option<Arc<dyn Carry>> {
        match channel {
            Channel::Email => self.email.clone(),
            Channel::Sms => self.sms.clone(),
            Channel::WhatsApp => self.whatsapp.clone().map(|carrier| carrier as _),
            Channel::Push => self.push.clone().map(|carrier| carrier as _),
            Channel::Webhook => Some(self.hooks.clone()),
        }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("email", &self.email.is_some())
            .field("sms", &self.sms.is_some())
            .field("whatsapp", &self.whatsapp.is_some())
            .field("push", &self.push.is_some())
            .field("reminders_min", &self.reminders_min)
            .finish_non_exhaustive()
    }
}
