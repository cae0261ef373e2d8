//! Both implementations of files do the same, and the simulated one breaks as told.

use std::io::ErrorKind;
use std::path::Path;

use binnacle_stdx::files::{Crash, Fault, Files, RealFiles, SimulatedFiles, is_full};

fn behaves(files: &dyn Files, dir: &Path) {
    files.create_dir_all(dir).expect("create folder");
    let (a, b) = (dir.join("a"), dir.join("b"));
    let file = files.create(&a).expect("create");
    file.write_all(b"hello ").expect("write");
    file.write_all(b"world").expect("write");
    file.sync_data().expect("sync");
    let mut buf = [0; 5];
    file.read_exact_at(&mut buf, 6).expect("read");
    assert_eq!(&buf, b"world");
    let eof = file.read_exact_at(&mut buf, 7).expect_err("too short");
    assert_eq!(eof.kind(), ErrorKind::UnexpectedEof);
    file.set_len(5).expect("cut");
    file.write_all(b"!").expect("write at the new end");
    assert_eq!(files.read(&a).expect("read"), b"hello!");
    assert_eq!(&*files.map(&a).expect("map"), b"hello!");
    files
        .append(&a)
        .expect("append")
        .write_all(b"!")
        .expect("write");
    assert_eq!(files.len(&a).expect("len"), 7);
    files.link(&a, &dir.join("c")).expect("link");
    files.rename(&a, &b).expect("rename");
    files.sync_dir(dir).expect("sync folder");
    assert_eq!(files.list(dir).expect("list"), [b.clone(), dir.join("c")]);
    assert!(files.exists(&b) && !files.exists(&a));
    assert_eq!(
        files.open(&a).err().map(|e| e.kind()),
        Some(ErrorKind::NotFound)
    );
    files.create(&b).expect("cuts what is there");
    assert_eq!(files.len(&b).expect("len"), 0);
    assert!(files.map(&b).expect("an empty file maps").is_empty());
    files.remove(&b).expect("remove");
    assert_eq!(
        files.len(&b).err().map(|e| e.kind()),
        Some(ErrorKind::NotFound)
    );
    files.remove_dir_all(dir).expect("remove folder");
    assert!(!files.exists(dir));
}

#[test]
fn both_behave() {
    behaves(&SimulatedFiles::new(), Path::new("/x/y"));
    let dir = std::env::temp_dir().join(format!("binnacle-files-{}", std::process::id()));
    behaves(&RealFiles::new(), &dir);
}

fn simulated() -> SimulatedFiles {
    let files = SimulatedFiles::new();
    files.create_dir_all(Path::new("/d")).expect("folder");
    files
}

#[test]
fn a_power_cut_takes_what_was_not_synced() {
    let files = simulated();
    let path = Path::new("/d/f");
    let file = files.create(path).expect("create");
    file.write_all(b"safe").expect("write");
    file.sync_data().expect("sync");
    assert!(
        !files.after(Crash::Power).exists(path),
        "the name was not synced"
    );
    files.sync_dir(Path::new("/d")).expect("sync");
    file.write_all(b" lost").expect("write");
    let read = |crash| files.after(crash).read(path).expect("read");
    assert_eq!(read(Crash::Power), b"safe");
    assert_eq!(read(Crash::PowerTorn { keep_bytes: 2 }), b"safe l");
    assert_eq!(read(Crash::Process), b"safe lost");
    // Cutting and writing again is not safe either before the next sync.
    file.set_len(2).expect("cut");
    file.write_all(b"XX").expect("write");
    assert_eq!(read(Crash::Power), b"safe");
    file.sync_data().expect("sync");
    assert_eq!(read(Crash::Power), b"saXX");
    files.rename(path, Path::new("/d/g")).expect("rename");
    assert!(
        files.after(Crash::Power).exists(path),
        "the old name counts until the sync"
    );
}

#[test]
fn faults_happen_once_and_where_told() {
    let files = simulated();
    let file = files.create(Path::new("/d/f")).expect("create");
    files.inject(Fault::TornWrite { after_bytes: 6 });
    file.write_all(b"1234").expect("before the fault");
    file.write_all(b"5678").expect_err("torn");
    assert_eq!(files.read(Path::new("/d/f")).expect("read"), b"123456");
    file.write_all(b"78").expect("after the fault");

    files.inject(Fault::FailedSync { after_syncs: 1 });
    file.sync_data().expect("before the fault");
    file.sync_data().expect_err("failed");
    file.sync_data().expect("after the fault");

    files.set_capacity(Some(10));
    let full = file.write_all(b"abcd").expect_err("full");
    assert!(is_full(&full), "{full}");
    assert_eq!(files.read(Path::new("/d/f")).expect("read"), b"12345678ab");
    assert_eq!(files.free_space(Path::new("/d")).expect("free"), 0);

    files.flip_bit(Path::new("/d/f"), 0, 0);
    assert_eq!(files.read(Path::new("/d/f")).expect("read")[0], b'0');
}
