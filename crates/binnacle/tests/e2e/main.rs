//! The real binary, from outside: its API against the conformance data, crashes,
//! a full disk, TLS and passwords, reloads, and the clients and servers that
//! others wrote.
//!
//! Each test starts servers of its own on 127.0.0.1 port 0 and ends them by their
//! id. What needs a program that is not installed says so in one line and passes.

mod alert_api;
mod alert_peers;
mod alerting;
mod alerts_crash;
mod api;
mod callbacks;
mod conformance;
mod crash;
mod disk;
mod federation;
mod graphs;
mod import;
mod lifecycle;
mod log_rules;
mod logs;
mod programs;
mod receiver;
mod security;
mod server;
mod shippers;
mod shippers_bad_input;
mod tail;
