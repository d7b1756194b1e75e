//! A signed prescription as a paper: who, for whom, what, and a code by which anybody can ask whether it holds.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use qrcodegen::{QrCode, QrCodeEcc};

use super::{
    Language, PrintError, day,
    sheet::{PLAIN, SMALL, STRONG, Sheet, TITLE},
};
use crate::domain::prescription::{Item, PrescriptionText};

/// What is printed.
pub(crate) struct Paper {
    /// The clinic's name.
    pub(crate) clinic: String,
    /// Its telephone.
    pub(crate) clinic_phone: Option<String>,
    /// For whom.
    pub(crate) patient: String,
    /// Born when.
    pub(crate) birth_date: Option<Date>,
    /// By whom.
    pub(crate) practitioner: String,
    /// Licensed where.
    pub(crate) licence: Option<String>,
    /// What.
    pub(crate) text: PrescriptionText,
    /// Signed when.
    pub(crate) signed_at: Timestamp,
    /// The clinic's zone.
    pub(crate) zone: TimeZone,
    /// The signature's hash.
    pub(crate) hash: String,
    /// When it was taken back.
    pub(crate) cancelled_at: Option<Timestamp>,
    /// The code by which it is checked.
    pub(crate) code: String,
    /// Where.
    pub(crate) check_url: String,
    /// In which language (BCP 47); English when it is none of ours.
    pub(crate) language: String,
}

struct Words {
    title: &'static str,
    patient: &'static str,
    born: &'static str,
    by: &'static str,
    licence: &'static str,
    signed: &'static str,
    days: &'static str,
    repeats: &'static str,
    remark: &'static str,
    cancelled: &'static str,
    check: &'static str,
}

const ENGLISH: Words = Words {
    title: "Prescription",
    patient: "Patient",
    born: "Born",
    by: "Prescribed by",
    licence: "Licensed in",
    signed: "Signed electronically",
    days: "Days",
    repeats: "Repeats",
    remark: "Note to the pharmacist",
    cancelled: "CANCELLED: must not be dispensed",
    check: "Whether this prescription is still valid is told by the code, or at",
};

const FRENCH: Words = Words {
    title: "Ordonnance",
    patient: "Patient",
    born: "N\u{e9}(e) le",
    by: "Prescrit par",
    licence: "Autoris\u{e9} \u{e0} exercer en",
    signed: "Sign\u{e9} \u{e9}lectroniquement",
    days: "Jours",
    repeats: "Renouvellements",
    remark: "Remarque au pharmacien",
    cancelled: "ANNUL\u{c9}E : ne pas d\u{e9}livrer",
    check: "Le code, ou cette adresse, indique si cette ordonnance est encore valable :",
};

const SPANISH: Words = Words {
    title: "Receta",
    patient: "Paciente",
    born: "Nacimiento",
    by: "Recetado por",
    licence: "Autorizaci\u{f3}n en",
    signed: "Firmado electr\u{f3}nicamente",
    days: "D\u{ed}as",
    repeats: "Repeticiones",
    remark: "Nota para la farmacia",
    cancelled: "ANULADA: no dispensar",
    check: "El c\u{f3}digo, o esta direcci\u{f3}n, dice si esta receta sigue siendo v\u{e1}lida:",
};

const ARABIC: Words = Words {
    title: "وصفة طبية",
    patient: "المريض",
    born: "تاريخ الميلاد",
    by: "الطبيب الواصف",
    licence: "مرخص في",
    signed: "موقعة إلكترونيا",
    days: "عدد الأيام",
    repeats: "مرات التكرار",
    remark: "ملاحظة للصيدلي",
    cancelled: "ملغاة: لا تصرف",
    check: "للتحقق من صلاحية هذه الوصفة استخدم الرمز أو العنوان",
};

const SWAHILI: Words = Words {
    title: "Cheti cha dawa",
    patient: "Mgonjwa",
    born: "Tarehe ya kuzaliwa",
    by: "Ameandikiwa na",
    licence: "Ana leseni ya",
    signed: "Imesainiwa kielektroniki",
    days: "Siku",
    repeats: "Marudio",
    remark: "Ujumbe kwa mfamasia",
    cancelled: "IMEFUTWA: dawa zisitolewe",
    check: "Msimbo huu, au anwani hii, huonyesha kama cheti hiki bado ni halali:",
};

/// The side of the code, in points: 32 mm.
const CODE_SIZE: f32 = 90.0;

/// Makes the paper.
///
/// # Errors
/// When a letter cannot be printed, or it is too long.
pub(crate) fn print(paper: &Paper) -> Result<Vec<u8>, PrintError> {
    let language = Language::of(&paper.language);
    let words = words(language);
    let mut sheet = Sheet::new(language);
    sheet.text(&paper.clinic, STRONG, 0.0)?;
    if let Some(phone) = &paper.clinic_phone {
        sheet.text(phone, SMALL, 0.0)?;
    }
    sheet.gap(6.0);
    sheet.rule();
    sheet.text(words.title, TITLE, 0.0)?;
    sheet.gap(6.0);
    if let Some(at) = paper.cancelled_at {
        sheet.text(&format!("{} ({})", words.cancelled, day(at, &paper.zone)), STRONG, 0.0)?;
        sheet.gap(6.0);
    }
    sheet.field(words.patient, &paper.patient)?;
    if let Some(date) = paper.birth_date {
        sheet.field(words.born, &date.to_string())?;
    }
    sheet.field(words.by, &paper.practitioner)?;
    if let Some(licence) = &paper.licence {
        sheet.field(words.licence, licence)?;
    }
    sheet.field(words.signed, &day(paper.signed_at, &paper.zone))?;
    sheet.gap(4.0);
    sheet.rule();
    for (number, item) in (1..).zip(&paper.text.items) {
        sheet.keep_together(60.0)?;
        medicine(&mut sheet, words, number, item)?;
    }
    if !paper.text.remark.is_empty() {
        sheet.field(words.remark, &paper.text.remark)?;
    }
    foot(&mut sheet, words, paper)?;
    sheet.finish(words.title)
}

fn medicine(sheet: &mut Sheet, words: &Words, number: u32, item: &Item) -> Result<(), PrintError> {
    sheet.text(&format!("{number}. {}", item.medicine), STRONG, 0.0)?;
    sheet.text(&item.dose, PLAIN, 16.0)?;
    sheet.text(&item.frequency, PLAIN, 16.0)?;
    if let Some(days) = item.duration_days {
        sheet.text(&format!("{}: {days}", words.days), PLAIN, 16.0)?;
    }
    if item.repeats > 0 {
        sheet.text(&format!("{}: {}", words.repeats, item.repeats), PLAIN, 16.0)?;
    }
    if !item.instructions.is_empty() {
        sheet.text(&item.instructions, PLAIN, 16.0)?;
    }
    if let Some(code) = &item.code {
        sheet.text(&format!("{} {}", code.system, code.code), SMALL, 16.0)?;
    }
    sheet.gap(8.0);
    Ok(())
}

fn foot(sheet: &mut Sheet, words: &Words, paper: &Paper) -> Result<(), PrintError> {
    sheet.keep_together(CODE_SIZE + 80.0)?;
    sheet.rule();
    let code = QrCode::encode_text(&paper.check_url, QrCodeEcc::Medium);
    let code = code.map_err(|_| PrintError::Maker)?;
    // A code has 21 to 177 modules a side.
    let side = usize::try_from(code.size()).map_err(|_| PrintError::Maker)?;
    let is_dark = |x: usize, y: usize| match (i32::try_from(x), i32::try_from(y)) {
        (Ok(x), Ok(y)) => code.get_module(x, y),
        _ => false,
    };
    sheet.squares(side, CODE_SIZE, is_dark);
    sheet.gap(CODE_SIZE + 8.0);
    sheet.text(words.check, SMALL, 0.0)?;
    sheet.text(&paper.check_url, SMALL, 0.0)?;
    sheet.text(&paper.code, PLAIN, 0.0)?;
    sheet.text(&format!("HMAC-SHA-256 {}", paper.hash), SMALL, 0.0)
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

    fn paper(language: &str) -> Paper {
        let item = Item {
            medicine: "Amoxicillin 500 mg".to_owned(),
            code: None,
            dose: "1 capsule".to_owned(),
            frequency: "3 times a day".to_owned(),
            duration_days: Some(7),
            repeats: 2,
            instructions: "مع الطعام، with much water 2 × a day.".to_owned(),
        };
        Paper {
            clinic: "Mwangaza".to_owned(),
            clinic_phone: Some("+254 20 123456".to_owned()),
            patient: "Wanjiru Öztürk".to_owned(),
            birth_date: Some(Date::constant(1980, 2, 29)),
            practitioner: "Dr. Amara Osei".to_owned(),
            licence: Some("KE".to_owned()),
            text: PrescriptionText { items: vec![item], remark: String::new() },
            signed_at: Timestamp::UNIX_EPOCH,
            zone: TimeZone::UTC,
            hash: "0".repeat(64),
            cancelled_at: None,
            code: "ABCDEFGHIJKLMNOPQRSTUVWXYZ".to_owned(),
            check_url: "https://clinic.example/v1/prescription-checks/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                .to_owned(),
            language: language.to_owned(),
        }
    }

    #[test]
    fn a_paper_is_made_in_every_language() {
        let folder = std::env::var_os("BEDSIDE_TEST_PAPERS").map(std::path::PathBuf::from);
        for language in ["en", "fr", "es", "ar-EG", "sw", "xx"] {
            let pdf = print(&paper(language)).unwrap();
            assert!(pdf.starts_with(b"%PDF-1."), "{language}");
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("{language}.pdf")), pdf).unwrap();
            }
        }
    }

    #[test]
    fn a_long_prescription_has_more_pages_and_an_endless_one_is_refused() {
        let mut long = paper("en");
        let mut item = long.text.items.remove(0);
        long.text.items = vec![item.clone(); 20];
        assert!(print(&long).is_ok());
        item.instructions = "word ".repeat(4_000);
        long.text.items = vec![item; 20];
        assert!(matches!(print(&long), Ok(_) | Err(PrintError::Pages(_))));
        let mut odd = paper("en");
        odd.patient = "\u{85e5}".to_owned();
        assert_eq!(print(&odd), Err(PrintError::Letter('\u{85e5}')));
    }
}
