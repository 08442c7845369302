//! `prima publish` and `prima verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::FormatArgs;

#[derive(Debug, Clone, Args)]
pub struct PublishArgs {
    #[command(subcommand)]
    pub command: PublishCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum PublishCommand {
    #[command(about = "Bekukan satu tabel sebagai usulan dan buka masa sanggah (admin nasional)")]
    Propose(ProposeArgs),
    #[command(about = "Daftar usulan yang boleh Anda lihat")]
    Proposals(FormatArgs),
    #[command(about = "Tampilkan satu usulan beserta barisnya")]
    Show(NamedArgs),
    #[command(about = "Ajukan sanggah atas baris satu unit atau instansi")]
    Object(ObjectArgs),
    #[command(about = "Daftar sanggah atas satu usulan beserta keputusannya")]
    Objections(NamedArgs),
    #[command(about = "Putuskan satu sanggah (admin nasional)")]
    Decide(DecideArgs),
    #[command(about = "Tetapkan satu usulan dengan keputusan bernomor (admin nasional)")]
    Issue(IssueArgs),
    #[command(about = "Daftar tabel yang sudah ditetapkan")]
    List(FormatArgs),
    #[command(about = "Unduh satu tabel yang sudah ditetapkan")]
    Download(DownloadArgs),
    #[command(about = "Unduh bukti satu baris, yang diperiksa dengan prima verify")]
    Receipt(ReceiptArgs),
    #[command(about = "Cetak kunci publik log publikasi dan para saksinya")]
    Keys,
    #[command(
        about = "Sebagai saksi: periksa bahwa log hanya bertambah sejak terakhir dilihat, lalu tanda tangani",
        long_about = "Sebagai saksi: periksa bahwa log hanya bertambah sejak terakhir dilihat, lalu tanda tangani kepalanya. Log yang \
                      bercabang atau memendek ditolak, dan kepala yang tersimpan di --seen tidak diganti. Jalankan dari mesin \
                      lembaga pengawas, dengan kunci lembaga itu sendiri."
    )]
    Witness(WitnessArgs),
    #[command(
        about = "Cetak kunci publik saksi dalam bentuk yang dipasang pada log (PRIMA_PUBLICATION__WITNESSES)"
    )]
    WitnessKey(WitnessKeyArgs),
}

#[derive(Debug, Clone, Args)]
pub struct WitnessKeyArgs {
    #[arg(
        long,
        value_name = "NAMA",
        help = "Nama saksi, misalnya ombudsman.go.id/saksi"
    )]
    pub name: String,
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Kunci privat saksi, seperti yang dibuat prima key rotate"
    )]
    pub key: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct ProposeArgs {
    #[arg(long, value_name = "UKURAN", help = "Ukuran, misalnya skm")]
    pub metric: String,
    #[arg(long, value_name = "PERIODE", help = "Periode, misalnya 2026-q3")]
    pub period: String,
    #[arg(long, value_name = "KELOMPOK", help = "Kelompok, misalnya dpmptsp")]
    pub cohort: String,
    #[arg(
        long,
        value_name = "JAM",
        default_value_t = 72,
        help = "Lama masa sanggah dalam jam"
    )]
    pub objection_hours: u32,
    #[arg(
        long,
        value_name = "NOMOR",
        requires = "reason",
        help = "Nomor publikasi yang dikoreksi"
    )]
    pub corrects: Option<u64>,
    #[arg(long, value_name = "TEKS", requires = "corrects", help = "Alasan koreksi")]
    pub reason: Option<String>,
    #[arg(
        long,
        value_name = "USULAN",
        help = "Usulan terbuka yang diganti; semua sanggahnya sudah diputuskan"
    )]
    pub replaces: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct NamedArgs {
    #[arg(value_name = "USULAN", help = "proposedTables/… atau id-nya")]
    pub name: String,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ObjectArgs {
    #[arg(value_name = "USULAN", help = "proposedTables/… atau id-nya")]
    pub name: String,
    #[arg(long, value_name = "SUBJEK", help = "agencies/… atau agencies/…/units/…")]
    pub subject: String,
    #[arg(
        long,
        value_name = "TEKS",
        help = "Alasan, dan yang seharusnya; tanpa data pribadi"
    )]
    pub grounds: String,
}

#[derive(Debug, Clone, Args)]
#[group(id = "decision", required = true, multiple = false, args = ["accept", "reject"])]
pub struct DecideArgs {
    #[arg(value_name = "SANGGAH", help = "proposedTables/…/objections/…")]
    pub name: String,
    #[arg(
        long,
        help = "Terima: nilainya diperbaiki di layanan asalnya, lalu tabel diusulkan ulang"
    )]
    pub accept: bool,
    #[arg(long, help = "Tolak")]
    pub reject: bool,
    #[arg(long, value_name = "TEKS", help = "Alasan keputusan")]
    pub reason: String,
}

#[derive(Debug, Clone, Args)]
pub struct IssueArgs {
    #[arg(value_name = "USULAN", help = "proposedTables/… atau id-nya")]
    pub name: String,
    #[arg(long, value_name = "NOMOR", help = "Nomor keputusan")]
    pub number: String,
    #[arg(long, value_name = "TANGGAL", help = "Tanggal keputusan, YYYY-MM-DD")]
    pub date: String,
    #[arg(long, value_name = "NAMA", help = "Nama penanda tangan")]
    pub signatory: String,
    #[arg(long, value_name = "JABATAN", help = "Jabatan penanda tangan")]
    pub position: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PublishedFormat {
    Sealed,
    Csv,
    Xlsx,
    Json,
}

#[derive(Debug, Clone, Args)]
pub struct DownloadArgs {
    #[arg(value_name = "NOMOR", help = "publishedTables/… atau nomornya")]
    pub name: String,
    #[arg(
        long,
        value_enum,
        default_value = "sealed",
        help = "sealed (yang bertanda tangan), csv, xlsx, atau json"
    )]
    pub format: PublishedFormat,
    #[arg(long, value_name = "BERKAS", help = "Berkas keluaran")]
    pub output: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct ReceiptArgs {
    #[arg(value_name = "NOMOR", help = "publishedTables/… atau nomornya")]
    pub name: String,
    #[arg(long, value_name = "SUBJEK", help = "agencies/… atau agencies/…/units/…")]
    pub subject: String,
    #[arg(long, value_name = "BERKAS", help = "Berkas keluaran")]
    pub output: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct WitnessArgs {
    #[command(flatten)]
    pub witness: WitnessKeyArgs,
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Kepala log yang terakhir dilihat; dibuat pada kali pertama"
    )]
    pub seen: PathBuf,
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Kunci publik log, dari sumber yang dipercaya"
    )]
    pub keys: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    #[arg(
        value_name = "BERKAS",
        required_unless_present = "log",
        help = "Tabel yang ditetapkan (tabel.jsonl) atau bukti satu baris"
    )]
    pub file: Option<PathBuf>,
    #[arg(
        long,
        value_name = "KUNCI",
        help = "Kunci publik log NAMA+ID+KUNCI yang diumumkan; boleh diulang"
    )]
    pub key: Vec<String>,
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Berkas kunci publik yang diumumkan, satu sebaris (bawaan: berkas keys di sekitar BERKAS, yang hanya membuktikan keutuhan)"
    )]
    pub keys: Option<PathBuf>,
    #[arg(
        long,
        value_name = "DIREKTORI",
        help = "Salinan log (checkpoint dan tile/): periksa seluruhnya, dan apakah BERKAS termuat di dalamnya"
    )]
    pub log: Option<PathBuf>,
    #[arg(
        long,
        value_name = "BERKAS",
        requires = "log",
        help = "Kepala log yang terakhir dilihat: log yang bercabang atau memendek ditolak; diperbarui bila tidak"
    )]
    pub seen: Option<PathBuf>,
    #[arg(
        long,
        value_name = "SUBJEK",
        requires = "file",
        help = "Tampilkan baris subjek ini"
    )]
    pub row: Option<String>,
}
