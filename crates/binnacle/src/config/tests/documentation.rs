//! The keys of `binnacle.yaml` in the user guide are those that the reader knows.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::file;

const GUIDE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/user/configuration.md"
);

fn guide() -> String {
    std::fs::read_to_string(Path::new(GUIDE)).expect("the user guide is part of the repository")
}

/// First cells of table rows that are a key: `` | `metrics.host.enabled` | ... ``.
fn documented(guide: &str) -> BTreeSet<String> {
    guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(key, _)| key.to_owned())
        .collect()
}

#[test]
fn every_key_is_documented_and_every_documented_key_is_known() {
    let known: BTreeSet<String> = file::keys().into_iter().collect();
    let documented = documented(&guide());
    let undocumented: Vec<_> = known.difference(&documented).collect();
    let unknown: Vec<_> = documented.difference(&known).collect();
    assert!(
        undocumented.is_empty(),
        "not in docs/user/configuration.md: {undocumented:?}"
    );
    assert!(
        unknown.is_empty(),
        "in docs/user/configuration.md only: {unknown:?}"
    );
}

/// The example is the first YAML block of the guide; it sets each key to its default
/// or to something that loads.
#[test]
fn the_example_loads() {
    let guide = guide();
    let example = guide
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let example = example.expect("the guide has an example");
    let dir = tempfile::tempdir().expect("there is a folder for temporary files");
    super::write(dir.path(), "prometheus.yml", "scrape_configs: []\n");
    let routes = "route: {receiver: a}\nreceivers: [{name: a}]\n";
    super::write(dir.path(), "alertmanager.yml", routes);
    let path = super::write(dir.path(), "binnacle.yaml", example);
    let loaded = file::load_with(Some(&path), &file::Overrides::default(), &|_| None);
    loaded.unwrap_or_else(|errors| panic!("{errors}"));
}
