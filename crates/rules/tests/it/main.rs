//! Rules as a whole: files of others, groups on virtual time, the scheduler.

mod alert_generator;
mod alerting;
mod conformance;
mod files;
mod lint;
mod recording;
mod replay;
mod scheduler;
mod timeline;
mod unit_tests;
mod world;
