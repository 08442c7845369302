//! Arguments of the commands that make keys and tokens, and that revoke them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{localize::time, serve::DatabaseArgs};

#[derive(Debug, Clone, Args)]
#[command(subcommand_negates_reqs = true)]
pub struct TokenArgs {
    #[command(subcommand)]
    pub command: Option<TokenCommand>,
    #[arg(
        long,
        value_name = "BERKAS",
        default_value = "./var/key.pem",
        help = "Berkas kunci privat, atau direktori kunci (prima key rotate) (bawaan: ./var/key.pem)"
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
        help = "Token untuk orang, berlaku satu hari; tanpa ini untuk sistem",
        conflicts_with = "days"
    )]
    pub person: bool,
    #[arg(
        long,
        value_name = "HARI",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=365),
        help = "Masa berlaku token sistem dalam hari, 1 sampai 365 (bawaan: 30)"
    )]
    pub days: u32,
}

#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    #[command(
        about = "Cabut token, atau semua token satu pemegang, di basis data layanan directory",
        long_about = "Cabut token, atau semua token satu pemegang. Pencabutan ditulis ke basis data layanan directory, yang \
                      menerbitkannya ke semua layanan dalam hitungan detik; layanan itu tidak harus sedang berjalan."
    )]
    Revoke(RevokeArgs),
    #[command(about = "Daftar pencabutan di basis data layanan directory")]
    ListRevoked(ListRevokedArgs),
}

#[derive(Debug, Clone, Args)]
pub struct RevokeArgs {
    #[command(flatten)]
    pub what: RevokedArgs,
    #[arg(
        long,
        value_name = "PENERBIT",
        default_value = "prima",
        help = "Penerbit token; alamatnya bila bukan dari prima token (bawaan: prima)"
    )]
    pub issuer: String,
    #[arg(
        long,
        value_name = "WAKTU",
        value_parser = time,
        requires = "subject",
        help = "Dengan --subject: hanya token yang terbit sampai waktu ini, RFC 3339 (bawaan: sekarang)"
    )]
    pub until: Option<chrono::DateTime<chrono::Utc>>,
    #[arg(long, value_name = "ALASAN", help = "Alasan pencabutan, untuk catatan")]
    pub reason: String,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct RevokedArgs {
    #[arg(
        value_name = "BERKAS",
        help = "Berkas token yang dicabut, atau - untuk masukan baku"
    )]
    pub file: Option<PathBuf>,
    #[arg(long, value_name = "ID", help = "ID token (jti), seperti dicetak saat dibuat")]
    pub id: Option<String>,
    #[arg(
        long,
        value_name = "NAMA",
        help = "Semua token pemegang ini yang sudah terbit"
    )]
    pub subject: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ListRevokedArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
}

#[derive(Debug, Clone, Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    pub command: Option<KeyCommand>,
    #[arg(
        value_name = "ID",
        help = "ID kunci: 1 sampai 16 huruf kecil a-z, angka, atau tanda hubung (bawaan: k dan tanggal hari ini \
                menurut UTC, misalnya k20240102)"
    )]
    pub id: Option<String>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum KeyCommand {
    #[command(
        about = "Buat kunci penanda tangan baru dalam direktori kunci; yang lama tidak menandatangani lagi",
        long_about = "Buat kunci penanda tangan baru dalam direktori kunci. Kunci lama tidak menandatangani lagi, tetapi yang sudah \
                      ditandatanganinya tetap diterima sampai ia dipensiunkan. Setelah merotasi kunci token, pasang \
                      PRIMA_AUTH__PUBLIC_KEYS yang baru (prima token --key DIR --public) pada semua layanan sebelum menerbitkan \
                      token."
    )]
    Rotate(NewKeyArgs),
    #[command(about = "Masukkan berkas kunci yang sudah ada ke direktori kunci, sebagai penanda tangan")]
    Import(ImportKeyArgs),
    #[command(about = "Daftar kunci penanda tangan, termasuk yang lama")]
    List(KeyStoreArgs),
    #[command(about = "Pensiunkan kunci yang tidak menandatangani lagi; kunci publiknya tetap disimpan")]
    Retire(RetireKeyArgs),
    #[command(
        about = "Tandai kunci bocor; semua token yang ditandatanganinya ditolak",
        long_about = "Tandai kunci bocor. Kunci privatnya dihapus dari direktori, dan bila ia menandatangani token, pencabutannya \
                      ditulis ke basis data layanan directory, sehingga semua layanan menolak semua tokennya. Boleh diulang."
    )]
    Compromise(CompromiseKeyArgs),
}

#[derive(Debug, Clone, Args)]
pub struct KeyStoreArgs {
    #[arg(
        long,
        value_name = "DIR",
        default_value = "./var/keys",
        help = "Direktori kunci (bawaan: ./var/keys)"
    )]
    pub store: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct NewKeyArgs {
    #[command(flatten)]
    pub store: KeyStoreArgs,
    #[arg(
        long,
        value_name = "GUNA",
        default_value = "tokens",
        help = "Yang ditandatangani: tokens atau publications (bawaan: tokens)"
    )]
    pub purpose: Purpose,
    #[arg(
        long,
        value_name = "ID",
        help = "ID kunci: huruf kecil a-z, angka, atau tanda hubung (bawaan: guna dan tanggal hari ini menurut UTC)"
    )]
    pub id: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ImportKeyArgs {
    #[arg(value_name = "BERKAS", help = "Berkas kunci privat, misalnya ./var/key.pem")]
    pub file: PathBuf,
    #[command(flatten)]
    pub new: NewKeyArgs,
}

#[derive(Debug, Clone, Args)]
pub struct RetireKeyArgs {
    #[arg(value_name = "ID", help = "ID kunci")]
    pub id: String,
    #[command(flatten)]
    pub store: KeyStoreArgs,
}

#[derive(Debug, Clone, Args)]
pub struct CompromiseKeyArgs {
    #[arg(value_name = "ID", help = "ID kunci")]
    pub id: String,
    #[arg(long, value_name = "ALASAN", help = "Yang terjadi, untuk catatan")]
    pub reason: String,
    #[command(flatten)]
    pub store: KeyStoreArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    Tokens,
    Publications,
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
