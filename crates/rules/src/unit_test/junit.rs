//! Results as JUnit XML, which build servers read.

use std::fmt::Write;

use binnacle_model::calendar::date_of;

use super::FileReport;

/// The reports as one XML document; `now_ms` is when the tests ran.
#[must_use]
pub fn junit(reports: &[FileReport], now_ms: i64) -> String {
    let mut out = String::from("<testsuites>");
    let timestamp = timestamp(now_ms);
    for report in reports {
        let failures: usize = report.cases.iter().map(|case| case.failures.len()).sum();
        let tests = report.cases.len().max(usize::from(report.error.is_some()));
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "<testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{}\" skipped=\"0\" timestamp=\"{timestamp}\">",
            escaped(&report.file.display().to_string()),
            usize::from(report.error.is_some()),
        );
        if let Some(error) = &report.error {
            let _ = write!(
                out,
                "<testcase name=\"unknown\"><error>{}</error></testcase>",
                escaped(error)
            );
        }
        for case in &report.cases {
            let _ = write!(out, "<testcase name=\"{}\">", escaped(&case.name));
            for failure in &case.failures {
                let _ = write!(out, "<failure>{}</failure>", escaped(failure));
            }
            out.push_str("</testcase>");
        }
        out.push_str("</testsuite>");
    }
    out.push_str("</testsuites>\n");
    out
}

fn timestamp(now_ms: i64) -> String {
    let seconds = now_ms.div_euclid(1000);
    let (year, month, day) = date_of(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    )
}

/// Text within XML; what XML cannot hold becomes the replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\n' => out.push_str("&#xA;"),
            '\t' => out.push_str("&#x9;"),
            '\r' => out.push_str("&#xD;"),
            c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::CaseReport;
    use super::*;

    #[test]
    fn xml() {
        let report = FileReport {
            file: "a&b.yml".into(),
            cases: vec![
                CaseReport {
                    name: "good".to_owned(),
                    failures: Vec::new(),
                },
                CaseReport {
                    name: "bad".to_owned(),
                    failures: vec!["exp: <1>\ngot: \u{1}".to_owned()],
                },
            ],
            ..FileReport::default()
        };
        assert_eq!(
            junit(&[report], 1_704_067_200_000),
            "<testsuites><testsuite name=\"a&amp;b.yml\" tests=\"2\" failures=\"1\" errors=\"0\" \
             skipped=\"0\" timestamp=\"2024-01-01T00:00:00\"><testcase name=\"good\"></testcase>\
             <testcase name=\"bad\"><failure>exp: &lt;1&gt;&#xA;got: \u{fffd}</failure></testcase>\
             </testsuite></testsuites>\n"
        );
    }
}
