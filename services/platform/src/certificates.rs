//! How long the certificates that this process uses are valid, as a metric: what nobody renews would end every call at once.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use opentelemetry::KeyValue;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, config::Config, telemetry};

/// How often the files are read.
const INTERVAL: Duration = Duration::from_secs(30);

/// The files with certificates that the configuration names, each with its setting.
fn files(config: &Config) -> Vec<(&'static str, PathBuf)> {
    let named = [
        ("grpc.tls_certificate", &config.grpc.tls_certificate),
        ("grpc.tls_client_ca", &config.grpc.tls_client_ca),
        ("bus.ca", &config.bus.ca),
        ("bus.certificate", &config.bus.certificate),
    ];
    let given = named.into_iter().filter(|(_, file)| !file.as_os_str().is_empty());
    given.map(|(setting, file)| (setting, file.clone())).collect()
}

/// The first end of life among the certificates of a PEM file, unix seconds; `None` when one can't be read, or there is none.
fn first_end(file: &Path) -> Option<i64> {
    let text = std::fs::read(file).ok()?;
    let ends = CertificateDer::pem_slice_iter(&text).map(|certificate| {
        let certificate = certificate.ok()?;
        let (_, certificate) = x509_parser::parse_x509_certificate(&certificate).ok()?;
        Some(certificate.validity().not_after.timestamp())
    });
    ends.collect::<Option<Vec<i64>>>()?.into_iter().min()
}

/// Seconds until the first certificate of each file ends, negative afterwards. A file that can't be read is left out.
fn left(files: &[(&'static str, PathBuf)], now: DateTime<Utc>) -> Vec<(&'static str, i64)> {
    let seconds =
        |(setting, file): &(&'static str, PathBuf)| Some((*setting, first_end(file)? - now.timestamp()));
    files.iter().filter_map(seconds).collect()
}

/// Records the metric until `stop`.
pub async fn follow(config: &Config, clock: Clock, stop: CancellationToken) {
    let files = files(config);
    loop {
        for (setting, seconds) in left(&files, clock.now()) {
            telemetry::meters()
                .certificate_left
                .record(seconds, &[KeyValue::new("setting", setting)]);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
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
    fn the_seconds_are_those_of_the_certificate_of_a_file_that_ends_first() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: String| {
            let file = dir.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        let mut config = Config::default();
        config.grpc.tls_certificate = put("chain", certificate(2031) + &certificate(2030));
        config.grpc.tls_client_ca = put("none", "no certificate".to_owned());
        config.bus.certificate = put("client", certificate(2029));
        let now: DateTime<Utc> = "2030-03-03T00:00:00Z".parse().unwrap();
        let left = left(&files(&config), now);
        assert_eq!(
            left,
            [
                ("grpc.tls_certificate", 86_400),
                ("bus.certificate", -364 * 86_400)
            ]
        );
    }
}
