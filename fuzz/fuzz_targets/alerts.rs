//! Any bytes as what clients of Alertmanager's API post.
#![no_main]

use binnacle_server::alertmanager::{read_alerts, read_silence};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(alerts) = read_alerts(bytes) {
        for alert in alerts {
            let _ = alert.fingerprint();
        }
    }
    let _ = read_silence(bytes);
});
