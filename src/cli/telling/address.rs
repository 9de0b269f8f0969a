use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::cli::exit::{Exit, Failure};

/// An address that only this machine reaches: `127.0.0.1:9095`, `[::1]:9095`, `localhost:9095`, or a port alone.
///
/// # Errors
/// When it is none, or others could reach it.
pub fn loopback(text: &str) -> Result<SocketAddr, Failure> {
    let wrong = |why: String| Failure::new(Exit::Usage, format!("--metrics: {why}"));
    let port = text.strip_prefix("localhost:").or(text.strip_prefix(':')).unwrap_or(text);
    let address = match port.parse::<u16>() {
        Ok(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Err(_) => text.parse().map_err(|_| {
            wrong(format!("`{text}` is no address; give one like 127.0.0.1:9095, or a port alone"))
        })?,
    };
    let is_loopback = match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    };
    if is_loopback {
        return Ok(address);
    }
    Err(wrong(format!(
        "{} can be reached from other machines, and whoever asks is answered; give 127.0.0.1:{} and put a server with \
         access control before it",
        address.ip(),
        address.port()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_this_machine() {
        for (text, expected) in [
            ("9095", "127.0.0.1:9095"),
            (":9095", "127.0.0.1:9095"),
            ("localhost:0", "127.0.0.1:0"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(loopback(text).unwrap().to_string(), expected);
        }
        for text in ["", "x", "127.0.0.1", "0.0.0.0:9095", "[::]:9095", "10.1.2.3:9095", "70000"] {
            assert_eq!(loopback(text).unwrap_err().exit, Exit::Usage, "{text}");
        }
    }
}
