//! HTTPS, and certificates that are renewed while the server runs

use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustix::process::{Signal, kill_process};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::{Place, Server};
use crate::wire::until;

type Client = StreamOwned<ClientConnection, TcpStream>;

/// Writes a new certificate and its key, and gives the certificate.
fn renew(place: &Place) -> CertificateDer<'static> {
    let (certificate, key) = certified();
    place.file("key.pem", &key);
    place.file("certificate.pem", &certificate.0);
    certificate.1
}

/// A certificate, as PEM and as it is, and the PEM of its key.
fn certified() -> ((String, CertificateDer<'static>), String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    ((made.cert.pem(), made.cert.der().clone()), made.signing_key.serialize_pem())
}

const SERVE: [&str; 7] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--tls-certificate-file",
    "certificate.pem",
    "--tls-key-file",
    "key.pem",
];

/// Connects as a client that trusts this certificate alone.
fn connect(server: &Server, trusted: &CertificateDer<'static>) -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let address = server.url.strip_prefix("https://").unwrap();
    StreamOwned::new(client, TcpStream::connect(address).unwrap())
}

/// Asks for a page on a connection that is kept, and gives the first line of the answer.
fn ask(client: &mut Client) -> Result<String> {
    client.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    Ok(String::from_utf8(answer).unwrap().lines().next().unwrap().to_owned())
}

#[test]
fn the_api_is_served_with_the_certificate() {
    let place = Place::new();
    let certificate = renew(&place);
    let mut server = place.serve_with(&SERVE, &[]);
    assert_eq!(ask(&mut connect(&server, &certificate)).unwrap(), "HTTP/1.1 200 OK");

    let stranger = certified().0.1;
    assert!(ask(&mut connect(&server, &stranger)).is_err());
    let mut plain = TcpStream::connect(server.url.strip_prefix("https://").unwrap()).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // It may hang up before everything was read.
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"));
    assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
}

#[test]
fn a_renewed_certificate_is_served_from_the_next_connection_on() {
    let place = Place::new();
    let old = renew(&place);
    let server = place.serve_with(&SERVE, &[]);
    let mut kept = connect(&server, &old);
    ask(&mut kept).unwrap();
    let new = renew(&place);
    assert_eq!(ask(&mut connect(&server, &new)).unwrap(), "HTTP/1.1 200 OK");
    assert!(ask(&mut connect(&server, &old)).is_err());
    assert_eq!(ask(&mut kept).unwrap(), "HTTP/1.1 200 OK", "what was connected stays so");
}

#[test]
fn a_certificate_that_cannot_be_used_leaves_the_old_one_in_place() {
    let place = Place::new();
    let old = renew(&place);
    let server = place.serve_with(&SERVE, &[]);
    let ((pem, new), key) = certified();
    // The key is still the old one's.
    place.file("certificate.pem", &pem);
    for _ in 0..3 {
        assert_eq!(ask(&mut connect(&server, &old)).unwrap(), "HTTP/1.1 200 OK");
    }
    assert_eq!(server.log().matches("cannot be used; the old one stays").count(), 1, "{}", server.log());
    place.file("key.pem", &key);
    assert_eq!(ask(&mut connect(&server, &new)).unwrap(), "HTTP/1.1 200 OK");
    assert!(!server.log().contains("PRIVATE"));
}

#[test]
fn at_a_hangup_the_certificate_is_read_again_and_nothing_else_happens() {
    let place = Place::new();
    renew(&place);
    let mut server = place.serve_with(&SERVE, &[]);
    let new = renew(&place);
    kill_process(server.pid(), Signal::HUP).unwrap();
    until("it reads the certificate", || server.log().contains("read the certificate again"));
    assert_eq!(ask(&mut connect(&server, &new)).unwrap(), "HTTP/1.1 200 OK");
    assert_eq!(server.end(Signal::TERM).0.code(), Some(0));

    let mut plain = place.serve();
    kill_process(plain.pid(), Signal::HUP).unwrap();
    until("it says so", || plain.log().contains("no certificate to read again"));
    assert_eq!(plain.end(Signal::TERM).0.code(), Some(0));
}

#[test]
fn a_handshake_that_does_not_come_is_given_up() {
    let place = Place::new();
    renew(&place);
    let server = place.serve_with(&[&SERVE[..], &["--head-seconds-max", "1"]].concat(), &[]);
    let mut silent = TcpStream::connect(server.url.strip_prefix("https://").unwrap()).unwrap();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0, "it hangs up");
}

#[test]
fn a_handshake_that_does_not_come_does_not_keep_it_from_ending() {
    let place = Place::new();
    let certificate = renew(&place);
    let mut server = place.serve_with(&SERVE, &[]);
    let _silent = TcpStream::connect(server.url.strip_prefix("https://").unwrap()).unwrap();
    // One that is known to have been accepted after it, and is kept alive.
    let mut kept = connect(&server, &certificate);
    ask(&mut kept).unwrap();
    assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
    assert!(!server.log().contains("cut off"), "{}", server.log());
}

#[test]
fn files_that_cannot_be_used_are_refused_and_named() {
    let place = Place::new();
    let serve = || place.run(&SERVE).failed(1);
    assert!(serve().contains("key.pem"), "{}", serve());
    renew(&place);
    place.file("key.pem", &certified().1);
    assert!(serve().contains("certificate.pem and key.pem cannot be used together"), "{}", serve());
    let check = [&["config", "check"], &SERVE[1..]].concat();
    assert!(place.run(&check).failed(1).contains("cannot be used together"));
    place.file("certificate.pem", "nothing");
    assert!(serve().contains("certificate.pem"), "{}", serve());
    assert!(place.run(&SERVE[..5]).failed(1).contains("--tls-key-file"));
}
