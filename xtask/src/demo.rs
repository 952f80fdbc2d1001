//! `cargo xtask demo`: runs the main job from end to end, with a line of output for each step.

#[cfg(feature = "c1")]
mod c1;
mod output;
#[cfg(feature = "pipeshub")]
mod pipeshub;

use output::Result;

pub(crate) fn run(service: &str, live: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match service {
            #[cfg(feature = "c1")]
            "c1" => c1::run(live).await,
            #[cfg(feature = "pipeshub")]
            "pipeshub" => pipeshub::run(live).await,
            other => {
                Err(format!("error: there is no demo of `{other}`\n  help: the services are `c1` and `pipeshub`")
                    .into())
            }
        }
    })
}
