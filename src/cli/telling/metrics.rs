use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cli::exit::{Exit, Failure};
use crate::experiment::{Event, Observer};
use crate::report::{OPENMETRICS, Running, openmetrics, per_second};

/// How long a client may take to ask, and then to read.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it is between two tries where no client can be taken.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest question that is read.
const MOST_ASKED: usize = 8 * 1024;

/// Answers whoever asks on this machine with the metrics of a run, until it is dropped.
///
/// One is answered after the other, by a thread of its own: a run only leaves its numbers to it.
pub struct MetricsServer {
    address: SocketAddr,
    running: Arc<Mutex<Running>>,
    is_over: Arc<AtomicBool>,
    answerer: Option<JoinHandle<()>>,
}

impl MetricsServer {
    /// # Errors
    /// When the address cannot be had.
    pub fn open(address: SocketAddr, workload: &str) -> Result<MetricsServer, Failure> {
        let cannot = |error: std::io::Error| {
            let remedy = match error.kind() {
                ErrorKind::AddrInUse => "; give another port, or 0 for any that is free",
                ErrorKind::PermissionDenied => "; give a port above 1023",
                _ => "",
            };
            Failure::new(Exit::Environment, format!("--metrics: cannot listen on {address}: {error}{remedy}"))
        };
        let listener = TcpListener::bind(address).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let running = Running::new(env!("CARGO_PKG_VERSION"), workload);
        let running = Arc::new(Mutex::new(running));
        let is_over = Arc::new(AtomicBool::new(false));
        let (asked, told_over) = (Arc::clone(&running), Arc::clone(&is_over));
        let answerer = std::thread::spawn(move || {
            for client in listener.incoming() {
                if told_over.load(Ordering::Acquire) {
                    return;
                }
                match client {
                    // A client that goes away is its own affair.
                    Ok(client) => drop(answer(client, &asked)),
                    // As where no file can be opened any more, which asking again at once would not change.
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        });
        Ok(MetricsServer { address, running, is_over, answerer: Some(answerer) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // Whoever waits for a client gets one.
        if TcpStream::connect_timeout(&self.address, PATIENCE).is_ok() {
            let _ = self.answerer.take().map(JoinHandle::join);
        }
    }
}

impl Observer for MetricsServer {
    fn event(&self, event: &Event) {
        let mut running = lock(&self.running);
        match event {
            Event::Cell { order, total, label, .. } => running.begin(label.to_string(), *order, *total),
            Event::Trial { cell, cells, label, rate, .. } => {
                running.begin(format!("{label} at {}", per_second(*rate)), *cell, *cells);
            }
            Event::Phase(phase) => running.phase = phase.name(),
            Event::Window(window) => running.see(window),
            Event::Fault(record) if record.ended_s.is_none() && record.problem.is_none() => {
                *running.faults.entry(record.what.clone()).or_default() += 1;
            }
            Event::Measured { result } => {
                *running.measured.entry(result.status.name()).or_default() += 1;
            }
            Event::Tried { trial } => *running.measured.entry(trial.status.name()).or_default() += 1,
            Event::Fault(_) | Event::Seeded(_) | Event::Server { .. } => {}
        }
    }
}

fn lock(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one question.
fn answer(mut client: TcpStream, running: &Mutex<Running>) -> std::io::Result<()> {
    let question = ask(&mut client)?;
    let mut words = question.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let plain = "text/plain; charset=utf-8";
    let (status, kind, text) = match (method, path) {
        ("GET", "/metrics") => {
            let running = lock(running).clone();
            ("200 OK", OPENMETRICS, openmetrics(&running))
        }
        ("GET", _) => ("404 Not Found", plain, "the metrics are at /metrics\n".into()),
        _ => ("405 Method Not Allowed", plain, "only GET is answered\n".into()),
    };
    client.set_write_timeout(Some(PATIENCE))?;
    let length = text.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    client.write_all((head + &text).as_bytes())
}

/// The first line of what a client asks, when all of it has come.
fn ask(client: &mut TcpStream) -> std::io::Result<String> {
    let deadline = Instant::now() + PATIENCE;
    let (mut asked, mut part) = (Vec::new(), [0; 1024]);
    while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || asked.len() > MOST_ASKED {
            return Err(ErrorKind::TimedOut.into());
        }
        client.set_read_timeout(Some(left))?;
        match client.read(&mut part)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            length => asked.extend_from_slice(&part[..length]),
        }
    }
    let line = asked.split(|&byte| byte == b'\r').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Metrics, Unit, Window};

    fn opened() -> MetricsServer {
        MetricsServer::open(SocketAddr::from(([127, 0, 0, 1], 0)), "quickstart").unwrap()
    }

    fn answered(server: &MetricsServer, question: &str) -> String {
        let mut client = TcpStream::connect(server.address()).unwrap();
        client.write_all(question.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn whoever_asks_is_told_what_the_run_has_shown_each_time() {
        let server = opened();
        let question = "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n";
        let first = answered(&server, question);
        assert!(
            first.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0")
        );
        assert!(first.ends_with("# EOF\n") && !first.contains("operations_total"), "{first}");
        server.event(&Event::Cell { order: 1, total: 2, label: "direct", repeat: 1, repeats: 1 });
        let mut metrics = Metrics::default();
        metrics.put("operations", 7.0, Unit::Count);
        server.event(&Event::Window(&Window { at_s: 0.0, length_s: 1.0, metrics }));
        let second = answered(&server, question);
        assert!(second.contains("\ncachebench_operations_total{cell=\"direct\"} 7\n"), "{second}");
    }

    #[test]
    fn what_is_not_there_is_told_so() {
        let server = opened();
        assert!(answered(&server, "GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 "));
        assert!(answered(&server, "POST /metrics HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 405 "));
    }

    #[test]
    fn a_question_that_never_ends_is_not_answered_and_the_next_is() {
        let server = opened();
        let mut client = TcpStream::connect(server.address()).unwrap();
        // It may be cut off before all of it is written.
        let _ = client.write_all(&[b'x'; 64 * 1024]);
        let _ = client.read(&mut [0; 8]);
        assert!(answered(&server, "GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn an_address_in_use_is_told_with_a_remedy() {
        let server = opened();
        let failure = MetricsServer::open(server.address(), "x").err().unwrap();
        assert_eq!(failure.exit, Exit::Environment);
        assert!(format!("{:?}", failure.cause).contains("0 for any that is free"), "{failure:?}");
    }
}
