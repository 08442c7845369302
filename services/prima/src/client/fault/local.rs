//! Indonesian texts for errors of this machine: the database, keys, addresses.
//!
//! Errors of the platform are English and meant for engineers. Each has an Indonesian text here, followed by the
//! system's own message in brackets where that says more. The error's context names the file or the address.

use std::error::Error;

use prima_platform::{
    bus,
    db::{self, Cause, DbErr, LockError},
    key_store, objects, service, telemetry, token,
};

use super::io_text;

/// The Indonesian text of a cause, when there is one. It also covers the causes below this one.
pub(super) fn text(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<DbErr>() {
        return Some(database(error));
    }
    if let Some(error) = cause.downcast_ref::<LockError>() {
        return Some(lock(error));
    }
    if let Some(error) = cause.downcast_ref::<token::Error>() {
        return Some(token(error));
    }
    if let Some(error) = cause.downcast_ref::<key_store::Error>() {
        return Some(key_store(error));
    }
    if let Some(error) = cause.downcast_ref::<telemetry::Error>() {
        return Some(match error {
            telemetry::Error::Filter(error) => format!("telemetry.level bukan saringan log ({error})"),
            telemetry::Error::Endpoint(error) => {
                format!("telemetry.otlp_endpoint tidak dapat dipakai ({error})")
            }
            telemetry::Error::Exporter(error) => {
                format!("telemetry.otlp_endpoint tidak dapat dipakai ({error})")
            }
            telemetry::Error::Installed(error) => format!("log tidak dapat dimulai ({error})"),
        });
    }
    if let Some(error) = cause.downcast_ref::<bus::Error>() {
        return Some(bus(error));
    }
    cause.downcast_ref::<service::Error>().map(host)
}

fn token(error: &token::Error) -> String {
    match error {
        token::Error::File(error) => io_text(error),
        token::Error::Key => "bukan kunci Ed25519 dalam base64".to_owned(),
        error => format!("token tidak dapat dibuat ({error})"),
    }
}

fn key_store(error: &key_store::Error) -> String {
    use key_store::Error;
    match error {
        Error::File(path, error) => format!("kunci {}: {}", path.display(), io_text(error)),
        Error::Readable(path) => format!(
            "kunci {}: dapat dibaca pihak lain; batasi dengan: chmod go= {}",
            path.display(),
            path.display()
        ),
        Error::Register(path, error) => format!("daftar kunci {} rusak ({error})", path.display()),
        Error::Key(path, error) => format!("kunci {}: {}", path.display(), token(error)),
        Error::Lock(error) => lock(error),
        Error::Id(_) => {
            "ID kunci terdiri atas 1 sampai 64 huruf kecil a-z, angka, atau tanda hubung".to_owned()
        }
        Error::Exists(id) => format!("kunci {id} sudah ada"),
        Error::Unknown(id) => format!("kunci {id} tidak ada"),
        Error::State(id, state) => {
            format!("kunci {id} dalam keadaan {state}; rotasi dahulu: prima key rotate")
        }
    }
}

fn lock(error: &LockError) -> String {
    match error {
        LockError::Held(path) => format!(
            "berkas kunci {} sedang dipegang proses prima lain",
            path.display()
        ),
        LockError::Directory(path, error) => {
            format!(
                "direktori basis data {} tidak dapat dibuat: {}",
                path.display(),
                io_text(error)
            )
        }
        LockError::File(path, error) => format!("berkas kunci {}: {}", path.display(), io_text(error)),
    }
}

fn database(error: &DbErr) -> String {
    let text = match db::cause(error) {
        Cause::Unavailable => "tidak terjangkau",
        Cause::Conflict => "sedang dipakai pihak lain",
        Cause::StorageFull => "penyimpanannya penuh",
        Cause::StorageFailed => "penyimpanannya tidak dapat dibaca atau ditulis",
        Cause::Unopenable => "tidak dapat dibuka",
        Cause::ReadOnly => "hanya dapat dibaca",
        Cause::NotADatabase => "bukan berkas basis data",
        Cause::Damaged => "rusak; pulihkan dari cadangan",
        Cause::Password => "kata sandinya ditolak",
        Cause::User => "penggunanya ditolak",
        Cause::Missing => "basis data itu tidak ada di peladennya",
        Cause::Forbidden => "penggunanya tidak berhak",
        Cause::Other => "galat basis data",
    };
    format!("{text} ({})", db::message(error))
}

fn bus(error: &bus::Error) -> String {
    match error {
        bus::Error::Unfit(text) => format!("peladen NATS tidak memadai ({text})"),
        bus::Error::Unavailable(text) => format!("tidak terjangkau ({text})"),
        bus::Error::NoStream(_) | bus::Error::Fenced | bus::Error::Full | bus::Error::TooLarge { .. } => {
            format!("galat bus ({error})")
        }
    }
}

fn host(error: &service::Error) -> String {
    use service::{Error, GrpcError};
    match error {
        Error::Config(error) => error.to_string(),
        Error::Lock(error) => lock(error),
        Error::Bus(error) => bus(error),
        Error::Outdated(service) => {
            format!("skema layanan {service} belum mutakhir; jalankan: prima migrate {service}")
        }
        Error::Newer(service, text) => {
            format!("skema layanan {service} lebih baru daripada program ini ({text})")
        }
        Error::Key(_) => {
            "auth.public_key atau auth.public_keys bukan kunci publik Ed25519 dalam base64".to_owned()
        }
        Error::Grpc(GrpcError::Bind(address, error)) => format!("grpc.listen {address}: {}", io_text(error)),
        Error::Grpc(GrpcError::Tls(error)) => {
            format!("berkas TLS tidak dapat dipakai: {error}")
        }
        Error::Grpc(error) => format!("peladen gRPC berhenti ({error})"),
        Error::Objects(objects::Error::Folder(path, error)) => {
            format!(
                "objects.url: direktori {} tidak dapat dibuat: {}",
                path.display(),
                io_text(error)
            )
        }
        Error::Objects(error) => format!("objects.url: penyimpanan berkas tidak dapat dibuka ({error})"),
        Error::Service(service, text) => format!("layanan {service}: {text}"),
        Error::Failed => "ada bagian proses yang gagal; sebabnya ada di log".to_owned(),
        Error::Database(service, error) => format!("basis data layanan {service}: {}", database(error)),
    }
}
