//! What the formats share: the time as each of them prints it, trace ids, users,
//! routes, and what goes wrong.

use std::fmt;

use binnacle_model::calendar::date_of;
use binnacle_stdx::random::Random;

/// What a line is written from.
pub(super) struct Scene<'a> {
    pub(super) app: &'static str,
    /// The line tells of a failure.
    pub(super) error: bool,
    /// Pods that a node runs.
    pub(super) pods: &'a [String],
    pub(super) stamp: &'a Stamp,
    pub(super) traces: &'a mut Traces,
    pub(super) random: &'a mut Random,
}

impl Scene<'_> {
    /// The trace id of the request that this line belongs to.
    pub(super) fn trace(&mut self) -> String {
        self.traces.take(self.random).to_owned()
    }

    /// An index below `n`, the small ones far more often.
    pub(super) fn skewed(&mut self, n: usize) -> usize {
        (self.random.unit().powi(4) * n as f64) as usize
    }

    /// One of `items`, the first ones far more often.
    pub(super) fn favourite<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.skewed(items.len())]
    }

    /// A user of a hundred thousand.
    pub(super) fn user(&mut self) -> u64 {
        10_000_000 + spread(self.skewed(100_000), 100_000)
    }

    /// The address that a user comes from.
    pub(super) fn address(&self, user: u64) -> Address {
        Address(user.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The number of an order, a recent one most of the time: they count up.
    pub(super) fn order(&mut self) -> i64 {
        let newest = 800_000 + self.stamp.second.rem_euclid(86_400) * 2;
        newest - self.skewed(3_000) as i64
    }

    /// Milliseconds, over three decades, rarely more.
    pub(super) fn duration_ms(&mut self) -> f64 {
        let sum = self.random.unit() + self.random.unit() + self.random.unit();
        let tail = if self.random.one_in(40) { 12.0 } else { 1.0 };
        10f64.powf(sum * 1.1 - 0.4) * tail
    }

    /// A method and a route.
    pub(super) fn route(&mut self) -> Route {
        let resource = self.favourite(&RESOURCES);
        let (method, ending) = self.favourite(&ENDINGS);
        Route {
            method,
            resource,
            ending,
            id: spread(self.skewed(400_000), 400_000),
        }
    }

    /// Why something failed.
    pub(super) fn cause(&mut self) -> String {
        let other = self.favourite(&BACKENDS);
        let r = &mut *self.random;
        match r.below(8) {
            0 | 1 => format!(
                "dial tcp 10.96.{}.{}:{}: connect: connection refused",
                r.below(4),
                r.below(250),
                [5432, 6379, 8080, 9092][r.below(4) as usize]
            ),
            2 | 3 => format!("timeout after {}ms calling {other}", 200 + r.below(9_800)),
            4 => format!("upstream {other} answered 503 Service Unavailable"),
            5 => format!(
                "deadlock detected: process {} waits for ShareLock on transaction {}",
                r.below(30_000),
                r.below(90_000_000)
            ),
            6 => format!("circuit breaker for {other} is open"),
            _ => "context deadline exceeded".to_owned(),
        }
    }
}

/// The `i`th of `n` numbers in another order, so that the frequent ones are not
/// the small ones. Prime to all `n` that are powers of ten, doubled or not.
fn spread(i: usize, n: u64) -> u64 {
    (i as u64).wrapping_mul(7_919) % n
}

/// A method and a route, with and without the id in its place.
pub(super) struct Route {
    pub(super) method: &'static str,
    resource: &'static str,
    ending: &'static str,
    id: u64,
}

impl Route {
    /// `/api/v1/orders/{id}/history`.
    pub(super) fn template(&self) -> String {
        format!("/api/v1/{}{}", self.resource, self.ending)
    }

    /// `/api/v1/orders/48213/history`.
    pub(super) fn path(&self) -> String {
        match self.ending.split_once("{id}") {
            Some((before, behind)) => {
                format!("/api/v1/{}{before}{}{behind}", self.resource, self.id)
            }
            None => self.template(),
        }
    }
}

/// An IPv4 address.
pub(super) struct Address(u64);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, ..] = self.0.to_be_bytes();
        write!(f, "10.{a}.{b}.{c}")
    }
}

const RESOURCES: [&str; 12] = [
    "products",
    "users",
    "carts",
    "orders",
    "sessions",
    "payments",
    "reviews",
    "addresses",
    "shipments",
    "coupons",
    "invoices",
    "refunds",
];

const ENDINGS: [(&str, &str); 8] = [
    ("GET", "/{id}"),
    ("GET", ""),
    ("GET", "/{id}/related"),
    ("POST", ""),
    ("PUT", "/{id}"),
    ("GET", "/{id}/history"),
    ("PATCH", "/{id}"),
    ("DELETE", "/{id}"),
];

const BACKENDS: [&str; 7] = [
    "inventory:8080",
    "payments:8080",
    "postgres-primary:5432",
    "redis-master:6379",
    "search:9200",
    "kafka-2:9092",
    "pricing:8080",
];

/// The requests that are under way, each with a trace id for four lines.
pub(super) struct Traces {
    active: Vec<(String, u8)>,
    last: usize,
}

impl Traces {
    const ACTIVE: usize = 64;
    const LINES: u8 = 4;

    pub(super) fn new(random: &mut Random) -> Self {
        Self {
            active: (0..Self::ACTIVE).map(|_| (fresh(random), 0)).collect(),
            last: 0,
        }
    }

    fn take(&mut self, random: &mut Random) -> &str {
        self.last = random.below(self.active.len() as u64) as usize;
        let (trace, lines) = &mut self.active[self.last];
        if *lines == Self::LINES {
            *trace = fresh(random);
            *lines = 0;
        }
        *lines += 1;
        trace
    }

    pub(super) fn last(&self) -> &str {
        &self.active[self.last].0
    }
}

fn fresh(random: &mut Random) -> String {
    format!("{:016x}{:016x}", random.next_u64(), random.next_u64())
}

/// The time of a line. The text of the second is kept: most lines share it with
/// the one before.
#[derive(Default)]
pub(super) struct Stamp {
    second: i64,
    /// `2026-12-01`.
    pub(super) date: String,
    /// `01/Dec/2026`.
    pub(super) clf_date: String,
    /// `1201`.
    pub(super) month_day: String,
    /// `08:15:02`.
    pub(super) time: String,
    /// Nanoseconds behind the second.
    pub(super) ns: i64,
}

impl Stamp {
    pub(super) fn set(&mut self, t_ns: i64) {
        self.ns = t_ns.rem_euclid(1_000_000_000);
        let second = t_ns.div_euclid(1_000_000_000);
        if second == self.second {
            return;
        }
        self.second = second;
        let (year, month, day) = date_of(second.div_euclid(86_400));
        let of_day = second.rem_euclid(86_400);
        let name = MONTHS[(month - 1).clamp(0, 11) as usize];
        self.date = format!("{year}-{month:02}-{day:02}");
        self.clf_date = format!("{day:02}/{name}/{year}");
        self.month_day = format!("{month:02}{day:02}");
        self.time = format!(
            "{:02}:{:02}:{:02}",
            of_day / 3_600,
            of_day / 60 % 60,
            of_day % 60
        );
    }

    /// Milliseconds behind the second.
    pub(super) fn ms(&self) -> i64 {
        self.ns / 1_000_000
    }

    /// Microseconds behind the second.
    pub(super) fn us(&self) -> i64 {
        self.ns / 1_000
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
