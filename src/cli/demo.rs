//! `pinstead demo`: the newcomer's first command, on a machine without internet.

use std::io::{BufRead as _, Write as _};

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use crate::demo::world::{LEGACY, SHOP, World, WorldOptions};

/// Options of `pinstead demo`.
#[derive(Debug, Args)]
pub(super) struct DemoOptions {
    /// Keep the servers running until a line or the end of standard input is read, and say how to check them
    #[arg(long)]
    serve: bool,
}

/// Starts the world, and hands the arguments of the real `check` to `check`.
pub(super) fn run(
    options: &DemoOptions,
    check: impl FnOnce(&[String]) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    // Threads of its own: the servers run while `check` works.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime of the demo")?;
    let world = runtime.block_on(World::start(WorldOptions::default())).context("starting the demo")?;
    let arguments = world.whole_check_arguments(&[SHOP, LEGACY]);
    announce(&world, &arguments).context("writing to standard error")?;
    if options.serve {
        writeln!(anstream::stderr(), "It runs until you press Enter.")
            .context("writing to standard error")?;
        std::io::stdin().lock().read_line(&mut String::new()).context("reading standard input")?;
        return Ok(Exit::Clean);
    }
    let exit = check(&arguments)?;
    writeln!(
        anstream::stderr(),
        "\nOne of the two hosts is wrong on purpose. The world is gone now; `pinstead demo --serve` keeps one."
    )
    .context("writing to standard error")?;
    Ok(exit)
}

/// Says on standard error what runs and what is about to be done.
fn announce(world: &World, arguments: &[String]) -> std::io::Result<()> {
    let mut stderr = anstream::stderr().lock();
    let logs: Vec<String> = world.log_addresses().map(|address| address.to_string()).collect();
    writeln!(
        stderr,
        "A small world runs on loopback: a TLS server on {}, DNS on {},\n\
         CT logs on {}, files in {}.\n\
         {SHOP} is well protected; {LEGACY} is not.\n\nThis is the ordinary command:\n\n  pinstead check {}\n",
        world.tls_address(),
        world.dns_address(),
        logs.join(", "),
        world.folder().display(),
        arguments.join(" ").replace(" --", " \\\n    --")
    )
}
