//! Which known name was likely meant.

/// The known name that is nearest to `name`, when it is near enough: at most a
/// third of the letters differ. Swapped neighbours count as one difference.
#[must_use]
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(NAME_MAX).collect();
    known
        .iter()
        .map(|k| (distance(&name, &k.chars().collect::<Vec<_>>()), *k))
        .filter(|(d, k)| *d <= (k.chars().count().max(name.len()) / 3).max(1))
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

/// Longer names are cut: no known one is as long.
const NAME_MAX: usize = 100;

/// Optimal string alignment distance, in three rows.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let differs = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differs);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["scrape_interval", "scrape_timeout", "scheme", "url"];
        let check =
            |name: &str, want: Option<&str>| assert_eq!(nearest(name, &known), want, "{name}");
        check("scrape_intervall", Some("scrape_interval"));
        check("scrape-interval", Some("scrape_interval"));
        check("shceme", Some("scheme"));
        check("uri", Some("url"));
        check("targets", None);
        check("", None);
    }
}
