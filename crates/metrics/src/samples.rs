//! Joining samples of one series from several places.

use binnacle_model::sample::Samples;

/// Makes one ascending run of `out[from..]`, which is two ascending runs that meet at
/// `middle`; at the same time the second run wins. Does nothing when they are apart.
pub(crate) fn join_runs(out: &mut Samples, from: usize, middle: usize) {
    let apart =
        middle == from || middle == out.len() || out.times_ms[middle] > out.times_ms[middle - 1];
    if apart {
        return;
    }
    let (old_t, new_t) = (
        out.times_ms[from..middle].to_vec(),
        out.times_ms[middle..].to_vec(),
    );
    let (old_v, new_v) = (
        out.values[from..middle].to_vec(),
        out.values[middle..].to_vec(),
    );
    out.times_ms.truncate(from);
    out.values.truncate(from);
    let (mut a, mut b) = (0, 0);
    while a < old_t.len() || b < new_t.len() {
        if b < new_t.len() && (a == old_t.len() || new_t[b] <= old_t[a]) {
            if a < old_t.len() && old_t[a] == new_t[b] {
                a += 1;
            }
            out.times_ms.push(new_t[b]);
            out.values.push(new_v[b]);
            b += 1;
        } else {
            out.times_ms.push(old_t[a]);
            out.values.push(old_v[a]);
            a += 1;
        }
    }
    if !out.starts_ms.is_empty() {
        out.starts_ms.resize(out.times_ms.len(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_runs_merge_and_the_newer_wins() {
        let mut out = Samples::default();
        for (t, v) in [
            (5, 0.0),
            (10, 1.0),
            (20, 1.0),
            (30, 1.0),
            (15, 2.0),
            (20, 2.0),
            (40, 2.0),
        ] {
            out.push(t, v);
        }
        join_runs(&mut out, 1, 4);
        let got: Vec<(i64, f64)> = out.times_ms.iter().copied().zip(out.values).collect();
        assert_eq!(
            got,
            [
                (5, 0.0),
                (10, 1.0),
                (15, 2.0),
                (20, 2.0),
                (30, 1.0),
                (40, 2.0)
            ]
        );
    }
}
