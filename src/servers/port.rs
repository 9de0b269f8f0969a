use std::io;
use std::net::{Ipv4Addr, TcpListener};

use super::error::ServerError;

/// A Redis Cluster node also listens 10 000 above its port, which must fit in 16 bits.
const HIGHEST: u16 = 55_535;

/// A port of 127.0.0.1 that was free a moment ago, and whose cluster bus port exists.
///
/// # Errors
/// When the system gives out no port, or none low enough.
pub(super) fn free() -> Result<u16, ServerError> {
    // Held until one fits, or the system could offer the same high port again.
    let mut too_high = Vec::new();
    while too_high.len() < 200 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(ServerError::NoPort)?;
        let port = listener.local_addr().map_err(ServerError::NoPort)?.port();
        if port <= HIGHEST {
            return Ok(port);
        }
        too_high.push(listener);
    }
    Err(ServerError::NoPort(io::Error::other("the system offers only ports above 55535")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_leaves_room_for_the_cluster_bus() {
        for _ in 0..50 {
            assert!(free().unwrap().checked_add(10_000).is_some());
        }
    }
}
