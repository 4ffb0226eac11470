//! PostgreSQL, on loopback.

use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pinstead::observe::clock::Stopwatch;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use super::ports::free_address;
use super::{run, text};

/// The password of the user `pinstead`.
pub(crate) const PASSWORD: &str = "corr3ct-h0rse";

/// A running PostgreSQL; it ends with the test.
pub(crate) struct Postgres {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    process: Child,
    programs: PathBuf,
    folder: TempDir,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts one without any database of ours, on a port of 127.0.0.1 that the system chooses.
    pub(crate) async fn start() -> Self {
        let programs = programs();
        let folder = TempDir::new().unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        if let Some((user, group)) = other_user() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
            chown(&password, Some(user), Some(group)).unwrap();
        }
        let data = folder.path().join("data");
        let made = command(&programs.join("initdb"))
            .args([
                "--username=pinstead",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ])
            .arg(format!("--pwfile={}", password.display()))
            .arg("--pgdata")
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", text(&made));
        let address = free_address();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut process = command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            // No power fails here.
            .args(["-c", "fsync=off"])
            .args(["-h", "127.0.0.1", "-k", "", "-p", &address.port().to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let begun = Stopwatch::start();
        while PgConnection::connect(&url(address, "postgres")).await.is_err() {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            assert!(process.try_wait().unwrap().is_none(), "postgres ended: {log}");
            assert!(begun.milliseconds() < 60_000, "postgres does not start: {log}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { address, process, programs, folder, databases: AtomicU32::new(0) }
    }

    /// The URL of a new database.
    pub(crate) async fn database(&self) -> String {
        self.database_with("ENCODING 'UTF8' TEMPLATE template0").await
    }

    /// The URL of a new database that is made with these options.
    pub(crate) async fn database_with(&self, options: &str) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE DATABASE {name} {options}")).await;
        url(self.address, &name)
    }

    /// Has the server itself do this.
    pub(crate) async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(&url(self.address, "postgres")).await.unwrap();
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may have ended by itself. Killed outright, it would leave its shared memory behind.
        let data = self.folder.path().join("data");
        let _ = command(&self.programs.join("pg_ctl"))
            .args(["stop", "--silent", "--mode=immediate", "--pgdata"])
            .arg(data)
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn url(address: SocketAddr, database: &str) -> String {
    format!("postgresql://pinstead:{PASSWORD}@{address}/{database}")
}

/// Debian has them where no PATH leads; the newest.
fn programs() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("postgres").is_file().then_some((version, programs))
        })
        .collect();
    found.sort();
    found
        .pop()
        .map(|(_, programs)| programs)
        .expect("this test needs /usr/lib/postgresql/<version>/bin/postgres: apt-get install postgresql")
}

/// PostgreSQL refuses to run as root: user and group of `nobody`, where we are.
fn other_user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| text(&run("id", arguments)).trim().parse::<u32>().unwrap();
    (id(&["-u"]) == 0).then(|| (id(&["-u", "nobody"]), id(&["-g", "nobody"])))
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command
}
