//! A writer that rotates as it likes, against what comes out.

use std::fs;
use std::path::Path;

use binnacle_stdx::random::Random;

use super::{World, append};

/// A writer that numbers its lines and rotates as it likes.
struct Writer {
    random: Random,
    next: u64,
    rotated: u32,
}

impl Writer {
    fn act(&mut self, dir: &Path) {
        let path = dir.join("app.log");
        match self.random.below(10) {
            0 => {
                self.rotated += 1;
                let to = dir.join(format!("app.log.{}", self.rotated));
                // There may be none yet.
                let _ = fs::rename(&path, to);
            }
            1 if path.exists() => {
                // A line of which only a part is written yet.
                append(&path, format!("line {:06}", self.next).as_bytes());
                append(&path, b"\n");
                self.next += 1;
            }
            _ => {
                let mut text = String::new();
                for _ in 0..self.random.below(40) {
                    text.push_str(&format!("line {:06}\n", self.next));
                    self.next += 1;
                }
                append(&path, text.as_bytes());
            }
        }
    }
}

#[test]
fn every_line_of_a_rotating_writer_comes_once() {
    for seed in 0..8 {
        let mut w = World::new("app.log*");
        let mut writer = Writer {
            random: Random::new(seed),
            next: 0,
            rotated: 0,
        };
        for _ in 0..120 {
            writer.act(w.dir.path());
            if writer.random.below(3) == 0 {
                w.tailer().tick();
                w.clock.advance(writer.random.below(4_000) as i64);
            }
            if writer.random.below(20) == 0 {
                // An orderly end and a new beginning.
                w.tailer().stop();
                w.tailer = None;
            }
        }
        w.settle();
        w.settle();
        let mut lines = w.lines();
        lines.sort();
        let want: Vec<String> = (0..writer.next).map(|n| format!("line {n:06}")).collect();
        assert_eq!(lines.len(), want.len(), "seed {seed}");
        assert_eq!(lines, want, "seed {seed}");
    }
}

#[test]
fn a_crash_loses_no_line() {
    for seed in 0..8 {
        let mut w = World::new("app.log*");
        let mut writer = Writer {
            random: Random::new(seed + 100),
            next: 0,
            rotated: 0,
        };
        for _ in 0..120 {
            writer.act(w.dir.path());
            w.tailer().tick();
            w.clock.advance(writer.random.below(800) as i64);
            if writer.random.below(15) == 0 {
                w.tailer = None;
            }
        }
        w.settle();
        w.settle();
        let mut lines = w.lines();
        lines.sort();
        lines.dedup();
        let want: Vec<String> = (0..writer.next).map(|n| format!("line {n:06}")).collect();
        assert_eq!(lines, want, "seed {seed}");
    }
}
