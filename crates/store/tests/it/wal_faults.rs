//! The log when the disk is full or fails.

use binnacle_model::append::AppendError;
use binnacle_stdx::files::{Crash, Fault, Files, SimulatedFiles};
use binnacle_store::Error;
use binnacle_store::wal::{SyncPolicy, WalOptions};

use crate::wal::{all, last_segment, open, options};

#[test]
fn a_full_disk_refuses_without_poison_and_gets_better() {
    for capacity in 28..120 {
        let files = SimulatedFiles::new();
        let (wal, _) = open(&files, options(SyncPolicy::Always));
        files.set_capacity(Some(capacity));
        let mut taken = 0;
        while wal.append_one(1, &[7; 20]).is_ok() {
            taken += 1;
        }
        assert_eq!(taken, (capacity - 28) / 29, "capacity {capacity}");
        let error = wal.append_one(1, &[7; 20]).expect_err("still full");
        assert!(matches!(error, Error::Full { .. }), "{error}");
        assert!(matches!(AppendError::from(error), AppendError::Full { .. }));
        assert_eq!(wal.stats().poisoned, None);
        assert_eq!(
            files.len(&last_segment(&files)).expect("len"),
            28 + 29 * taken
        );
        files.set_capacity(None);
        wal.append_one(2, b"there is space").expect("append");
        drop(wal);
        let (_wal, recovery) = open(&files.after(Crash::Power), options(SyncPolicy::Never));
        assert_eq!(all(&recovery).len() as u64, taken + 1);
        assert_eq!(recovery.dropped, []);
    }
}

#[test]
fn the_reserve_is_not_written_into() {
    let files = SimulatedFiles::new();
    files.set_capacity(Some(3 << 20));
    let reserved = WalOptions {
        reserve_bytes: 1 << 20,
        ..options(SyncPolicy::Never)
    };
    let (wal, _) = open(&files, reserved);
    let record = vec![7; 100_000];
    while wal.append_one(1, &record).is_ok() {}
    let free = files.free_space("/wal".as_ref()).expect("free");
    // The space is looked at once a mebibyte at the latest.
    assert!(free >= 100_000, "{free} bytes left");
    let error = wal.append_one(1, &record).expect_err("full").to_string();
    assert!(error.contains("reserve"), "{error}");
    files.set_capacity(Some(30 << 20));
    wal.append_one(1, &record).expect("there is space");
}

#[test]
fn a_torn_write_poisons_and_loses_only_what_was_refused() {
    for after_bytes in 0..60 {
        let files = SimulatedFiles::new();
        let (wal, _) = open(&files, options(SyncPolicy::Never));
        wal.append_one(1, b"before").expect("append");
        files.inject(Fault::TornWrite { after_bytes });
        let error = wal.append_one(2, &[2; 60]).expect_err("torn");
        assert!(matches!(error, Error::Poisoned { .. }), "{error}");
        let error = wal.append_one(3, b"after").expect_err("poisoned");
        assert!(matches!(
            AppendError::from(error),
            AppendError::Poisoned { .. }
        ));
        assert!(wal.stats().poisoned.is_some_and(|m| m.contains("torn")));
        assert!(wal.rotate().is_err() && wal.sync().is_err());
        drop(wal);
        let (_wal, recovery) = open(&files.after(Crash::Process), options(SyncPolicy::Never));
        assert_eq!(all(&recovery), [(1, b"before".to_vec())]);
    }
}

#[test]
fn a_torn_write_that_cannot_be_taken_back_is_cut_off_at_the_next_start() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Never));
    wal.append_one(1, b"before").expect("append");
    files.inject(Fault::TornWrite { after_bytes: 10 });
    files.inject(Fault::FailedSetLen { after_cuts: 0 });
    wal.append_one(2, &[2; 60]).expect_err("torn");
    drop(wal);
    let (_wal, recovery) = open(&files.after(Crash::Process), options(SyncPolicy::Never));
    assert_eq!(all(&recovery).len(), 1);
    assert_eq!(recovery.dropped.len(), 1);
    assert_eq!(recovery.dropped[0].bytes, 10);
}

#[test]
fn a_failed_sync_poisons() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Always));
    wal.append_one(1, b"safe").expect("append");
    files.inject(Fault::FailedSync { after_syncs: 0 });
    let error = wal
        .append_one(2, b"not acknowledged")
        .expect_err("failed sync");
    assert!(matches!(error, Error::Poisoned { .. }), "{error}");
    wal.append_one(3, b"refused").expect_err("poisoned");
    let (_wal, recovery) = open(&files.after(Crash::Power), options(SyncPolicy::Never));
    assert_eq!(all(&recovery), [(1, b"safe".to_vec())]);
}

#[test]
fn a_failed_sync_in_the_background_poisons_too() {
    let files = SimulatedFiles::new();
    let (wal, _) = open(&files, options(SyncPolicy::Never));
    wal.append_one(1, b"x").expect("append");
    files.inject(Fault::FailedSync { after_syncs: 0 });
    wal.sync().expect_err("failed");
    wal.append_one(2, b"y").expect_err("poisoned");
}

#[test]
fn a_new_segment_that_cannot_be_made_on_a_full_disk_is_tried_again() {
    let files = SimulatedFiles::new();
    let small = WalOptions {
        segment_bytes_max: 60,
        ..options(SyncPolicy::Always)
    };
    let (wal, _) = open(&files, small);
    wal.append_one(1, &[1; 20]).expect("append");
    // Room for a half of the next segment's header.
    files.set_capacity(Some(28 + 29 + 14));
    let error = wal.append_one(2, &[2; 20]).expect_err("full");
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(matches!(wal.rotate(), Err(Error::Full { .. })));
    files.set_capacity(None);
    wal.append_one(3, &[3; 20]).expect("append");
    assert_eq!(wal.segment(), 2);
    drop(wal);
    let (_wal, recovery) = open(&files.after(Crash::Power), options(SyncPolicy::Never));
    let kinds: Vec<u8> = all(&recovery).iter().map(|r| r.0).collect();
    assert_eq!(kinds, [1, 3]);
}
