use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::flow::flow;
use super::{Condition, State};

/// Between one who could not be taken and the next.
const BREATH: Duration = Duration::from_millis(1);

pub async fn bind() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// Takes connections until nobody sets conditions any more.
pub async fn serve(
    listener: &TcpListener,
    to: SocketAddr,
    mut state: watch::Receiver<State>,
    carried: Arc<[AtomicU64; 2]>,
) {
    loop {
        let now = state.borrow_and_update().condition;
        tokio::select! {
            biased;
            changed = state.changed() => if changed.is_err() { return },
            // In a partition, those who come wait in the kernel's queue.
            taken = listener.accept(), if now != Condition::Partition => match taken {
                Ok((client, _)) => drop(tokio::spawn(carry(client, to, state.clone(), carried.clone()))),
                // Gone before it was taken, or no file is free, which does not change at once.
                Err(_) => tokio::time::sleep(BREATH).await,
            },
        }
    }
}

/// A connection, from client to server and back, until both have ended it or something has broken it.
async fn carry(
    mut client: TcpStream,
    to: SocketAddr,
    state: watch::Receiver<State>,
    carried: Arc<[AtomicU64; 2]>,
) {
    let State { condition, resets } = *state.borrow();
    if condition == Condition::Reset {
        return reset(&client);
    }
    let Ok(mut server) = TcpStream::connect(to).await else { return reset(&client) };
    let carried = both_ways(&mut client, &mut server, state, resets, &carried).await;
    // What broke one side breaks the other.
    if carried.is_err() {
        reset(&client);
        reset(&server);
    }
}

async fn both_ways(
    client: &mut TcpStream,
    server: &mut TcpStream,
    state: watch::Receiver<State>,
    resets: u64,
    [sent, received]: &[AtomicU64; 2],
) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((asks, hears), (reads, answers)) = (client.split(), server.split());
    let there = flow((asks, sent), answers, state.clone(), resets);
    let back = flow((reads, received), hears, state, resets);
    tokio::try_join!(there, back).map(|_| ())
}

/// Lets the connection end by RST when it is dropped.
fn reset(stream: &TcpStream) {
    // One that is broken already needs none.
    let _ = stream.set_zero_linger();
}
