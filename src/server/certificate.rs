//! The certificate that a server shows: its own, made on the first start and kept in the data folder, or one that
//! somebody has put into files. A damaged one is never replaced: to every client that would look like an attack.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use secrecy::zeroize::Zeroizing;

use crate::config::CERTIFICATE_MAX_BYTES;
use crate::files;
use crate::log::storage::sync_directory_of;
use crate::proto::fingerprint::Fingerprint;

/// The certificate's file within the data folder.
pub const CERTIFICATE: &str = "certificate.pem";
/// The file of its key.
pub const KEY: &str = "key.pem";

/// The years in which the certificate that a server makes is valid. What a client trusts is its fingerprint, so there is
/// nothing to renew, and no clock is too wrong.
const VALID_YEARS: (i32, i32) = (2000, 2100);

/// Files with a certificate of somebody's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate and those that vouch for it, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

/// A certificate with its key, ready to be shown.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// How TLS is spoken with it.
    pub tls: Arc<ServerConfig>,
    /// What people tell it by.
    pub fingerprint: Fingerprint,
}

/// Why there is no certificate to show. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {error}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// One of the two is gone.
    #[error(
        "{path} is missing, and belongs to the other of {CERTIFICATE} and {KEY}: bring it back from a backup. Without one, \
         move the other away too: the server makes itself a new certificate, and everybody who has connected before is \
         asked whether they trust it", path = .0.display()
    )]
    Missing(PathBuf),
    /// A file holds something else.
    #[error(
        "{path} is damaged: {why}. Bring {CERTIFICATE} and {KEY} back from a backup, or give others with --tls-cert and \
         --tls-key. Without them, move both away: the server makes itself a new certificate, and everybody who has \
         connected before is asked whether they trust it", path = path.display()
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There was none, and none can be made.
    #[error("no certificate can be kept in {path}: {why}", path = path.display())]
    NotMade {
        /// The data folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl Certificate {
    /// The certificate of a data folder, which this process owns; made if there is none.
    ///
    /// # Errors
    /// [`CertificateError`]; what was there is as it was.
    pub fn of_folder(folder: &Path) -> Result<Self, CertificateError> {
        let paths = CertificateFiles { certificate: folder.join(CERTIFICATE), key: folder.join(KEY) };
        let not_made = |why: String| CertificateError::NotMade { path: folder.into(), why };
        match (is_there(&paths.certificate), is_there(&paths.key)) {
            (false, false) => make(&paths).map_err(not_made)?,
            // A start was cut short between the two.
            (false, true) if is_there(&unfinished(&paths.certificate)) => {
                finish(&paths.certificate).map_err(|error| not_made(error.to_string()))?;
            }
            (false, true) => return Err(CertificateError::Missing(paths.certificate)),
            (true, false) => return Err(CertificateError::Missing(paths.key)),
            (true, true) => {}
        }
        // Whoever else could read the key cannot any more.
        Self::read(&paths, files::open)
    }

    /// One that somebody has put into files. They may be links: those who renew certificates keep them so.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn of_files(paths: &CertificateFiles) -> Result<Self, CertificateError> {
        Self::read(paths, |path| fs::File::open(path))
    }

    fn read(paths: &CertificateFiles, open: fn(&Path) -> io::Result<fs::File>) -> Result<Self, CertificateError> {
        let damaged =
            |path: &Path, why: &dyn ToString| CertificateError::Damaged { path: path.into(), why: why.to_string() };
        let (certificate, key) = (text_of(&paths.certificate, open)?, text_of(&paths.key, open)?);
        let chain = CertificateDer::pem_slice_iter(&certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| damaged(&paths.certificate, &error))?;
        let leaf = chain.first().ok_or_else(|| damaged(&paths.certificate, &"there is no certificate in it"))?;
        let fingerprint = Fingerprint::of(leaf);
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| damaged(&paths.key, &error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| {
            let why = format!("it is not the key of {}: {error}", paths.certificate.display());
            damaged(&paths.key, &why)
        })?;
        // Sessions last long, and a new handshake costs less than to remember the old ones.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        Ok(Self { tls: Arc::new(config), fingerprint })
    }
}

/// Whether something has that name, be it a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// What is in a file. It may be a key: it is wiped after use.
fn text_of(path: &Path, open: fn(&Path) -> io::Result<fs::File>) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    let unreadable = |error| CertificateError::Unreadable { path: path.into(), error };
    let file = open(path).map_err(unreadable)?;
    let mut text = Zeroizing::new(Vec::with_capacity(CERTIFICATE_MAX_BYTES + 1));
    file.take(CERTIFICATE_MAX_BYTES as u64 + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() > CERTIFICATE_MAX_BYTES {
        let why = format!("it has more than {CERTIFICATE_MAX_BYTES} bytes");
        return Err(CertificateError::Damaged { path: path.into(), why });
    }
    Ok(text)
}

/// Makes a certificate that vouches for itself. Both files are whole, and on the disk, before either has its name.
fn make(paths: &CertificateFiles) -> Result<(), String> {
    let (certificate, key) = new_pair().map_err(|error| error.to_string())?;
    let keep = || -> io::Result<()> {
        write(&unfinished(&paths.key), key.as_bytes())?;
        write(&unfinished(&paths.certificate), certificate.as_bytes())?;
        sync_directory_of(&paths.key)?;
        finish(&paths.key)?;
        finish(&paths.certificate)
    };
    keep().map_err(|error| error.to_string())
}

fn new_pair() -> Result<(String, Zeroizing<String>), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let names = ["localhost", "parlor"].into_iter().map(str::to_owned).chain(own_name());
    let mut params = CertificateParams::new(names.collect::<Vec<_>>())?;
    params.not_before = date_time_ymd(VALID_YEARS.0, 1, 1);
    params.not_after = date_time_ymd(VALID_YEARS.1, 1, 1);
    params.distinguished_name.push(DnType::CommonName, "Parlor");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok((params.self_signed(&key)?.pem(), Zeroizing::new(key.serialize_pem())))
}

/// What this computer is called, where that is a name that a certificate can carry.
fn own_name() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").ok()?;
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    (!name.is_empty() && name.chars().all(good) && name != "localhost").then_some(name)
}

fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("pem.new")
}

/// What was left by a start that was cut short gives way; nothing that it points to does.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = files::create_new(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn finish(path: &Path) -> io::Result<()> {
    fs::rename(unfinished(path), path)?;
    sync_directory_of(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_that_was_cut_short_is_finished_with_the_same_certificate() {
        let dir = tempfile::tempdir().unwrap();
        let made = Certificate::of_folder(dir.path()).unwrap().fingerprint;
        assert_eq!(Certificate::of_folder(dir.path()).unwrap().fingerprint, made, "it is kept");
        let certificate = dir.path().join(CERTIFICATE);
        fs::rename(&certificate, unfinished(&certificate)).unwrap();
        assert_eq!(Certificate::of_folder(dir.path()).unwrap().fingerprint, made);
        assert!(!unfinished(&certificate).exists());
        // Before either had its name, nobody had seen it.
        for name in [CERTIFICATE, KEY] {
            fs::rename(dir.path().join(name), unfinished(&dir.path().join(name))).unwrap();
        }
        assert_ne!(Certificate::of_folder(dir.path()).unwrap().fingerprint, made);
    }

    #[test]
    fn nothing_is_made_anew_where_something_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        Certificate::of_folder(dir.path()).unwrap();
        let other = tempfile::tempdir().unwrap();
        Certificate::of_folder(other.path()).unwrap();
        for name in [CERTIFICATE, KEY] {
            let path = dir.path().join(name);
            let good = fs::read(&path).unwrap();
            let foreign = fs::read(other.path().join(name)).unwrap();
            let large = vec![b'x'; CERTIFICATE_MAX_BYTES + 1];
            for bad in [&good[..good.len() / 2], b"", &foreign, b"-----BEGIN CERTIFICATE-----", &large] {
                fs::write(&path, bad).unwrap();
                let error = Certificate::of_folder(dir.path()).unwrap_err().to_string();
                assert!(error.contains("backup"), "{error}");
                assert_eq!(fs::read(&path).unwrap(), bad);
            }
            fs::remove_file(&path).unwrap();
            let error = Certificate::of_folder(dir.path()).unwrap_err().to_string();
            assert!(error.contains("is missing") && !path.exists(), "{error}");
            fs::write(&path, good).unwrap();
        }
        Certificate::of_folder(dir.path()).unwrap();
    }
}
