//! The rooms of the binary that have a life of their own: configuration.

pub mod config;
