//! Access logs as JSON, as services with a structured logger write them.

use std::fmt::{Result, Write as _};

use super::scene::Scene;

pub(super) fn write(scene: &mut Scene<'_>, out: &mut String) -> Result {
    let route = scene.route();
    let user = scene.user();
    let address = scene.address(user);
    let trace = scene.trace();
    let (level, status) = if scene.error {
        ("error", [500, 502, 503, 504][scene.skewed(4)])
    } else {
        match scene.random.below(100) {
            0..3 => ("warn", 404),
            3..5 => ("warn", [400, 401, 403, 409, 429][scene.skewed(5)]),
            5..12 if route.method == "POST" => ("info", 201),
            _ => ("info", 200),
        }
    };
    let duration_ms = scene.duration_ms();
    let bytes = 120 + scene.skewed(40_000);
    let stamp = scene.stamp;
    write!(
        out,
        "{{\"time\":\"{}T{}.{:03}Z\",\"level\":\"{level}\",\"msg\":\"{}\",\
         \"method\":\"{}\",\"route\":\"{}\",\"path\":\"{}\",\"status\":{status},\
         \"duration_ms\":{duration_ms:.2},\"bytes\":{bytes},\"user_id\":\"u{user}\",\
         \"ip\":\"{address}\",\"trace_id\":\"{trace}\"",
        stamp.date,
        stamp.time,
        stamp.ms(),
        if scene.error {
            "request failed"
        } else {
            "request served"
        },
        route.method,
        route.template(),
        route.path(),
    )?;
    if scene.error {
        write!(out, ",\"error\":\"{}\"", scene.cause())?;
    }
    out.push('}');
    Ok(())
}
