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
                    std::process::exit(Exit::Interrupted as i32);
                }
            }
        });
    });
    Ok(())
}
