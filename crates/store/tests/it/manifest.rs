//! The manifest is replaced as a whole.

use std::path::Path;

use binnacle_stdx::files::{Crash, Fault, Files, SimulatedFiles};
use binnacle_store::Error;
use binnacle_store::manifest::{BlockMeta, MANIFEST_NAME, Manifest};

const DIR: &str = "/metrics";

fn saved() -> (SimulatedFiles, Manifest) {
    let files = SimulatedFiles::new();
    files.create_dir_all(Path::new(DIR)).expect("folder");
    let mut manifest = Manifest {
        log_from_segment: 3,
        ..Manifest::default()
    };
    let id = manifest.take_block_id();
    let block = BlockMeta {
        id,
        level: 1,
        resolution_ms: 0,
        min_ms: -5,
        max_ms: 1_700_000_000_000,
        bytes: 1 << 40,
        series: 100_000,
        samples: u64::MAX,
    };
    manifest.replace(&[], Some(block));
    manifest.save(&files, Path::new(DIR)).expect("save");
    (files, manifest)
}

fn load(files: &SimulatedFiles) -> Result<Option<Manifest>, Error> {
    Manifest::load(files, Path::new(DIR))
}

#[test]
fn it_comes_back_after_a_power_cut() {
    let (files, manifest) = saved();
    assert_eq!(
        load(&files.after(Crash::Power)).expect("load"),
        Some(manifest)
    );
    assert_eq!(load(&SimulatedFiles::new()).expect("load"), None);
}

#[test]
fn a_save_that_fails_changes_nothing() {
    let faults = [
        Fault::TornWrite { after_bytes: 9 },
        Fault::FailedSync { after_syncs: 0 },
    ];
    for fault in faults {
        let (files, mut manifest) = saved();
        let before = manifest.clone();
        files.inject(fault);
        manifest.replace(&[0], None);
        manifest
            .save(&files, Path::new(DIR))
            .expect_err("the fault");
        assert_eq!(manifest.generation, before.generation);
        for crash in [Crash::Power, Crash::Process] {
            assert_eq!(
                load(&files.after(crash)).expect("load").as_ref(),
                Some(&before)
            );
        }
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let (files, _) = saved();
    let path = Path::new(DIR).join(MANIFEST_NAME);
    for offset in 0..files.len(&path).expect("len") as usize {
        for bit in 0..8 {
            let damaged = files.after(Crash::Process);
            damaged.flip_bit(&path, offset, bit);
            let error = load(&damaged).expect_err("a flipped bit");
            assert!(
                matches!(error, Error::Corrupt { .. }),
                "bit {bit} of {offset}: {error}"
            );
        }
    }
}
