//! The same on the operating system's files.

use std::sync::Arc;

use binnacle_store::blockfile::{BlockFile, BlockWriter, Verify};
use binnacle_store::disk;
use binnacle_store::wal::{SyncPolicy, Wal, WalOptions};

#[test]
fn log_and_blocks_work_on_a_real_disk() {
    let dir = std::env::temp_dir().join(format!("binnacle-store-{}", std::process::id()));
    let files = disk::files();
    let options = WalOptions {
        sync: SyncPolicy::Always,
        reserve_bytes: 0,
        ..WalOptions::default()
    };
    for round in 0..2 {
        let (wal, recovery) =
            Wal::open(Arc::clone(&files), &dir.join("wal"), options).expect("open");
        let mut replay = recovery.replay();
        let mut kinds = Vec::new();
        while let Some(record) = replay.next_record().expect("replay") {
            assert_eq!(record.payload, b"payload");
            kinds.push(record.kind);
        }
        assert_eq!(kinds, (0..round * 3).collect::<Vec<u8>>());
        for kind in 0..3 {
            wal.append_one(round * 3 + kind, b"payload")
                .expect("append");
        }
        wal.rotate().expect("rotate");
    }
    let path = dir.join("1.blk");
    let mut writer = BlockWriter::create(Arc::clone(&files), &path, 1).expect("create");
    writer.section("a");
    writer.write(&vec![7; 100_000]).expect("write");
    let len = writer.finish().expect("finish");
    let block = BlockFile::open(&*files, &path, Verify::AtOpen).expect("open");
    assert_eq!(block.len(), len);
    let section = block.section("a").expect("a");
    // The name may go: the map stays.
    files.remove(&path).expect("remove");
    assert_eq!(section.bytes().expect("mapped"), [7; 100_000]);
    assert!(files.free_space(&dir).expect("statvfs") > 0);
    files.remove_dir_all(&dir).expect("remove");
}
