//! `cargo xtask demo`.
use crate::Result;
pub(crate) fn run(_live: bool) -> Result<()> {
    Ok(())
}
