//! A server of TLS in front of a real one: it takes what is encrypted and hands it on in plain text. It hears everything
//! and can show any face, so that it is also the one in between.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use parlor::proto::fingerprint::Fingerprint;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS12;
use rustls::{ALL_VERSIONS, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub key: Arc<KeyPair>,
}

impl Identity {
    /// One that nobody vouches for.
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names()).unwrap().self_signed(&key).unwrap();
        Self { certificate: certificate.into(), key: Arc::new(key) }
    }

    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }
}

fn names() -> Vec<String> {
    vec!["127.0.0.1".into(), "localhost".into()]
}

/// Somebody who vouches for certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate, for those who trust it.
    pub pem: String,
    pub certificate: CertificateDer<'static>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        Self { pem: own.pem(), certificate: own.into(), issuer: Issuer::new(params, key) }
    }

    pub fn issue(&self) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names()).unwrap().signed_by(&key, &self.issuer).unwrap();
        Identity { certificate: certificate.into(), key: Arc::new(key) }
    }
}

/// What it shows to those who connect.
#[derive(Clone, Debug)]
pub enum Face {
    /// A certificate with its key.
    Own(Identity),
    /// The certificate of one with the key of another.
    Stolen(Identity, Identity),
    /// The same, or the key that belongs to it, in TLS 1.2.
    Old(Identity, Identity),
    /// None: it speaks plain text.
    Plain,
}

/// See the module.
pub struct Front {
    pub address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    face: Arc<Mutex<Face>>,
    cut: watch::Sender<()>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Heard {
    connections: usize,
    bytes: Vec<u8>,
}

impl Front {
    /// One in front of that server.
    pub fn start(behind: SocketAddr, face: Face) -> Self {
        let (cut, cuts) = watch::channel(());
        let (end, ended) = tokio::sync::oneshot::channel();
        let (heard, face) = (Arc::new(Mutex::new(Heard::default())), Arc::new(Mutex::new(face)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (hears, shows) = (Arc::clone(&heard), Arc::clone(&face));
        let accept = async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                hears.lock().unwrap().connections += 1;
                let (face, hears, mut cuts) = (shows.lock().unwrap().clone(), Arc::clone(&hears), cuts.clone());
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        () = serve(stream, behind, face, &hears) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        };
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, heard, face, cut, end: Some(end), thread: Some(thread) }
    }

    /// Its address for a client that is to encrypt.
    pub fn tls(&self) -> String {
        format!("tls://{}", self.address)
    }

    /// Shows another face from now on to those who connect; those who are connected are cut off.
    pub fn show(&self, face: Face) {
        *self.face.lock().unwrap() = face;
        self.cut.send_replace(());
    }

    /// What was said to it since the last look, decrypted; in plain text where it speaks that.
    pub fn heard(&self) -> Vec<u8> {
        std::mem::take(&mut self.heard.lock().unwrap().bytes)
    }

    /// How often somebody has connected.
    pub fn connections(&self) -> usize {
        self.heard.lock().unwrap().connections
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.end.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap();
    }
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// How TLS is spoken with a certificate and a key, whether or not they belong together.
pub fn acceptor(certificate: &Identity, key: &Identity) -> TlsAcceptor {
    acceptor_of(ALL_VERSIONS, certificate, key)
}

fn acceptor_of(versions: &[&'static SupportedProtocolVersion], certificate: &Identity, key: &Identity) -> TlsAcceptor {
    let key = PrivateKeyDer::try_from(key.key.serialize_der()).unwrap();
    let key = ring::sign::any_supported_type(&key).unwrap();
    let shown = Always(Arc::new(CertifiedKey::new(vec![certificate.certificate.clone()], key)));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(versions).unwrap().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_cert_resolver(Arc::new(shown))))
}

async fn serve(stream: TcpStream, behind: SocketAddr, face: Face, heard: &Mutex<Heard>) {
    let acceptor = match face {
        Face::Plain => {
            let mut first = [0];
            if stream.peek(&mut first).await.is_ok_and(|taken| taken == 1 && first == [0x16]) {
                return wonder(stream, heard).await;
            }
            return pipe(stream, behind, heard).await;
        }
        Face::Own(own) => acceptor(&own, &own),
        Face::Stolen(theirs, own) => acceptor(&theirs, &own),
        Face::Old(certificate, key) => acceptor_of(&[&TLS12], &certificate, &key),
    };
    if let Ok(stream) = acceptor.accept(stream).await {
        pipe(stream, behind, heard).await;
    }
}

/// Does what a server does that knows no TLS and is offered it: takes it for a frame that is none.
async fn wonder(mut stream: TcpStream, heard: &Mutex<Heard>) {
    let mut offer = vec![0; 65_536];
    let taken = stream.read(&mut offer).await.unwrap_or(0);
    heard.lock().unwrap().bytes.extend_from_slice(&offer[..taken]);
    let answer = r#"{"purpose":"error","result":false,"error":{"code":"bad_frame","message":"a frame begins with $"}}"#;
    let _ = stream.write_all(format!("${}${answer}$", answer.len()).as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Hands on what comes, both ways, until one side ends.
async fn pipe(stream: impl AsyncRead + AsyncWrite, behind: SocketAddr, heard: &Mutex<Heard>) {
    let Ok(behind) = TcpStream::connect(behind).await else { return };
    let (mut from, mut to) = tokio::io::split(stream);
    let (mut answers, mut asks) = behind.into_split();
    let listen = async {
        let mut piece = vec![0; 65_536];
        while let Ok(taken @ 1..) = from.read(&mut piece).await {
            heard.lock().unwrap().bytes.extend_from_slice(&piece[..taken]);
            if asks.write_all(&piece[..taken]).await.is_err() {
                return;
            }
        }
        let _ = asks.shutdown().await;
    };
    let answer = async {
        let _ = tokio::io::copy(&mut answers, &mut to).await;
        let _ = to.shutdown().await;
    };
    tokio::join!(listen, answer);
}
