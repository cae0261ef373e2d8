//! nginx: the combined access log with times and the trace id, and its error log.

use std::fmt::{Result, Write as _};

use super::scene::Scene;

pub(super) fn write(scene: &mut Scene<'_>, out: &mut String) -> Result {
    let user = scene.user();
    let address = scene.address(user);
    let stamp = scene.stamp;
    if scene.error && scene.random.one_in(2) {
        let route = scene.route();
        return write!(
            out,
            "{} {} [error] 31#31: *{} connect() failed (111: Connection refused) while connecting \
             to upstream, client: {address}, server: shop.example.com, request: \"{} {} HTTP/1.1\", \
             upstream: \"http://10.96.{}.{}:8080{}\", host: \"shop.example.com\"",
            stamp.date.replace('-', "/"),
            stamp.time,
            40_000_000 + scene.random.below(900_000),
            route.method,
            route.path(),
            scene.random.below(4),
            scene.random.below(250),
            route.path(),
        );
    }
    let trace = scene.trace();
    let (method, path) = if scene.app == "static" {
        let file = scene.favourite(&FILES);
        ("GET", format!("/assets/{file}"))
    } else {
        let route = scene.route();
        (route.method, route.path())
    };
    let status = if scene.error {
        [502, 504, 500][scene.skewed(3)]
    } else {
        [200, 200, 200, 200, 304, 301, 404, 499][scene.skewed(8)]
    };
    let bytes = 180 + scene.skewed(60_000);
    let agent = AGENTS[(user % 37) as usize * AGENTS.len() / 37];
    let seconds = scene.duration_ms() / 1e3;
    write!(
        out,
        "{address} - - [{}:{} +0000] \"{method} {path} HTTP/1.1\" {status} {bytes} \"-\" \
         \"{agent}\" rt={seconds:.3} trace={trace}",
        stamp.clf_date, stamp.time
    )
}

const FILES: [&str; 12] = [
    "app-4f1c9b2e.js",
    "app-4f1c9b2e.css",
    "vendor-0a77d3f1.js",
    "logo.svg",
    "fonts/inter-400.woff2",
    "fonts/inter-700.woff2",
    "img/hero-1280.webp",
    "img/hero-640.webp",
    "checkout-91be02cc.js",
    "img/placeholder.png",
    "manifest.json",
    "favicon.ico",
];

const AGENTS: [&str; 7] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "ShopApp/7.12.3 (Android 15)",
    "kube-probe/1.33",
];
