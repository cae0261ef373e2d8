//! Any bytes as a block file, a dictionary and postings: reading never panics.
#![no_main]

use std::path::Path;

use binnacle_stdx::files::{Files, SimulatedFiles};
use binnacle_store::blockfile::{BlockFile, Verify};
use binnacle_store::dictionary::Dictionary;
use binnacle_store::postings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let files = SimulatedFiles::new();
    let path = Path::new("/block");
    files.create_dir_all(Path::new("/")).expect("simulated");
    files
        .create(path)
        .expect("simulated")
        .write_all(bytes)
        .expect("simulated");
    if let Ok(block) = BlockFile::open(&files, path, Verify::Lazily) {
        for name in block.section_names() {
            let section = block.section(name).expect("it is listed");
            let _ = section.bytes();
        }
    }
    if let Ok(dictionary) = Dictionary::open(bytes) {
        let _ = dictionary.find(b"name");
        let _ = dictionary.prefix_range(b"n");
        let mut walk = dictionary.walk(0..u32::MAX);
        while let Ok(Some(_)) = walk.next_string() {}
    }
    if let Ok(set) = postings::decode(bytes) {
        let mut again = Vec::new();
        postings::encode(&set, &mut again);
        assert_eq!(postings::decode(&again), Ok(set));
    }
});
