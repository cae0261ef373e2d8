//! Any bytes as the only segment of a log: opening and replaying never panic, and the
//! log can be appended to afterwards and finds what was appended.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use binnacle_stdx::files::{Files, SimulatedFiles};
use binnacle_store::wal::{SyncPolicy, Wal, WalOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let dir = Path::new("/wal");
    let files = SimulatedFiles::new();
    files.create_dir_all(dir).expect("simulated");
    let file = files
        .create(&dir.join("0000000001.wal"))
        .expect("simulated");
    file.write_all(bytes).expect("simulated");
    let options = WalOptions {
        sync: SyncPolicy::Never,
        ..WalOptions::default()
    };
    let open = || Wal::open(Arc::new(files.clone()), dir, options);
    let Ok((wal, recovery)) = open() else {
        return;
    };
    let before = count(&recovery);
    wal.append_one(7, b"payload").expect("simulated");
    drop(wal);
    let (_wal, recovery) = open().expect("opened before");
    assert_eq!(count(&recovery), before + 1);
});

fn count(recovery: &binnacle_store::wal::Recovery) -> usize {
    let mut replay = recovery.replay();
    let mut count = 0;
    while replay.next_record().expect("simulated").is_some() {
        count += 1;
    }
    count
}
