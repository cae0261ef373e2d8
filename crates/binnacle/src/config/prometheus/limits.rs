//! The limits of scrapes, which `global` and every scrape configuration have.

use binnacle_collect::settings::ScrapeLimits;

use binnacle_config::reader::Reader;
use binnacle_config::yaml::Out;

/// Takes the fields, with what is not set from `outer`; 0 is no limit.
pub fn read(r: &mut Reader<'_>, outer: ScrapeLimits) -> ScrapeLimits {
    let body = r.size("body_size_limit");
    let body_bytes = u64::try_from(body).unwrap_or_else(|_| {
        r.refuse("body_size_limit", "body_size_limit must not be negative");
        0
    });
    let own = ScrapeLimits {
        body_bytes,
        samples: r.uint("sample_limit"),
        targets: r.uint("target_limit"),
        labels: r.uint("label_limit"),
        label_name_bytes: r.uint("label_name_length_limit"),
        label_value_bytes: r.uint("label_value_length_limit"),
        keep_dropped_targets: r.uint("keep_dropped_targets"),
    };
    let limits = or(own, outer);
    show(r, limits);
    limits
}

fn or(own: ScrapeLimits, global: ScrapeLimits) -> ScrapeLimits {
    let or = |own: u64, global: u64| if own == 0 { global } else { own };
    ScrapeLimits {
        samples: or(own.samples, global.samples),
        labels: or(own.labels, global.labels),
        label_name_bytes: or(own.label_name_bytes, global.label_name_bytes),
        label_value_bytes: or(own.label_value_bytes, global.label_value_bytes),
        targets: or(own.targets, global.targets),
        body_bytes: or(own.body_bytes, global.body_bytes),
        keep_dropped_targets: or(own.keep_dropped_targets, global.keep_dropped_targets),
    }
}

/// Puts limits that were inferred into the effective form.
fn show(r: &mut Reader<'_>, limits: ScrapeLimits) {
    if limits.body_bytes > 0 {
        r.show_size("body_size_limit", limits.body_bytes);
    }
    let fields = [
        ("sample_limit", limits.samples),
        ("target_limit", limits.targets),
        ("label_limit", limits.labels),
        ("label_name_length_limit", limits.label_name_bytes),
        ("label_value_length_limit", limits.label_value_bytes),
        ("keep_dropped_targets", limits.keep_dropped_targets),
    ];
    for (key, value) in fields.into_iter().filter(|(_, value)| *value > 0) {
        r.show(key, Out::Plain(value.to_string()));
    }
}
