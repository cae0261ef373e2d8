//! Files that are written, rotated in every way and lost, against what comes out.

mod writer;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use binnacle_model::append::AppendError;
use binnacle_model::event::EventBatch;
use binnacle_model::event::sink::{LogSink, SinkError, Source, Taken};
use binnacle_stdx::clock::ManualClock;
use parking_lot::Mutex;

use super::checkpoint::{Place, Print};
use super::*;
use crate::stages::{MultilineSettings, StageSettings};

/// Keeps what it is given, unless it refuses.
#[derive(Default)]
struct Store {
    lines: Mutex<Vec<(String, Vec<u8>)>>,
    times_ns: Mutex<Vec<i64>>,
    refuses: Mutex<bool>,
}

impl LogSink for Store {
    fn push(&self, _: &Source, batch: &mut EventBatch) -> Result<Taken, SinkError> {
        if *self.refuses.lock() {
            return Err(SinkError::Append(AppendError::Full {
                message: "full".into(),
            }));
        }
        let mut lines = self.lines.lock();
        for (n, stream) in batch.streams.iter().enumerate() {
            let labels = binnacle_model::Labels::from_canonical(batch.stream_labels(n));
            let labels = labels.expect("labels").to_string();
            for row in stream.rows.clone() {
                lines.push((labels.clone(), batch.line(row as usize).to_vec()));
                self.times_ns.lock().push(batch.times_ns[row as usize]);
            }
        }
        Ok(Taken {
            rows: batch.len() as u64,
            ..Taken::default()
        })
    }
}

struct World {
    dir: tempfile::TempDir,
    store: Arc<Store>,
    clock: Arc<ManualClock>,
    settings: TailSettings,
    tailer: Option<Tailer>,
}

impl World {
    fn new(pattern: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let target = FileTarget {
            paths: vec![dir.path().join(pattern).display().to_string()],
            exclude: Vec::new(),
            labels: [("job".to_owned(), "test".to_owned())].into(),
            kubernetes: false,
        };
        let job = TailJob {
            name: "test".into(),
            targets: vec![target],
            journal: None,
            relabel: Vec::new(),
            stages: Vec::new(),
            start: StartAt::Beginning,
        };
        let settings = TailSettings {
            jobs: vec![job],
            checkpoint: dir.path().join("state/places"),
            line_bytes_max: 1_000,
            ..TailSettings::default()
        };
        Self {
            dir,
            store: Arc::default(),
            clock: Arc::new(ManualClock::new(1_796_000_000_000)),
            settings,
            tailer: None,
        }
    }

    fn start(&mut self) {
        let tailer = Tailer::new(
            self.settings.clone(),
            self.store.clone(),
            self.clock.clone(),
            &Arc::default(),
        );
        self.tailer = Some(tailer.expect("it starts"));
    }

    fn tailer(&mut self) -> &mut Tailer {
        if self.tailer.is_none() {
            self.start();
        }
        self.tailer.as_mut().expect("started")
    }

    /// Looks until nothing is new, then lets time pass and looks again.
    fn settle(&mut self) {
        for _ in 0..3 {
            while self.tailer().tick() {}
            self.clock.advance(6_000);
        }
        self.tailer().tick();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        append(&self.path(name), text.as_bytes());
    }

    fn lines(&self) -> Vec<String> {
        let lines = self.store.lines.lock();
        let text = |l: &(String, Vec<u8>)| String::from_utf8_lossy(&l.1).into_owned();
        lines.iter().map(text).collect()
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("open");
    file.write_all(bytes).expect("write");
}

#[test]
fn lines_come_as_they_are_written() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\ntwo\r\n\nunfinis");
    w.settle();
    assert_eq!(w.lines(), ["one", "two\r", ""]);
    w.write("a.log", "hed\n");
    append(&w.path("a.log"), b"\xff\0\n");
    w.write("b.txt", "another\n");
    w.settle();
    assert_eq!(w.lines()[3], "unfinished");
    assert_eq!(w.store.lines.lock()[4].1, b"\xff\0");
    assert_eq!(w.lines().len(), 5);
    let labels = w.store.lines.lock()[0].0.clone();
    let path = w.path("a.log");
    assert_eq!(
        labels,
        format!(
            "{{filename={:?}, job=\"test\"}}",
            path.display().to_string()
        )
    );
}

/// Lines that are read at once have times of their own: a store takes two lines of one
/// time and text for one.
#[test]
fn equal_lines_have_different_times() {
    let mut w = World::new("*.log");
    w.write("a.log", &"again\n".repeat(100));
    w.write("b.log", &"again\n".repeat(100));
    w.tailer().tick();
    let times = w.store.times_ns.lock().clone();
    assert_eq!(times.len(), 200);
    assert!(times.windows(2).all(|t| t[0] < t[1]), "{times:?}");
}

/// Where nothing is written new files are looked for less often, and at once when something
/// is written again.
#[test]
fn new_files_are_looked_for_where_something_is_written() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\n");
    w.settle();
    for _ in 0..50 {
        w.clock.advance(250);
        w.tailer().tick();
    }
    w.settle();
    w.tailer().tick();
    w.write("b.log", "two\n");
    w.clock.advance(3_900);
    w.tailer().tick();
    assert_eq!(w.lines(), ["one"]);
    w.clock.advance(60_000);
    w.tailer().tick();
    assert_eq!(w.lines(), ["one", "two"]);
    for _ in 0..50 {
        w.clock.advance(250);
        w.tailer().tick();
    }
    w.write("c.log", "four\n");
    w.write("a.log", "three\n");
    w.tailer().tick();
    w.tailer().tick();
    assert_eq!(w.lines(), ["one", "two", "three", "four"]);
}

#[test]
fn long_lines_are_cut_into_pieces() {
    let mut w = World::new("*.log");
    let long = "x".repeat(2_500);
    w.write("a.log", &format!("{long}\nshort\n{}", "y".repeat(1_500)));
    w.settle();
    let lengths: Vec<usize> = w.lines().iter().map(String::len).collect();
    assert_eq!(lengths, [1_000, 1_000, 500, 5, 1_000]);
    w.write("a.log", "\n");
    w.settle();
    assert_eq!(w.lines()[5].len(), 500);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\ntwo\nthr");
    w.settle();
    w.tailer = None;
    w.write("a.log", "ee\nfour\n");
    w.settle();
    assert_eq!(w.lines(), ["one", "two", "three", "four"]);
}

/// The system gives the number of a removed file to another one.
#[test]
fn a_number_that_several_files_had_says_nothing_alone() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\ntwo\n");
    w.settle();
    w.tailer().stop();
    w.start();
    let of_another = Place {
        path: w.path("other"),
        offset: 3,
        print: Print {
            head_len: 3,
            head: 1,
            tail_len: 3,
            tail: 1,
        },
        ..w.tailer().gone[0].clone()
    };
    w.tailer().gone.insert(0, of_another);
    w.write("a.log", "three\n");
    w.settle();
    assert_eq!(w.lines(), ["one", "two", "three"]);
}

#[test]
fn a_renamed_file_is_read_to_its_end() {
    let mut w = World::new("app.log*");
    w.write("app.log", "one is a line of some length\n");
    w.settle();
    w.write("app.log", "two\n");
    fs::rename(w.path("app.log"), w.path("app.log.1")).expect("rename");
    w.write("app.log", "three\n");
    w.settle();
    assert_eq!(w.lines().len(), 3);
    // And one that no pattern finds any more.
    let mut w = World::new("app.log");
    w.write("app.log", "one is a line of some length\n");
    w.settle();
    w.write("app.log", "two\nwithout an end");
    fs::rename(w.path("app.log"), w.path("old")).expect("rename");
    w.settle();
    w.settle();
    assert_eq!(w.lines()[1..], ["two", "without an end"]);
    assert_eq!(
        w.tailer().counters().files_active.load(Ordering::Relaxed),
        0
    );
}

#[test]
fn a_removed_file_is_read_to_its_end() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\n");
    w.settle();
    w.write("a.log", "two\n");
    fs::remove_file(w.path("a.log")).expect("remove");
    w.settle();
    assert_eq!(w.lines(), ["one", "two"]);
}

#[test]
fn a_copy_is_not_read_again() {
    for name in ["app.log.1", "app-20261201.log"] {
        let mut w = World::new("app*");
        w.write("app.log", "the first line of this file\nthe second\n");
        w.settle();
        w.write("app.log", "the third, not read yet\n");
        fs::copy(w.path("app.log"), w.path(name)).expect("copy");
        let file = OpenOptions::new().write(true).open(w.path("app.log"));
        file.and_then(|f| f.set_len(0)).expect("cut off");
        w.write("app.log", "a new beginning\n");
        w.settle();
        let mut lines = w.lines();
        lines.sort();
        assert_eq!(
            lines,
            [
                "a new beginning",
                "the first line of this file",
                "the second",
                "the third, not read yet"
            ]
        );
    }
}

#[test]
fn a_file_that_grew_past_its_place_after_a_cut_is_read_anew() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\ntwo\n");
    w.settle();
    fs::write(w.path("a.log"), "other and longer than before\nmore\n").expect("write");
    w.settle();
    assert_eq!(w.lines()[2..], ["other and longer than before", "more"]);
    assert_eq!(w.tailer().counters().truncations.load(Ordering::Relaxed), 1);
}

#[test]
fn a_file_that_has_its_old_size_after_a_cut_is_read_anew() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\ntwo\n");
    w.settle();
    fs::write(w.path("a.log"), "six\nten\n").expect("write");
    // Clocks of file systems are coarse.
    let file = OpenOptions::new().write(true).open(w.path("a.log"));
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
    file.and_then(|f| f.set_modified(later)).expect("a time");
    w.settle();
    assert_eq!(w.lines(), ["one", "two", "six", "ten"]);
}

#[test]
fn packed_files_are_read_once() {
    let pack = |text: &str| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(text.as_bytes()).expect("in memory");
        gz.finish().expect("in memory")
    };
    let mut w = World::new("app.log*");
    let text = "the first line of this file\nthe second\n";
    w.write("app.log", text);
    w.settle();
    // Rotated, packed, and gone from its old name.
    fs::write(w.path("app.log.1.gz"), pack(text)).expect("write");
    fs::remove_file(w.path("app.log")).expect("remove");
    w.settle();
    w.settle();
    assert_eq!(w.lines().len(), 2);
    // One that nobody has seen, in two pieces: it is still being written.
    let packed = pack("an older line, packed\nand its last");
    fs::write(w.path("app.log.2.gz"), &packed[..packed.len() / 2]).expect("write");
    w.tailer().tick();
    fs::write(w.path("app.log.2.gz"), &packed).expect("write");
    w.settle();
    w.settle();
    assert_eq!(w.lines()[2..], ["an older line, packed", "and its last"]);
    w.tailer = None;
    w.settle();
    assert_eq!(w.lines().len(), 4);
}

#[test]
fn a_file_that_is_gone_stays_open_until_it_is_read() {
    let mut w = World::new("*.log");
    for name in ["a.log", "b.log"] {
        w.write(name, "one\n");
    }
    w.settle();
    *w.store.refuses.lock() = true;
    for name in ["a.log", "b.log"] {
        w.write(name, "two\n");
    }
    w.tailer().tick();
    for name in ["a.log", "b.log"] {
        fs::remove_file(w.path(name)).expect("remove");
    }
    // The sink takes nothing for longer than a file that is gone is kept.
    for _ in 0..20 {
        w.tailer().tick();
        w.clock.advance(6_000);
    }
    *w.store.refuses.lock() = false;
    w.settle();
    let mut lines = w.lines();
    lines.sort();
    assert_eq!(lines, ["one", "one", "two", "two"]);
}

#[test]
fn a_large_file_that_is_gone_is_read_to_its_end() {
    let mut w = World::new("*.log");
    let line = format!("{}\n", "x".repeat(999));
    w.write("a.log", &line.repeat(5_000));
    w.tailer().tick();
    fs::remove_file(w.path("a.log")).expect("remove");
    for _ in 0..10 {
        w.tailer().tick();
        w.clock.advance(20_000);
    }
    assert_eq!(w.lines().len(), 5_000);
}

#[test]
fn files_that_begin_alike_are_not_copies_of_each_other() {
    let banner = "Welcome to the shop, version 1\n";
    for (known, new) in [
        ("app.log", "app2.log"),
        ("app.log", "app-worker.log"),
        ("x/app.log", "y/app.log"),
    ] {
        let mut w = World::new("**/*.log");
        for name in ["x", "y"] {
            fs::create_dir(w.path(name)).expect("create");
        }
        w.write(known, banner);
        w.settle();
        w.write(new, banner);
        w.settle();
        assert_eq!(w.lines().len(), 2, "{known} {new}");
    }
    // A new log begins as the one that was renamed did.
    let mut w = World::new("app.log*");
    w.write("app.log", banner);
    w.settle();
    fs::rename(w.path("app.log"), w.path("app.log.1")).expect("rename");
    w.write("app.log", banner);
    w.settle();
    assert_eq!(w.lines().len(), 2);
}

#[test]
fn a_copy_that_is_still_made_is_waited_for() {
    let text = "the first line of this file\nthe second\n";
    let mut w = World::new("app.log*");
    w.write("app.log", text);
    w.settle();
    w.write("app.log.1", &text[..30]);
    w.tailer().tick();
    w.clock.advance(1_500);
    w.tailer().tick();
    w.write("app.log.1", &text[30..]);
    w.clock.advance(1_500);
    w.tailer().tick();
    let file = OpenOptions::new().write(true).open(w.path("app.log"));
    file.and_then(|f| f.set_len(0)).expect("cut off");
    w.settle();
    assert_eq!(w.lines(), ["the first line of this file", "the second"]);
}

#[test]
fn a_file_is_not_read_from_its_packed_copy_too() {
    let mut w = World::new("app.log*");
    w.write("app.log", "the first line of this file\n");
    w.settle();
    *w.store.refuses.lock() = true;
    let more = "the second, which waits\n";
    w.write("app.log", more);
    w.tailer().tick();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(format!("the first line of this file\n{more}").as_bytes())
        .expect("in memory");
    fs::write(w.path("app.log.1.gz"), gz.finish().expect("in memory")).expect("write");
    fs::remove_file(w.path("app.log")).expect("remove");
    w.settle();
    *w.store.refuses.lock() = false;
    w.settle();
    w.settle();
    assert_eq!(
        w.lines(),
        ["the first line of this file", "the second, which waits"]
    );
}

#[test]
fn a_copy_is_known_though_a_line_was_unfinished() {
    let mut w = World::new("app.log*");
    let first = "the first line of this file, which is long enough\n".repeat(10);
    w.write("app.log", &first);
    w.write("app.log", "unfinished");
    w.settle();
    fs::copy(w.path("app.log"), w.path("app.log.1")).expect("copy");
    // Cut off, and longer than before when it is looked at again.
    fs::write(w.path("app.log"), "something else\n".repeat(100)).expect("write");
    w.settle();
    let lines = w.lines();
    let count = |text: &str| lines.iter().filter(|l| l.starts_with(text)).count();
    assert_eq!(count("the first"), 10);
    assert_eq!(count("something else"), 100);
}

#[test]
fn zeros_in_front_of_a_file_that_was_cut_off_are_no_line() {
    let mut w = World::new("*.log");
    w.write("a.log", "one line before\n");
    w.settle();
    // A writer without O_APPEND goes on at its old place.
    let mut text = vec![0; 300_000];
    text.extend_from_slice(b"one line behind\n\0 stays\n");
    fs::write(w.path("a.log"), text).expect("write");
    w.settle();
    assert_eq!(w.lines()[1..], ["one line behind", "\0 stays"]);
}

#[test]
fn what_a_sink_changes_before_it_refuses_is_handed_in_as_it_was() {
    struct Spoils(Mutex<Vec<Vec<u8>>>);
    impl LogSink for Spoils {
        fn push(&self, _: &Source, batch: &mut EventBatch) -> Result<Taken, SinkError> {
            let mut seen = self.0.lock();
            seen.push(batch.line(0).to_vec());
            batch.bytes.fill(b'*');
            if seen.len() < 2 {
                return Err(SinkError::RateLimited("too fast".into()));
            }
            Ok(Taken::default())
        }
    }
    let w = World::new("*.log");
    w.write("a.log", "secret\n");
    let sink = Arc::new(Spoils(Mutex::default()));
    let mut tailer = Tailer::new(
        w.settings.clone(),
        sink.clone(),
        w.clock.clone(),
        &Arc::default(),
    )
    .expect("it starts");
    for _ in 0..4 {
        tailer.tick();
        w.clock.advance(1_000);
    }
    assert_eq!(*sink.0.lock(), [b"secret", b"secret"]);
}

#[test]
fn nothing_is_lost_while_the_sink_refuses() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\n");
    w.settle();
    *w.store.refuses.lock() = true;
    w.write("a.log", "two\n");
    w.settle();
    fs::rename(w.path("a.log"), w.path("gone")).expect("rename");
    w.settle();
    w.settle();
    *w.store.refuses.lock() = false;
    w.settle();
    assert_eq!(w.lines(), ["one", "two"]);
}

#[test]
fn lines_that_stages_hold_back_come_again_after_a_crash() {
    let mut w = World::new("*.log");
    w.settings.jobs[0].stages = vec![StageSettings::Multiline(MultilineSettings {
        firstline: Some("^\\S".into()),
        max_wait_time: Some("1h".into()),
        max_lines: None,
    })];
    w.write("a.log", "first\n at a\nsecond\n at b\n");
    w.settle();
    assert_eq!(w.lines(), ["first\n at a"]);
    // Dropped without a chance to say anything.
    w.tailer = None;
    w.write("a.log", " at c\nthird\n");
    w.settle();
    assert_eq!(w.lines(), ["first\n at a", "second\n at b\n at c"]);
    w.tailer().stop();
    assert_eq!(w.lines()[2], "third");
}

#[test]
fn promtails_positions_are_taken_over() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\ntwo\n");
    w.write("b.log", "three\n");
    let positions = w.path("positions.yaml");
    let text = format!("positions:\n  {}: \"4\"\n", w.path("a.log").display());
    fs::write(&positions, text).expect("write");
    w.settings.positions = Some(positions);
    w.settle();
    let mut lines = w.lines();
    lines.sort();
    assert_eq!(lines, ["three", "two"]);
}

#[test]
fn a_damaged_checkpoint_is_put_aside() {
    let mut w = World::new("*.log");
    w.write("a.log", "one\n");
    w.settle();
    w.tailer = None;
    fs::write(w.path("state/places"), b"{\"version\":1}\n{garbage").expect("write");
    w.settle();
    assert_eq!(w.lines(), ["one", "one"]);
    assert!(w.path("state/places.damaged").exists());
}

#[test]
fn files_may_be_read_from_their_end() {
    let mut w = World::new("*.log");
    w.settings.jobs[0].start = StartAt::BeforeEnd(0);
    w.write("a.log", "old\n");
    w.settle();
    w.write("a.log", "new\n");
    w.write("b.log", "of a file that came later\n");
    w.settle();
    let mut lines = w.lines();
    lines.sort();
    assert_eq!(lines, ["new", "of a file that came later"]);
}

#[test]
fn files_may_be_read_from_shortly_before_their_end() {
    let mut w = World::new("*.log");
    w.settings.jobs[0].start = StartAt::BeforeEnd(10);
    w.write("a.log", "an old one\nnewer\nnew\n");
    w.write("b.log", "short\n");
    w.settle();
    let mut lines = w.lines();
    lines.sort();
    assert_eq!(lines, ["new", "short"]);
}

#[test]
fn patterns_find_files() {
    let dir = tempfile::tempdir().expect("a folder");
    for name in ["a.log", "x/b.log", "x/y/c.log", "x/y/c.txt", "d.log.gz"] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        fs::write(path, "").expect("write");
    }
    let check = |pattern: &str, want: &[&str]| {
        let text = format!("{}/{pattern}", dir.path().display());
        let mut found = std::collections::BTreeSet::new();
        let pattern = finder::Pattern::new(&text).expect("a pattern");
        pattern.find(&mut found, &mut |_, _| {});
        let name = |p: &PathBuf| {
            p.strip_prefix(dir.path())
                .expect("below")
                .display()
                .to_string()
        };
        let got: Vec<String> = found.iter().map(name).collect();
        assert_eq!(got, want, "{text}");
    };
    check("*.log", &["a.log"]);
    check("a.log", &["a.log"]);
    check("**/*.log", &["a.log", "x/b.log", "x/y/c.log"]);
    check("*/*.log", &["x/b.log"]);
    check("{a,x/b}.log", &["a.log", "x/b.log"]);
    check("x/y/c.[lt]*", &["x/y/c.log", "x/y/c.txt"]);
    check("none/*.log", &[]);
    assert!(finder::Pattern::new("relative/*.log").is_err());
    assert!(finder::Pattern::new("/a/[b").is_err());
}

#[test]
fn pods_are_known_by_their_paths() {
    let mut w = World::new("pods/*/*/*.log");
    w.settings.jobs[0].targets[0].kubernetes = true;
    let folder = w.path("pods/shop_api-7f9c6d5b8-x2x4z_u1/api");
    fs::create_dir_all(&folder).expect("create");
    append(&folder.join("0.log"), b"line\n");
    w.settle();
    let labels = w.store.lines.lock()[0].0.clone();
    for want in [
        "namespace=\"shop\"",
        "pod=\"api-7f9c6d5b8-x2x4z\"",
        "container=\"api\"",
        "app=\"api\"",
    ] {
        assert!(labels.contains(want), "{labels}");
    }
}
