//! What stands where in a picture.

use super::axis::{Times, Values, hour_and_minute};
use super::canvas::{Area, Canvas, Color, Place};
use super::text::{LETTER_WIDTH, LINE_HEIGHT, Weight, fitting, width};
use super::{Chart, HEIGHT, SERIES_MAX, Series, Side, WIDTH};

const GROUND: Color = [255, 255, 255];
const FRAME: Color = [208, 215, 222];
const GRID: Color = [234, 238, 242];
const AXIS: Color = [175, 184, 193];
const INK: Color = [31, 35, 40];
const FAINT: Color = [101, 109, 118];
/// Of thresholds.
pub(super) const THRESHOLD: Color = [207, 34, 46];
/// Told apart by people who see few colours; none is like [`THRESHOLD`].
const SERIES: [Color; SERIES_MAX] = [
    [9, 105, 218],
    [191, 135, 0],
    [26, 127, 55],
    [130, 80, 223],
    [27, 124, 131],
    [191, 57, 137],
    [110, 119, 129],
    [154, 103, 0],
];
const LINE_WIDTH: f32 = 2.0;

/// Space between the edge and everything.
const MARGIN: usize = 12;
const LEGEND_ROWS_MAX: usize = 2;

/// An entry of the legend: which series, its text; and where it stands.
struct Entry {
    color: Option<Color>,
    text: String,
    row: usize,
    x: usize,
}

/// Draws a chart.
pub(super) fn draw(chart: &Chart) -> Canvas {
    let shown = &chart.series[..chart.series.len().min(SERIES_MAX)];
    let times = Times::new(chart.start_ms, chart.end_ms);
    let values = Values::of(chart.unit, all_values(chart, shown, times));
    let ticks = values.ticks();
    let entries = legend(chart, shown);
    let rows = entries.last().map_or(0, |entry| entry.row + 1);
    let labels_width = ticks.iter().map(|(_, text)| width(text)).max();
    let plot = Area {
        left: MARGIN + labels_width.unwrap_or(0).min(100) + 6,
        top: MARGIN + LINE_HEIGHT + 14,
        right: WIDTH - MARGIN - 6,
        bottom: HEIGHT - 8 - rows * LINE_HEIGHT - LINE_HEIGHT - 4,
    };
    let mut sheet = Sheet {
        canvas: Canvas::new(GROUND),
        plot,
        times,
        values,
    };
    sheet.frame();
    sheet.heading(chart);
    sheet.value_axis(&ticks);
    sheet.time_axis();
    sheet.breaches(chart);
    sheet.series(shown);
    sheet.thresholds(chart);
    sheet.beginning(chart);
    sheet.legend(&entries, plot.bottom + LINE_HEIGHT + 6);
    sheet.canvas
}

/// Everything that the value axis has to show.
fn all_values(chart: &Chart, shown: &[Series], times: Times) -> impl Iterator<Item = f64> {
    let points = shown.iter().flat_map(|series| &series.points);
    let seen = points.filter(move |(t_ms, _)| times.part(*t_ms).is_some());
    let thresholds = chart.thresholds.iter().map(|threshold| threshold.value);
    seen.filter_map(|(_, value)| *value).chain(thresholds)
}

/// The legend: as many series as two rows hold, and how many there are besides. One
/// series without a label needs none.
fn legend(chart: &Chart, shown: &[Series]) -> Vec<Entry> {
    let all = chart.series.len().saturating_add(chart.more);
    if all == 0 || (all == 1 && shown.iter().all(|series| series.label.is_empty())) {
        return Vec::new();
    }
    let right = WIDTH - MARGIN;
    let more_width = width(&more_text(all)) + 2 * LETTER_WIDTH;
    // A long label leaves room for others, where there are others.
    let label_max = if all == 1 {
        right - MARGIN - 20
    } else if all == 2 {
        (right - MARGIN) / 2 - 36
    } else {
        (right - MARGIN - more_width) / 2 - 36
    };
    let mut entries: Vec<Entry> = Vec::new();
    let (mut row, mut x) = (0, MARGIN);
    for (series, color) in shown.iter().zip(SERIES) {
        let text = fitting(&series.label, label_max);
        let needed = 18 + width(&text);
        let is_last_row = row + 1 == LEGEND_ROWS_MAX;
        let rest = if is_last_row && all > entries.len() + 1 {
            more_width
        } else {
            0
        };
        if x + needed + rest > right {
            if is_last_row {
                break;
            }
            (row, x) = (row + 1, MARGIN);
        }
        entries.push(Entry {
            color: Some(color),
            text,
            row,
            x,
        });
        x += needed + 2 * LETTER_WIDTH;
    }
    let left_out = all - entries.len();
    if left_out > 0 {
        let text = more_text(left_out);
        if x + width(&text) > right && row + 1 < LEGEND_ROWS_MAX {
            (row, x) = (row + 1, MARGIN);
        }
        entries.push(Entry {
            color: None,
            text,
            row,
            x,
        });
    }
    entries
}

fn more_text(count: usize) -> String {
    format!("+{count} more")
}

struct Sheet {
    canvas: Canvas,
    plot: Area,
    times: Times,
    values: Values,
}

impl Sheet {
    fn x_of(&self, t_ms: i64) -> Option<f32> {
        let span = (self.plot.right - self.plot.left - 1) as f32;
        let part = self.times.part(t_ms)?;
        Some(self.plot.left as f32 + 0.5 + part as f32 * span)
    }

    fn y_of(&self, value: f64) -> f32 {
        let span = (self.plot.bottom - self.plot.top - 1) as f32;
        self.plot.bottom as f32 - 0.5 - self.values.part(value) as f32 * span
    }

    fn frame(&mut self) {
        let area = |left, top, right, bottom| Area {
            left,
            top,
            right,
            bottom,
        };
        for edge in [
            area(0, 0, WIDTH, 1),
            area(0, HEIGHT - 1, WIDTH, HEIGHT),
            area(0, 0, 1, HEIGHT),
            area(WIDTH - 1, 0, WIDTH, HEIGHT),
        ] {
            self.canvas.fill(edge, FRAME, 1.0);
        }
    }

    fn heading(&mut self, chart: &Chart) {
        let room = WIDTH - 2 * MARGIN;
        let title = fitting(&chart.title, room);
        self.canvas.write(MARGIN, 9, &title, Weight::Bold, INK);
        let used = width(&title) + 2 * LETTER_WIDTH;
        let subtitle = fitting(&chart.subtitle, room.saturating_sub(used));
        self.canvas
            .write(MARGIN + used, 9, &subtitle, Weight::Regular, FAINT);
    }

    fn value_axis(&mut self, ticks: &[(f64, String)]) {
        for (value, text) in ticks {
            let y = self.y_of(*value) as usize;
            let line = Area {
                top: y,
                bottom: y + 1,
                ..self.plot
            };
            self.canvas.fill(line, GRID, 1.0);
            let x = (self.plot.left - 6).saturating_sub(width(text));
            let y = y.saturating_sub(LINE_HEIGHT / 2);
            self.canvas.write(x, y, text, Weight::Regular, FAINT);
        }
    }

    fn time_axis(&mut self) {
        let axis = Area {
            top: self.plot.bottom - 1,
            ..self.plot
        };
        self.canvas.fill(axis, AXIS, 1.0);
        let y = self.plot.bottom + 3;
        let zone = "UTC";
        let zone_right = self.plot.left - 6;
        self.canvas.write(
            zone_right.saturating_sub(width(zone)),
            y,
            zone,
            Weight::Regular,
            FAINT,
        );
        for (t_ms, text) in self.times.ticks() {
            let Some(x) = self.x_of(t_ms) else {
                continue;
            };
            let x = x as usize;
            let mark = Area {
                left: x,
                right: x + 1,
                top: self.plot.bottom,
                bottom: self.plot.bottom + 3,
            };
            self.canvas.fill(mark, AXIS, 1.0);
            let left = x.saturating_sub(width(&text) / 2);
            if left >= zone_right + LETTER_WIDTH && left + width(&text) < WIDTH - 2 {
                self.canvas.write(left, y, &text, Weight::Regular, FAINT);
            }
        }
    }

    /// Shades where the alert fires.
    fn breaches(&mut self, chart: &Chart) {
        // Two shades over each other would say something that is not meant.
        let [threshold] = chart.thresholds[..] else {
            return;
        };
        if !threshold.value.is_finite() {
            return;
        }
        let y = self.y_of(threshold.value) as usize;
        let area = match threshold.side {
            Side::Above => Area {
                bottom: y,
                ..self.plot
            },
            Side::Below => Area {
                top: y,
                bottom: self.plot.bottom - 1,
                ..self.plot
            },
            Side::Neither => return,
        };
        self.canvas.fill(area, THRESHOLD, 0.06);
    }

    fn series(&mut self, shown: &[Series]) {
        // The most relevant one is drawn last, over the others.
        for (series, color) in shown.iter().zip(SERIES).rev() {
            for run in self.runs(series) {
                if shown.len() == 1 {
                    self.canvas.fill_below(self.plot, &run, color, 0.10);
                }
                self.canvas.line(self.plot, &run, LINE_WIDTH, color);
            }
        }
    }

    /// Points without a gap between them.
    fn runs(&self, series: &Series) -> Vec<Vec<Place>> {
        let mut runs = vec![Vec::new()];
        for (t_ms, value) in &series.points {
            let value = value.filter(|value| value.is_finite());
            match (self.x_of(*t_ms), value) {
                (Some(x), Some(value)) => {
                    let y = self.y_of(value);
                    if let Some(run) = runs.last_mut() {
                        run.push(Place { x, y });
                    }
                }
                _ => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    fn thresholds(&mut self, chart: &Chart) {
        for threshold in &chart.thresholds {
            if !threshold.value.is_finite() {
                continue;
            }
            let y = self.y_of(threshold.value) as usize;
            let y = y.min(self.plot.bottom - 2);
            self.canvas.dash_across(self.plot, y, THRESHOLD);
            let text = self.values.write(threshold.value);
            let x = (self.plot.right - 4).saturating_sub(width(&text));
            // Above the line where there is room, on the side away from the edge.
            let has_room = y >= self.plot.top + LINE_HEIGHT;
            let y = if has_room { y - LINE_HEIGHT } else { y + 2 };
            let halo = Area {
                left: x.saturating_sub(2),
                top: y + 2,
                right: self.plot.right - 2,
                bottom: y + LINE_HEIGHT - 1,
            };
            self.canvas.fill(halo, GROUND, 0.8);
            self.canvas.write(x, y, &text, Weight::Bold, THRESHOLD);
        }
    }

    /// Marks since when the alert fires.
    fn beginning(&mut self, chart: &Chart) {
        let Some((since_ms, x)) = chart
            .fires_since_ms
            .and_then(|since_ms| Some((since_ms, self.x_of(since_ms)?)))
        else {
            return;
        };
        let line = Area {
            top: self.plot.top - 2,
            ..self.plot
        };
        self.canvas.dash_down(line, x as usize, INK);
        let text = format!("fires since {}", hour_and_minute(since_ms));
        let half = width(&text) / 2;
        let left_max = WIDTH - MARGIN - width(&text);
        let left = (x as usize).saturating_sub(half);
        let left = left.clamp(MARGIN, left_max);
        let y = self.plot.top - LINE_HEIGHT - 1;
        self.canvas.write(left, y, &text, Weight::Regular, INK);
    }

    fn legend(&mut self, entries: &[Entry], top: usize) {
        for entry in entries {
            let y = top + entry.row * LINE_HEIGHT;
            let mut x = entry.x;
            if let Some(color) = entry.color {
                let mark = Area {
                    left: x,
                    top: y + LINE_HEIGHT / 2 - 1,
                    right: x + 12,
                    bottom: y + LINE_HEIGHT / 2 + 2,
                };
                self.canvas.fill(mark, color, 1.0);
                x += 18;
            }
            self.canvas.write(x, y, &entry.text, Weight::Regular, FAINT);
        }
    }
}
