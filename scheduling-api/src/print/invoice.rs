//! An issued invoice or credit note as a paper; with what was received for the visit it is the receipt too.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Language, PrintError, day,
    sheet::{PLAIN, SMALL, STRONG, Sheet, TITLE},
};
use crate::domain::{
    invoice::{Invoice, Kind, LineKind},
    money::Money,
    payment::Method,
};

/// What is printed.
pub(crate) struct Paper {
    /// The document; issued.
    pub(crate) invoice: Invoice,
    /// Its number.
    pub(crate) label: String,
    /// Of a credit note: the number of the invoice that it takes back from.
    pub(crate) of: Option<String>,
    /// Who owes.
    pub(crate) patient: String,
    /// Issued when.
    pub(crate) issued_at: Timestamp,
    /// Money that moved for the visit, the oldest first.
    pub(crate) moves: Vec<Move>,
    /// The clinic's zone.
    pub(crate) zone: TimeZone,
    /// In which language (BCP 47); English when it is none of ours.
    pub(crate) language: String,
}

/// Money that came in or went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    /// When.
    pub(crate) at: Timestamp,
    /// By which way.
    pub(crate) method: Method,
    /// The provider's name for it.
    pub(crate) receipt: Option<String>,
    /// How much, in minor units of the document's currency; below zero when it went back.
    pub(crate) minor: i64,
}

struct Words {
    invoice: &'static str,
    credit_note: &'static str,
    of: &'static str,
    issued: &'static str,
    patient: &'static str,
    tax_number: &'static str,
    visit: &'static str,
    cancel_fee: &'static str,
    no_show_fee: &'static str,
    waiver: &'static str,
    remainder: &'static str,
    net: &'static str,
    total: &'static str,
    received: &'static str,
    nothing: &'static str,
    card: &'static str,
    cash: &'static str,
    bank_transfer: &'static str,
    voucher: &'static str,
}

const ENGLISH: Words = Words {
    invoice: "Invoice",
    credit_note: "Credit note",
    of: "For invoice",
    issued: "Issued",
    patient: "Patient",
    tax_number: "Tax number",
    visit: "Visit",
    cancel_fee: "Late cancellation",
    no_show_fee: "Missed visit",
    waiver: "Waived",
    remainder: "After the insurer's decision",
    net: "Net",
    total: "Total",
    received: "Received for this visit",
    nothing: "Nothing received yet",
    card: "Card",
    cash: "Cash",
    bank_transfer: "Bank transfer",
    voucher: "Voucher",
};

const FRENCH: Words = Words {
    invoice: "Facture",
    credit_note: "Avoir",
    of: "Pour la facture",
    issued: "\u{c9}mise le",
    patient: "Patient",
    tax_number: "Num\u{e9}ro fiscal",
    visit: "Consultation",
    cancel_fee: "Annulation tardive",
    no_show_fee: "Consultation manqu\u{e9}e",
    waiver: "Remise",
    remainder: "Après décision de l'assureur",
    net: "Hors taxe",
    total: "Total",
    received: "Re\u{e7}u pour cette consultation",
    nothing: "Rien re\u{e7}u pour l'instant",
    card: "Carte",
    cash: "Esp\u{e8}ces",
    bank_transfer: "Virement",
    voucher: "Bon",
};

const SPANISH: Words = Words {
    invoice: "Factura",
    credit_note: "Nota de cr\u{e9}dito",
    of: "De la factura",
    issued: "Emitida",
    patient: "Paciente",
    tax_number: "N\u{fa}mero fiscal",
    visit: "Consulta",
    cancel_fee: "Cancelaci\u{f3}n tard\u{ed}a",
    no_show_fee: "Consulta a la que no acudi\u{f3}",
    waiver: "Condonado",
    remainder: "Tras la decisión del asegurador",
    net: "Neto",
    total: "Total",
    received: "Recibido por esta consulta",
    nothing: "A\u{fa}n no se ha recibido nada",
    card: "Tarjeta",
    cash: "Efectivo",
    bank_transfer: "Transferencia",
    voucher: "Vale",
};

const ARABIC: Words = Words {
    invoice: "فاتورة",
    credit_note: "إشعار دائن",
    of: "عن الفاتورة",
    issued: "تاريخ الإصدار",
    patient: "المريض",
    tax_number: "الرقم الضريبي",
    visit: "زيارة",
    cancel_fee: "إلغاء متأخر",
    no_show_fee: "زيارة فائتة",
    waiver: "إعفاء",
    remainder: "بعد قرار شركة التأمين",
    net: "الصافي",
    total: "المجموع",
    received: "المبلغ المستلم عن هذه الزيارة",
    nothing: "لم يستلم شيء بعد",
    card: "بطاقة",
    cash: "نقدا",
    bank_transfer: "تحويل مصرفي",
    voucher: "قسيمة",
};

const SWAHILI: Words = Words {
    invoice: "Ankara",
    credit_note: "Hati ya marejesho",
    of: "Ya ankara",
    issued: "Imetolewa",
    patient: "Mgonjwa",
    tax_number: "Namba ya kodi",
    visit: "Miadi",
    cancel_fee: "Kughairi kwa kuchelewa",
    no_show_fee: "Miadi iliyokosa kuhudhuriwa",
    waiver: "Imesamehewa",
    remainder: "Baada ya uamuzi wa bima",
    net: "Bila kodi",
    total: "Jumla",
    received: "Imepokelewa kwa miadi hii",
    nothing: "Bado hakuna kilichopokelewa",
    card: "Kadi",
    cash: "Taslimu",
    bank_transfer: "Uhamisho wa benki",
    voucher: "Vocha",
};

/// Makes the paper.
///
/// # Errors
/// When a letter cannot be printed, or it is too long.
pub(crate) fn print(paper: &Paper) -> Result<Vec<u8>, PrintError> {
    let language = Language::of(&paper.language);
    let words = words(language);
    let invoice = &paper.invoice;
    let kind = match invoice.kind {
        Kind::Invoice => words.invoice,
        Kind::CreditNote => words.credit_note,
    };
    let amount = |minor| {
        format!("{} {}", Money { minor, currency: invoice.currency }.decimal(), invoice.currency)
    };
    let mut sheet = Sheet::new(language);
    sheet.text(&invoice.heading.seller, STRONG, 0.0)?;
    if !invoice.heading.tax_number.is_empty() {
        sheet.text(&format!("{}: {}", words.tax_number, invoice.heading.tax_number), SMALL, 0.0)?;
    }
    sheet.gap(6.0);
    sheet.rule();
    sheet.text(&format!("{kind} {}", paper.label), TITLE, 0.0)?;
    sheet.gap(6.0);
    if let Some(of) = &paper.of {
        sheet.field(words.of, of)?;
    }
    sheet.field(words.issued, &day(paper.issued_at, &paper.zone))?;
    sheet.field(words.patient, &paper.patient)?;
    sheet.gap(4.0);
    sheet.rule();
    for (number, line) in (1..).zip(&invoice.lines) {
        let what = format!("{number}. {}", words.line(line.kind));
        sheet.pair(&what, &amount(line.net), PLAIN)?;
        sheet.gap(2.0);
    }
    sheet.gap(4.0);
    sheet.rule();
    let (net, total) = (invoice.net(), invoice.total().minor);
    let tax = &invoice.heading.tax;
    if tax.rate_bps > 0 || net != total {
        let rate = format!("{} {}.{:02} %", tax.name, tax.rate_bps / 100, tax.rate_bps % 100);
        sheet.pair(words.net, &amount(net), PLAIN)?;
        sheet.pair(rate.trim(), &amount(total - net), PLAIN)?;
    }
    sheet.pair(words.total, &amount(total), STRONG)?;
    sheet.gap(14.0);
    received(&mut sheet, words, paper, amount)?;
    sheet.finish(&format!("{kind} {}", paper.label))
}

/// What was received, move by move: the part that is a receipt.
fn received(
    sheet: &mut Sheet,
    words: &Words,
    paper: &Paper,
    amount: impl Fn(i64) -> String,
) -> Result<(), PrintError> {
    if paper.moves.is_empty() {
        return sheet.text(words.nothing, PLAIN, 0.0);
    }
    for one in &paper.moves {
        let receipt = one.receipt.as_deref().unwrap_or_default();
        let what = format!("{} {} {receipt}", day(one.at, &paper.zone), words.method(one.method));
        sheet.pair(what.trim_end(), &amount(one.minor), PLAIN)?;
    }
    sheet.pair(words.received, &amount(paper.moves.iter().map(|one| one.minor).sum()), STRONG)
}

impl Words {
    const fn line(&self, kind: LineKind) -> &'static str {
        match kind {
            LineKind::Visit => self.visit,
            LineKind::CancelFee => self.cancel_fee,
            LineKind::NoShowFee => self.no_show_fee,
            LineKind::Waiver => self.waiver,
            LineKind::Remainder => self.remainder,
        }
    }

    const fn method(&self, method: Method) -> &'static str {
        match method {
            Method::Card => self.card,
            Method::Paypal => "PayPal",
            Method::Mpesa => "M-Pesa",
            Method::Cash => self.cash,
            Method::BankTransfer => self.bank_transfer,
            Method::Voucher => self.voucher,
        }
    }
}

const fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
        Language::Spanish => &SPANISH,
        Language::Arabic => &ARABIC,
        Language::Swahili => &SWAHILI,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        id::{AppointmentId, ClinicId, InvoiceId, PatientId, PractitionerId, ServiceId},
        invoice::{DocumentState, Heading, Line, Tax},
        money::Currency,
        rev::Rev,
    };

    fn paper(kind: Kind, language: &str) -> Paper {
        let random = crate::random::Random::seeded(1);
        let now = Timestamp::UNIX_EPOCH;
        let tax = Tax { name: "VAT".to_owned(), rate_bps: 1600, is_included: true };
        let (net, of_tax) = tax.split(250_000);
        let line = |kind| Line { kind, net, tax: of_tax, rule: "svc_1@3".to_owned() };
        let invoice = Invoice {
            id: InvoiceId::mint(&random, now),
            clinic: ClinicId::mint(&random, now),
            rev: Rev(2),
            kind,
            state: DocumentState::Issued,
            number: Some(42),
            of: None,
            appointment: AppointmentId::mint(&random, now),
            patient: PatientId::mint(&random, now),
            practitioner: PractitionerId::mint(&random, now),
            service: ServiceId::mint(&random, now),
            currency: Currency::KES,
            lines: vec![line(LineKind::Visit), line(LineKind::CancelFee)],
            heading: Heading {
                seller: "Mwangaza Clinic Ltd".to_owned(),
                tax_number: "P051234567X".to_owned(),
                prefix: "MW-".to_owned(),
                tax,
            },
            created_at: now,
            issued_at: Some(now),
        };
        let all = Method::ALL.into_iter().zip([250_000, -100_000, 1, 2, 3, 4]);
        let moves = all.map(|(method, minor)| Move {
            at: now,
            method,
            receipt: (method == Method::Mpesa).then(|| "NLJ7RT61SV".to_owned()),
            minor,
        });
        Paper {
            label: invoice.label().unwrap(),
            invoice,
            of: (kind == Kind::CreditNote).then(|| "MW-000041".to_owned()),
            patient: "Wanjiru Öztürk".to_owned(),
            issued_at: now,
            moves: moves.collect(),
            zone: TimeZone::UTC,
            language: language.to_owned(),
        }
    }

    #[test]
    fn both_kinds_are_made_in_every_language() {
        let folder = std::env::var_os("BEDSIDE_TEST_PAPERS").map(std::path::PathBuf::from);
        for language in ["en", "fr", "es", "ar-EG", "sw", "xx"] {
            for kind in [Kind::Invoice, Kind::CreditNote] {
                let pdf = print(&paper(kind, language)).unwrap();
                assert!(pdf.starts_with(b"%PDF-1."), "{language}");
                if let Some(folder) = &folder {
                    std::fs::write(folder.join(format!("{kind}-{language}.pdf")), pdf).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_name_that_cannot_be_printed_is_refused() {
        let mut odd = paper(Kind::Invoice, "en");
        odd.patient = "\u{85e5}".to_owned();
        assert_eq!(print(&odd), Err(PrintError::Letter('\u{85e5}')));
        let mut unpaid = paper(Kind::Invoice, "en");
        unpaid.moves.clear();
        assert!(print(&unpaid).is_ok());
    }
}
