use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{Condition, Proxy};

/// A server that gives back what it gets, and ends a connection when its client does.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            // Its end is no matter of the server.
            thread::spawn(move || std::io::copy(&mut stream.try_clone().unwrap(), &mut stream));
        }
    });
    address
}

fn client(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    // No test hangs.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Sends this and takes as much back.
fn ask(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(bytes)?;
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer).map(|()| answer)
}

/// Waits for bytes that must not come.
fn is_silent(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(150))).unwrap();
    let read = stream.read(&mut [0; 16]);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    matches!(read, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Bytes whose order can be told.
fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32 / 4).flat_map(|number| number.wrapping_mul(0x9E37_79B9).to_be_bytes()).collect()
}

/// All of them there and back, up to the end of the connection from either side.
fn carried(stream: TcpStream, sent: Vec<u8>) -> bool {
    let mut reader = stream.try_clone().unwrap();
    let expected = sent.clone();
    let writer = thread::spawn(move || {
        (&stream).write_all(&sent).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    });
    let mut got = Vec::new();
    reader.read_to_end(&mut got).unwrap();
    writer.join().unwrap();
    got == expected
}

#[test]
fn while_clear_bytes_and_the_end_pass_unchanged() {
    let proxy = Proxy::start(echo()).unwrap();
    let streams: Vec<_> = (0..4).map(|_| client(proxy.port())).collect();
    let carried: Vec<_> =
        streams.into_iter().map(|stream| thread::spawn(|| carried(stream, bytes(1 << 20)))).collect();
    assert!(carried.into_iter().all(|one| one.join().unwrap()));
}

#[test]
fn a_delay_is_felt_each_way_and_by_all_bytes_at_once() {
    const DELAY: Duration = Duration::from_millis(40);
    let proxy = Proxy::start(echo()).unwrap();
    let mut stream = client(proxy.port());
    ask(&mut stream, b"ping").unwrap();
    proxy.set(Condition::Delay(DELAY));
    let started = Instant::now();
    assert_eq!(ask(&mut stream, b"ping").unwrap(), b"ping");
    let took = started.elapsed();
    println!("a round trip under {DELAY:?} each way took {took:?}");
    assert!(took >= 2 * DELAY, "{took:?}");
    // 128 reads of 64 KiB: one after the other they would take 10 s.
    let started = Instant::now();
    assert!(carried(stream, bytes(8 << 20)));
    let took = started.elapsed();
    println!("8 MiB there and back took {took:?}");
    assert!(took >= 2 * DELAY && took < 128 * DELAY, "{took:?}");
}

#[test]
fn what_is_in_flight_lands_at_once_when_a_delay_ends() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut stream = client(proxy.port());
    proxy.set(Condition::Delay(Duration::from_secs(600)));
    stream.write_all(b"ping").unwrap();
    assert!(is_silent(&mut stream));
    proxy.set(Condition::Clear);
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

#[test]
fn a_partition_is_silent_and_loses_nothing() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut old = client(proxy.port());
    ask(&mut old, b"ping").unwrap();
    for round in 0..20 {
        proxy.set(Condition::Partition);
        let mut new = client(proxy.port());
        old.write_all(b"first").unwrap();
        new.write_all(b"first").unwrap();
        if round == 0 {
            assert!(is_silent(&mut old) && is_silent(&mut new));
        }
        old.set_nonblocking(true).unwrap();
        assert_eq!(old.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock, "round {round}");
        old.set_nonblocking(false).unwrap();
        proxy.set(Condition::Clear);
        for stream in [&mut old, &mut new] {
            stream.write_all(b"second").unwrap();
            let mut answer = [0; 11];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"firstsecond");
        }
    }
}

#[test]
fn a_reset_is_an_error_at_once_and_new_connections_come_after() {
    let proxy = Proxy::start(echo()).unwrap();
    let mut old = client(proxy.port());
    ask(&mut old, b"ping").unwrap();
    proxy.set(Condition::Reset);
    assert_eq!(old.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut new = client(proxy.port());
    assert!(ask(&mut new, b"ping").is_err());
    proxy.set(Condition::Clear);
    let mut next = client(proxy.port());
    assert_eq!(ask(&mut next, b"ping").unwrap(), b"ping");
    // One that is over at once has happened.
    proxy.set(Condition::Reset);
    proxy.set(Condition::Clear);
    assert_eq!(next.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn connections_to_a_server_that_is_away_are_reset() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::start(away).unwrap();
    assert!(ask(&mut client(proxy.port()), b"ping").is_err());
}

/// One that reads nothing is felt by the one that writes.
#[test]
fn buffers_have_bounds() {
    for condition in [Condition::Clear, Condition::Partition, Condition::Delay(Duration::from_secs(600))] {
        let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::start(deaf.local_addr().unwrap()).unwrap();
        proxy.set(condition);
        let mut stream = client(proxy.port());
        stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        let (chunk, mut sent) = (bytes(1 << 20), 0);
        while let Ok(written) = stream.write(&chunk) {
            sent += written;
            assert!(sent < 64 << 20, "{condition:?}: nothing stops the one that writes");
        }
        println!("{condition:?}: {} KiB until the writer has to wait", sent >> 10);
    }
}

#[test]
fn a_dropped_proxy_is_gone_with_its_connections() {
    let proxy = Proxy::start(echo()).unwrap();
    let port = proxy.port();
    let mut stream = client(port);
    ask(&mut stream, b"ping").unwrap();
    drop(proxy);
    assert!(!matches!(stream.read(&mut [0; 1]), Ok(1..)));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// Printed, and asserted by nobody.
#[test]
fn what_a_round_trip_costs() {
    let address = echo();
    let proxy = Proxy::start(address).unwrap();
    let mut medians = [address.port(), proxy.port()].map(|port| {
        let mut stream = client(port);
        let mut times: Vec<Duration> = (0..2_000)
            .map(|_| {
                let started = Instant::now();
                ask(&mut stream, &[7; 64]).unwrap();
                started.elapsed()
            })
            .collect();
        times.sort();
        times[1_000]
    });
    medians.reverse();
    println!("a round trip of 64 bytes, median: {:?} by the proxy, {:?} without", medians[0], medians[1]);
}
