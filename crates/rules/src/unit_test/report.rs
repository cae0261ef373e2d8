//! Results for people, in promtool's words.

use std::fmt;

use super::FileReport;

/// As promtool prints, so that whoever reads its output finds the same.
impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Unit Testing:  {}", self.file.display())?;
        for warning in &self.warnings {
            writeln!(f, "  WARNING: {warning}")?;
        }
        if self.passed() {
            return writeln!(f, "  SUCCESS");
        }
        writeln!(f, "  FAILED:")?;
        if let Some(error) = &self.error {
            writeln!(f, "{error}")?;
        }
        for failure in self.cases.iter().flat_map(|case| &case.failures) {
            writeln!(f, "{failure}\n")?;
        }
        Ok(())
    }
}

/// Lines that were expected and did not come (`-`), that came and were not expected
/// (`+`), and the others, in order.
pub(super) fn differences(expected: &str, got: &str, indent: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    // Lengths of the longest common tails.
    let mut common = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if a[i] == b[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let mut lines = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            lines.push(format!("{indent}  {}", a[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("{indent}- {}", a[i]));
            i += 1;
        } else {
            lines.push(format!("{indent}+ {}", b[j]));
            j += 1;
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn lines_are_compared() {
        let check = |expected: &str, got: &str, want: &str| {
            assert_eq!(differences(expected, got, ""), want);
        };
        check("a\nb\nc", "a\nx\nc", "  a\n- b\n+ x\n  c");
        check("a", "a", "  a");
        check("", "a", "+ a");
        check("a\nb", "b", "- a\n  b");
    }
}
