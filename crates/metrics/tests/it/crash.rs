//! Killed at any byte, full disks, failed syncs, flipped bits, versions from the
//! future.

use std::path::PathBuf;

use binnacle_metrics::{Engine, EngineError};
use binnacle_model::append::{Append, AppendError, AppendOptions, Batch};
use binnacle_stdx::files::{Crash, Fault, Files};

use crate::world::{EPOCH, Found, World, dir, labels, small};

fn batch(i: i64) -> Batch {
    let mut batch = Batch::default();
    for s in 0..1 + i % 4 {
        let l = labels(&[("__name__", "m"), ("s", &(s * (1 + i % 3)).to_string())]);
        batch.push(&l, &[(EPOCH + i * 1000, (i * 10 + s) as f64)]);
    }
    batch
}

fn only_segment(world: &World) -> PathBuf {
    let segments = world.files.list(&dir().join("wal")).expect("listed");
    assert_eq!(segments.len(), 1);
    segments[0].clone()
}

#[test]
fn a_log_cut_at_any_byte_gives_back_every_whole_batch() {
    let world = World::new(small());
    let path = only_segment(&world);
    let mut states: Vec<(u64, Found)> = vec![(0, Found::new())];
    for i in 0..12 {
        world
            .engine
            .append(&batch(i), AppendOptions::default())
            .expect("appended");
        states.push((world.files.len(&path).expect("length"), world.all()));
    }
    let full = world.files.len(&path).expect("length");
    for len in 0..=full {
        let files = world.files.after(Crash::Process);
        files
            .append(&path)
            .expect("opened")
            .set_len(len)
            .expect("cut");
        let (reopened, report) = World::open(files, world.clock.clone(), world.options.clone());
        let (_, want) = states
            .iter()
            .rev()
            .find(|(end, _)| *end <= len)
            .expect("the empty state at least");
        assert_eq!(&reopened.all(), want, "cut at {len}: {report:?}");
        // And it goes on from there.
        let l = labels(&[("__name__", "after")]);
        reopened.append(&l, &[(EPOCH, 1.0)]).expect("appended");
        let mut again = reopened;
        again.crash(Crash::Power);
        assert_eq!(
            again.all().get(&l),
            Some(&vec![(EPOCH, 1f64.to_bits())]),
            "cut at {len}"
        );
    }
}

#[test]
fn a_flipped_bit_in_the_log_costs_one_record_and_is_told() {
    let world = World::new(small());
    let path = only_segment(&world);
    let header = world.files.len(&path).expect("length") as usize;
    for i in 0..10 {
        world
            .engine
            .append(&batch(i), AppendOptions::default())
            .expect("appended");
    }
    let whole = world.all();
    let full = world.files.len(&path).expect("length") as usize;
    for at in (header..full).step_by(3) {
        let files = world.files.after(Crash::Process);
        files.flip_bit(&path, at, (at % 8) as u8);
        let (reopened, report) = World::open(files, world.clock.clone(), world.options.clone());
        assert!(!report.dropped.is_empty(), "bit at {at}");
        for (l, samples) in reopened.all() {
            let all = &whole[&l];
            assert!(
                samples.iter().all(|s| all.contains(s)),
                "bit at {at}: nothing is made up"
            );
        }
    }
}

#[test]
fn damaged_blocks_are_moved_aside_and_the_rest_is_served() {
    let world = World::new(small());
    for i in 0..400 {
        world.clock.set(EPOCH + i * 10_000);
        let l = labels(&[("__name__", "m"), ("s", &(i % 7).to_string())]);
        world
            .append(&l, &[(EPOCH + i * 10_000, i as f64)])
            .expect("appended");
    }
    world.engine.flush().expect("flushed");
    let blocks = world.files.list(&dir().join("blocks")).expect("listed");
    assert!(blocks.len() > 2);
    let whole = world.all();
    let len = world.files.len(&blocks[1]).expect("length") as usize;
    let mut refused = 0;
    for at in (0..len).step_by(13) {
        let files = world.files.after(Crash::Process);
        files.flip_bit(&blocks[1], at, (at % 8) as u8);
        let opened = Engine::open(
            std::sync::Arc::new(files.clone()),
            dir(),
            world.options.clone(),
            world.clock.clone(),
        );
        let (engine, report) = opened.expect("damage is no error");
        let world = World {
            files,
            clock: world.clock.clone(),
            options: small(),
            engine,
        };
        if !report.quarantined.is_empty() {
            refused += 1;
            assert!(
                world.files.exists(
                    &dir()
                        .join("quarantine")
                        .join(blocks[1].file_name().expect("named"))
                )
            );
        }
        // Merging reads everything: a page whose checksum is wrong goes aside then.
        let merged = world.engine.merge();
        if report.quarantined.is_empty()
            && merged.is_ok()
            && world.engine.stats().blocks_quarantined == 0
        {
            continue;
        }
        for (l, samples) in world.all() {
            let all = &whole[&l];
            assert!(
                samples.iter().all(|s| all.contains(s)),
                "byte {at}: nothing is made up"
            );
        }
    }
    assert!(refused > 0);
}

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let mut world = World::new(small());
    for i in 0..20 {
        world
            .engine
            .append(&batch(i), AppendOptions::default())
            .expect("appended");
    }
    let before = world.all();
    world
        .files
        .set_capacity(Some(world.files.bytes_written() + 50));
    let refused = (20..100).find_map(|i| {
        world
            .engine
            .append(&batch(i), AppendOptions::default())
            .err()
    });
    assert!(
        matches!(refused, Some(AppendError::Full { .. })),
        "{refused:?}"
    );
    assert!(world.engine.flush().is_err());
    let during = world.all();
    for (l, samples) in &before {
        assert!(samples.iter().all(|s| during[l].contains(s)));
    }
    world.files.set_capacity(None);
    world
        .engine
        .append(&batch(200), AppendOptions::default())
        .expect("space again");
    world.engine.flush().expect("flushed");
    let after = world.all();
    world.crash(Crash::Power);
    assert_eq!(world.all(), after);
}

#[test]
fn a_failed_sync_ends_writing_and_reading_goes_on() {
    let mut world = World::new(small());
    world
        .engine
        .append(&batch(1), AppendOptions::default())
        .expect("appended");
    let before = world.all();
    world.files.inject(Fault::FailedSync { after_syncs: 0 });
    let error = world
        .engine
        .append(&batch(2), AppendOptions::default())
        .expect_err("not synced");
    assert!(matches!(error, AppendError::Poisoned { .. }), "{error}");
    let error = world
        .engine
        .append(&batch(3), AppendOptions::default())
        .expect_err("poisoned");
    assert!(matches!(error, AppendError::Poisoned { .. }), "{error}");
    assert!(world.engine.poisoned().is_some());
    let now = world.all();
    assert!(
        before
            .iter()
            .all(|(l, s)| s.iter().all(|x| now[l].contains(x)))
    );
    world.crash(Crash::Power);
    let after = world.all();
    assert!(
        before
            .iter()
            .all(|(l, s)| s.iter().all(|x| after[l].contains(x)))
    );
    world
        .engine
        .append(&batch(4), AppendOptions::default())
        .expect("a new process writes again");
}

#[test]
fn a_lost_or_damaged_manifest_is_made_again_from_the_blocks() {
    let world = World::new(small());
    for i in 0..30 {
        world.clock.set(EPOCH + i * 60_000);
        world
            .append(
                &labels(&[("__name__", "m")]),
                &[(EPOCH + i * 60_000, i as f64)],
            )
            .expect("appended");
        if i % 10 == 5 {
            world.engine.flush().expect("flushed");
        }
    }
    let whole = world.all();
    let manifest = dir().join("manifest");
    let files = world.files.after(Crash::Process);
    files.remove(&manifest).expect("removed");
    let (reopened, _) = World::open(files, world.clock.clone(), world.options.clone());
    assert_eq!(reopened.all(), whole);
    let files = world.files.after(Crash::Process);
    files.flip_bit(&manifest, 20, 1);
    let (reopened, report) = World::open(files, world.clock.clone(), world.options);
    assert_eq!(reopened.all(), whole);
    assert_eq!(report.quarantined.len(), 1, "{report:?}");
}

#[test]
fn a_directory_of_a_newer_version_is_refused_with_a_message() {
    let world = World::new(small());
    world
        .engine
        .append(&batch(1), AppendOptions::default())
        .expect("appended");
    world.engine.flush().expect("flushed");
    let path = dir().join("manifest");
    let mut bytes = world.files.read(&path).expect("read");
    bytes[8] = 99;
    let body = bytes.len() - 4;
    let crc = crc32fast::hash(&bytes[..body]);
    bytes[body..].copy_from_slice(&crc.to_le_bytes());
    world
        .files
        .create(&path)
        .expect("made")
        .write_all(&bytes)
        .expect("written");
    let opened = Engine::open(
        std::sync::Arc::new(world.files.clone()),
        dir(),
        world.options.clone(),
        world.clock,
    );
    let Err(error) = opened else {
        panic!("it was opened")
    };
    assert!(
        matches!(
            error,
            EngineError::Store(binnacle_store::Error::NewerVersion { .. })
        ),
        "{error}"
    );
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[test]
fn a_log_that_someone_removed_does_not_hide_what_comes_later() {
    let world = World::new(small());
    world
        .engine
        .append(&batch(1), AppendOptions::default())
        .expect("appended");
    world.engine.flush().expect("flushed");
    let files = world.files.after(Crash::Process);
    files.remove_dir_all(&dir().join("wal")).expect("removed");
    let (mut world, _) = World::open(files, world.clock.clone(), world.options);
    let l = labels(&[("__name__", "m"), ("s", "0")]);
    world
        .append(&l, &[(EPOCH + 50_000, 5.0)])
        .expect("appended");
    let want = world.all();
    world.crash(Crash::Process);
    assert_eq!(world.all(), want);
}
