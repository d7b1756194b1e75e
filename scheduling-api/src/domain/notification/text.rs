//! The words of messages about appointments, in five languages. A language that is none of them is written to in
//! English.

use jiff::{Timestamp, tz::TimeZone};

use crate::domain::notification::Message;

/// A language that messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Arabic.
    Arabic,
    /// Swahili.
    Swahili,
}

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The subject of a mail.
    pub subject: &'static str,
    /// What is said, in one sentence.
    pub text: String,
}

/// The words of one language.
struct Catalogue {
    summary: &'static str,
    weekdays: [&'static str; 7],
    months: [&'static str; 12],
    /// Subject, and the sentence with `{}` for the time.
    booked: (&'static str, &'static str),
    rescheduled: (&'static str, &'static str),
    cancelled: (&'static str, &'static str),
    declined: (&'static str, &'static str),
    offered: (&'static str, &'static str),
    reminder: (&'static str, &'static str),
    begins: (&'static str, &'static str),
    open: &'static str,
    choose: &'static str,
}

impl Tongue {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::English, Self::French, Self::Spanish, Self::Arabic, Self::Swahili];

    /// The language of a tag (BCP 47), by its first part.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        match tag.split('-').next().unwrap_or_default() {
            "fr" => Self::French,
            "es" => Self::Spanish,
            "ar" => Self::Arabic,
            "sw" => Self::Swahili,
            _ => Self::English,
        }
    }

    /// Its tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Arabic => "ar",
            Self::Swahili => "sw",
        }
    }

    /// An appointment as a calendar names it.
    #[must_use]
    pub fn summary(self) -> &'static str {
        self.catalogue().summary
    }

    /// What stands before the link that opens an appointment.
    #[must_use]
    pub fn open(self) -> &'static str {
        self.catalogue().open
    }

    /// What stands before the link to one's choices.
    #[must_use]
    pub fn choose(self) -> &'static str {
        self.catalogue().choose
    }

    /// An instant on somebody's own clock, with the zone's name, so that nobody guesses.
    #[must_use]
    pub fn when(self, at: Timestamp, zone: &TimeZone) -> String {
        let words = self.catalogue();
        let local = at.to_zoned_datetime(zone.clone());
        let index = |number: i8| usize::try_from(number).unwrap_or_default();
        let weekday = local.weekday().to_monday_zero_offset();
        let weekday = words.weekdays.get(index(weekday)).copied().unwrap_or_default();
        let month = words.months.get(index(local.month() - 1)).copied().unwrap_or_default();
        let (day, year) = (local.day(), local.year());
        let (hour, minute) = (local.hour(), local.minute());
        let zone = zone.iana_name().unwrap_or("UTC");
        match self {
            Self::Spanish => {
                format!("{weekday}, {day} de {month} de {year}, {hour:02}:{minute:02} ({zone})")
            }
            Self::Arabic => {
                format!("{weekday} {day} {month} {year}، {hour:02}:{minute:02} ({zone})")
            }
            Self::French => {
                format!("{weekday} {day} {month} {year}, {hour:02}:{minute:02} ({zone})")
            }
            Self::English | Self::Swahili => {
                format!("{weekday}, {day} {month} {year}, {hour:02}:{minute:02} ({zone})")
            }
        }
    }

    /// A message about a visit that begins then.
    #[must_use]
    pub fn words(self, message: Message, start: Timestamp, zone: &TimeZone) -> Words {
        let words = self.catalogue();
        let (subject, text) = match message {
            Message::Booked => words.booked,
            Message::Rescheduled => words.rescheduled,
            Message::Cancelled | Message::HandedOver => words.cancelled,
            Message::Declined => words.declined,
            Message::Offered => words.offered,
            Message::Reminder { minutes_before: 0 } => words.begins,
            Message::Reminder { .. } => words.reminder,
        };
        Words { subject, text: text.replace("{}", &self.when(start, zone)) }
    }

    const fn catalogue(self) -> &'static Catalogue {
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
            Self::Spanish => &SPANISH,
            Self::Arabic => &ARABIC,
            Self::Swahili => &SWAHILI,
        }
    }
}

static ENGLISH: Catalogue = Catalogue {
    summary: "Appointment",
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    booked: ("Your appointment is booked", "Your appointment is on {}."),
    rescheduled: ("Your appointment has moved", "Your appointment is now on {}."),
    cancelled: ("Your appointment is cancelled", "Your appointment on {} is cancelled."),
    declined: (
        "Your appointment could not be confirmed",
        "The appointment that you asked for on {} could not be confirmed.",
    ),
    offered: (
        "A time has become free",
        "A time has become free on {}. It is kept for you for two hours.",
    ),
    reminder: ("Reminder of your appointment", "Your appointment is on {}."),
    begins: ("Your appointment begins now", "Your appointment begins now: {}."),
    open: "Open it:",
    choose: "How and when we write to you:",
};

static FRENCH: Catalogue = Catalogue {
    summary: "Rendez-vous",
    weekdays: ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    booked: ("Votre rendez-vous est confirmé", "Votre rendez-vous est fixé au {}."),
    rescheduled: ("Votre rendez-vous a été déplacé", "Votre rendez-vous est désormais fixé au {}."),
    cancelled: ("Votre rendez-vous est annulé", "Votre rendez-vous du {} est annulé."),
    declined: (
        "Votre rendez-vous n'a pas pu être confirmé",
        "Le rendez-vous que vous avez demandé pour le {} n'a pas pu être confirmé.",
    ),
    offered: (
        "Un créneau s'est libéré",
        "Un créneau s'est libéré le {}. Il vous est réservé pendant deux heures.",
    ),
    reminder: ("Rappel de votre rendez-vous", "Votre rendez-vous est fixé au {}."),
    begins: ("Votre rendez-vous commence", "Votre rendez-vous commence maintenant : {}."),
    open: "L'ouvrir :",
    choose: "Choisir comment et quand nous vous écrivons :",
};

static SPANISH: Catalogue = Catalogue {
    summary: "Cita",
    weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    booked: ("Su cita está reservada", "Su cita es el {}."),
    rescheduled: ("Su cita ha cambiado de hora", "Su cita es ahora el {}."),
    cancelled: ("Su cita está cancelada", "Su cita del {} está cancelada."),
    declined: (
        "Su cita no se pudo confirmar",
        "La cita que pidió para el {} no se pudo confirmar.",
    ),
    offered: (
        "Ha quedado libre una hora",
        "Ha quedado libre una hora el {}. Se la guardamos durante dos horas.",
    ),
    reminder: ("Recordatorio de su cita", "Su cita es el {}."),
    begins: ("Su cita empieza ahora", "Su cita empieza ahora: {}."),
    open: "Ábrala:",
    choose: "Elija cómo y cuándo le escribimos:",
};

static ARABIC: Catalogue = Catalogue {
    summary: "موعد",
    weekdays: ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
    months: [
        "يناير",
        "فبراير",
        "مارس",
        "أبريل",
        "مايو",
        "يونيو",
        "يوليو",
        "أغسطس",
        "سبتمبر",
        "أكتوبر",
        "نوفمبر",
        "ديسمبر",
    ],
    booked: ("تم حجز موعدك", "موعدك يوم {}."),
    rescheduled: ("تم تغيير موعدك", "موعدك الآن يوم {}."),
    cancelled: ("تم إلغاء موعدك", "تم إلغاء موعدك يوم {}."),
    declined: ("تعذر تأكيد موعدك", "تعذر تأكيد الموعد الذي طلبته يوم {}."),
    offered: ("موعد متاح", "أصبح موعد متاحا في {}. نحتفظ به لك لمدة ساعتين."),
    reminder: ("تذكير بموعدك", "موعدك يوم {}."),
    begins: ("يبدأ موعدك الآن", "يبدأ موعدك الآن: {}."),
    open: "لفتحه:",
    choose: "لاختيار كيف ومتى نكتب إليك:",
};

static SWAHILI: Catalogue = Catalogue {
    summary: "Miadi",
    weekdays: ["Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi", "Jumapili"],
    months: [
        "Januari", "Februari", "Machi", "Aprili", "Mei", "Juni", "Julai", "Agosti", "Septemba",
        "Oktoba", "Novemba", "Desemba",
    ],
    booked: ("Miadi yako imewekwa", "Miadi yako ni {}."),
    rescheduled: ("Miadi yako imebadilishwa", "Miadi yako sasa ni {}."),
    cancelled: ("Miadi yako imeghairiwa", "Miadi yako ya {} imeghairiwa."),
    declined: (
        "Miadi yako haikuweza kuthibitishwa",
        "Miadi uliyoomba ya {} haikuweza kuthibitishwa.",
    ),
    offered: ("Nafasi imepatikana", "Nafasi imepatikana {}. Tumekuwekea kwa saa mbili."),
    reminder: ("Kumbusho la miadi yako", "Miadi yako ni {}."),
    begins: ("Miadi yako inaanza sasa", "Miadi yako inaanza sasa: {}."),
    open: "Ifungue:",
    choose: "Chagua jinsi na wakati tunakuandikia:",
};

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn when(tongue: Tongue, at_: &str, zone: &str) -> String {
        tongue.when(at(at_), &TimeZone::get(zone).unwrap())
    }

    #[test]
    fn a_time_is_told_on_the_readers_own_clock_in_their_own_words() {
        let told = |tongue| when(tongue, "2026-03-02T09:05:00Z", "Africa/Nairobi");
        assert_eq!(told(Tongue::English), "Monday, 2 March 2026, 12:05 (Africa/Nairobi)");
        assert_eq!(told(Tongue::French), "lundi 2 mars 2026, 12:05 (Africa/Nairobi)");
        assert_eq!(told(Tongue::Spanish), "lunes, 2 de marzo de 2026, 12:05 (Africa/Nairobi)");
        assert_eq!(told(Tongue::Arabic), "الاثنين 2 مارس 2026، 12:05 (Africa/Nairobi)");
        assert_eq!(told(Tongue::Swahili), "Jumatatu, 2 Machi 2026, 12:05 (Africa/Nairobi)");
    }

    #[test]
    fn the_golden_days_of_clock_changes_are_told_right() {
        for (at, zone, local) in [
            ("2026-03-08T07:30:00Z", "America/New_York", "03:30"),
            ("2026-03-29T01:30:00Z", "Europe/Paris", "03:30"),
            ("2026-10-25T01:30:00Z", "Europe/Paris", "02:30"),
            ("2026-11-01T06:30:00Z", "America/New_York", "01:30"),
            ("2026-03-02T09:05:00Z", "Asia/Kathmandu", "14:50"),
            ("2026-04-04T15:30:00Z", "Australia/Lord_Howe", "02:00"),
        ] {
            let told = when(Tongue::English, at, zone);
            assert!(told.contains(local), "{at} in {zone}: {told}");
        }
    }

    #[test]
    fn every_message_is_told_in_every_language_with_its_time() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let start = at("2026-03-02T09:00:00Z");
        let messages = [
            Message::Booked,
            Message::Rescheduled,
            Message::Cancelled,
            Message::Declined,
            Message::Reminder { minutes_before: 60 },
            Message::Reminder { minutes_before: 0 },
        ];
        for tongue in Tongue::ALL {
            assert_eq!(Tongue::of(tongue.tag()), tongue);
            for message in messages {
                let words = tongue.words(message, start, &zone);
                assert!(words.text.contains("10:00 (Europe/Paris)"), "{words:?}");
                assert!(!words.text.contains("{}") && !words.subject.is_empty());
            }
        }
        assert_eq!(Tongue::of("fr-CA"), Tongue::French);
        assert_eq!(Tongue::of("de"), Tongue::English);
    }
}
