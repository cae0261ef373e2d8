//! The log: what was appended comes back, whatever happened to the last record.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use binnacle_stdx::files::{Crash, Files, SimulatedFiles};
use binnacle_stdx::random::Random;
use binnacle_store::Error;
use binnacle_store::wal::{Position, Record, RecordRef, Recovery, SyncPolicy, Wal, WalOptions};

pub const DIR: &str = "/wal";

pub fn options(sync: SyncPolicy) -> WalOptions {
    WalOptions {
        sync,
        reserve_bytes: 0,
        ..WalOptions::default()
    }
}

pub fn open(files: &SimulatedFiles, options: WalOptions) -> (Wal, Recovery) {
    Wal::open(Arc::new(files.clone()), Path::new(DIR), options).expect("the log opens")
}

pub fn all(recovery: &Recovery) -> Vec<(u8, Vec<u8>)> {
    let mut replay = recovery.replay();
    let mut records = Vec::new();
    while let Some(Record { kind, payload, .. }) = replay.next_record().expect("replay") {
        records.push((kind, payload.to_vec()));
    }
    records
}

pub fn last_segment(files: &SimulatedFiles) -> PathBuf {
    files
        .list(Path::new(DIR))
        .expect("list")
        .pop()
        .expect("a segment")
}

fn payload(random: &mut Random, len_max: u64) -> Vec<u8> {
    let mut bytes = vec![0; random.below(len_max + 1) as usize];
    random.fill(&mut bytes);
    bytes
}

#[test]
fn records_come_back_in_order_over_segments_and_restarts() {
    let files = SimulatedFiles::new();
    let mut random = Random::new(1);
    let mut want = Vec::new();
    for _ in 0..5 {
        let small = WalOptions {
            segment_bytes_max: 2_000,
            ..options(SyncPolicy::Never)
        };
        let (wal, recovery) = open(&files, small);
        assert_eq!(all(&recovery), want);
        assert_eq!(recovery.dropped, []);
        let mut last = None;
        for i in 0..50 {
            let (a, b) = (payload(&mut random, 100), payload(&mut random, 100));
            let records = [
                RecordRef {
                    kind: i,
                    parts: &[&a, &b],
                },
                RecordRef {
                    kind: 255,
                    parts: &[],
                },
            ];
            let at = wal.append(&records).expect("append");
            assert!(last < Some(at), "positions rise: {last:?}, {at:?}");
            last = Some(at);
            want.push((i, [a, b].concat()));
            want.push((255, vec![]));
        }
        assert!(wal.segment() > 2);
    }
}

#[test]
fn a_position_is_where_the_record_is() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Never));
    let positions: Vec<Position> = (0..5)
        .map(|i| wal.append_one(i, b"12345").expect("append"))
        .collect();
    drop(wal);
    let (_wal, recovery) = open(&files, options(SyncPolicy::Never));
    let mut replay = recovery.replay();
    let mut found = Vec::new();
    while let Some(record) = replay.next_record().expect("replay") {
        found.push(record.at);
    }
    assert_eq!(found, positions);
}

#[test]
fn killed_at_every_byte_the_log_comes_back_with_all_acknowledged_records() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Never));
    let mut random = Random::new(2);
    // How long the file was when each record had been acknowledged.
    let mut ends = vec![files.len(&last_segment(&files)).expect("len")];
    let mut want = Vec::new();
    for kind in 0..12 {
        let bytes = payload(&mut random, 40);
        wal.append_one(kind, &bytes).expect("append");
        want.push((kind, bytes));
        ends.push(files.len(&last_segment(&files)).expect("len"));
    }
    let path = last_segment(&files);
    for len in 0..=*ends.last().expect("some") {
        let crashed = files.after(Crash::Process);
        crashed
            .append(&path)
            .expect("open")
            .set_len(len)
            .expect("cut");
        let (wal, recovery) = open(&crashed, options(SyncPolicy::Never));
        let whole = ends
            .iter()
            .filter(|&&end| end <= len)
            .count()
            .saturating_sub(1);
        assert_eq!(all(&recovery), want[..whole], "cut at {len}");
        let kept = ends.iter().rfind(|&&end| end <= len).copied().unwrap_or(0);
        let dropped: u64 = recovery.dropped.iter().map(|d| d.bytes).sum();
        assert_eq!(dropped, len - kept, "cut at {len}: {:?}", recovery.dropped);
        assert!(
            recovery
                .dropped
                .iter()
                .all(|d| d.torn_tail && d.at.offset == kept)
        );
        // And the log goes on from there.
        wal.append_one(99, b"after").expect("append");
        drop(wal);
        let (_wal, recovery) = open(&crashed, options(SyncPolicy::Never));
        assert_eq!(all(&recovery).len(), whole + 1, "cut at {len}");
        assert_eq!(recovery.dropped, []);
    }
}

#[test]
fn a_power_cut_takes_nothing_that_was_synced() {
    for keep_bytes in [0, 1, 7, 20, 1_000] {
        let files = SimulatedFiles::new();
        let (wal, _) = open(&files, options(SyncPolicy::Always));
        wal.append_one(1, b"acknowledged").expect("append");
        let at_once = files.after(Crash::Power);
        assert_eq!(all(&open(&at_once, options(SyncPolicy::Never)).1).len(), 1);
        drop(wal);

        let (wal, _) = open(&files, options(SyncPolicy::Never));
        wal.append_one(2, b"before the sync").expect("append");
        wal.sync().expect("sync");
        wal.append_one(3, b"behind the sync").expect("append");
        let crashed = files.after(Crash::PowerTorn { keep_bytes });
        let kinds: Vec<u8> = all(&open(&crashed, options(SyncPolicy::Never)).1)
            .iter()
            .map(|r| r.0)
            .collect();
        assert!(kinds.starts_with(&[1, 2]), "{keep_bytes}: {kinds:?}");
    }
}

#[test]
fn a_flipped_bit_costs_one_record_and_is_reported() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Never));
    let mut starts = Vec::new();
    for kind in 0..6 {
        starts.push(wal.append_one(kind, &[kind; 30]).expect("append").offset);
    }
    drop(wal);
    let path = last_segment(&files);
    let len = files.len(&path).expect("len");
    for offset in starts[0]..len {
        let damaged = files.after(Crash::Process);
        damaged.flip_bit(&path, offset as usize, (offset % 8) as u8);
        let hit = starts
            .iter()
            .rposition(|&s| s <= offset)
            .expect("in a record") as u8;
        let (wal, recovery) = open(&damaged, options(SyncPolicy::Never));
        let kinds: Vec<u8> = all(&recovery).iter().map(|r| r.0).collect();
        let want: Vec<u8> = (0..6).filter(|&k| k != hit).collect();
        assert_eq!(kinds, want, "flipped at {offset}");
        let mut replay = recovery.replay();
        while replay.next_record().expect("replay").is_some() {}
        let dropped: Vec<_> = recovery.dropped.iter().chain(replay.dropped()).collect();
        assert_eq!(dropped.len(), 1, "{dropped:?}");
        assert_eq!(dropped[0].at.offset, starts[usize::from(hit)]);
        assert_eq!(dropped[0].bytes, 39);
        assert_eq!(
            dropped[0].torn_tail,
            hit == 5,
            "only the last record may be a torn one"
        );
        // A damaged segment is left as it is; new records go into the next one.
        assert_eq!(wal.segment(), if hit == 5 { 1 } else { 2 });
    }
}

#[test]
fn a_damaged_segment_header_costs_no_records() {
    for offset in [0, 9, 17, 25] {
        let files = SimulatedFiles::new();
        let (wal, _) = open(&files, options(SyncPolicy::Never));
        wal.append_one(1, b"first").expect("append");
        wal.rotate().expect("rotate");
        wal.append_one(2, b"second").expect("append");
        drop(wal);
        let first = files.list(Path::new(DIR)).expect("list").remove(0);
        files.flip_bit(&first, offset, 1);
        let (_wal, recovery) = open(&files, options(SyncPolicy::Never));
        assert_eq!(all(&recovery).len(), 2, "flipped at {offset}");
        let mut replay = recovery.replay();
        while replay.next_record().expect("replay").is_some() {}
        assert_eq!(replay.dropped().len(), 1);
    }
}

#[test]
fn a_log_from_the_future_is_refused_and_left_alone() {
    let files = SimulatedFiles::new();
    drop(open(&files, options(SyncPolicy::Never)));
    let path = last_segment(&files);
    let mut bytes = files.read(&path).expect("read");
    bytes[8] = 2;
    let crc = crc32fast::hash(&bytes[..24]);
    bytes[24..28].copy_from_slice(&crc.to_le_bytes());
    files
        .create(&path)
        .expect("create")
        .write_all(&bytes)
        .expect("write");
    let opened = Wal::open(
        Arc::new(files.clone()),
        Path::new(DIR),
        options(SyncPolicy::Never),
    );
    let error = opened.err().expect("refused");
    assert!(
        matches!(error, Error::NewerVersion { found: 2, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("start the newer program"),
        "{error}"
    );
    assert_eq!(files.read(&path).expect("read"), bytes);
}

#[test]
fn rotation_parts_before_from_after_and_truncation_drops_what_is_before() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Always));
    assert_eq!(wal.rotate().expect("an empty segment is kept"), 1);
    wal.append_one(1, b"old").expect("append");
    let new = wal.rotate().expect("rotate");
    wal.append_one(2, b"new").expect("append");
    assert_eq!((new, wal.stats().segments), (2, 2));
    assert!(wal.truncate_before(new).expect("truncate") > 0);
    assert_eq!(
        wal.truncate_before(new + 10)
            .expect("the current one is kept"),
        0
    );
    wal.append_one(3, b"newer").expect("append");
    drop(wal);
    let (_wal, recovery) = open(&files.after(Crash::Power), options(SyncPolicy::Never));
    assert_eq!(
        all(&recovery),
        [(2, b"new".to_vec()), (3, b"newer".to_vec())]
    );
}

#[test]
fn many_threads_share_writes_and_each_gets_its_own_position() {
    let files = SimulatedFiles::new();
    let small = WalOptions {
        segment_bytes_max: 20_000,
        ..options(SyncPolicy::Always)
    };
    let (wal, _) = open(&files, small);
    let (threads, each) = (8u8, 500u32);
    let mut positions = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                let wal = &wal;
                scope.spawn(move || {
                    (0..each)
                        .map(|i| {
                            (
                                wal.append_one(thread, &i.to_le_bytes()).expect("append"),
                                thread,
                                i,
                            )
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        handles
            .into_iter()
            .flat_map(|h| h.join().expect("no panic"))
            .collect::<Vec<_>>()
    });
    let stats = wal.stats();
    assert_eq!(stats.records, u64::from(threads) * u64::from(each));
    assert!(stats.writes <= stats.records);
    positions.sort_unstable();
    drop(wal);
    let (_wal, recovery) = open(&files.after(Crash::Power), options(SyncPolicy::Never));
    let mut replay = recovery.replay();
    let mut found = Vec::new();
    while let Some(record) = replay.next_record().expect("replay") {
        let i = u32::from_le_bytes(record.payload.try_into().expect("four bytes"));
        found.push((record.at, record.kind, i));
    }
    assert_eq!(found, positions);
}

#[test]
fn a_closed_log_refuses() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(
        &files,
        options(SyncPolicy::Interval(std::time::Duration::from_secs(3600))),
    );
    wal.append_one(1, b"x").expect("append");
    wal.close().expect("close");
    let refused = wal.append_one(2, b"y").expect_err("closed");
    assert!(matches!(refused, Error::Closed), "{refused}");
    assert_eq!(
        all(&open(&files.after(Crash::Power), options(SyncPolicy::Never)).1).len(),
        1
    );
}

#[test]
fn mutated_logs_never_panic() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Never));
    let mut random = Random::new(9);
    for kind in 0..20 {
        wal.append_one(kind, &payload(&mut random, 60))
            .expect("append");
    }
    drop(wal);
    let path = last_segment(&files);
    let whole = files.read(&path).expect("read");
    for _ in 0..2_000 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(4) {
                0 => bytes[at] = random.next_u64() as u8,
                1 => bytes.truncate(at.max(1)),
                2 => bytes.insert(at, random.next_u64() as u8),
                _ => bytes[at..].iter_mut().take(8).for_each(|b| *b = 0),
            }
        }
        let damaged = SimulatedFiles::new();
        damaged.create_dir_all(Path::new(DIR)).expect("folder");
        damaged
            .create(&path)
            .expect("create")
            .write_all(&bytes)
            .expect("write");
        let opened = Wal::open(
            Arc::new(damaged.clone()),
            Path::new(DIR),
            options(SyncPolicy::Never),
        );
        // A flipped header may look like the future; nothing else may refuse.
        if let Ok((_wal, recovery)) = opened {
            assert!(all(&recovery).len() <= 20);
        }
    }
}

#[test]
fn a_sync_covers_the_segments_that_were_ended_before_it() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Never));
    wal.append_one(1, b"ended").expect("append");
    wal.rotate().expect("rotate");
    wal.append_one(2, b"current").expect("append");
    assert_eq!(
        all(&open(&files.after(Crash::Power), options(SyncPolicy::Never)).1),
        []
    );
    wal.sync().expect("sync");
    assert_eq!(
        all(&open(&files.after(Crash::Power), options(SyncPolicy::Never)).1).len(),
        2
    );
}
