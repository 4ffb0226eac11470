//! Servers and tools for the user stories: the loopback world, `openssl`, nginx, and the built binary.
//!
//! A tool that is missing fails the test that needs it: nothing here is ever skipped.
#![allow(dead_code, reason = "each file of tests uses its own part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, reason = "these are tests")]

pub(crate) mod ct_log;
pub(crate) mod kept_lists;
pub(crate) mod list_server;
pub(crate) mod logged;
pub(crate) mod many_addresses;
pub(crate) mod named;
pub(crate) mod nsd;
pub(crate) mod odd_dns;
pub(crate) mod ports;
pub(crate) mod postgres;
pub(crate) mod revoking_ca;
pub(crate) mod servers;
pub(crate) mod signed_world;
pub(crate) mod signed_zones;
pub(crate) mod unbound;

use std::process::{Command, Output, Stdio};

use pinstead::demo::world::{World, WorldOptions};
use tokio::runtime::Runtime;

/// A world, with the runtime that its servers run on.
pub(crate) struct Running {
    pub(crate) world: World,
    runtime: Runtime,
}

impl Running {
    /// The ordinary world.
    pub(crate) fn start() -> Self {
        Self::start_with(WorldOptions::default())
    }

    /// A world of another kind.
    pub(crate) fn start_with(options: WorldOptions) -> Self {
        let runtime = runtime();
        let world = runtime.block_on(World::start(options)).expect("the loopback world starts");
        Self { world, runtime }
    }

    /// Runs `pinstead check` on hosts of this world, with these arguments besides.
    pub(crate) fn check(&self, hosts: &[&str], more: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = pinstead();
        command.arg("check").args(self.world.check_arguments(hosts)).args(more);
        command.assert()
    }

    /// The runtime, for servers that a test starts itself.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }
}

/// A runtime with threads of its own, so that servers run while the test waits for a child process.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// The built binary, with a time limit, and without what the environment says of CI and caches.
pub(crate) fn pinstead() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("pinstead"));
    command.timeout(std::time::Duration::from_mins(1)).env_remove("CI");
    // What the developer's own updates kept is not part of any test.
    command.env("XDG_CACHE_HOME", "/nonexistent");
    command
}

/// Runs a tool to its end without input.
pub(crate) fn run(tool: &str, arguments: &[&str]) -> Output {
    Command::new(tool)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("this test needs the program `{tool}` (see the README): {error}"))
}

/// What a tool wrote to both its outputs.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What `openssl s_client -ct` said of each SCT, in the order of the list (it shows them last one first).
pub(crate) fn sct_verdicts(said: &str) -> Vec<String> {
    let status = |line: &str| line.trim().strip_prefix("SCT validation status: ").map(str::to_owned);
    let mut verdicts: Vec<String> = said.lines().filter_map(status).collect();
    verdicts.reverse();
    verdicts
}
