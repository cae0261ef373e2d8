//! Workload M: what exporters send, made from a seed.
//!
//! Series `i` of a target has kind `i mod 20`: 8 integer counters (step rates over
//! four decades, a fifth of them idle), 2 float CPU seconds with two decimals, 4
//! constants, 3 integer gauges, 2 decimal gauges, 1 full-entropy float. 8 or 9
//! labels, some 190 bytes; 1,000 series a target.

/// Series of one target.
pub const SERIES_PER_TARGET: usize = 1_000;

/// A small seeded generator (splitmix64).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// One series: labels and the state from which the next value comes.
pub struct Series {
    /// Name and other labels, sorted by name.
    pub labels: Vec<(String, String)>,
    kind: usize,
    rate: f64,
    value: f64,
    random: Random,
}

impl Series {
    /// Series `i` of target `t`.
    pub fn new(t: usize, i: usize) -> Self {
        let mut random = Random::new((t as u64) << 32 | i as u64 | 0x5eed_0000_0000_0000);
        let kind = i % 20;
        let rate = if kind < 8 && random.unit() < 0.2 {
            0.0
        } else {
            10f64.powf(4.0 * random.unit())
        };
        let value = match kind {
            0..8 => (random.unit() * 1e6).floor(),
            8..10 => (random.unit() * 1e7).floor() / 100.0,
            10..14 => (random.unit() * 100.0).floor(),
            14 => 2048.0,
            _ => (random.unit() * 50.0).floor(),
        };
        Self {
            labels: labels(t, i, kind),
            kind,
            rate,
            value,
            random,
        }
    }

    /// The next value, one step later.
    pub fn next_value(&mut self) -> f64 {
        let r = &mut self.random;
        match self.kind {
            0..8 => self.value += (self.rate * (0.5 + r.unit())).floor(),
            8..10 => self.value = ((self.value + 15.0 * r.unit()) * 100.0).round() / 100.0,
            10..14 => {}
            14 | 15 => {
                if r.unit() > 0.3 {
                    let step = (r.unit() * 129.0).floor() - 64.0;
                    self.value = (self.value + step).clamp(0.0, 4096.0);
                }
            }
            16 => self.value = (r.unit() * 20.0).floor(),
            17 => self.value = (r.unit() * 1e4).floor() / 100.0,
            18 => self.value = (r.unit() * 1e3).floor() / 10.0,
            _ => self.value = r.unit(),
        }
        self.value
    }
}

fn labels(t: usize, i: usize, kind: usize) -> Vec<(String, String)> {
    let family = i / 20;
    let name = match kind {
        0..8 => format!("service_requests_{family:02}_total"),
        8..10 => format!("service_cpu_{family:02}_seconds_total"),
        10..14 => format!("service_config_{family:02}_limit"),
        14..17 => format!("service_queue_{family:02}_length"),
        17..19 => format!("service_load_{family:02}_ratio"),
        _ => format!("service_entropy_{family:02}"),
    };
    let mut labels = vec![
        ("__name__".to_owned(), name),
        ("cluster".to_owned(), "eu-west-1-production".to_owned()),
        (
            "code".to_owned(),
            ["200", "204", "404", "500"][kind % 4].to_owned(),
        ),
        ("handler".to_owned(), format!("/api/v1/resource/{kind:02}")),
        (
            "instance".to_owned(),
            format!("10.{}.{}.7:9100", t / 250, t % 250),
        ),
        ("job".to_owned(), format!("service-{}", t % 10)),
        (
            "method".to_owned(),
            ["GET", "POST", "PUT"][kind % 3].to_owned(),
        ),
        ("namespace".to_owned(), format!("team-{}", t % 7)),
    ];
    if kind.is_multiple_of(2) {
        labels.push((
            "pod".to_owned(),
            format!("service-{}-6d4cf56db6-x{t:04}", t % 10),
        ));
    }
    labels
}

/// Encodes one remote write 1.0 request: each series with its `(t_ms, value)`s.
pub fn write_request<'a>(
    series: impl Iterator<Item = (&'a [(String, String)], &'a [(i64, f64)])>,
    out: &mut Vec<u8>,
) {
    let mut one = Vec::new();
    let mut part = Vec::new();
    out.clear();
    for (labels, samples) in series {
        one.clear();
        for (name, value) in labels {
            part.clear();
            bytes_field(&mut part, 1, name.as_bytes());
            bytes_field(&mut part, 2, value.as_bytes());
            bytes_field(&mut one, 1, &part);
        }
        for (t_ms, value) in samples {
            part.clear();
            part.push(1 << 3 | 1);
            part.extend_from_slice(&value.to_bits().to_le_bytes());
            part.push(2 << 3);
            varint(&mut part, *t_ms as u64);
            bytes_field(&mut one, 2, &part);
        }
        bytes_field(out, 1, &one);
    }
}

pub fn bytes_field(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}
