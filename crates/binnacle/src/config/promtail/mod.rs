//! `promtail-config.yaml`, unmodified.

pub mod stages;
