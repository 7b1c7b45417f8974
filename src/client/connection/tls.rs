//! TLS as a client speaks it, and what it takes for the right server. What a certificate proves by its signature is
//! checked always, and whether it is the right one before anything else is said.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::model::TlsVersion;
use crate::client::pins::By;
use crate::proto::fingerprint::Fingerprint;

/// How long both sides may take to agree.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// Which server is the right one.
pub(super) struct Wanted {
    /// Its name, for the authorities that vouch for names.
    pub name: ServerName<'static>,
    /// Its certificate, if that is known.
    pub certificate: Option<Fingerprint>,
    /// The authorities that the system trusts may vouch for another one.
    pub vouched: bool,
}

/// A connection to the right server.
pub(super) struct Agreed {
    pub stream: TlsStream<TcpStream>,
    pub fingerprint: Fingerprint,
    pub version: TlsVersion,
    /// Who has said that it is the right one: nobody but what was known of it, or the system.
    pub by: Option<By>,
}

/// Why there is none.
pub(super) enum Refusal {
    /// Its certificate is not the right one, as far as is known.
    Stranger(Fingerprint),
    /// It cannot prove that the certificate that it shows is its own.
    Unproven,
    /// It speaks something else, or hangs up.
    NotTls,
    /// It says nothing.
    Silent,
    /// Anything else, in the words of the library.
    Other(String),
}

/// Agrees with what is at the other end of a socket. Nothing is said to the wrong one.
pub(super) async fn agree(stream: TcpStream, wanted: Wanted) -> Result<Agreed, Refusal> {
    let provider = Arc::new(ring::default_provider());
    let other = |error: Error| Refusal::Other(error.to_string());
    let judge = Arc::new(Judge {
        provider: Arc::clone(&provider),
        certificate: wanted.certificate,
        vouched: wanted.vouched,
        shown: Mutex::default(),
    });
    let verifier: Arc<dyn ServerCertVerifier> = judge.clone();
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12]);
    let builder = config.map_err(other)?.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = builder.with_no_client_auth();
    // A session that is taken up again shows no certificate.
    config.resumption = Resumption::disabled();
    let attempt = TlsConnector::from(Arc::new(config)).connect(wanted.name, stream);
    let connected = timeout(HANDSHAKE_DEADLINE, attempt).await;
    let shown = judge.shown.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (connected, shown) {
        (Ok(Ok(stream)), Some((fingerprint, Verdict::Right(by)))) => {
            let version = match stream.get_ref().1.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => TlsVersion::V1_2,
                _ => TlsVersion::V1_3,
            };
            Ok(Agreed { stream, fingerprint, version, by })
        }
        (_, Some((fingerprint, Verdict::Wrong))) => Err(Refusal::Stranger(fingerprint)),
        (Ok(Err(error)), shown) => Err(why(&error, shown.is_some())),
        (Err(_), _) | (Ok(Ok(_)), None) => Err(Refusal::Silent),
    }
}

/// What an error of the handshake says of the other side.
fn why(error: &io::Error, shown: bool) -> Refusal {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidMessage(_)) if !shown => Refusal::NotTls,
        Some(Error::InvalidCertificate(_) | Error::DecryptError | Error::PeerMisbehaved(_)) => Refusal::Unproven,
        Some(error) => Refusal::Other(error.to_string()),
        None if shown => Refusal::Other(error.to_string()),
        None => Refusal::NotTls,
    }
}

#[derive(Clone, Copy, Debug)]
enum Verdict {
    Right(Option<By>),
    Wrong,
}

/// Says whether a certificate is the right one.
#[derive(Debug)]
struct Judge {
    provider: Arc<CryptoProvider>,
    certificate: Option<Fingerprint>,
    vouched: bool,
    /// What was shown, and what was said of it.
    shown: Mutex<Option<(Fingerprint, Verdict)>>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let fingerprint = Fingerprint::of(end_entity);
        let vouched = || {
            let system = Verifier::new(Arc::clone(&self.provider))?;
            system.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let verdict = match () {
            () if self.certificate == Some(fingerprint) => Verdict::Right(None),
            () if self.vouched && vouched().is_ok() => Verdict::Right(Some(By::System)),
            () => Verdict::Wrong,
        };
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some((fingerprint, verdict));
        match verdict {
            Verdict::Right(_) => Ok(ServerCertVerified::assertion()),
            Verdict::Wrong => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
