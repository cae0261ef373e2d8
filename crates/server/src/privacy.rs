//! `/api/binnacle/v1/privacy/report`: what privacy rules found, and where.
//!
//! `rule`, `detector`, `service` and `place` narrow it. It shows names and counts, never
//! what was found.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::http::json::{push_array, push_key, push_string};
use crate::http::number::push_time;
use crate::http::params::Params;
use crate::prometheus::answer;
use crate::state::{App, PrivacyFinding};

/// `/privacy/report`
pub(crate) async fn report(State(app): State<Arc<App>>, params: Params) -> Response {
    let (mut findings, beyond) = app.process.privacy_findings();
    let fits = |name: &str, value: &str| params.some(name).is_none_or(|wanted| wanted == value);
    findings.retain(|f| {
        fits("rule", &f.rule)
            && fits("detector", f.detector)
            && fits("service", &f.service)
            && fits("place", f.place)
    });
    answer::success(|out| {
        out.extend_from_slice(b"{\"findings\":");
        push_array(out, &findings, push_finding);
        out.extend_from_slice(format!(",\"withoutRoom\":{beyond}}}").as_bytes());
    })
}

fn push_finding(out: &mut Vec<u8>, f: &PrivacyFinding) {
    let texts = [
        ("rule", f.rule.as_str()),
        ("detector", f.detector),
        ("action", f.action),
        ("protocol", f.protocol),
        ("service", &f.service),
        ("place", f.place),
        ("name", &f.name),
    ];
    out.push(b'{');
    for (key, text) in texts {
        push_key(out, key);
        push_string(out, text);
        out.push(b',');
    }
    push_key(out, "count");
    out.extend_from_slice(f.count.to_string().as_bytes());
    out.push(b',');
    push_key(out, "last");
    push_time(out, f.last_ms);
    out.push(b'}');
}
