//! What a recording rule makes of a result: the rule's name and labels over it.

use binnacle_model::Labels;
use binnacle_model::labels::push_label;

/// Writes the canonical bytes of `labels` with `over` laid over them to `out`. An
/// empty value takes the label away. `over` ascends by name.
pub(crate) fn lay_over<'a>(
    labels: &Labels,
    over: impl IntoIterator<Item = (&'a str, &'a str)>,
    out: &mut Vec<u8>,
) {
    out.clear();
    let mut below = labels.iter().peekable();
    for (name, value) in over {
        while let Some((n, v)) = below.next_if(|(n, _)| *n < name) {
            push_label(out, n, v);
        }
        below.next_if(|(n, _)| *n == name);
        if !value.is_empty() {
            push_label(out, name, value);
        }
    }
    for (n, v) in below {
        push_label(out, n, v);
    }
}

/// As [`lay_over`], as labels.
pub(crate) fn laid_over<'a>(
    labels: &Labels,
    over: impl IntoIterator<Item = (&'a str, &'a str)>,
    scratch: &mut Vec<u8>,
) -> Labels {
    lay_over(labels, over, scratch);
    canonical(scratch)
}

/// Labels of bytes that [`lay_over`] wrote.
pub(crate) fn canonical(bytes: &[u8]) -> Labels {
    // Two ascending lists were merged, so this does not fail.
    Labels::from_canonical(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_win_over_results() {
        let check = |below: &[(&str, &str)], over: &[(&str, &str)], want: &str| {
            let below = Labels::from_pairs(below.iter().copied());
            let got = laid_over(&below, over.iter().copied(), &mut Vec::new());
            assert_eq!(got.to_string(), want);
            assert_eq!(Labels::from_canonical(got.as_bytes()), Ok(got.clone()));
        };
        check(&[], &[("__name__", "r")], r#"{__name__="r"}"#);
        check(
            &[("__name__", "m"), ("a", "1"), ("c", "3")],
            &[("__name__", "r"), ("a", ""), ("b", "2"), ("d", "4")],
            r#"{__name__="r", b="2", c="3", d="4"}"#,
        );
        check(&[("b", "1")], &[("a", ""), ("b", "2")], r#"{b="2"}"#);
    }
}
