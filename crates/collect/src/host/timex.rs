//! How well the clock is disciplined (`adjtimex(2)`, which only reads here).

use binnacle_model::metadata::MetricType::{Counter, Gauge};

use super::families::Families;
use super::{Collect, HostError};

/// Frequencies are parts per million with 16 bits after the point.
const PPM_16: f64 = 1e6 * 65536.0;

pub(super) struct Timex;

impl Collect for Timex {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        // SAFETY: all zeros is a valid `timex`, and `modes` 0 asks without changing.
        let mut t: libc::timex = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a live `timex` that nothing else uses.
        let state = unsafe { libc::adjtimex(&raw mut t) };
        if state < 0 {
            // Containers may forbid the call.
            return Err(HostError::NoData);
        }
        let unit = if t.status & libc::STA_NANO != 0 {
            1e9
        } else {
            1e6
        };
        let synced = f64::from(u8::from(state != libc::TIME_ERROR));
        #[rustfmt::skip]
        let families = [
            ("estimated_error_seconds", Gauge, "Estimated error in seconds.", t.esterror as f64 / 1e6),
            ("frequency_adjustment_ratio", Gauge, "Adjustment of the clock's frequency.", 1.0 + t.freq as f64 / PPM_16),
            ("loop_time_constant", Gauge, "Time constant of the phase-locked loop.", t.constant as f64),
            ("maxerror_seconds", Gauge, "Highest error in seconds.", t.maxerror as f64 / 1e6),
            ("offset_seconds", Gauge, "Offset between this clock and its reference.", t.offset as f64 / unit),
            ("pps_calibration_total", Counter, "Calibration intervals of the pulse per second.", t.calcnt as f64),
            ("pps_error_total", Counter, "Calibration errors of the pulse per second.", t.errcnt as f64),
            ("pps_frequency_hertz", Gauge, "Frequency of the pulse per second.", t.ppsfreq as f64 / PPM_16),
            ("pps_jitter_seconds", Gauge, "Jitter of the pulse per second.", t.jitter as f64 / unit),
            ("pps_jitter_total", Counter, "How often the jitter limit was exceeded.", t.jitcnt as f64),
            ("pps_shift_seconds", Gauge, "Interval of the pulse per second.", f64::from(t.shift)),
            ("pps_stability_exceeded_total", Counter, "How often the stability limit was exceeded.", t.stbcnt as f64),
            ("pps_stability_hertz", Gauge, "Stability of the pulse per second.", t.stabil as f64 / PPM_16),
            ("status", Gauge, "Status bits.", f64::from(t.status)),
            ("sync_status", Gauge, "Whether the clock is synchronised.", synced),
            ("tai_offset_seconds", Gauge, "Offset of International Atomic Time.", f64::from(t.tai)),
            ("tick_seconds", Gauge, "Seconds between ticks of the clock.", t.tick as f64 / 1e6),
        ];
        for (name, kind, help, value) in families {
            out.family(&format!("node_timex_{name}"), kind, help)
                .sample(&[], value);
        }
        Ok(())
    }
}
