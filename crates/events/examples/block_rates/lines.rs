//! Generated logs of a web shop: JSON access logs, logfmt, nginx, Java and klog.

use std::fmt::Write as _;

use binnacle_events::block::{ROWS_MAX, RowSource};
use binnacle_model::event::FieldValue;
use binnacle_stdx::random::Random;

/// The kinds of lines and, of twelve, the share of each.
pub const KINDS: [(&str, usize); 5] = [
    ("json", 4),
    ("logfmt", 3),
    ("nginx", 2),
    ("java", 2),
    ("klog", 1),
];

/// Midnight of 2026-12-01.
const DAY_NS: i64 = 1_796_083_200_000_000_000;

/// Rows of a block.
#[derive(Default)]
pub struct Batch {
    streams: Vec<u32>,
    times: Vec<i64>,
    pub lines: Vec<String>,
}

impl RowSource for Batch {
    fn len(&self) -> usize {
        self.lines.len()
    }

    fn stream(&self, row: usize) -> u32 {
        self.streams[row]
    }

    fn time_ns(&self, row: usize) -> i64 {
        self.times[row]
    }

    fn line(&self, row: usize) -> &[u8] {
        self.lines[row].as_bytes()
    }

    fn fields(&self, _row: usize, _see: &mut dyn FnMut(&str, FieldValue<'_>)) {}
}

/// Blocks of the lines of an hour, by stream and time: 20,000 lines in each of two streams
/// for each twelfth; of one kind only when it is named.
pub fn generate(only: Option<&str>) -> Vec<Batch> {
    let mut scene = Scene {
        r: Random::new(7),
        traces: (0..64).map(|i| (format!("{i:032x}"), 0)).collect(),
    };
    let mut blocks: Vec<Batch> = Vec::new();
    let shares = KINDS
        .iter()
        .flat_map(|(kind, n)| std::iter::repeat_n(*kind, *n * 2));
    for (stream, kind) in shares.enumerate() {
        if only.is_some_and(|o| o != kind) {
            continue;
        }
        let mut ns = DAY_NS;
        for _ in 0..20_000 {
            ns += scene.r.below(360_000_000) as i64;
            if blocks.last().is_none_or(|b| b.lines.len() == ROWS_MAX) {
                blocks.push(Batch::default());
            }
            let text = scene.line(kind, (ns - DAY_NS) / 1_000);
            if let Some(block) = blocks.last_mut() {
                block.streams.push(stream as u32);
                block.times.push(ns);
                block.lines.push(text);
            }
        }
    }
    blocks
}

struct Scene {
    r: Random,
    traces: Vec<(String, u8)>,
}

impl Scene {
    fn line(&mut self, kind: &str, us: i64) -> String {
        match kind {
            "json" => self.json(us),
            "logfmt" => self.logfmt(us),
            "nginx" => self.nginx(us),
            "java" => self.java(us),
            _ => self.klog(us),
        }
    }

    /// Four lines share an id.
    fn trace(&mut self) -> String {
        let at = self.r.below(self.traces.len() as u64) as usize;
        if self.traces[at].1 == 4 {
            let id = format!("{:016x}{:016x}", self.r.next_u64(), self.r.next_u64());
            self.traces[at] = (id, 0);
        }
        self.traces[at].1 += 1;
        self.traces[at].0.clone()
    }

    fn skewed(&mut self, n: u64) -> u64 {
        (self.r.unit().powi(4) * n as f64) as u64
    }

    fn duration_ms(&mut self) -> f64 {
        let sum = self.r.unit() + self.r.unit() + self.r.unit();
        10_f64.powf(sum * 1.1 - 0.4)
    }

    fn user(&mut self) -> u64 {
        10_000_000 + self.skewed(100_000) * 7_919 % 100_000
    }

    fn order(&mut self, us: i64) -> i64 {
        800_000 + us / 500_000 - self.skewed(3_000) as i64
    }

    /// Method, route and path.
    fn path(&mut self) -> (&'static str, String, String) {
        const RESOURCES: [&str; 8] = [
            "products", "users", "carts", "orders", "sessions", "payments", "reviews", "coupons",
        ];
        const ENDINGS: [(&str, &str); 5] = [
            ("GET", "/{id}"),
            ("GET", ""),
            ("GET", "/{id}/related"),
            ("POST", ""),
            ("PUT", "/{id}"),
        ];
        let resource = RESOURCES[self.skewed(8) as usize];
        let (method, ending) = ENDINGS[self.skewed(5) as usize];
        let id = (self.skewed(400_000) * 7_919 % 400_000).to_string();
        let route = format!("/api/v1/{resource}{ending}");
        let path = route.replace("{id}", &id);
        (method, route, path)
    }

    fn json(&mut self, us: i64) -> String {
        let (method, route, path) = self.path();
        let error = self.r.one_in(50);
        let (level, status) = match (error, self.r.below(20)) {
            (true, _) => ("error", *self.r.pick(&[500, 502, 503, 504])),
            (_, 0) => ("warn", 404),
            (_, 1 | 2) => ("info", 201),
            _ => ("info", 200),
        };
        let user = self.user();
        let mut out = format!(
            "{{\"time\":\"2026-12-01T{}.{:03}Z\",\"level\":\"{level}\",\"msg\":\"request served\",\
             \"method\":\"{method}\",\"route\":\"{route}\",\"path\":\"{path}\",\"status\":{status},\
             \"duration_ms\":{:.2},\"bytes\":{},\"user_id\":\"u{user}\",\"ip\":\"{}\",\
             \"trace_id\":\"{}\"",
            clock(us),
            us / 1_000 % 1_000,
            self.duration_ms(),
            120 + self.skewed(40_000),
            address(user),
            self.trace(),
        );
        if error {
            out.push_str(",\"error\":\"context deadline exceeded\"");
        }
        out.push('}');
        out
    }

    fn logfmt(&mut self, us: i64) -> String {
        let (caller, msg) = *self.r.pick(&[
            ("handler.go:118", "request handled"),
            ("store.go:241", "row updated"),
            ("cache.go:77", "cache hit"),
            ("cache.go:92", "cache miss, reading from database"),
            ("publisher.go:54", "event published"),
            ("client.go:203", "call to backend finished"),
        ]);
        format!(
            "ts=2026-12-01T{}.{:03}Z level={} caller={caller} msg=\"{msg}\" trace_id={} \
             order_id={} amount={}.{:02} currency={} provider={} duration={:.1}ms",
            clock(us),
            us / 1_000 % 1_000,
            self.r.pick(&["info", "info", "info", "debug", "warn"]),
            self.trace(),
            self.order(us),
            self.r.below(400),
            self.r.below(100),
            self.r.pick(&["EUR", "EUR", "USD"]),
            self.r.pick(&["adyen", "stripe", "paypal"]),
            self.duration_ms(),
        )
    }

    fn nginx(&mut self, us: i64) -> String {
        const AGENTS: [&str; 4] = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            "kube-probe/1.33",
        ];
        let (method, _, path) = self.path();
        let user = self.user();
        format!(
            "{} - - [01/Dec/2026:{} +0000] \"{method} {path} HTTP/1.1\" {} {} \"-\" \"{}\" \
             rt={:.3} trace={}",
            address(user),
            clock(us),
            self.r.pick(&[200, 200, 200, 304, 404]),
            180 + self.skewed(60_000),
            AGENTS[(user % 4) as usize],
            self.duration_ms() / 1e3,
            self.trace(),
        )
    }

    fn java(&mut self, us: i64) -> String {
        let error = self.r.one_in(50);
        let level = match error {
            true => "ERROR",
            false => *self.r.pick(&["INFO ", "INFO ", "INFO ", "DEBUG", "WARN "]),
        };
        let mut out = format!(
            "2026-12-01 {},{:03} {level} [http-nio-8080-exec-{}] [orders,{}] ",
            clock(us),
            us / 1_000 % 1_000,
            1 + self.r.below(24),
            self.trace(),
        );
        let order = self.order(us);
        // Writing to a string cannot fail.
        let _ = match (error, self.r.below(4)) {
            (true, _) => {
                let _ = write!(
                    out,
                    "c.e.shop.client.BackendClient : Handling of order {order} failed: \
                     timeout after {}ms",
                    200 + self.r.below(9_800)
                );
                self.trace_of_stack(&mut out)
            }
            (_, 0) => write!(
                out,
                "c.e.shop.order.OrderController : Order {order} accepted for user u{}: {} items, \
                 total {}.{:02} EUR",
                self.user(),
                1 + self.r.below(9),
                self.r.below(400),
                self.r.below(100)
            ),
            (_, 1) => write!(
                out,
                "o.h.engine.jdbc.spi.SqlExceptionHelper : Query took {:.0} ms: select o.id, \
                 o.state, o.total from orders o where o.user_id = {}",
                self.duration_ms(),
                self.user()
            ),
            (_, 2) => write!(
                out,
                "c.e.shop.order.StateMachine : Order {order} moved from {} to {}",
                self.r.pick(&["CREATED", "PAID", "PACKED"]),
                self.r.pick(&["PAID", "PACKED", "SHIPPED"])
            ),
            _ => write!(
                out,
                "c.z.hikari.pool.HikariPool : HikariPool-1 - Pool stats (total=20, active={}, \
                 idle={}, waiting={})",
                self.r.below(20),
                self.r.below(20),
                self.r.below(4)
            ),
        };
        out
    }

    fn trace_of_stack(&mut self, out: &mut String) -> std::fmt::Result {
        for _ in 0..6 + self.r.below(12) {
            let frame = *self.r.pick(&[
                "com.example.shop.order.OrderController.create(OrderController.java",
                "org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java",
                "org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java",
                "java.base/java.lang.reflect.Method.invoke(Method.java",
                "org.hibernate.internal.SessionImpl.flush(SessionImpl.java",
            ]);
            write!(out, "\n\tat {frame}:{})", 20 + self.skewed(400))?;
        }
        Ok(())
    }

    fn klog(&mut self, us: i64) -> String {
        let pod = format!(
            "{}-12d8f3a49c-{}",
            self.r.pick(&["cart", "orders", "search"]),
            self.r.pick(&["x2k9p", "b7vtq", "zz45w", "m3n8c"])
        );
        let head = format!("I1201 {}.{:06}    1873 ", clock(us), us % 1_000_000);
        let rest = match self.r.below(4) {
            0 => format!(
                "prober.go:107] \"Probe succeeded\" probeType=\"{}\" pod=\"shop/{pod}\" \
                 containerName=\"cart\" duration=\"{:.3}ms\"",
                self.r.pick(&["Readiness", "Liveness"]),
                self.duration_ms()
            ),
            1 => format!(
                "kuberuntime_gc.go:362] \"Removed container\" containerID=\"containerd://{:012x}\"",
                self.r.next_u64() >> 16
            ),
            2 => format!(
                "httplog.go:132] \"HTTP\" verb=\"GET\" URI=\"/healthz\" latency=\"{:.3}ms\" resp={}",
                self.duration_ms(),
                self.r.pick(&[200, 200, 503])
            ),
            _ => format!("scope.go:117] \"RemoveContainer\" pod=\"shop/{pod}\" container=\"cart\""),
        };
        head + &rest
    }
}

/// The address that a user comes from.
fn address(user: u64) -> String {
    let [a, b, c, ..] = user.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    format!("10.{a}.{b}.{c}")
}

fn clock(us: i64) -> String {
    let s = us / 1_000_000;
    format!("{:02}:{:02}:{:02}", s / 3_600 % 24, s / 60 % 60, s % 60)
}
