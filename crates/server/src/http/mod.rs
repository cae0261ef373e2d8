//! What every API needs of HTTP: parameters, JSON, compression, errors.

pub mod auth;
pub mod body;
pub mod compress;
pub mod error;
pub mod headers;
pub mod json;
pub mod number;
pub mod origin;
pub mod params;
pub mod rate;
pub mod stream;
pub mod time;
