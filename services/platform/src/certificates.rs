//! How long the certificates that this process uses are valid, as a metric: what nobody renews would end every call at once.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use opentelemetry::{KeyValue, metrics::ObservableGauge};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::{clock::Clock, config::Config, telemetry};

/// What a file contains.
#[derive(Debug, Clone, Copy)]
enum Content {
    /// A certificate and those that signed it: it is of no use once one of them has ended.
    Chain,
    /// Authorities, of which an old one stays while certificates that it signed are in use: it is of no use once all have ended.
    Authorities,
}

/// A file with certificates, with its setting.
type File = (&'static str, Content, PathBuf);

/// The files with certificates that the configuration names.
fn files(config: &Config) -> Vec<File> {
    use Content::{Authorities, Chain};
    let named = [
        ("grpc.tls_certificate", Chain, &config.grpc.tls_certificate),
        ("grpc.tls_client_ca", Authorities, &config.grpc.tls_client_ca),
        ("bus.ca", Authorities, &config.bus.ca),
        ("bus.certificate", Chain, &config.bus.certificate),
    ];
    let given = named
        .into_iter()
        .filter(|(_, _, file)| !file.as_os_str().is_empty());
    given
        .map(|(setting, content, file)| (setting, content, file.clone()))
        .collect()
}

/// When a PEM file is of no use any more, unix seconds; `None` when a certificate can't be read, or there is none.
fn end(content: Content, file: &Path) -> Option<i64> {
    let text = std::fs::read(file).ok()?;
    let ends = CertificateDer::pem_slice_iter(&text).map(|certificate| {
        let certificate = certificate.ok()?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&certificate).ok()?;
        Some(certificate.validity().not_after.timestamp())
    });
    let ends = ends.collect::<Option<Vec<i64>>>()?.into_iter();
    match content {
        Content::Chain => ends.min(),
        Content::Authorities => ends.max(),
    }
}

/// Seconds until each file is of no use, negative afterwards. A file that can't be read is left out.
fn left(files: &[File], now: DateTime<Utc>) -> Vec<(&'static str, i64)> {
    let seconds = |(setting, content, file): &File| Some((*setting, end(*content, file)? - now.timestamp()));
    files.iter().filter_map(seconds).collect()
}

/// The metric, read from the files whenever it is exported. While a file can't be read it has no value, for which to watch as well.
/// A listener goes on with the certificate before when its new one can't be used, and says so in the log.
pub fn gauge(config: &Config, clock: Clock) -> ObservableGauge<i64> {
    let files = files(config);
    telemetry::meter()
        .i64_observable_gauge("tls.certificate.left")
        .with_unit("s")
        .with_description("Time until the certificates of a setting end")
        .with_callback(move |gauge| {
            for (setting, seconds) in left(&files, clock.now()) {
                gauge.observe(seconds, &[KeyValue::new("setting", setting)]);
            }
        })
        .build()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn certificate(year: i32) -> String {
        let mut params = CertificateParams::default();
        params.not_after = rcgen::date_time_ymd(year, 3, 4);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn the_seconds_are_those_until_a_file_is_of_no_use() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: String| {
            let file = dir.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        let mut config = Config::default();
        config.grpc.tls_certificate = put("chain", certificate(2031) + &certificate(2030));
        config.grpc.tls_client_ca = put("none", "no certificate".to_owned());
        config.bus.ca = put("authorities", certificate(2029) + &certificate(2030));
        config.bus.certificate = put("client", certificate(2029));
        let now: DateTime<Utc> = "2030-03-03T00:00:00Z".parse().unwrap();
        let left = left(&files(&config), now);
        assert_eq!(
            left,
            [
                ("grpc.tls_certificate", 86_400),
                ("bus.ca", 86_400),
                ("bus.certificate", -364 * 86_400)
            ]
        );
    }
}
