//! A small picture of an alert's expression, for notifications.
//!
//! [`Chart::png`] is a pure function: the same chart is the same bytes. The ground is
//! white in light and dark themes alike, because a mail client or a chat shows the
//! picture on whatever ground it has. Everything is drawn here, lines by their distance
//! to each pixel and letters from glyphs made beforehand: some hundred lines instead of
//! a graphics library and a font engine, for one kind of picture.
//!
//! It deliberately does not do: interaction, stacking, logarithmic axes, native
//! histograms, text beyond Latin-1 (other letters stand as `?`).

mod axis;
mod canvas;
mod layout;
#[cfg(test)]
mod tests;
mod text;

/// Width of a picture, pixels.
pub const WIDTH: usize = 600;
/// Height of a picture, pixels.
pub const HEIGHT: usize = 240;
/// Series that are drawn; further ones are counted.
pub const SERIES_MAX: usize = 8;

/// What is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chart {
    /// The alert's name.
    pub title: String,
    /// What is shown, such as the expression.
    pub subtitle: String,
    /// The most relevant first; at most [`SERIES_MAX`] are drawn.
    pub series: Vec<Series>,
    /// Series that are not among [`Chart::series`], to be counted.
    pub more: usize,
    /// Values where the alert begins to fire.
    pub thresholds: Vec<Threshold>,
    /// Since when it fires, milliseconds since the Unix epoch.
    pub fires_since_ms: Option<i64>,
    /// Left end, milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// Right end, milliseconds since the Unix epoch.
    pub end_ms: i64,
    /// What the values are.
    pub unit: Unit,
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// What tells it from the others.
    pub label: String,
    /// Milliseconds since the Unix epoch, ascending, and a value. `None`, not a number
    /// and infinities are gaps.
    pub points: Vec<(i64, Option<f64>)>,
}

/// A value where the alert begins to fire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The value; one that is not finite is not drawn.
    pub value: f64,
    /// On which side of it the alert fires.
    pub side: Side,
}

/// Where an alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Above a threshold.
    Above,
    /// Below a threshold.
    Below,
    /// Neither: on it, or anywhere but on it.
    Neither,
}

/// What values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Just numbers: `1.5k`.
    #[default]
    Number,
    /// Bytes: `1.5Mi`.
    Bytes,
    /// Seconds: `15ms`, `3m`.
    Seconds,
    /// Parts of one: `15%`.
    Ratio,
}

impl Chart {
    /// The picture, as a PNG of [`WIDTH`] by [`HEIGHT`] pixels.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        layout::draw(self).png()
    }
}
