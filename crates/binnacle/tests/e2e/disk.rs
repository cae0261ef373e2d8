//! A disk that runs full: writes are refused with a reason, reads go on, nothing
//! acknowledged is lost, and when there is room again, writing goes on.

use std::fs;
use std::path::Path;
use std::process::Command;

use binnacle_model::Labels;
use binnacle_wire::remote_write::Encoder;

use crate::server::{QUIET, Server, get};

/// A small filesystem that is taken away with the test.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
            .arg(directory.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(directory)),
            _ => {
                println!("skipped: disk full: this user may not mount a small filesystem");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn request(n: i64) -> Vec<u8> {
    let mut encoder = Encoder::default();
    for i in 0..2_000 {
        let labels = Labels::from_pairs([("__name__", "full"), ("i", i.to_string().as_str())]);
        // Full mantissas do not compress.
        let value = ((i * 7_919 + n * 104_729) as f64).sqrt();
        encoder.push(&labels, &[(n * 1000, value)]);
    }
    encoder.finish().expect("encode")
}

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let Some(small) = Small::mount() else { return };
    let config = format!("{QUIET}  disk_reserve: 16MB\n");
    let mut server = Server::start_in(&config, &small.path().join("data"));
    let ballast = small.path().join("ballast");
    fs::write(&ballast, vec![1; 20 << 20]).expect("write");
    let mut acknowledged = 0;
    let refused = loop {
        let status = server.push(request(acknowledged + 1)).expect("an answer");
        if status != 204 {
            break status;
        }
        acknowledged += 1;
        assert!(acknowledged < 100_000, "the disk never fills");
    };
    assert_eq!(refused, 503);
    assert!(acknowledged > 0);
    let count = |server: &Server| server.value("count_over_time(full{i=\"7\"}[1d])", 86_400.0);
    assert_eq!(count(&server), Some(acknowledged as f64), "reads go on");
    let (_, health) = get(&server.url("/health/ready"));
    assert!(health.contains("storage"), "{health}");

    fs::remove_file(&ballast).expect("remove");
    let mut tries = 0;
    crate::server::eventually("there is room again", || {
        tries += 1;
        server.push(request(acknowledged + 1)) == Some(204)
    });
    acknowledged += 1;
    server.kill();
    server.restart();
    assert_eq!(
        count(&server),
        Some(acknowledged as f64),
        "after {tries} tries and a crash"
    );
}
