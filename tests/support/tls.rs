//! A peer that speaks TLS, and believes whatever certificate it is shown. It reads a server's end only where the server
//! says goodbye.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;

use parlor::proto::fingerprint::Fingerprint;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
};
use serde_json::json;

use super::Peer;

/// What carries its bytes.
pub type Encrypted = StreamOwned<ClientConnection, TcpStream>;

/// Believes every certificate, but not every signature.
#[derive(Debug)]
struct Believes(CryptoProvider);

impl ServerCertVerifier for Believes {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn session(versions: &[&'static SupportedProtocolVersion], name: &str) -> ClientConnection {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let believes = Arc::new(Believes(ring::default_provider()));
    let config = config.dangerous().with_custom_certificate_verifier(believes).with_no_client_auth();
    ClientConnection::new(Arc::new(config), name.to_owned().try_into().unwrap()).unwrap()
}

/// What a client says first.
pub fn hello() -> Vec<u8> {
    let mut hello = Vec::new();
    session(rustls::DEFAULT_VERSIONS, "parlor").write_tls(&mut hello).unwrap();
    hello
}

/// TLS over a stream, for those who take every error as it comes. Nothing has been said; it will ask for that name.
pub fn over(stream: TcpStream, name: &str) -> Encrypted {
    StreamOwned::new(session(rustls::DEFAULT_VERSIONS, name), stream)
}

impl Peer {
    /// Goes on in TLS.
    pub fn encrypted(self, versions: &[&'static SupportedProtocolVersion]) -> Peer<Encrypted> {
        let mut stream = StreamOwned::new(session(versions, "parlor"), self.stream);
        stream.flush().unwrap();
        Peer { stream, buffer: self.buffer }
    }
}

impl Peer<Encrypted> {
    /// Connects from an address, and logs in; everything up to `ready` is passed over.
    pub fn enter(from: Ipv4Addr, address: SocketAddr, username: &str, password: &str) -> Self {
        let mut peer = Peer::connect_from(from, address).encrypted(rustls::DEFAULT_VERSIONS);
        let reply = peer.try_login(username, password);
        assert_eq!(reply["result"], true, "{reply}");
        peer.until("ready");
        peer
    }

    /// What a login is answered.
    pub fn try_login(&mut self, username: &str, password: &str) -> serde_json::Value {
        self.ask(&json!({"purpose": "login", "username": username, "password": password}))
    }

    /// What the server's certificate is told by.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.stream.conn.peer_certificates().unwrap()[0])
    }
}
