use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// One child to start, and where its handle goes.
struct Request {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

static REQUESTS: Mutex<Option<Sender<Request>>> = Mutex::new(None);

/// Starts a child from the one thread that lives as long as this process.
///
/// The kernel sends a child its parent-death signal when the *thread* that spawned it ends, so a server
/// started from a worker or a test thread would die with that thread.
///
/// # Errors
/// What the operating system says when it cannot start the program.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    let (reply, answer) = channel();
    supervisor()?.send(Request { command, reply }).map_err(|_| lost())?;
    answer.recv().map_err(|_| lost())?
}

/// The way to the supervisor, which starts with the first request.
fn supervisor() -> io::Result<Sender<Request>> {
    let mut requests = REQUESTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = &*requests {
        return Ok(sender.clone());
    }
    let (sender, inbox) = channel::<Request>();
    thread::Builder::new().name("cachebench-servers".into()).spawn(move || {
        // `REQUESTS` keeps a sender for ever, so this loop ends only with the process.
        for Request { mut command, reply } in inbox {
            // Whoever asked may be gone; an unclaimed child is ended rather than left without an owner.
            if let Err(unclaimed) = reply.send(command.spawn())
                && let Ok(mut child) = unclaimed.0
            {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    })?;
    *requests = Some(sender.clone());
    Ok(sender)
}

fn lost() -> io::Error {
    io::Error::other("the thread that starts servers has ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_outlives_the_thread_that_asked_for_it() {
        let mut child = thread::spawn(|| {
            let mut command = Command::new("cat");
            command.stdin(std::process::Stdio::piped());
            spawn(command).unwrap()
        })
        .join()
        .unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_missing_program_is_an_error_and_not_the_end_of_the_supervisor() {
        assert!(spawn(Command::new("/nonexistent/program")).is_err());
        assert!(spawn(Command::new("true")).unwrap().wait().unwrap().success());
    }
}
