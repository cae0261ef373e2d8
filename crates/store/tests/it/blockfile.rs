//! Block files: there as a whole or not at all, and no flipped bit gets through.

use std::path::Path;
use std::sync::Arc;

use binnacle_stdx::files::{Crash, Fault, Files, SimulatedFiles};
use binnacle_stdx::random::Random;
use binnacle_store::Error;
use binnacle_store::blockfile::{BlockFile, BlockWriter, Verify};

const PATH: &str = "/blocks/1.blk";

fn disk() -> SimulatedFiles {
    let files = SimulatedFiles::new();
    files.create_dir_all(Path::new("/blocks")).expect("folder");
    files
}

fn write(files: &SimulatedFiles, sections: &[(&str, &[u8])]) -> Result<u64, Error> {
    let mut writer = BlockWriter::create(Arc::new(files.clone()), Path::new(PATH), 42)?;
    for (name, bytes) in sections {
        writer.section(name);
        for part in bytes.chunks(10_007) {
            writer.write(part)?;
        }
        assert_eq!(writer.section_len(), bytes.len() as u64);
    }
    writer.finish()
}

fn open(files: &SimulatedFiles, verify: Verify) -> Result<BlockFile, Error> {
    BlockFile::open(files, Path::new(PATH), verify)
}

/// Everything that a caller can get out of a block.
fn read_all(files: &SimulatedFiles) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let block = open(files, Verify::Lazily)?;
    assert_eq!(block.kind(), 42);
    let names: Vec<String> = block.section_names().map(String::from).collect();
    names
        .into_iter()
        .map(|n| Ok((n.clone(), block.section(&n)?.bytes()?.to_vec())))
        .collect()
}

#[test]
fn sections_come_back() {
    let files = disk();
    let mut large = vec![0; 300_000];
    Random::new(1).fill(&mut large);
    let len = write(&files, &[("a", b"abc"), ("large", &large), ("empty", b"")]).expect("write");
    assert_eq!(files.len(Path::new(PATH)).expect("len"), len);
    let block = open(&files.after(Crash::Power), Verify::AtOpen).expect("open");
    assert_eq!(
        block.section_names().collect::<Vec<_>>(),
        ["a", "large", "empty"]
    );
    assert_eq!(
        block.section("a").and_then(|s| s.bytes()).expect("a"),
        b"abc"
    );
    let section = block.section("large").expect("large");
    assert_eq!(section.bytes().expect("large"), large);
    for (from, len) in [(0, 0), (65_535, 2), (299_999, 1), (300_000, 0)] {
        assert_eq!(
            section.range(from, len).expect("inside"),
            &large[from..from + len]
        );
    }
    for (from, len) in [(300_000, 1), (usize::MAX, 2), (0, 300_001)] {
        assert!(matches!(
            section.range(from, len),
            Err(Error::Corrupt { .. })
        ));
    }
    let missing = block
        .section("nothing")
        .err()
        .expect("not there")
        .to_string();
    assert_eq!(missing, "section nothing not found in /blocks/1.blk");
}

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    let files = disk();
    let sections: [(&str, &[u8]); 3] = [("a", b"first"), ("b", &[9; 30]), ("c", b"x")];
    let len = write(&files, &sections).expect("write") as usize;
    let path = Path::new(PATH);
    for offset in 0..len {
        for bit in 0..8 {
            let damaged = files.after(Crash::Process);
            damaged.flip_bit(path, offset, bit);
            let error = read_all(&damaged).expect_err("a flipped bit");
            assert!(
                matches!(error, Error::Corrupt { .. }),
                "bit {bit} of {offset}: {error}"
            );
            assert!(
                open(&damaged, Verify::AtOpen).is_err(),
                "bit {bit} of {offset}"
            );
        }
        let damaged = files.after(Crash::Process);
        damaged
            .append(path)
            .expect("open")
            .set_len(offset as u64)
            .expect("cut");
        assert!(
            matches!(read_all(&damaged), Err(Error::Corrupt { .. })),
            "cut at {offset}"
        );
    }
    let longer = files.after(Crash::Process);
    longer
        .append(path)
        .expect("open")
        .write_all(b"\0")
        .expect("write");
    assert!(read_all(&longer).is_err());
}

#[test]
fn a_bad_page_says_where_and_spares_the_others() {
    let files = disk();
    let large = vec![5; 200_000];
    write(&files, &[("chunks", &large)]).expect("write");
    files.flip_bit(Path::new(PATH), 16 + 70_000, 3);
    let block = open(&files, Verify::Lazily).expect("lazily, it opens");
    let section = block.section("chunks").expect("there");
    assert!(section.range(0, 65_536).is_ok() && section.range(131_072, 10).is_ok());
    let error = section
        .range(65_000, 1_000)
        .expect_err("the bad page")
        .to_string();
    assert_eq!(
        error,
        "corrupt /blocks/1.blk chunks at 65552: wrong checksum"
    );
    assert!(open(&files, Verify::AtOpen).is_err());
}

#[test]
fn a_block_from_the_future_is_refused() {
    let files = disk();
    let len = write(&files, &[("a", b"abc")]).expect("write") as usize;
    let mut bytes = files.read(Path::new(PATH)).expect("read");
    bytes[8] = 9;
    bytes[len - 24] = 9;
    files
        .create(Path::new(PATH))
        .expect("create")
        .write_all(&bytes)
        .expect("write");
    let error = open(&files, Verify::Lazily).err().expect("refused");
    assert!(
        matches!(
            error,
            Error::NewerVersion {
                found: 9,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_unfinished_block_leaves_nothing() {
    let sections: [(&str, &[u8]); 1] = [("a", &[1; 5_000])];
    let faults = [
        Fault::TornWrite { after_bytes: 100 },
        Fault::FailedSync { after_syncs: 0 },
    ];
    for fault in faults {
        let files = disk();
        files.inject(fault);
        assert!(
            matches!(write(&files, &sections), Err(Error::Io { .. })),
            "{fault:?}"
        );
        assert_eq!(
            files.list(Path::new("/blocks")).expect("list"),
            [""; 0].map(Into::into) as [std::path::PathBuf; 0]
        );
    }
    let files = disk();
    files.set_capacity(Some(1_000));
    assert!(matches!(write(&files, &sections), Err(Error::Full { .. })));
    drop(BlockWriter::create(
        Arc::new(files.clone()),
        Path::new(PATH),
        1,
    ));
    assert!(files.list(Path::new("/blocks")).expect("list").is_empty());
}

#[test]
fn mutated_blocks_never_panic_nor_lie() {
    let files = disk();
    let sections: [(&str, &[u8]); 2] = [("a", b"0123456789"), ("b", &[3; 100])];
    write(&files, &sections).expect("write");
    let want = read_all(&files).expect("whole");
    let whole = files.read(Path::new(PATH)).expect("read");
    let mut random = Random::new(3);
    for _ in 0..3_000 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => bytes[at] = random.next_u64() as u8,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.next_u64() as u8),
            }
        }
        let damaged = disk();
        damaged
            .create(Path::new(PATH))
            .expect("create")
            .write_all(&bytes)
            .expect("write");
        if let Ok(got) = read_all(&damaged) {
            assert_eq!(got, want, "what is read is what was written");
        }
    }
}
