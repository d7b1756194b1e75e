//! A sheet that is written on from its top: lines are broken between words, letters shaped and put in order by the Unicode
//! bidirectional algorithm (UAX #9), pages begun when one is full.
//!
//! Sizes are in points; the origin is the page's upper left corner.

use std::sync::LazyLock;

use krilla::{
    Document,
    color::rgb,
    geom::{PathBuilder, Point, Rect},
    metadata::Metadata,
    page::PageSettings,
    paint::Fill,
    text::{Font, GlyphId, KrillaGlyph},
};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

use super::{Language, PrintError};

/// A4.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 56.0;

/// Most pages: twenty medicines with two pages of instructions each.
const PAGES_MAX: usize = 40;

/// DejaVu Sans, cut down to Latin, Greek and Arabic. Their licence lies beside them.
static REGULAR: &[u8] = include_bytes!("../../data/fonts/DejaVuSans-subset.ttf");
static BOLD: &[u8] = include_bytes!("../../data/fonts/DejaVuSans-Bold-subset.ttf");

static REGULAR_FACE: LazyLock<Option<Face<'static>>> =
    LazyLock::new(|| Face::from_slice(REGULAR, 0));
static BOLD_FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::from_slice(BOLD, 0));

/// How something is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) bold: bool,
    /// From 0, black, to 255, white.
    pub(super) grey: u8,
}

pub(super) const TITLE: Style = Style { size: 18.0, bold: true, grey: 0 };
pub(super) const STRONG: Style = Style { size: 11.5, bold: true, grey: 0 };
pub(super) const PLAIN: Style = Style { size: 10.5, bold: false, grey: 0 };
pub(super) const SMALL: Style = Style { size: 8.0, bold: false, grey: 90 };

/// What stands on a page.
enum Mark {
    Text { at: Point, style: Style, text: String, glyphs: Vec<KrillaGlyph> },
    Box { rect: Rect, grey: u8 },
}

/// A paper that is being written.
pub(super) struct Sheet {
    pages: Vec<Vec<Mark>>,
    /// Where the next line begins.
    y: f32,
    language: Language,
}

impl Sheet {
    pub(super) fn new(language: Language) -> Self {
        Self { pages: vec![Vec::new()], y: MARGIN, language }
    }

    /// Leaves room.
    pub(super) fn gap(&mut self, points: f32) {
        self.y += points;
    }

    /// Begins another page when so much does not fit on this one.
    pub(super) fn keep_together(&mut self, points: f32) -> Result<(), PrintError> {
        if self.y + points > HEIGHT - MARGIN {
            if self.pages.len() >= PAGES_MAX {
                return Err(PrintError::Pages(PAGES_MAX));
            }
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
        Ok(())
    }

    /// A line from margin to margin.
    pub(super) fn rule(&mut self) {
        self.fill((MARGIN, self.y), (WIDTH - 2.0 * MARGIN, 0.75), 160);
        self.y += 10.0;
    }

    /// Text from the margin at which the language begins, set in by so much, broken into lines.
    ///
    /// # Errors
    /// When a letter cannot be printed, or the pages are full.
    pub(super) fn text(&mut self, text: &str, style: Style, indent: f32) -> Result<(), PrintError> {
        self.written(text, style, indent, WIDTH - 2.0 * MARGIN - indent)
    }

    /// Text that is broken into lines of this width.
    fn written(
        &mut self,
        text: &str,
        style: Style,
        indent: f32,
        width: f32,
    ) -> Result<(), PrintError> {
        for paragraph in text.lines() {
            // Each by its own first letter, whatever the language of the paper: "1 capsule" must not become "capsule 1".
            let bidi = BidiInfo::new(paragraph, None);
            let base = bidi.paragraphs.first().map_or(Level::ltr(), |found| found.level);
            for line in broken(paragraph, style, width)? {
                self.keep_together(style.size * 1.45)?;
                self.line(&line, style, indent, base)?;
            }
        }
        Ok(())
    }

    /// A value under its label.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub(super) fn field(&mut self, label: &str, value: &str) -> Result<(), PrintError> {
        self.text(label, SMALL, 0.0)?;
        self.text(value, PLAIN, 0.0)?;
        self.gap(3.0);
        Ok(())
    }

    /// A label at the margin at which the language begins and a figure at the other. The label is broken into lines; the figure
    /// stands beside the first.
    ///
    /// # Errors
    /// As [`Self::text`].
    pub(super) fn pair(
        &mut self,
        label: &str,
        figure: &str,
        style: Style,
    ) -> Result<(), PrintError> {
        self.keep_together(style.size * 1.45)?;
        let top = self.y;
        let room = WIDTH - 2.0 * MARGIN - measured(figure, style)?;
        self.line(figure, style, room, Level::ltr())?;
        self.y = top;
        self.written(label, style, 0.0, room - style.size)
    }

    /// A picture of dark and light squares, at the margin at which the language ends.
    pub(super) fn squares(
        &mut self,
        side: usize,
        size: f32,
        is_dark: impl Fn(usize, usize) -> bool,
    ) {
        // A square has two sides of at most 177 modules: every number of them is a float.
        let step = size / f32::from(u16::try_from(side).unwrap_or(u16::MAX));
        let left = if self.language.is_right_to_left() { MARGIN } else { WIDTH - MARGIN - size };
        let at = |index: usize| f32::from(u16::try_from(index).unwrap_or(u16::MAX)) * step;
        let top = self.y;
        for row in 0..side {
            for column in (0..side).filter(|column| is_dark(*column, row)) {
                // A hair more, so that no printer leaves a line between two.
                let edge = step + 0.02;
                self.fill((left + at(column), top + at(row)), (edge, edge), 0);
            }
        }
    }

    /// The PDF.
    ///
    /// # Errors
    /// When the maker of the PDF refuses.
    pub(super) fn finish(self, title: &str) -> Result<Vec<u8>, PrintError> {
        let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or(PrintError::Maker);
        let (regular, bold) = (font(REGULAR)?, font(BOLD)?);
        let mut document = Document::new();
        document.set_metadata(
            Metadata::new().title(title.to_owned()).language(self.language.tag().to_owned()),
        );
        for marks in self.pages {
            let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(PrintError::Maker)?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                match mark {
                    Mark::Text { at, style, text, glyphs } => {
                        surface.set_fill(Some(paint(style.grey)));
                        let font = if style.bold { &bold } else { &regular };
                        surface.draw_glyphs(at, &glyphs, font.clone(), &text, style.size, false);
                    }
                    Mark::Box { rect, grey } => {
                        surface.set_fill(Some(paint(grey)));
                        let mut path = PathBuilder::new();
                        path.push_rect(rect);
                        surface.draw_path(&path.finish().ok_or(PrintError::Maker)?);
                    }
                }
            }
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|_| PrintError::Maker)
    }

    /// One line, its runs in the order in which they are seen.
    fn line(
        &mut self,
        text: &str,
        style: Style,
        indent: f32,
        base: Level,
    ) -> Result<(), PrintError> {
        self.y += style.size * 1.1;
        let bidi = BidiInfo::new(text, Some(base));
        let mut runs = Vec::new();
        for paragraph in &bidi.paragraphs {
            let (levels, visual) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for range in visual {
                let level = levels.get(range.start).copied().unwrap_or(base);
                let part = text.get(range).unwrap_or_default();
                runs.push(shaped(part, style, level.is_rtl())?);
            }
        }
        let width: f32 = runs.iter().map(|run| run.width).sum();
        let mut x = if self.language.is_right_to_left() {
            WIDTH - MARGIN - indent - width
        } else {
            MARGIN + indent
        };
        for run in runs {
            let at = Point::from_xy(x, self.y);
            x += run.width;
            self.mark(Mark::Text { at, style, text: run.text, glyphs: run.glyphs });
        }
        self.y += style.size * 0.35;
        Ok(())
    }

    fn fill(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), grey: u8) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.mark(Mark::Box { rect, grey });
        }
    }

    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }
}

fn paint(grey: u8) -> Fill {
    Fill { paint: rgb::Color::new(grey, grey, grey).into(), ..Fill::default() }
}

/// A text of one direction, as glyphs.
struct Run {
    text: String,
    glyphs: Vec<KrillaGlyph>,
    width: f32,
}

/// Breaks a paragraph between words; a word that is wider than a line stands alone on one.
fn broken(paragraph: &str, style: Style, width: f32) -> Result<Vec<String>, PrintError> {
    let space = shaped(" ", style, false)?.width;
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0.0_f32);
    for word in paragraph.split_whitespace() {
        for piece in narrow(word, style, width)? {
            let wide = measured(&piece, style)?;
            if !line.is_empty() && used + space + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if !line.is_empty() {
                line.push(' ');
                used += space;
            }
            line.push_str(&piece);
            used += wide;
        }
    }
    lines.push(line);
    Ok(lines)
}

/// A word in pieces that fit into a line.
fn narrow(word: &str, style: Style, width: f32) -> Result<Vec<String>, PrintError> {
    if measured(word, style)? <= width {
        return Ok(vec![word.to_owned()]);
    }
    // No letter is wider than its size.
    let mut fits = 1_u16;
    while f32::from(fits + 1) * style.size <= width {
        fits += 1;
    }
    let letters: Vec<char> = word.chars().collect();
    Ok(letters.chunks(usize::from(fits)).map(|piece| piece.iter().collect()).collect())
}

fn measured(word: &str, style: Style) -> Result<f32, PrintError> {
    let bidi = BidiInfo::new(word, None);
    let mut width = 0.0;
    for paragraph in &bidi.paragraphs {
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for range in runs {
            let right_to_left = levels.get(range.start).is_some_and(Level::is_rtl);
            width += shaped(word.get(range).unwrap_or_default(), style, right_to_left)?.width;
        }
    }
    Ok(width)
}

/// Shapes a text of one direction.
fn shaped(text: &str, style: Style, right_to_left: bool) -> Result<Run, PrintError> {
    let face = if style.bold { &*BOLD_FACE } else { &*REGULAR_FACE };
    let face = face.as_ref().ok_or(PrintError::Maker)?;
    // Marks of direction did their work; they have no shape.
    let invisible = |c: &char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String =
        text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !invisible(c)).collect();
    let missing = |c: &char| face.glyph_index(*c).is_none();
    if let Some(letter) = text.chars().find(missing) {
        return Err(PrintError::Letter(letter));
    }
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(&text);
    buffer.guess_segment_properties();
    let direction = if right_to_left { Direction::RightToLeft } else { Direction::LeftToRight };
    buffer.set_direction(direction);
    let output = rustybuzz::shape(face, &[], buffer);
    let units = f32::from(u16::try_from(face.units_per_em()).unwrap_or(2048));
    let em = |value: i32| f32::from(i16::try_from(value).unwrap_or(i16::MAX)) / units;
    let (infos, positions) = (output.glyph_infos(), output.glyph_positions());
    let starts: Vec<usize> = infos.iter().map(|info| info.cluster as usize).collect();
    let mut width = 0.0;
    let mut glyphs = Vec::with_capacity(infos.len());
    for (info, position) in infos.iter().zip(positions) {
        let start = info.cluster as usize;
        // A cluster ends where the next one of the text begins.
        let end = starts.iter().copied().filter(|other| *other > start).min();
        let range = start..end.unwrap_or(text.len());
        let advance = em(position.x_advance);
        width += advance * style.size;
        glyphs.push(KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            advance,
            em(position.x_offset),
            em(position.y_offset),
            em(position.y_advance),
            range,
            None,
        ));
    }
    Ok(Run { text, glyphs, width })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { size: 10.0, bold: false, grey: 0 };

    #[test]
    fn lines_are_broken_between_words_and_fit() {
        let text = "Take one tablet in the morning and another one in the evening with much water";
        let lines = broken(text, STYLE, 120.0).unwrap();
        assert!(lines.len() > 2);
        assert_eq!(lines.join(" "), text);
        for line in &lines {
            assert!(measured(line, STYLE).unwrap() <= 120.0, "{line}");
        }
        let long = "x".repeat(300);
        assert_eq!(broken(&long, STYLE, 120.0).unwrap().concat(), long);
    }

    #[test]
    fn arabic_letters_are_joined() {
        let word = "\u{645}\u{631}\u{64a}\u{636}";
        let joined = shaped(word, STYLE, true).unwrap();
        let face = REGULAR_FACE.as_ref().unwrap();
        let alone: Vec<_> =
            word.chars().map(|c| u32::from(face.glyph_index(c).unwrap().0)).collect();
        let shapes: Vec<_> = joined.glyphs.iter().map(|glyph| glyph.glyph_id.to_u32()).collect();
        assert_eq!(shapes.len(), 4);
        assert!(shapes.iter().zip(alone.iter().rev()).any(|(one, other)| one != other));
    }

    #[test]
    fn a_dose_reads_the_same_on_a_paper_from_right_to_left() {
        for (text, runs) in [
            ("1 capsule", vec!["1 capsule"]),
            ("+254 20 123456", vec!["+254 20 123456"]),
            ("\u{639}\u{62f}\u{62f}: 7", vec!["7", "\u{639}\u{62f}\u{62f}: "]),
        ] {
            let mut sheet = Sheet::new(Language::Arabic);
            sheet.text(text, STYLE, 0.0).unwrap();
            let seen: Vec<_> = sheet.pages[0]
                .iter()
                .map(|mark| match mark {
                    Mark::Text { text, .. } => text.as_str(),
                    Mark::Box { .. } => "",
                })
                .collect();
            assert_eq!(seen, runs);
        }
    }

    #[test]
    fn a_letter_that_cannot_be_printed_is_refused() {
        assert_eq!(shaped("\u{85e5}", STYLE, false).err(), Some(PrintError::Letter('\u{85e5}')));
    }
}
