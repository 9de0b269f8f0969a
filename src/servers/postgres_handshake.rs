use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Whether the server at `port` completes a client's start: it answers AuthenticationOk, later ReadyForQuery.
pub(super) fn lets_in(port: u16, user: &str) -> bool {
    let ask = || -> io::Result<bool> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(200))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(&startup_message(user))?;
        loop {
            let mut header = [0; 5];
            stream.read_exact(&mut header)?;
            let [kind, length @ ..] = header;
            // The length counts itself; an implausible one is another protocol.
            let length = u32::from_be_bytes(length).saturating_sub(4);
            match kind {
                b'Z' => return stream.write_all(b"X\0\0\0\x04").map(|()| true),
                b'R' | b'S' | b'K' | b'N' if length < 10_000 => {
                    io::copy(&mut (&mut stream).take(length.into()), &mut io::sink())?;
                }
                _ => return Ok(false),
            }
        }
    };
    ask().unwrap_or(false)
}

/// Protocol 3.0, the user, and the database that every cluster has.
fn startup_message(user: &str) -> Vec<u8> {
    let parameters = format!("user\0{user}\0database\0postgres\0\0");
    // Two numbers of 4 bytes stand before the parameters, which a user's name keeps far below 4 GB.
    let length = (8 + parameters.len()) as u32;
    [&length.to_be_bytes()[..], &196_608_u32.to_be_bytes(), parameters.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Plays a server that answers a client's start with `answer`.
    fn a_server_that_says(answer: &'static [u8]) -> bool {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut message = vec![0; u32::from_be_bytes(length) as usize - 4];
            stream.read_exact(&mut message).unwrap();
            assert!(message.starts_with(b"\0\x03\0\0user\0me\0"));
            stream.write_all(answer).unwrap();
        });
        let let_in = lets_in(port, "me");
        server.join().unwrap();
        let_in
    }

    #[test]
    fn only_a_server_that_is_ready_for_a_query_counts() {
        let authentication_ok = b"R\0\0\0\x08\0\0\0\0";
        assert!(a_server_that_says(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"));
        assert!(!a_server_that_says(authentication_ok));
        assert!(!a_server_that_says(b"E\0\0\0\x05\0"));
        assert!(!a_server_that_says(b"-ERR unknown command\r\n"));
    }
}
