//! The result of a bar: a row per figure, a column per server, and the ratios.

use std::fmt;

/// A row: what was measured, ours first, then the peers in the order of the head.
pub struct Row {
    /// What.
    pub figure: String,
    /// Values in the row's unit; `None`: not measured.
    pub values: Vec<Option<f64>>,
    /// Whether less is better.
    pub less_is_better: bool,
}

/// Rows under one head.
#[derive(Default)]
pub struct Table {
    /// Names of the servers, ours first.
    pub servers: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Table {
    /// A table for these servers.
    pub fn new(servers: &[&str]) -> Self {
        Self {
            servers: servers.iter().map(|s| (*s).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Adds a row of medians.
    pub fn row(
        &mut self,
        figure: impl Into<String>,
        less_is_better: bool,
        values: Vec<Option<f64>>,
    ) {
        self.rows.push(Row {
            figure: figure.into(),
            values,
            less_is_better,
        });
    }
}

/// The middle of `values`; `None` when there is none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<44}", "")?;
        for (i, server) in self.servers.iter().enumerate() {
            write!(f, "{server:>16}")?;
            if i > 0 {
                write!(f, "{:>8}", "ratio")?;
            }
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(f, "{:<44}", row.figure)?;
            let ours = row.values.first().copied().flatten();
            for (i, value) in row.values.iter().enumerate() {
                match value {
                    Some(value) => write!(f, "{:>16}", number(*value))?,
                    None => write!(f, "{:>16}", "-")?,
                }
                if i > 0 {
                    // Above 1 we are ahead.
                    let ratio = match (ours, value) {
                        (Some(ours), Some(theirs)) if row.less_is_better => Some(theirs / ours),
                        (Some(ours), Some(theirs)) => Some(ours / theirs),
                        _ => None,
                    }
                    .filter(|ratio| ratio.is_finite());
                    match ratio {
                        Some(ratio) if ratio >= 100.0 => {
                            write!(f, "{:>8}", format!("{ratio:.0}x"))?;
                        }
                        Some(ratio) => write!(f, "{:>8}", format!("{ratio:.2}x"))?,
                        None => write!(f, "{:>8}", "-")?,
                    }
                }
            }
            writeln!(f)?;
        }
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        Ok(())
    }
}

fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 1e4 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
