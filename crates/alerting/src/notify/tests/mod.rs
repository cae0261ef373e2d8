//! Receivers against servers on this host that record what arrives; what is expected
//! is written out from each service's public documentation and Alertmanager's format.

mod email;
mod exec;
mod opsgenie;
mod pagerduty;
mod servicenow;
mod shared;
mod slack;
mod victorops;
mod webhook;

/// SHA-256 of the group key of [`super::testing::Told`].
const KEY_HASH: &str = "af94c9e8f6a3043625e36c6f472fe6be85ac23a9117184ee4cb7b4ad7401a47e";
