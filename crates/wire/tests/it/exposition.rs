use std::collections::BTreeMap;
use std::ops::ControlFlow;

use binnacle_model::labels::Labels;
use binnacle_wire::WireError;
use binnacle_wire::text::{
    Dialect, FamilyLine, Sample, Visitor, parse_exemplar_labels, parse_labels, scan,
};
use serde_json::Value;

use crate::suite::{bytes, cases, file, number, text};

/// One thing that a scan told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Type(String, &'static str),
    Help(String, String),
    Unit(String, String),
    Sample(Seen),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) raw: String,
    pub(crate) labels: Labels,
    pub(crate) value: f64,
    pub(crate) t_ms: Option<i64>,
    pub(crate) exemplar: Option<(Labels, f64, Option<i64>)>,
    pub(crate) created: bool,
}

/// Collects everything.
#[derive(Debug, Default)]
pub(crate) struct All {
    pub(crate) told: Vec<Told>,
    pub(crate) error: Option<WireError>,
}

impl Visitor for All {
    fn sample(&mut self, sample: &Sample<'_>) -> ControlFlow<()> {
        let labels = match parse_labels(sample.series, sample.kind) {
            Ok(labels) => labels.build(),
            Err(error) => {
                self.error = Some(error);
                return ControlFlow::Break(());
            }
        };
        let exemplar = sample.exemplar.map(|e| {
            let labels = parse_exemplar_labels(e.labels).expect("the scanner checked it");
            (labels.build(), e.value, e.t_ms)
        });
        self.told.push(Told::Sample(Seen {
            raw: String::from_utf8_lossy(sample.series).into_owned(),
            labels,
            value: sample.value,
            t_ms: sample.t_ms,
            exemplar,
            created: sample.is_created(),
        }));
        ControlFlow::Continue(())
    }

    fn family(&mut self, name: &str, line: FamilyLine<'_>) {
        let name = name.to_owned();
        self.told.push(match line {
            FamilyLine::Type(kind) => Told::Type(name, kind.as_str()),
            FamilyLine::Help(help) => Told::Help(name, help.into_owned()),
            FamilyLine::Unit(unit) => Told::Unit(name, unit.to_owned()),
        });
    }
}

/// Everything in `body`, or the error.
pub(crate) fn all(body: &[u8], dialect: Dialect) -> Result<Vec<Told>, WireError> {
    let mut all = All::default();
    let scanned = scan(body, dialect, &mut all);
    match all.error {
        Some(error) => Err(error),
        None => scanned.map(|()| all.told),
    }
}

pub(crate) fn samples(told: &[Told]) -> impl Iterator<Item = &Seen> {
    told.iter().filter_map(|t| match t {
        Told::Sample(seen) => Some(seen),
        _ => None,
    })
}

fn dialect(case: &Value) -> Dialect {
    match text(case, "content_type") {
        "application/openmetrics-text" => Dialect::OpenMetrics,
        _ => Dialect::Prometheus,
    }
}

fn labels(value: &Value) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    // Only with a feature of Prometheus that is off by default.
    let pairs = pairs.filter(|(n, _)| !matches!(n.as_str(), "__type__" | "__unit__"));
    Labels::from_pairs(pairs.map(|(n, v)| (n.as_str(), v.as_str().unwrap_or_default())))
}

#[test]
fn bodies() {
    for case in cases("prometheus/exposition_parse") {
        let told =
            all(&bytes(&case, "input"), dialect(&case)).unwrap_or_else(|e| panic!("{case}: {e}"));
        // The suite has the times of `_created` lines with the other samples.
        let mut told = told
            .iter()
            .filter(|t| !matches!(t, Told::Sample(s) if s.created));
        for entry in case["entries"].as_array().into_iter().flatten() {
            if entry.get("comment").is_some() {
                continue;
            }
            let metric = || text(entry, "metric").to_owned();
            let got = told.next().unwrap_or_else(|| panic!("nothing for {entry}"));
            if let Some(help) = entry["help"].as_str() {
                assert_eq!(*got, Told::Help(metric(), help.to_owned()));
            } else if let Some(kind) = entry["type"].as_str() {
                assert!(
                    matches!(got, Told::Type(m, k) if *m == metric() && *k == kind),
                    "{entry}: {got:?}"
                );
            } else if let Some(unit) = entry["unit"].as_str() {
                assert_eq!(*got, Told::Unit(metric(), unit.to_owned()));
            } else {
                sample_is(got, entry);
            }
        }
        assert_eq!(told.next(), None, "{}", case["id"]);
    }
}

fn sample_is(got: &Told, entry: &Value) {
    let Told::Sample(seen) = got else {
        panic!("{entry}: {got:?}")
    };
    assert_eq!(seen.raw, text(entry, "metric"));
    // A zero is left out of the data.
    let want = entry.get("value").map_or(0.0, number);
    assert!(
        seen.value == want || (seen.value.is_nan() && want.is_nan()),
        "{entry}: {}",
        seen.value
    );
    assert_eq!(seen.t_ms, entry["timestamp_ms"].as_i64(), "{entry}");
    let own = seen
        .labels
        .filter(|n| !matches!(n, "__type__" | "__unit__"));
    assert_eq!(own, labels(&entry["labels"]), "{entry}");
    let exemplar = &entry["exemplars"][0];
    assert_eq!(seen.exemplar.is_some(), exemplar.is_object(), "{entry}");
    if let Some((of, value, t_ms)) = &seen.exemplar {
        assert_eq!(*of, labels(&exemplar["labels"]));
        assert_eq!(*value, number(&exemplar["value"]));
        assert_eq!(*t_ms, exemplar["timestamp_ms"].as_i64());
    }
}

#[test]
fn refusals() {
    for case in cases("prometheus/exposition_errors") {
        let got = all(&bytes(&case, "input"), dialect(&case));
        assert_eq!(got.is_err(), case["error"].is_string(), "{case}: {got:?}");
    }
}

/// Values of all samples, by labels, that the client library's families hold.
fn expand(family: &Value) -> BTreeMap<Labels, f64> {
    let name = text(family, "Name");
    let mut found = BTreeMap::new();
    for metric in family["Metric"].as_array().into_iter().flatten() {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for label in metric["Label"].as_array().into_iter().flatten() {
            pairs.push((
                text(label, "Name").to_owned(),
                text(label, "Value").to_owned(),
            ));
        }
        let mut add = |suffix: &str, bound: Option<(&str, f64)>, value: f64| {
            let mut all = pairs.clone();
            all.push(("__name__".to_owned(), format!("{name}{suffix}")));
            if let Some((label, bound)) = bound {
                let mut text = String::new();
                binnacle_wire::float::push_open_metrics(&mut text, bound);
                all.push((label.to_owned(), text));
            }
            found.insert(Labels::from_pairs(all), value);
        };
        let count = |of: &Value, key: &str| {
            let float = &of[format!("{key}Float").as_str()];
            if float.is_null() {
                number(&of[key])
            } else {
                number(float)
            }
        };
        for kind in ["Counter", "Gauge", "Untyped"] {
            if metric[kind].is_object() {
                add("", None, number(&metric[kind]["Value"]));
            }
        }
        for (kind, parts) in [("Histogram", "Bucket"), ("Summary", "Quantile")] {
            let of = &metric[kind];
            if !of.is_object() {
                continue;
            }
            for part in of[parts].as_array().into_iter().flatten() {
                if kind == "Histogram" {
                    let value = count(part, "CumulativeCount");
                    add("_bucket", Some(("le", number(&part["UpperBound"]))), value);
                } else {
                    add(
                        "",
                        Some(("quantile", number(&part["Quantile"]))),
                        number(&part["Value"]),
                    );
                }
            }
            if of.get("SampleSum").is_some() {
                add("_sum", None, number(&of["SampleSum"]));
            }
            if of.get("SampleCount").is_some() || of.get("SampleCountFloat").is_some() {
                add("_count", None, count(of, "SampleCount"));
            }
        }
    }
    found
}

#[test]
fn families_of_the_client_library() {
    for case in cases("prometheus-common/text_parse") {
        let told =
            all(&bytes(&case, "in"), Dialect::Prometheus).unwrap_or_else(|e| panic!("{case}: {e}"));
        let mut want = BTreeMap::new();
        for family in case["out"].as_array().into_iter().flatten() {
            want.extend(expand(family));
            let help = Told::Help(
                text(family, "Name").to_owned(),
                text(family, "Help").to_owned(),
            );
            assert!(
                family.get("Help").is_none() || told.contains(&help),
                "{help:?} is not in {told:?}"
            );
        }
        let bits = |of: f64| {
            if of.is_nan() {
                f64::NAN.to_bits()
            } else {
                of.to_bits()
            }
        };
        let got: BTreeMap<_, _> = samples(&told)
            // The suite does not write bounds of gauge histograms as we do.
            .map(|s| (normal(&s.labels), bits(s.value)))
            .collect();
        let want: BTreeMap<_, _> = want
            .into_iter()
            .map(|(l, v)| (normal(&l), bits(v)))
            .collect();
        assert_eq!(got, want, "{case}");
    }
}

/// `le="100"` and `le="100.0"` alike.
fn normal(labels: &Labels) -> Labels {
    let mut builder = labels.to_builder();
    if let Ok(bound) = binnacle_wire::float::parse(builder.get("le").as_bytes()) {
        let mut text = String::new();
        binnacle_wire::float::push_open_metrics(&mut text, bound);
        builder.set("le", &text);
    }
    builder.build()
}

/// The client library's parser refuses more than a scrape does: what it says of
/// the grammar, a scrape must refuse, too.
#[test]
fn refusals_of_the_client_library() {
    let grammar = [
        "invalid label value",
        "expected float as value, got",
        "expected '\"' at start of label value",
        "spurious string after timestamp",
        "unexpected end of label value",
        "invalid metric name\"",
    ];
    for case in cases("prometheus-common/text_parse_errors") {
        let got = all(&bytes(&case, "input"), Dialect::Prometheus);
        let error = text(&case, "error_utf8");
        if grammar.iter().any(|g| error.contains(g)) {
            assert!(got.is_err(), "{case}");
        }
    }
}

#[test]
fn pages() {
    if let Some(page) = file("prometheus/model/textparse/testdata/alltypes.237mfs.prom.txt") {
        let told = all(&page, Dialect::Prometheus).expect("a valid page");
        let families = told.iter().filter(|t| matches!(t, Told::Type(..))).count();
        assert_eq!(families, 237);
    }
    if let Some(page) = file("prometheus/model/textparse/testdata/1histogram.om.txt") {
        let told = all(&page, Dialect::OpenMetrics).expect("a valid page");
        assert!(samples(&told).count() > 0);
    }
}

#[test]
fn errors_name_the_line_and_what_is_there() {
    let check = |body: &str, dialect: Dialect, want: &str| match all(body.as_bytes(), dialect) {
        Ok(told) => panic!("{body:?} was taken: {told:?}"),
        Err(error) => assert_eq!(error.to_string(), want),
    };
    check(
        "a 1\nb{c=\"d\"} x1\n",
        Dialect::Prometheus,
        "line 2: value \"x1\": invalid syntax",
    );
    check(
        "a 1\n\nb{c='d'} 1",
        Dialect::Prometheus,
        "line 3: expected a label value in double quotes, got \"'d'} 1\" in \"b{c='d'} 1\"",
    );
    check(
        "a 1\r\n",
        Dialect::Prometheus,
        "line 1: value \"1\\r\": invalid syntax",
    );
    check(
        "a 1\n",
        Dialect::OpenMetrics,
        "line 2: data does not end with # EOF",
    );
    check(
        "a  1\n# EOF",
        Dialect::OpenMetrics,
        "line 1: expected one blank and a value, got \"  1\" in \"a  1\"",
    );
    check(
        "a{x=\"1\",x=\"2\"} 1",
        Dialect::Prometheus,
        "label name \"x\" is not unique",
    );
}
