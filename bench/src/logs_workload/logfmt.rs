//! logfmt, as Go services write it.

use std::fmt::{Result, Write as _};

use super::scene::Scene;

pub(super) fn write(scene: &mut Scene<'_>, out: &mut String) -> Result {
    let trace = scene.trace();
    let level = if scene.error {
        "error"
    } else {
        match scene.random.below(100) {
            0..4 => "warn",
            4..16 => "debug",
            _ => "info",
        }
    };
    let (caller, message) = if scene.error {
        *scene.random.pick(&FAILURES)
    } else {
        *scene.favourite(&MESSAGES)
    };
    let stamp = scene.stamp;
    write!(
        out,
        "ts={}T{}.{:03}Z level={level} caller={caller} msg=\"{message}\" trace_id={trace}",
        stamp.date,
        stamp.time,
        stamp.ms()
    )?;
    let order = scene.order();
    let r = &mut *scene.random;
    match scene.app {
        "payments" => write!(
            out,
            " order_id={order} amount={}.{:02} currency={} provider={}",
            r.below(400),
            r.below(100),
            ["EUR", "EUR", "EUR", "USD", "GBP"][r.below(5) as usize],
            ["adyen", "stripe", "paypal"][r.below(3) as usize]
        )?,
        "inventory" => write!(
            out,
            " sku={}-{:05} warehouse={} quantity={}",
            ["BK", "TL", "EL", "GR", "KT"][r.below(5) as usize],
            r.below(20_000),
            ["ams1", "fra2", "mad1", "waw1"][r.below(4) as usize],
            1 + r.below(12)
        )?,
        _ => write!(
            out,
            " shipment_id=s{order} carrier={} attempt={}",
            ["dhl", "dpd", "gls", "ups", "postnl"][r.below(5) as usize],
            1 + u64::from(r.one_in(20))
        )?,
    }
    write!(out, " duration={:.1}ms", scene.duration_ms())?;
    if scene.error {
        write!(out, " err=\"{}\"", scene.cause())?;
    }
    Ok(())
}

const MESSAGES: [(&str, &str); 14] = [
    ("handler.go:118", "request handled"),
    ("store.go:241", "row updated"),
    ("cache.go:77", "cache hit"),
    ("cache.go:92", "cache miss, reading from database"),
    ("publisher.go:54", "event published"),
    ("consumer.go:131", "message consumed"),
    ("client.go:203", "call to backend finished"),
    ("handler.go:166", "validation passed"),
    ("outbox.go:88", "outbox entry delivered"),
    ("lock.go:45", "lock acquired"),
    ("retry.go:61", "retry succeeded"),
    ("store.go:318", "transaction committed"),
    ("reserve.go:149", "reservation extended"),
    ("sweeper.go:35", "expired entries removed"),
];

const FAILURES: [(&str, &str); 5] = [
    ("client.go:219", "call to backend failed"),
    ("store.go:333", "transaction rolled back"),
    ("consumer.go:158", "message was not consumed"),
    ("publisher.go:71", "event was not published"),
    ("handler.go:140", "request failed"),
];
