//! What one query and one batch may do, and what comes along with samples.

use binnacle_metrics::{Engine, EngineError, EngineOptions};
use binnacle_model::append::{Append, AppendOptions, Batch, Exemplar, Refusal, SeriesRef};
use binnacle_model::labels::Labels;
use binnacle_model::limits::{Meter, QueryLimits, Stopped};
use binnacle_model::matcher::Matcher;
use binnacle_model::metadata::{Metadata, MetricType};
use binnacle_model::query::SeriesQuery;
use binnacle_model::sample::Samples;
use binnacle_model::select::{MetadataSource, Select, SelectError, Selection};
use binnacle_stdx::files::Crash;
use std::sync::Arc;

use crate::world::{EPOCH, World, labels, meter, small};

#[test]
fn a_query_sees_a_batch_whole_or_not_at_all() {
    let world = World::new(small());
    let batch = |i: i64| {
        let mut batch = Batch::default();
        for s in 0..50 {
            batch.push(
                &labels(&[("__name__", "m"), ("s", &s.to_string())]),
                &[(EPOCH + i, i as f64)],
            );
        }
        batch
    };
    for i in 0..10 {
        world
            .engine
            .append(&batch(i), AppendOptions::default())
            .expect("appended");
    }
    let selection = Selection {
        start_ms: EPOCH,
        end_ms: EPOCH + 1_000_000,
        ..Selection::default()
    };
    let set = world
        .engine
        .select(&selection, false, &meter())
        .expect("selected");
    for i in 10..20 {
        world
            .engine
            .append(&batch(i), AppendOptions::default())
            .expect("appended");
        if i == 15 {
            world.engine.flush().expect("flushed");
            world.engine.merge().expect("merged");
        }
    }
    for i in 0..set.len() {
        let mut samples = Samples::default();
        set.read(i, EPOCH, EPOCH + 1_000_000, &mut samples)
            .expect("read");
        assert_eq!(samples.len(), 10, "series {i}");
    }
    assert_eq!(world.all().values().map(Vec::len).sum::<usize>(), 50 * 20);
}

#[test]
fn groups_are_those_of_the_label_sets() {
    let world = World::new(small());
    for i in 0..120 {
        let l = labels(&[
            ("__name__", ["a", "b"][i % 2]),
            ("host", &(i % 5).to_string()),
            ("i", &i.to_string()),
        ]);
        world.append(&l, &[(EPOCH, 1.0)]).expect("appended");
        if i == 60 {
            world.engine.flush().expect("flushed");
        }
    }
    let selection = Selection {
        start_ms: EPOCH,
        end_ms: EPOCH,
        ..Selection::default()
    };
    let set = world
        .engine
        .select(&selection, true, &meter())
        .expect("selected");
    for (names, by) in [
        (vec!["host"], true),
        (vec!["host", "__name__"], true),
        (vec![], true),
        (vec!["i"], false),
        (vec!["nope"], true),
    ] {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let (of, groups) = set.groups(&names, by);
        assert_eq!(of.len(), set.len());
        for (i, &g) in of.iter().enumerate() {
            let l = set.labels(i);
            let want = if by {
                l.keep_only(&names)
            } else {
                l.filter(|n| n != "__name__" && !names.iter().any(|k| k == n))
            };
            assert_eq!(groups[g as usize], want);
        }
        let mut distinct = groups.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), groups.len());
    }
}

#[test]
fn limits_and_references_are_refused_by_name() {
    let world = World::new(EngineOptions {
        series_max: 3,
        ..small()
    });
    let mut batch = Batch::default();
    for i in 0..5 {
        batch.push(&labels(&[("__name__", &format!("m{i}"))]), &[(EPOCH, 1.0)]);
    }
    batch.push_ref(SeriesRef(12345), &[(EPOCH, 1.0)]);
    batch.push(&Labels::empty(), &[(EPOCH, 1.0)]);
    let got = world
        .engine
        .append(&batch, AppendOptions::default())
        .expect("taken");
    assert_eq!((got.samples, got.series_created), (3, 3));
    let mut refused = got.refused;
    refused.sort();
    assert_eq!(
        refused,
        [
            (3, 0, Refusal::TooManySeries),
            (4, 0, Refusal::TooManySeries),
            (5, 0, Refusal::UnknownSeries),
            (6, 0, Refusal::TooManySeries),
        ]
    );
    let few = Arc::new(Meter::new(QueryLimits {
        series_max: 2,
        ..QueryLimits::default()
    }));
    let selection = Selection {
        start_ms: EPOCH,
        end_ms: EPOCH,
        ..Selection::default()
    };
    let Err(error) = world.engine.select(&selection, false, &few) else {
        panic!("no limit")
    };
    assert_eq!(
        error,
        SelectError::Stopped(Stopped::Limit {
            what: "series",
            limit: 2
        })
    );
    few.cancel();
    let Err(error) = world.engine.select(&selection, false, &few) else {
        panic!("not cancelled")
    };
    assert_eq!(error, SelectError::Stopped(Stopped::Canceled));
}

#[test]
fn exemplars_and_metadata_survive_flush_and_crash() {
    let mut world = World::new(small());
    let l = labels(&[("__name__", "m")]);
    let exemplar = |i: i64| Exemplar {
        labels: labels(&[("trace_id", &format!("t{i}"))]),
        value: i as f64,
        t_ms: EPOCH + i,
    };
    let metadata = Metadata {
        kind: MetricType::Counter,
        help: "Things.".into(),
        unit: "things".into(),
    };
    for i in 0..4 {
        let mut batch = Batch::default();
        batch.push(&l, &[(EPOCH + i, 1.0)]);
        batch.exemplars.push(exemplar(i));
        batch.series[0].exemplars = 0..1;
        batch.metadata.push(("m".into(), metadata.clone()));
        world
            .engine
            .append(&batch, AppendOptions::default())
            .expect("appended");
        if i == 1 {
            world.engine.flush().expect("flushed");
        }
    }
    let check = |world: &World| {
        let got =
            world
                .engine
                .exemplars(&[vec![Matcher::equal("__name__", "m")]], EPOCH, EPOCH + 2);
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].exemplars, (0..3).map(exemplar).collect::<Vec<_>>());
        assert_eq!(
            world.engine.metadata(Some("m"), 0),
            [("m".to_owned(), vec![metadata.clone()])]
        );
        assert_eq!(world.engine.metadata(None, 0).len(), 1);
    };
    check(&world);
    world.crash(Crash::Process);
    check(&world);
    let (found, cut) = world
        .engine
        .series(
            &SeriesQuery {
                start_ms: EPOCH,
                end_ms: EPOCH + 9,
                limit: 1,
                ..SeriesQuery::default()
            },
            &meter(),
        )
        .expect("series");
    assert_eq!((found, cut), (vec![l], false));
    let c = world.engine.cardinality(10);
    assert_eq!((c.head_series, c.label_pairs), (1, 1));
    assert_eq!(c.series_by_metric[0].name, "m");
}

#[test]
fn idle_series_are_forgotten_and_stay_in_their_blocks() {
    let mut world = World::new(EngineOptions {
        series_idle_ms: 600_000,
        ..small()
    });
    let mut batch = Batch::default();
    for i in 0..12_000 {
        batch.push(
            &labels(&[("__name__", "old"), ("i", &i.to_string())]),
            &[(EPOCH, 1.0)],
        );
    }
    let options = AppendOptions {
        want_refs: true,
        ..AppendOptions::default()
    };
    let old = world.engine.append(&batch, options).expect("appended").refs[7];
    world.engine.flush().expect("flushed");
    let new = labels(&[("__name__", "new")]);
    for i in 1..=3 {
        world.clock.set(EPOCH + i * 600_000);
        world
            .append(&new, &[(EPOCH + i * 600_000, i as f64)])
            .expect("appended");
        world.engine.flush().expect("flushed");
    }
    assert_eq!(world.engine.stats().series, 1);
    assert_eq!(world.engine.stats().series_forgotten, 12_000);
    assert_eq!(world.all().len(), 12_001);
    let mut batch = Batch::default();
    batch.push_ref(old, &[(EPOCH + 1_800_000, 2.0)]);
    let got = world.engine.append(&batch, options).expect("taken");
    assert_eq!(got.refused, [(0, 0, Refusal::UnknownSeries)]);
    let seventh = labels(&[("__name__", "old"), ("i", "7")]);
    world
        .append(&seventh, &[(EPOCH + 1_800_000, 2.0)])
        .expect("appended");
    assert_eq!(
        world.all()[&seventh].len(),
        2,
        "the same series, before and after"
    );
    world.crash(Crash::Process);
    assert_eq!(world.all()[&seventh].len(), 2);
    assert_eq!(world.all().len(), 12_001);
}

#[test]
fn a_data_directory_takes_one_process() {
    let dir = std::env::temp_dir().join(format!("binnacle-lock-{}", std::process::id()));
    let open = || {
        let clock = Arc::new(binnacle_stdx::clock::ManualClock::new(EPOCH));
        Engine::open(
            binnacle_store::disk::files(),
            &dir,
            EngineOptions::default(),
            clock,
        )
    };
    let (first, _) = open().expect("opened");
    let Err(error) = open() else {
        panic!("opened twice")
    };
    assert!(matches!(error, EngineError::Locked { .. }), "{error}");
    drop(first);
    assert!(open().is_ok(), "the lock goes with its holder");
    std::fs::remove_dir_all(&dir).expect("removed");
}
