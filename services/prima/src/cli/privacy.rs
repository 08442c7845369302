//! Arguments of `prima privacy`: the rights of the people whose data is stored.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::FormatArgs;

const REASON: &str =
    "Alasan, misalnya nomor surat permohonan (5 sampai 500 karakter); tercatat terenkripsi dalam log";
const SUBJECT: &str = "complaints/… atau consultations/…, atau survei agencies/…/units/…/surveys/… dengan --response atau --token";

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Langkah lengkap setiap hak, termasuk siapa yang diberi tahu saat data bocor: deploy/PRIVACY.md"
)]
pub struct PrivacyArgs {
    #[command(subcommand)]
    pub command: PrivacyCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PrivacyCommand {
    #[command(
        about = "Tampilkan data yang tersimpan tentang seseorang; pembacaannya tercatat",
        long_about = "Tampilkan data yang tersimpan tentang seseorang; pembacaannya tercatat.\n\nDengan nomor telepon atau surel: \
                      daftar laporannya. Dengan satu laporan atau konsultasi: identitasnya. Dengan survei dan --response atau \
                      --token: jawaban satu responden."
    )]
    Access(PrivacyAccessArgs),
    #[command(about = "Ganti identitas pelapor atau penanya dengan yang benar; tercatat")]
    Correct(PrivacyCorrectArgs),
    #[command(
        about = "Hapus data pribadi seseorang untuk selamanya; angka tidak berubah",
        long_about = "Hapus data pribadi seseorang untuk selamanya; angka tidak berubah.\n\nLaporan atau konsultasi yang sudah \
                      selesai: identitasnya, dengan --text juga semua teks dan berkas. Survei dengan --response atau --token: \
                      saran dan kritik responden itu."
    )]
    Erase(PrivacyEraseArgs),
    #[command(
        about = "Daftar laporan dan konsultasi yang terkena kegagalan pelindungan data, tanpa identitas",
        long_about = "Daftar laporan dan konsultasi yang terkena kegagalan pelindungan data, tanpa identitas: yang diterima dalam \
                      rentang waktu itu, atau yang identitasnya dibaca oleh satu akun (--actor) dalam rentang itu."
    )]
    Breach(PrivacyBreachArgs),
    #[command(about = "Daftar siapa yang membaca atau menghapus jawaban satu responden dari satu survei")]
    Log(PrivacyLogArgs),
}

/// How a respondent identifies a response.
#[derive(Debug, Clone, Args)]
pub struct RespondentArgs {
    #[arg(long, value_name = "ID", help = "ID tanggapan")]
    pub response: Option<String>,
    #[arg(
        long,
        value_name = "BERKAS",
        conflicts_with = "response",
        help = "Berkas berisi token sekali pakai milik responden, atau - untuk masukan baku"
    )]
    pub token: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct PrivacyAccessArgs {
    #[arg(
        value_name = "SUBJEK",
        help = "Nomor telepon atau surel, atau yang berikut: complaints/…, consultations/…, \
                                         atau survei dengan --response atau --token"
    )]
    pub subject: String,
    #[arg(long, value_name = "ALASAN", help = REASON)]
    pub reason: String,
    #[command(flatten)]
    pub respondent: RespondentArgs,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct PrivacyCorrectArgs {
    #[arg(value_name = "NAMA", help = "complaints/… atau consultations/…")]
    pub name: String,
    #[arg(
        value_name = "BERKAS.json",
        help = "Identitas yang benar dan lengkap: display_name, identity_number, phone, email, address"
    )]
    pub file: PathBuf,
    #[arg(long, value_name = "ALASAN", help = REASON)]
    pub reason: String,
}

#[derive(Debug, Clone, Args)]
pub struct PrivacyEraseArgs {
    #[arg(value_name = "SUBJEK", help = SUBJECT)]
    pub subject: String,
    #[arg(long, value_name = "ALASAN", help = REASON)]
    pub reason: String,
    #[arg(long, help = "Juga semua teks dan berkas laporan atau konsultasi")]
    pub text: bool,
    #[command(flatten)]
    pub respondent: RespondentArgs,
}

#[derive(Debug, Clone, Args)]
pub struct PrivacyBreachArgs {
    #[arg(
        value_name = "INSTANSI",
        default_value = "agencies/-",
        help = "agencies/…, atau agencies/- untuk semua (bawaan: agencies/-)"
    )]
    pub parent: String,
    #[arg(
        long,
        value_name = "WAKTU",
        help = "Awal rentang: RFC 3339, atau tanggal YYYY-MM-DD (00.00 WIB)"
    )]
    pub from: String,
    #[arg(
        long,
        value_name = "WAKTU",
        help = "Akhir rentang, tidak termasuk (bawaan: sekarang)"
    )]
    pub to: Option<String>,
    #[arg(
        long,
        value_name = "AKUN",
        default_value = "",
        help = "Hanya yang identitasnya dibaca akun ini (subject token) dalam rentang itu"
    )]
    pub actor: String,
    #[arg(
        long,
        value_name = "WAKTU",
        help = "Kapan kegagalan itu diketahui, untuk menghitung batas 3 x 24 jam (bawaan: sekarang)"
    )]
    pub known: Option<String>,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct PrivacyLogArgs {
    #[arg(value_name = "SURVEI", help = "agencies/…/units/…/surveys/…")]
    pub survey: String,
    #[command(flatten)]
    pub output: FormatArgs,
}
