//! Workload L: an hour of logs of a web shop, made from a seed.
//!
//! Twelve applications with ten pods each make the streams. Four applications
//! write JSON access logs, three logfmt, two are nginx, two are Java (some
//! errors with a stack trace, all of it one entry) and one is klog, each with an
//! equal share of the lines, in the order of time. Four lines share each 128-bit
//! trace id, wherever the format carries one; 2 % are errors; one line of every
//! 100,000 says `OOMKilled`. 2.5 million lines have some 576 MB.
//!
//! Values have the spread that real ones have (skewed users and routes, durations
//! over decades, long user agents), so that compression and indexes meet what they
//! would meet. What it does not have: lines in disorder, levels as labels.

mod access;
mod java;
mod klog;
mod logfmt;
mod nginx;
mod scene;

use std::fmt::Write as _;

use anyhow::Result;
use binnacle_stdx::random::Random;

use crate::workload::{bytes_field, varint};
use scene::{Scene, Stamp, Traces};

/// Lines of one push request.
const LINES_A_REQUEST: u64 = 5_000;

/// One line of so many says `OOMKilled`.
const OOM_EVERY: u64 = 100_000;

/// What an application writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Access,
    Logfmt,
    Nginx,
    Java,
    Klog,
}

/// Each application with its namespace and format.
const APPS: [(&str, &str, Format); 12] = [
    ("gateway", "edge", Format::Access),
    ("catalog", "shop", Format::Access),
    ("cart", "shop", Format::Access),
    ("accounts", "identity", Format::Access),
    ("payments", "billing", Format::Logfmt),
    ("inventory", "shop", Format::Logfmt),
    ("shipping", "logistics", Format::Logfmt),
    ("ingress", "edge", Format::Nginx),
    ("static", "edge", Format::Nginx),
    ("orders", "shop", Format::Java),
    ("search", "shop", Format::Java),
    ("kubelet", "kube-system", Format::Klog),
];

/// Seed of the names of pods.
const NAMES_SEED: u64 = 0x10c5;

/// The application of the lines that say `OOMKilled`.
const KUBELET: usize = 11;

/// How much, over which time.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Lines.
    pub lines: u64,
    /// Pods of each of the twelve applications: a stream each.
    pub pods: usize,
    /// Nanoseconds from the first to the last line.
    pub span_ns: i64,
    /// When the last line is written, nanoseconds since 1970.
    pub end_ns: i64,
    /// Seed of what the lines hold; pods have the same names whatever it is.
    pub seed: u64,
}

impl Shape {
    /// Workload L, the hour before `end_ms`, times `scale`.
    pub fn hour(end_ms: i64, scale: f64) -> Self {
        Self {
            lines: (2_500_000.0 * scale) as u64,
            pods: 10,
            span_ns: 3_600 * 1_000_000_000,
            end_ns: end_ms * 1_000_000,
            seed: 0x10c5,
        }
    }

    /// The week before `end_ms` at a twentieth of the rate with ten times the
    /// streams, times `scale`.
    pub fn week(end_ms: i64, scale: f64) -> Self {
        let hour = Self::hour(end_ms, scale);
        Self {
            lines: hour.lines * 24 * 7 / 20,
            pods: 100,
            span_ns: hour.span_ns * 24 * 7,
            ..hour
        }
    }

    /// The application whose stream this is.
    pub fn app_of(&self, stream: usize) -> &'static str {
        APPS[stream / self.pods].0
    }

    /// The labels of every stream, as Loki's push has them.
    pub fn streams(&self) -> Vec<String> {
        (0..APPS.len() * self.pods)
            .map(|stream| {
                format!(
                    "{{app=\"{}\", cluster=\"eu-west-1\", namespace=\"{}\", pod=\"{}\"}}",
                    self.app_of(stream),
                    APPS[stream / self.pods].1,
                    self.pod(stream)
                )
            })
            .collect()
    }

    /// The pod of a stream.
    pub fn pod(&self, stream: usize) -> String {
        let mut random = Random::new(NAMES_SEED ^ (stream / self.pods) as u64);
        let set = random.next_u64() & 0xff_ffff_ffff;
        let mut random = Random::new(NAMES_SEED ^ (stream as u64) << 8);
        let suffix: String = (0..5)
            .map(|_| char::from(*random.pick(b"bcdfghjklmnpqrstvwxz2456789")))
            .collect();
        format!("{}-{set:010x}-{suffix}", self.app_of(stream))
    }
}

/// Where a line belongs.
#[derive(Clone, Copy)]
pub struct Place {
    /// Nanoseconds since 1970; no two lines share one.
    pub t_ns: i64,
    /// Index into [`Shape::streams`].
    pub stream: usize,
}

/// The lines in the order of time.
pub struct Lines {
    shape: Shape,
    random: Random,
    traces: Traces,
    stamp: Stamp,
    pods: Vec<String>,
    made: u64,
}

impl Lines {
    /// From the first line on.
    pub fn new(shape: Shape) -> Self {
        let mut random = Random::new(shape.seed);
        Self {
            traces: Traces::new(&mut random),
            random,
            stamp: Stamp::default(),
            pods: (0..APPS.len() * shape.pods).map(|s| shape.pod(s)).collect(),
            shape,
            made: 0,
        }
    }

    /// Writes the next line into `text`; `None` behind the last one.
    pub fn next_into(&mut self, text: &mut String) -> Option<Place> {
        if self.made == self.shape.lines {
            return None;
        }
        let n = self.made;
        self.made += 1;
        let step_ns = self.shape.span_ns / self.shape.lines as i64;
        let jitter_ns = self.random.below(step_ns as u64) as i64;
        let start_ns = self.shape.end_ns - step_ns * self.shape.lines as i64;
        let t_ns = start_ns + n as i64 * step_ns + jitter_ns + 1;
        let killed = n % OOM_EVERY == OOM_EVERY / 2;
        let app = if killed {
            KUBELET
        } else {
            self.random.below(APPS.len() as u64) as usize
        };
        let stream = app * self.shape.pods + self.random.below(self.shape.pods as u64) as usize;
        self.stamp.set(t_ns);
        let error = self.random.one_in(50);
        text.clear();
        let scene = &mut Scene {
            app: APPS[app].0,
            error,
            pods: &self.pods[..KUBELET * self.shape.pods],
            stamp: &self.stamp,
            traces: &mut self.traces,
            random: &mut self.random,
        };
        match APPS[app].2 {
            Format::Access => access::write(scene, text),
            Format::Logfmt => logfmt::write(scene, text),
            Format::Nginx => nginx::write(scene, text),
            Format::Java => java::write(scene, text),
            Format::Klog => klog::write(scene, killed, text),
        }
        .expect("a string takes what is written");
        Some(Place { t_ns, stream })
    }

    /// The trace id of the last line that carries one.
    pub fn last_trace(&self) -> &str {
        self.traces.last()
    }
}

/// A push request.
pub struct Request {
    /// Snappy-compressed protobuf.
    pub body: Vec<u8>,
    /// Bytes of its lines.
    pub raw_bytes: u64,
}

/// The lines cut into push requests, made one by one.
pub struct Requests {
    lines: Lines,
    labels: Vec<String>,
    entries: Vec<Vec<u8>>,
    encoder: snap::raw::Encoder,
}

impl Requests {
    /// All lines of `shape`.
    pub fn new(shape: Shape) -> Self {
        let labels = shape.streams();
        Self {
            lines: Lines::new(shape),
            entries: vec![Vec::new(); labels.len()],
            labels,
            encoder: snap::raw::Encoder::new(),
        }
    }

    /// The next request; `None` behind the last one.
    pub fn next_request(&mut self) -> Result<Option<Request>> {
        let mut text = String::new();
        let (mut raw_bytes, mut lines) = (0, 0);
        while lines < LINES_A_REQUEST
            && let Some(place) = self.lines.next_into(&mut text)
        {
            lines += 1;
            raw_bytes += text.len() as u64;
            entry(place.t_ns, &text, &mut self.entries[place.stream]);
        }
        if lines == 0 {
            return Ok(None);
        }
        let mut body = Vec::with_capacity(raw_bytes as usize + raw_bytes as usize / 8);
        let mut stream = Vec::new();
        for (labels, entries) in self.labels.iter().zip(&mut self.entries) {
            if entries.is_empty() {
                continue;
            }
            stream.clear();
            bytes_field(&mut stream, 1, labels.as_bytes());
            stream.append(entries);
            bytes_field(&mut body, 1, &stream);
        }
        Ok(Some(Request {
            body: self.encoder.compress_vec(&body)?,
            raw_bytes,
        }))
    }
}

/// An `EntryAdapter` of Loki's push: its time and its line.
fn entry(t_ns: i64, line: &str, out: &mut Vec<u8>) {
    let mut time = Vec::with_capacity(12);
    time.push(1 << 3);
    varint(&mut time, t_ns.div_euclid(1_000_000_000) as u64);
    time.push(2 << 3);
    varint(&mut time, t_ns.rem_euclid(1_000_000_000) as u64);
    let mut entry = Vec::with_capacity(line.len() + 24);
    bytes_field(&mut entry, 1, &time);
    bytes_field(&mut entry, 2, line.as_bytes());
    bytes_field(out, 2, &entry);
}

/// What is in a workload, counted while it is made.
pub struct Load {
    /// All requests in the order of time.
    pub requests: Vec<Request>,
    /// Bytes of all lines.
    pub raw_bytes: u64,
    /// A trace id from the middle.
    pub needle: String,
}

impl Load {
    /// Makes all requests of `shape`.
    pub fn new(shape: Shape) -> Result<Self> {
        let mut making = Requests::new(shape);
        let mut load = Self {
            requests: Vec::new(),
            raw_bytes: 0,
            needle: String::new(),
        };
        while let Some(request) = making.next_request()? {
            load.raw_bytes += request.raw_bytes;
            load.requests.push(request);
            if making.lines.made <= shape.lines / 2 || load.needle.is_empty() {
                load.needle.clear();
                load.needle.write_str(making.lines.last_trace())?;
            }
        }
        Ok(load)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn each(shape: Shape, mut see: impl FnMut(Place, &str)) {
        let mut lines = Lines::new(shape);
        let mut text = String::new();
        while let Some(place) = lines.next_into(&mut text) {
            see(place, &text);
        }
    }

    /// A line that says `OOMKilled`.
    fn shape() -> Shape {
        Shape::hour(1_796_000_000_000, 0.04)
    }

    #[test]
    fn it_has_the_shares_that_it_says() {
        let (mut bytes, mut apps) = (0, HashMap::<&str, u64>::new());
        let (mut killed, mut errors) = (0, 0);
        let mut last_ns = shape().end_ns - shape().span_ns;
        each(shape(), |place, text| {
            assert!(place.t_ns > last_ns && place.t_ns <= shape().end_ns);
            last_ns = place.t_ns;
            bytes += text.len() as u64;
            *apps.entry(shape().app_of(place.stream)).or_default() += 1;
            killed += u64::from(text.contains("OOMKilled"));
            errors += u64::from(text.contains("\"level\":\"error\""));
        });
        let lines = shape().lines;
        assert_eq!(killed, lines / 100_000);
        assert!((225..=235).contains(&(bytes / lines)), "{bytes} bytes");
        for (app, of) in apps {
            assert!(of.abs_diff(lines / 12) < lines / 120, "{app}: {of} lines");
        }
        // Two of a hundred of the third that is JSON.
        assert!(errors.abs_diff(lines / 150) < lines / 1_000, "{errors}");
    }

    #[test]
    fn four_lines_share_a_trace() {
        let mut of = HashMap::<String, u32>::new();
        each(shape(), |_, text| {
            if let Some((_, behind)) = text.split_once("\"trace_id\":\"")
                && let Some(id) = behind.get(..32)
            {
                *of.entry(id.to_owned()).or_default() += 1;
            }
        });
        assert!(of.values().all(|lines| *lines <= 4));
        assert!(of.values().any(|lines| *lines == 4));
    }

    #[test]
    fn the_same_seed_makes_the_same_requests() {
        let bodies = |seed| {
            let mut requests = Requests::new(Shape {
                lines: 12_000,
                seed,
                ..shape()
            });
            let mut bodies = Vec::new();
            while let Ok(Some(request)) = requests.next_request() {
                bodies.push(request.body);
            }
            bodies
        };
        assert_eq!(bodies(1).len(), 3);
        assert!(bodies(1) == bodies(1));
        assert!(bodies(1) != bodies(2));
    }
}
