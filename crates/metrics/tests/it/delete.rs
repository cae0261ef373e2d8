//! Deleting, cleaning, retention, and what else keeps a data directory small.

use binnacle_metrics::EngineOptions;
use binnacle_model::matcher::Matcher;
use binnacle_stdx::files::{Crash, Files};

use crate::world::{EPOCH, World, dir, labels, small};

fn fill(world: &World, minutes: i64) {
    for i in 0..minutes {
        let t = EPOCH + i * 60_000;
        world.clock.set(t);
        for s in ["a", "b"] {
            world
                .append(&labels(&[("__name__", s)]), &[(t, (i as f64).sin())])
                .expect("appended");
        }
        world.engine.tick().expect("ticked");
    }
}

#[test]
fn deleted_samples_are_gone_at_once_and_leave_the_disk_when_cleaned() {
    let mut world = World::new(small());
    fill(&world, 60);
    let b = [vec![Matcher::equal("__name__", "b")]];
    world
        .engine
        .delete_series(&b, EPOCH + 600_000, EPOCH + 1_200_000)
        .expect("deleted");
    let check = |world: &World| {
        let all = world.all();
        assert_eq!(all[&labels(&[("__name__", "a")])].len(), 60);
        let times: Vec<i64> = all[&labels(&[("__name__", "b")])]
            .iter()
            .map(|s| (s.0 - EPOCH) / 60_000)
            .collect();
        assert_eq!(times, (0..10).chain(21..60).collect::<Vec<_>>());
    };
    check(&world);
    world.crash(Crash::Power);
    check(&world);
    let marks = |world: &World| {
        let names = world.files.list(&dir().join("blocks")).expect("listed");
        names
            .iter()
            .filter(|p| p.extension().is_some_and(|e| e == "tombstones"))
            .count()
    };
    assert!(marks(&world) > 0);
    world.engine.clean_tombstones().expect("cleaned");
    assert_eq!(marks(&world), 0);
    check(&world);
    world.crash(Crash::Power);
    check(&world);
}

#[test]
fn time_retention_drops_old_blocks_and_refuses_old_samples() {
    let options = EngineOptions {
        retention_ms: 30 * 60_000,
        ..small()
    };
    let world = World::new(options);
    fill(&world, 120);
    while world.engine.tick().expect("ticked") {}
    let all = world.all();
    let oldest = all[&labels(&[("__name__", "a")])][0].0;
    assert!(
        oldest > EPOCH + 60 * 60_000,
        "{}",
        (oldest - EPOCH) / 60_000
    );
    let late = world
        .append(&labels(&[("__name__", "c")]), &[(EPOCH, 1.0)])
        .expect("taken");
    assert_eq!(late.refused.len(), 1);
    assert!(world.engine.stats().blocks_retired > 0);
}

#[test]
fn a_clock_that_jumps_ahead_deletes_nothing() {
    let options = EngineOptions {
        retention_ms: 30 * 60_000,
        future_max_ms: 0,
        ..small()
    };
    let world = World::new(options);
    fill(&world, 20);
    let before = world.all();
    world.clock.advance(365 * 86_400_000);
    while world.engine.tick().expect("ticked") {}
    assert_eq!(world.all(), before);
}

#[test]
fn size_retention_keeps_the_newest() {
    let options = EngineOptions {
        retention_bytes: 3_000,
        ..small()
    };
    let world = World::new(options);
    fill(&world, 200);
    while world.engine.tick().expect("ticked") {}
    let all = world.all();
    let a = &all[&labels(&[("__name__", "a")])];
    assert_eq!(a.last().map(|s| s.0), Some(EPOCH + 199 * 60_000));
    assert!(a.len() < 200);
    let bytes: u64 = world.engine.stats().block_bytes;
    assert!(bytes <= 3_000, "{bytes}");
}

#[test]
fn merging_leaves_few_blocks_and_all_samples() {
    let world = World::new(small());
    for i in 0..600 {
        let t = EPOCH + i * 15_000;
        world.clock.set(t);
        world
            .append(&labels(&[("__name__", "a")]), &[(t, i as f64)])
            .expect("appended");
        if i % 5 == 0 {
            world.engine.flush().expect("flushed");
            world.engine.tick().expect("ticked");
        }
    }
    world.engine.merge().expect("merged");
    assert_eq!(world.all()[&labels(&[("__name__", "a")])].len(), 600);
    assert!(
        world.engine.stats().blocks <= 10,
        "{}",
        world.engine.stats().blocks
    );
}
