//! TLS of the listener: its certificate, which is read again when the files change, and the certificates of clients.

use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
};
use tokio_rustls::{Accept, TlsAcceptor, server::TlsStream};

use crate::config;

/// How often the files are read to see whether they have changed. They are small, and a mounted Secret changes without
/// an event that every file system reports.
const INTERVAL: Duration = Duration::from_secs(2);
/// The protocols that clients may negotiate (ALPN).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A file of TLS that can't be used: the setting, the file and the reason.
#[derive(Debug, thiserror::Error)]
#[error("grpc.{setting} {}: {reason}", .file.display())]
pub struct Error {
    /// Key in the section `grpc`.
    pub setting: &'static str,
    /// Path as configured.
    pub file: PathBuf,
    /// Why it can't be used.
    pub reason: String,
}

/// The files of a listener with TLS.
#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
    client_optional: bool,
}

/// The contents of the files.
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl Contents {
    /// Identifies a version of the files, without the key.
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for part in [&self.certificate, &self.key].into_iter().chain(&self.client_ca) {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }
}

fn error<'a>(setting: &'static str, file: &'a Path) -> impl Fn(&dyn Display) -> Error + 'a {
    move |reason| Error {
        setting,
        file: file.to_owned(),
        reason: reason.to_string(),
    }
}

impl Files {
    /// The files that the configuration names; `None` when the listener speaks no TLS.
    fn of(config: &config::Grpc) -> Option<Self> {
        let client_ca = Some(config.tls_client_ca.clone());
        config.speaks_tls().then(|| Self {
            certificate: config.tls_certificate.clone(),
            key: config.tls_key.clone(),
            client_ca: client_ca.filter(|file| !file.as_os_str().is_empty()),
            client_optional: config.tls_client_optional,
        })
    }

    fn read(&self) -> Result<Contents, Error> {
        let read = |setting, file: &Path| std::fs::read(file).map_err(|e| error(setting, file)(&e));
        let client_ca = self.client_ca.as_deref();
        Ok(Contents {
            certificate: read("tls_certificate", &self.certificate)?,
            key: read("tls_key", &self.key)?,
            client_ca: client_ca.map(|file| read("tls_client_ca", file)).transpose()?,
        })
    }

    fn build(&self, contents: &Contents) -> Result<ServerConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let certificate = error("tls_certificate", &self.certificate);
        let chain = certificates(&contents.certificate).map_err(|e| certificate(&e))?;
        let key =
            PrivateKeyDer::from_pem_slice(&contents.key).map_err(|e| error("tls_key", &self.key)(&e))?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| certificate(&e))?;
        let builder = match (&self.client_ca, &contents.client_ca) {
            (Some(file), Some(text)) => {
                let client_ca = error("tls_client_ca", file);
                let mut roots = RootCertStore::empty();
                for root in certificates(text).map_err(|e| client_ca(&e))? {
                    roots.add(root).map_err(|e| client_ca(&e))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = if self.client_optional {
                    verifier.allow_unauthenticated()
                } else {
                    verifier
                };
                builder.with_client_cert_verifier(verifier.build().map_err(|e| client_ca(&e))?)
            }
            _ => builder.with_no_client_auth(),
        };
        // Fails when the key is not that of the certificate, as it is while only one of the files has been replaced.
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|e| certificate(&e))?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(config)
    }
}

/// The certificates of a PEM file, at least one.
fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if found.is_empty() => Err("it contains no certificate (PEM)".to_owned()),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}

/// The TLS of a listener, by the files as they are now.
pub struct Tls {
    files: Files,
    current: watch::Sender<TlsAcceptor>,
    digest: [u8; 32],
}

impl Tls {
    /// Reads the files that the configuration names; `None` when the listener speaks no TLS.
    pub fn load(config: &config::Grpc) -> Result<Option<Self>, Error> {
        let Some(files) = Files::of(config) else {
            return Ok(None);
        };
        let contents = files.read()?;
        let built = files.build(&contents)?;
        Ok(Some(Self {
            current: watch::Sender::new(TlsAcceptor::from(Arc::new(built))),
            digest: contents.digest(),
            files,
        }))
    }

    /// Watch channel of what accepts handshakes.
    pub(super) fn acceptor(&self) -> watch::Receiver<TlsAcceptor> {
        self.current.subscribe()
    }

    /// Reads the files again at an interval, for ever.
    pub(super) async fn follow(mut self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        let mut fault = None;
        loop {
            ticks.tick().await;
            match self.reload() {
                Ok(true) => {
                    tracing::info!(certificate = %self.files.certificate.display(), "new TLS certificate")
                }
                Ok(false) => {}
                Err(error) => {
                    let text = error.to_string();
                    if fault.replace(text.clone()).as_ref() != Some(&text) {
                        tracing::error!(
                            error = text,
                            "the TLS files can't be used; the certificate before stays in use"
                        );
                    }
                    continue;
                }
            }
            fault = None;
        }
    }

    /// Uses the files if they have changed; whether they have.
    fn reload(&mut self) -> Result<bool, Error> {
        let contents = self.files.read()?;
        let digest = contents.digest();
        if digest == self.digest {
            return Ok(false);
        }
        let built = self.files.build(&contents)?;
        self.current.send_replace(TlsAcceptor::from(Arc::new(built)));
        self.digest = digest;
        Ok(true)
    }
}

/// An accepted connection, with or without TLS. The handshake is done by whoever reads or writes first, so that a slow one
/// delays no other connection.
pub(super) enum Stream {
    /// Without TLS.
    Plain(TcpStream),
    /// In the handshake.
    Handshake(Box<Accept<TcpStream>>),
    /// With TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// The handshake failed.
    Closed,
}

/// A stream without a handshake ahead.
trait Open: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Open for T {}

impl Stream {
    /// A connection that TLS is expected on if there is an acceptor.
    pub(super) fn new(tcp: TcpStream, acceptor: Option<TlsAcceptor>) -> Self {
        match acceptor {
            Some(acceptor) => Self::Handshake(Box::new(acceptor.accept(tcp))),
            None => Self::Plain(tcp),
        }
    }

    /// The stream after its handshake.
    fn open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Open>>> {
        if let Self::Handshake(accept) = self {
            match ready!(Pin::new(accept.as_mut()).poll(cx)) {
                Ok(stream) => *self = Self::Tls(Box::new(stream)),
                Err(error) => {
                    tracing::debug!(%error, "a TLS handshake failed");
                    *self = Self::Closed;
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(match self {
            Self::Plain(stream) => Ok(Pin::new(stream)),
            Self::Tls(stream) => Ok(Pin::new(stream.as_mut())),
            Self::Handshake(_) | Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.get_mut().open(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.get_mut().open(cx))?.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.get_mut().open(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
            // Nothing was said that has an end; the socket closes when it is dropped.
            Self::Handshake(_) | Self::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.get_mut().open(cx))?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        // Both streams gather slices.
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::certificates::Authority;

    fn listener(folder: &Path) -> config::Grpc {
        config::Grpc {
            tls_certificate: folder.join("a.crt"),
            tls_key: folder.join("a.key"),
            ..config::Grpc::default()
        }
    }

    fn write(folder: &Path, (certificate, key): (&str, &str)) {
        std::fs::write(folder.join("a.crt"), certificate).unwrap();
        std::fs::write(folder.join("a.key"), key).unwrap();
    }

    #[test]
    fn files_that_can_not_be_used_are_named_and_the_key_is_not_shown() {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Authority::new("CA"));
        let (one, other) = (ca.server(&["a"]), ca.server(&["a"]));
        let load = |config: &config::Grpc| Tls::load(config).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(Tls::load(&config::Grpc::default()).unwrap().is_none());
        let mut config = listener(folder.path());
        assert!(load(&config).starts_with("grpc.tls_certificate "));
        for (certificate, key, setting) in [
            ("", one.key.as_str(), "tls_certificate"),
            ("x", one.key.as_str(), "tls_certificate"),
            (one.key.as_str(), one.key.as_str(), "tls_certificate"),
            (one.certificate.as_str(), "", "tls_key"),
            (one.certificate.as_str(), one.certificate.as_str(), "tls_key"),
            // The key of another certificate.
            (one.certificate.as_str(), other.key.as_str(), "tls_certificate"),
        ] {
            write(folder.path(), (certificate, key));
            let fault = load(&config);
            assert!(fault.starts_with(&format!("grpc.{setting} ")), "{fault}");
            assert!(!fault.contains("PRIVATE") && !fault.contains("\n"), "{fault}");
        }
        write(folder.path(), (&one.certificate, &one.key));
        assert_eq!(load(&config), "");
        config.tls_client_ca = folder.path().join("ca.crt");
        assert!(load(&config).starts_with("grpc.tls_client_ca "));
        std::fs::write(&config.tls_client_ca, "x").unwrap();
        assert!(load(&config).starts_with("grpc.tls_client_ca "));
        std::fs::write(&config.tls_client_ca, ca.certificate()).unwrap();
        assert_eq!(load(&config), "");
    }

    #[test]
    fn a_changed_certificate_is_used_and_a_bad_one_is_not() {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Authority::new("CA"));
        let (one, two) = (ca.server(&["a"]), ca.server(&["a"]));
        write(folder.path(), (&one.certificate, &one.key));
        let mut tls = Tls::load(&listener(folder.path())).unwrap().unwrap();
        let mut acceptor = tls.acceptor();
        assert!(!tls.reload().unwrap() && !acceptor.has_changed().unwrap());
        // Only one of the two files has been replaced so far.
        write(folder.path(), (&two.certificate, &one.key));
        assert!(tls.reload().is_err() && !acceptor.has_changed().unwrap());
        write(folder.path(), (&two.certificate, &two.key));
        assert!(tls.reload().unwrap() && acceptor.has_changed().unwrap());
        acceptor.mark_unchanged();
        std::fs::remove_file(folder.path().join("a.key")).unwrap();
        assert!(tls.reload().is_err() && !acceptor.has_changed().unwrap());
        write(folder.path(), (&two.certificate, &two.key));
        assert!(!tls.reload().unwrap());
    }
}
