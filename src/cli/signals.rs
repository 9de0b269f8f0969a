use std::io::{IsTerminal, Write};
use std::sync::mpsc::channel;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::exit::{Exit, Failure};
use crate::engine::Stop;

/// The first Ctrl-C or SIGTERM ends what is done in order, the second at once; servers of ours end with us either way.
pub fn stop_on_signals(stop: &Stop) -> Result<(), Failure> {
    let stop = stop.clone();
    let wrong =
        |error: std::io::Error| Failure::new(Exit::Internal, format!("cannot watch for signals: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(wrong)?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt()).map_err(wrong)?, signal(SignalKind::terminate()).map_err(wrong)?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async {
            for count in 0.. {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                stop.request();
                if count > 0 {
                    leave_the_terminal();
                    std::process::exit(Exit::Interrupted as i32);
                }
            }
        });
    });
    Ok(())
}

/// Ends a drawing that is under way, and wipes what stands below the cursor; nothing is drawn after that.
///
/// A terminal that takes nothing more is not waited for.
fn leave_the_terminal() {
    const PATIENCE: Duration = Duration::from_millis(200);
    if !std::io::stderr().is_terminal() {
        return;
    }
    let (done, told) = channel();
    std::thread::spawn(move || {
        let mut terminal = std::io::stderr().lock();
        let _ = terminal.write_all(b"\x1b[?2026l\r\x1b[J");
        let _ = done.send(());
        // The lock is kept until the process has ended.
        loop {
            std::thread::park();
        }
    });
    let _ = told.recv_timeout(PATIENCE);
}
