//! Letters of one size, all equally wide.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

/// Width of a letter, pixels.
pub(super) const LETTER_WIDTH: usize = 7;
/// Height of a line, pixels.
pub(super) const LINE_HEIGHT: usize = 16;

/// How heavy letters are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The rows of a letter: how much ink each pixel takes. A letter without a glyph is
/// a question mark.
pub(super) fn glyph(letter: char, weight: Weight) -> &'static [&'static [u8]] {
    let weight = match weight {
        Weight::Regular => FontWeight::Regular,
        Weight::Bold => FontWeight::Bold,
    };
    let letter = if letter.is_control() { ' ' } else { letter };
    let raster = get_raster(letter, weight, RasterHeight::Size16)
        .or_else(|| get_raster('?', weight, RasterHeight::Size16));
    raster.map_or(&[], |raster| raster.raster())
}

/// Width of a text, pixels.
pub(super) fn width(text: &str) -> usize {
    text.chars().count() * LETTER_WIDTH
}

/// As much of a text as fits into `pixels`, with two dots where something is missing.
pub(super) fn fitting(text: &str, pixels: usize) -> String {
    let letters_max = pixels / LETTER_WIDTH;
    if text.chars().nth(letters_max).is_none() {
        return text.to_owned();
    }
    if letters_max < 4 {
        return String::new();
    }
    let mut cut: String = text.chars().take(letters_max - 2).collect();
    cut.push_str("..");
    cut
}
