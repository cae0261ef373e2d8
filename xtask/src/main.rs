//! Chores of the repository: `cargo run -p xtask -- arrows|licences`.

use anyhow::{Result, bail};

mod arrows;
mod licences;
mod metadata;

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("arrows") => arrows::check(&metadata::cargo()?),
        Some("licences") => licences::check(&metadata::cargo()?),
        other => bail!("unknown chore {other:?}: there are `arrows` and `licences`"),
    }
}
