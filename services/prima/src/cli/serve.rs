//! Arguments of the commands that run services or sign tokens on this machine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Service;

/// Where the settings come from, and the database.
#[derive(Debug, Clone, Default, Args)]
pub struct DatabaseArgs {
    #[arg(long, value_name = "URL", help = "Basis data: postgres://… atau sqlite:…")]
    pub database: Option<String>,
    #[arg(long, value_name = "BERKAS", help = "Berkas konfigurasi (TOML)")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    #[arg(long, help = "Muat data contoh, lalu cetak tabel peringkat")]
    pub demo: bool,
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./var",
        help = "Direktori basis data, kunci, dan token (bawaan: ./var)"
    )]
    pub data: PathBuf,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[arg(
        value_name = "LAYANAN",
        help = "directory, survey, innovation, complaint, index, atau ranking"
    )]
    pub service: Service,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    #[arg(
        long,
        value_name = "ALAMAT",
        help = "Alamat dan porta gRPC, misalnya 127.0.0.1:50051"
    )]
    pub listen: Option<String>,
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[arg(
        long,
        value_name = "URL",
        help = "Bus peristiwa: tls://…, nats://… (mesin ini), atau memory:"
    )]
    pub bus: Option<String>,
    #[arg(
        long,
        help = "Cetak konfigurasi yang berlaku (rahasia disamarkan), lalu selesai"
    )]
    pub check_config: bool,
}

#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    #[arg(
        value_name = "LAYANAN",
        help = "directory, survey, innovation, complaint, index, atau ranking"
    )]
    pub service: Service,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    #[arg(
        long,
        value_name = "BERKAS",
        default_value = "./var/key.pem",
        help = "Berkas kunci privat (bawaan: ./var/key.pem)"
    )]
    pub key: PathBuf,
    #[arg(long, help = "Buat kunci baru bila berkasnya belum ada")]
    pub new_key: bool,
    #[arg(long, help = "Cetak kunci publik (base64), bukan token")]
    pub public: bool,
    #[arg(
        long,
        value_name = "NAMA",
        required_unless_present = "public",
        help = "Pemegang token"
    )]
    pub subject: Option<String>,
    #[arg(
        long,
        value_name = "PERAN",
        value_delimiter = ',',
        required_unless_present = "public",
        help = "Peran, dipisah koma: admin, operator, intake, evaluator"
    )]
    pub roles: Vec<Role>,
    #[arg(
        long,
        value_name = "INSTANSI",
        value_delimiter = ',',
        default_value = "*",
        help = "Instansi yang berlaku, dipisah koma, atau * untuk semua (bawaan: *)"
    )]
    pub agencies: Vec<String>,
    #[arg(
        long,
        value_name = "HARI",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=3650),
        help = "Masa berlaku dalam hari, 1 sampai 3650 (bawaan: 30)"
    )]
    pub days: u32,
}

#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    #[arg(
        value_name = "ID",
        help = "ID kunci: 1 sampai 16 huruf kecil a-z, angka, atau tanda hubung (bawaan: k dan tanggal hari ini \
                menurut UTC, misalnya k20240102)"
    )]
    pub id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    Admin,
    Operator,
    Intake,
    Evaluator,
}

impl Role {
    /// The name in a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Intake => "intake",
            Self::Evaluator => "evaluator",
        }
    }
}

#[derive(Debug, Clone, Args)]
pub struct ReconcileArgs {
    #[command(flatten)]
    pub migrate: MigrateArgs,
    #[command(flatten)]
    pub action: ReconcileAction,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct ReconcileAction {
    #[arg(
        long,
        help = "Beri setiap keadaan versi baru agar semuanya diterbitkan ulang (tidak perlu setelah pemulihan biasa)"
    )]
    pub restage: bool,
    #[arg(
        long,
        help = "Jadikan basis data ini pemilik aliran layanan, walau aliran itu milik basis data lain atau memuat keadaan \
                yang tidak ada di sini; keadaan itu akan ditarik"
    )]
    pub adopt: bool,
    #[arg(
        long,
        help = "Beri basis data salinan (misalnya untuk uji coba) identitas sendiri, sehingga tidak mengisi aliran milik \
                aslinya"
    )]
    pub new_identity: bool,
}

#[derive(Debug, Clone, Args)]
pub struct DeadLettersArgs {
    #[command(flatten)]
    pub migrate: MigrateArgs,
    #[arg(long, help = "Minta layanan yang berjalan mencobanya lagi")]
    pub retry: bool,
}
