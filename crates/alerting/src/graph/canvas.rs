//! Pixels: rectangles, lines, letters, and their PNG.

use std::borrow::Cow;

use super::text::{self, Weight};
use super::{HEIGHT, WIDTH};

/// Red, green, blue.
pub(super) type Color = [u8; 3];

/// A rectangle of pixels: left, top, right, bottom; right and bottom are outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
}

/// A place between pixels, from the top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// Pixels above and below a line that it may cover.
const REACH: f32 = 4.0;

/// A picture that is being drawn.
pub(super) struct Canvas {
    pixels: Vec<Color>,
    /// How much of each pixel the line that is being drawn covers. A line covers a
    /// pixel once, however many of its segments meet there.
    cover: Vec<f32>,
}

impl Canvas {
    /// An empty one.
    pub(super) fn new(ground: Color) -> Self {
        Self {
            pixels: vec![ground; WIDTH * HEIGHT],
            cover: vec![0.0; WIDTH * HEIGHT],
        }
    }

    fn blend(&mut self, x: usize, y: usize, color: Color, alpha: f32) {
        if x >= WIDTH || y >= HEIGHT {
            return;
        }
        let pixel = &mut self.pixels[y * WIDTH + x];
        for (under, over) in pixel.iter_mut().zip(color) {
            let mixed = f32::from(*under) * (1.0 - alpha) + f32::from(over) * alpha;
            *under = mixed.round() as u8;
        }
    }

    /// Fills an area.
    pub(super) fn fill(&mut self, area: Area, color: Color, alpha: f32) {
        for y in area.top..area.bottom.min(HEIGHT) {
            for x in area.left..area.right.min(WIDTH) {
                self.blend(x, y, color, alpha);
            }
        }
    }

    /// A dashed line from left to right, two pixels high.
    pub(super) fn dash_across(&mut self, area: Area, y: usize, color: Color) {
        for left in (area.left..area.right).step_by(9) {
            let right = (left + 5).min(area.right);
            let dash = Area {
                left,
                top: y,
                right,
                bottom: y + 2,
            };
            self.fill(dash, color, 1.0);
        }
    }

    /// A dashed line from top to bottom, a pixel wide.
    pub(super) fn dash_down(&mut self, area: Area, x: usize, color: Color) {
        for top in (area.top..area.bottom).step_by(6) {
            let bottom = (top + 3).min(area.bottom);
            let dash = Area {
                left: x,
                top,
                right: x + 1,
                bottom,
            };
            self.fill(dash, color, 1.0);
        }
    }

    /// A line through places, which are within the area; a single place is a dot.
    pub(super) fn line(&mut self, area: Area, places: &[Place], width: f32, color: Color) {
        let radius = width / 2.0;
        match places {
            [] => return,
            [only] => self.segment(area, *only, *only, radius + 1.0),
            many => {
                for pair in many.windows(2) {
                    self.segment(area, pair[0], pair[1], radius);
                }
            }
        }
        let (mut top, mut bottom) = (area.bottom as f32, area.top as f32);
        for place in places {
            (top, bottom) = (top.min(place.y), bottom.max(place.y));
        }
        let rows = (top - REACH).max(0.0) as usize..(bottom + REACH).max(0.0) as usize;
        for y in rows.start..rows.end.min(HEIGHT) {
            for x in area.left.saturating_sub(2)..(area.right + 2).min(WIDTH) {
                let cover = std::mem::take(&mut self.cover[y * WIDTH + x]);
                if cover > 0.0 {
                    self.blend(x, y, color, cover);
                }
            }
        }
    }

    /// Covers the pixels near a segment, by the distance of their middles.
    fn segment(&mut self, area: Area, from: Place, to: Place, radius: f32) {
        let reach = radius + 1.0;
        let range = |a: f32, b: f32, low: usize, high: usize| {
            let first = (a.min(b) - reach).floor().max(0.0) as usize;
            let last = (a.max(b) + reach).ceil().max(0.0) as usize;
            first.max(low.saturating_sub(2))..last.min(high + 2)
        };
        let columns = range(from.x, to.x, area.left, area.right.min(WIDTH - 2));
        let rows = range(from.y, to.y, area.top, area.bottom.min(HEIGHT - 2));
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length_squared = dx * dx + dy * dy;
        for y in rows {
            for x in columns.clone() {
                let (px, py) = (x as f32 + 0.5 - from.x, y as f32 + 0.5 - from.y);
                let along = if length_squared > 0.0 {
                    ((px * dx + py * dy) / length_squared).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let distance = (px - along * dx).hypot(py - along * dy);
                // In steps that nobody sees, for the sake of few colours.
                let cover = ((radius + 0.5 - distance).clamp(0.0, 1.0) * 8.0).round() / 8.0;
                let covered = &mut self.cover[y * WIDTH + x];
                *covered = covered.max(cover);
            }
        }
    }

    /// Fills between a line and the bottom of the area.
    pub(super) fn fill_below(&mut self, area: Area, places: &[Place], color: Color, alpha: f32) {
        for pair in places.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let first = from.x.ceil().max(area.left as f32) as usize;
            let last = (to.x.ceil().max(0.0) as usize).min(area.right);
            for x in first..last {
                let part = ((x as f32 - from.x) / (to.x - from.x)).clamp(0.0, 1.0);
                let top = (from.y + part * (to.y - from.y)).max(area.top as f32) as usize;
                let column = Area {
                    left: x,
                    top,
                    right: x + 1,
                    bottom: area.bottom,
                };
                self.fill(column, color, alpha);
            }
        }
    }

    /// Writes a text; `x` and `y` are its left top.
    pub(super) fn write(&mut self, x: usize, y: usize, text: &str, weight: Weight, color: Color) {
        for (i, letter) in text.chars().enumerate() {
            let left = x + i * text::LETTER_WIDTH;
            if left >= WIDTH {
                return;
            }
            for (row, line) in text::glyph(letter, weight).iter().enumerate() {
                for (column, &ink) in line.iter().enumerate() {
                    if ink > 0 {
                        self.blend(left + column, y + row, color, f32::from(ink) / 255.0);
                    }
                }
            }
        }
    }

    /// The picture as PNG with a palette, which is a third of true colour. Where colours
    /// are too many, as with lines that cross all the time, near ones become one.
    pub(super) fn png(&self) -> Vec<u8> {
        let (palette, indices) = (0..8)
            .find_map(|bits| self.indexed(bits))
            .unwrap_or_default();
        encode(&indices, palette.as_flattened())
    }

    /// Colours without their last bits, and which one each pixel has; `None`: more than
    /// a palette holds.
    fn indexed(&self, bits: u32) -> Option<(Vec<Color>, Vec<u8>)> {
        let mut palette: Vec<Color> = Vec::new();
        let mut known = hashbrown::HashMap::new();
        let mut indices = Vec::with_capacity(self.pixels.len());
        // Most neighbours are alike, and looking up costs.
        let mut last = None;
        for pixel in &self.pixels {
            let index = match last {
                Some((before, index)) if before == *pixel => index,
                _ => {
                    let next = known.len();
                    *known.entry(pixel.map(|part| part >> bits)).or_insert(next)
                }
            };
            last = Some((*pixel, index));
            if index == palette.len() {
                palette.push(*pixel);
            }
            indices.push(u8::try_from(index).ok()?);
        }
        Some((palette, indices))
    }
}

fn encode(indices: &[u8], palette: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, WIDTH as u32, HEIGHT as u32);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(Cow::Borrowed(palette));
    // Neighbours among indices say nothing of each other.
    encoder.set_filter(png::Filter::NoFilter);
    let written = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(indices));
    // A vector takes all, and the sizes are constant.
    if let Err(error) = written {
        tracing::error!(%error, "a picture could not be encoded");
        out.clear();
    }
    out
}
