use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::error::ServerError;
use super::find::redis_server;
use super::folder::{RunFolder, ServerFolder};
use super::process::Process;
use super::startup;

const READY_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
const KILL: (Signal, Duration) = (Signal::SIGKILL, Duration::from_secs(10));

/// What keeps a managed Redis on loopback, in its folder, reachable, and as a node of a cluster known by its own
/// address; users may set all else.
const RESERVED: &[&str] = &[
    "port",
    "tls-port",
    "bind",
    "dir",
    "daemonize",
    "supervised",
    "logfile",
    "requirepass",
    "aclfile",
    "user",
    "cluster-enabled",
    "cluster-config-file",
    "cluster-port",
    "cluster-announce-ip",
    "cluster-announce-port",
    "cluster-announce-tls-port",
    "cluster-announce-bus-port",
    "cluster-announce-hostname",
    "cluster-announce-human-nodename",
    "cluster-announce-client-ipv4",
    "cluster-announce-client-ipv6",
];

/// How a managed Redis is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedisOptions {
    /// Bytes it may hold; Redis' own default is no limit.
    pub maxmemory: Option<u64>,
    /// `maxmemory-policy`, such as `allkeys-lru`.
    pub eviction: Option<String>,
    /// Makes it a node of a cluster, alone at first.
    pub cluster: Option<ClusterOptions>,
    /// Any other setting by its name in redis.conf; these win over all above.
    pub settings: BTreeMap<String, String>,
}

/// How a node of a cluster is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterOptions {
    /// `cluster-node-timeout`: how long a node may be silent before the others hold it to have failed, and its replica
    /// takes over.
    pub node_timeout: Duration,
}

/// A Redis (or Valkey) of our own on a free loopback port; dropping it ends it.
///
/// It persists nothing unless its settings say so, and its folder goes with it. A node of a cluster keeps what it knows
/// of the cluster, so that one that is started again joins by itself; its bus takes the port 10 000 above its own.
#[derive(Debug)]
pub struct ManagedRedis {
    process: Process,
    options: RedisOptions,
    port: u16,
    folder: ServerFolder,
}

impl ManagedRedis {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    /// When there is no server to start, or it ends or stays silent; an unknown setting comes with Redis' own words.
    pub fn start(options: &RedisOptions, run: &RunFolder) -> Result<ManagedRedis, ServerError> {
        startup::refuse_reserved("redis", &options.settings, RESERVED)?;
        startup::on_free_port(|port| {
            let folder = run.server("redis")?;
            let process = launch(options, port, &folder)?;
            let redis = ManagedRedis { process, options: options.clone(), port, folder };
            redis.wait_until_ready()?;
            Ok(redis)
        })
    }

    /// Ends it as a crash would, and starts it again with the same settings at the same address: with what its append-only
    /// file holds if it keeps one, else empty.
    ///
    /// # Errors
    /// As for [`ManagedRedis::start`].
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.kill();
        self.process = launch(&self.options, self.port, &self.folder)?;
        self.wait_until_ready()
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What was started, with its arguments.
    pub fn command(&self) -> &str {
        self.process.command()
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        self.process.end(&[KILL]);
    }

    /// Stops its execution without ending it; connections stay open and silent.
    pub fn pause(&mut self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// Lets it go on after [`ManagedRedis::pause`].
    pub fn resume(&mut self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// Removes every key.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn flush(&self) -> Result<(), ServerError> {
        let answer = self.ask("FLUSHALL")?;
        if answer.starts_with("+OK") {
            return Ok(());
        }
        let problem = format!("FLUSHALL: {}", answer.trim_end());
        Err(ServerError::Server { url: self.url(), problem })
    }

    /// What it says to inline commands, its refusals included.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn ask(&self, commands: &str) -> Result<String, ServerError> {
        ask(self.port, commands, ANSWER_LIMIT)
            .map_err(|error| ServerError::Server { url: self.url(), problem: error.to_string() })
    }

    /// Asks it to end, and makes it end after 5 s.
    pub fn stop(&mut self) {
        self.process.end(&[(Signal::SIGTERM, Duration::from_secs(5)), KILL]);
    }

    fn wait_until_ready(&self) -> Result<(), ServerError> {
        let pid = self.pid();
        startup::wait_until_ready("redis", &self.process, READY_LIMIT, || answers(self.port, pid))
    }
}

impl Drop for ManagedRedis {
    fn drop(&mut self) {
        // Its folder goes too, so there is nothing to end gently for.
        self.kill();
    }
}

fn launch(options: &RedisOptions, port: u16, folder: &ServerFolder) -> Result<Process, ServerError> {
    Process::start(&redis_server()?, arguments(options, port, folder), folder, Signal::SIGKILL)
}

/// The command line. There is no configuration file, so that these settings alone hold.
fn arguments(options: &RedisOptions, port: u16, folder: &ServerFolder) -> Vec<OsString> {
    let mut settings: BTreeMap<&str, String> = BTreeMap::from([
        ("appendonly", "no".into()),
        ("bind", "127.0.0.1".into()),
        ("daemonize", "no".into()),
        ("port", port.to_string()),
        ("protected-mode", "yes".into()),
        ("save", String::new()),
    ]);
    settings.extend(options.maxmemory.map(|bytes| ("maxmemory", bytes.to_string())));
    settings.extend(options.eviction.clone().map(|policy| ("maxmemory-policy", policy)));
    if let Some(cluster) = options.cluster {
        settings.extend([
            ("cluster-enabled", "yes".into()),
            ("cluster-config-file", "nodes.conf".into()),
            // A replica is there for one master, so that nobody else is worth waiting for.
            ("repl-diskless-sync-delay", "0".into()),
            ("cluster-node-timeout", cluster.node_timeout.as_millis().max(1).to_string()),
        ]);
    }
    settings.extend(options.settings.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let mut arguments = vec!["--dir".into(), folder.path().as_os_str().to_owned()];
    for (name, value) in settings {
        arguments.push(format!("--{name}").into());
        arguments.push(value.into());
    }
    arguments
}

/// Whether the Redis at `port` answers and is the process `pid`, not one that took the port before ours
/// could. One that still loads its file refuses to.
fn answers(port: u16, pid: u32) -> bool {
    ask(port, "PING\r\nINFO server", Duration::from_millis(500)).is_ok_and(|answer| {
        answer.starts_with("+PONG") && answer.lines().any(|line| line == format!("process_id:{pid}"))
    })
}

/// What the Redis at `port` says to these commands.
fn ask(port: u16, commands: &str, limit: Duration) -> std::io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(200))?;
    stream.set_read_timeout(Some(limit))?;
    // QUIT has the server close the connection, so that the end of the answer is the end of the stream.
    stream.write_all(format!("{commands}\r\nQUIT\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_setting_wins_over_ours() {
        let run = RunFolder::create().unwrap();
        let folder = run.server("redis").unwrap();
        let options = RedisOptions {
            maxmemory: Some(1024),
            eviction: Some("allkeys-lru".into()),
            cluster: Some(ClusterOptions { node_timeout: Duration::from_secs(1) }),
            settings: BTreeMap::from([("appendonly".into(), "yes".into())]),
        };
        let line = arguments(&options, 6000, &folder);
        let line: Vec<_> = line.iter().map(|word| word.to_string_lossy()).collect();
        let line = line.join(" ");
        assert!(line.contains("--appendonly yes") && !line.contains("--appendonly no"), "{line}");
        assert!(line.contains("--maxmemory 1024 --maxmemory-policy allkeys-lru"), "{line}");
        assert!(line.contains("--cluster-enabled yes --cluster-node-timeout 1000"), "{line}");
    }

    #[test]
    fn the_address_is_ours_to_choose() {
        let run = RunFolder::create().unwrap();
        for name in ["bind", "cluster-enabled", "cluster-announce-ip"] {
            let settings = BTreeMap::from([(name.to_string(), "0.0.0.0".to_string())]);
            let refused = ManagedRedis::start(&RedisOptions { settings, ..Default::default() }, &run);
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(&format!("`{name}` of redis is chosen by cachebench")), "{refused}");
        }
    }
}
