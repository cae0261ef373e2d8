//! The kernel's name and release (`uname(2)`).

use std::ffi::CStr;

use binnacle_model::metadata::MetricType;

use super::families::Families;
use super::{Collect, HostError};

pub(super) struct Uname;

impl Collect for Uname {
    fn collect(&mut self, out: &mut Families<'_>) -> Result<(), HostError> {
        // SAFETY: all zeros is a valid `utsname`, which holds only arrays of chars.
        let mut name: libc::utsname = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a live `utsname` that nothing else uses.
        if unsafe { libc::uname(&raw mut name) } != 0 {
            return Err(HostError::NoData);
        }
        let text = |field: &[libc::c_char]| {
            // SAFETY: the kernel ends each field with a zero byte.
            unsafe { CStr::from_ptr(field.as_ptr()) }
                .to_string_lossy()
                .into_owned()
        };
        out.family(
            "node_uname_info",
            MetricType::Gauge,
            "The kernel's name and release; the value is always 1.",
        )
        .sample(
            &[
                ("domainname", &text(&name.domainname)),
                ("machine", &text(&name.machine)),
                ("nodename", &text(&name.nodename)),
                ("release", &text(&name.release)),
                ("sysname", &text(&name.sysname)),
                ("version", &text(&name.version)),
            ],
            1.0,
        );
        Ok(())
    }
}
