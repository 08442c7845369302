//! Arguments of `prima instrument`, `prima index` and `prima scores`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use prima_platform::number::{parse_decimal, parse_fraction};

use super::FormatArgs;

#[derive(Debug, Clone, Args)]
pub struct InstrumentArgs {
    #[command(subcommand)]
    pub command: InstrumentCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum InstrumentCommand {
    #[command(about = "Daftar semua versi instrumen, bawaan maupun tambahan")]
    List(FormatArgs),
    #[command(
        about = "Periksa dokumen instrumen dan sebutkan semua kesalahannya, tanpa layanan dan tanpa menyimpan",
        long_about = "Periksa dokumen instrumen dan sebutkan semua kesalahannya, tanpa layanan dan tanpa menyimpan.\n\n\
                      Pemeriksaan dilakukan oleh perintah ini sendiri, dengan aturan yang sama dengan layanan.\n\n\
                      Status keluar: 0 dokumen benar, 1 ada kesalahan."
    )]
    Check(InstrumentFileArgs),
    #[command(about = "Tampilkan satu instrumen; dengan --format json: dokumennya")]
    Show(InstrumentShowArgs),
}

#[derive(Debug, Clone, Args)]
pub struct InstrumentFileArgs {
    #[arg(
        value_name = "BERKAS.json",
        help = "Dokumen instrumen (JSON, paling besar 1 MiB)"
    )]
    pub file: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct InstrumentShowArgs {
    #[arg(value_name = "ID", help = "Id dengan versinya, misalnya pekppp-2022")]
    pub id: String,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ScoresArgs {
    #[arg(
        long,
        value_name = "UKURAN",
        default_value = "",
        help = "Hanya ukuran ini, misalnya ombudsman, sakip, atau ipp (bawaan: semua)"
    )]
    pub metric: String,
    #[arg(
        long,
        value_name = "SUBJEK",
        default_value = "",
        help = "Hanya agencies/…, agencies/…/units/…, atau agencies/…/units/- untuk semua unitnya (bawaan: semua)"
    )]
    pub subject: String,
    #[arg(
        long,
        value_name = "PERIODE",
        default_value = "",
        help = "Hanya periode ini (bawaan: semua)"
    )]
    pub period: String,
    #[arg(
        long,
        help = "Nilai yang menunggu pengesahan, bukan yang sudah disahkan; untuk instansinya dan admin nasional"
    )]
    pub unconfirmed: bool,
    #[command(flatten)]
    pub output: FormatArgs,
}

#[derive(Debug, Clone, Args)]
pub struct IndexArgs {
    #[command(subcommand)]
    pub command: IndexCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum IndexCommand {
    #[command(
        about = "Tampilkan indeks satu unit atau instansi dalam satu siklus, beserta aspek dan indikatornya"
    )]
    Show(super::IndexReadArgs),
    #[command(about = "Uraikan indeks sampai ke setiap masukan: bobot, nilai, asal, dan dasar hukumnya")]
    Explain(super::IndexReadArgs),
    #[command(about = "Simulasikan indeks dari tingkat yang diberikan; tidak ada yang disimpan")]
    Simulate(SimulateArgs),
    /// Writes a form of a cycle to be filled in.
    #[command(
        about = "Tulis formulir F-01 atau F-02 satu siklus (XLSX), dengan indikator dan kriterianya, untuk diisi dan diimpor",
        long_about = "Tulis formulir F-01 atau F-02 satu siklus (XLSX), dengan indikator dan kriterianya, untuk diisi dan diimpor.\n\nSatu \
                      baris untuk tiap indikator tiap unit. Setelah kolom Tingkat (dan Catatan) diisi, impor dengan: prima \
                      import levels BERKAS"
    )]
    Form(AssessmentFormArgs),
}

/// Who gives levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum AssessmentForm {
    /// The unit itself.
    F01,
    /// An evaluator.
    F02,
}

impl AssessmentForm {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::F01 => "F-01",
            Self::F02 => "F-02",
        }
    }
}

/// Arguments of `prima index form`.
#[derive(Debug, Clone, Args)]
pub struct AssessmentFormArgs {
    /// The cycle.
    #[arg(value_name = "SIKLUS", help = "Siklus, cycles/… atau id-nya saja")]
    pub cycle: String,
    /// The form.
    #[arg(
        long,
        value_name = "FORMULIR",
        help = "f01 (penilaian mandiri unit) atau f02 (penilaian evaluator)"
    )]
    pub form: AssessmentForm,
    /// Only these units.
    #[arg(
        long,
        value_name = "UNIT",
        help = "Hanya unit ini, agencies/…/units/…; boleh berulang (bawaan: semua unit siklus)"
    )]
    pub unit: Vec<String>,
    /// Where it is written to.
    #[arg(long, value_name = "BERKAS", help = "Berkas tujuan, .xlsx atau .csv")]
    pub out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormKind {
    Offline,
    Online,
}

impl FormKind {
    /// The name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Online => "online",
        }
    }
}

/// A number with its key, written `KUNCI=N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedNumber {
    pub key: String,
    /// A decimal or a fraction; a decimal comma has become a point.
    pub number: String,
}

#[derive(Debug, Clone, Args)]
pub struct SimulateArgs {
    #[arg(long, value_name = "ID", help = "Instrumen, misalnya pekppp-2022")]
    pub instrument: String,
    #[arg(
        long,
        value_name = "FORMULIR",
        help = "offline (luring) atau online (daring); hanya untuk instrumen yang berformulir"
    )]
    pub form: Option<FormKind>,
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Tingkat tiap indikator: CSV dengan kolom indicator,level, atau JSON {\"kunci\": tingkat}. Yang tidak \
                disebut dianggap belum ada"
    )]
    pub levels: Option<PathBuf>,
    #[arg(
        long,
        value_name = "KUNCI=N",
        value_parser = keyed_number,
        help = "Nilai satu aspek, sebagai ganti tingkat indikatornya. Boleh berulang"
    )]
    pub aspect_score: Vec<KeyedNumber>,
    #[arg(
        long,
        value_name = "N",
        value_parser = number,
        help = "Nilai F-03 (penilaian pengguna layanan), 0 sampai 5"
    )]
    pub f03: Option<String>,
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(1..),
        help = "Jumlah responden F-03 (bawaan: tidak diperiksa)"
    )]
    pub respondents: Option<i64>,
    #[arg(
        long,
        value_name = "CARA",
        default_value = "",
        help = "Bila responden kurang: incomplete, score_zero, atau use_available (bawaan: menurut instrumen)"
    )]
    pub under_minimum: String,
    #[arg(
        long,
        value_name = "BOBOT",
        default_value = "",
        help = "Bobot dalam aspek: per_indicator atau equal_within_aspect (bawaan: menurut instrumen)"
    )]
    pub weighting: String,
    #[arg(
        long,
        value_name = "ASPEK",
        default_value = "",
        help = "Hitung tanpa aspek ini; bobot aspek lain disesuaikan"
    )]
    pub leave_out: String,
    #[arg(
        long,
        value_name = "KUNCI=N",
        value_parser = keyed_number,
        help = "Bobot lain untuk satu aspek, desimal atau pecahan; semua bobot harus berjumlah 1. Boleh berulang"
    )]
    pub aspect_weight: Vec<KeyedNumber>,
    #[command(flatten)]
    pub output: FormatArgs,
}

fn keyed_number(text: &str) -> Result<KeyedNumber, String> {
    let parts = text
        .split_once('=')
        .map(|(key, number)| (key.trim(), number.trim()));
    match parts {
        Some((key, text)) if !key.is_empty() => Ok(KeyedNumber {
            key: key.to_owned(),
            number: number(text)?,
        }),
        _ => Err("harus berbentuk KUNCI=N, misalnya innovation=0.2".to_owned()),
    }
}

/// Reads a number that may have a decimal comma, as Indonesians write it.
fn number(text: &str) -> Result<String, String> {
    let text = text.trim().replace(',', ".");
    match parse_decimal(&text).or_else(|| parse_fraction(&text)) {
        Some(_) => Ok(text),
        None => Err("harus angka, misalnya 4.2 atau 21/5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_have_a_decimal_comma_or_be_a_fraction() {
        for (text, expected) in [
            ("4,2", Some("4.2")),
            ("4.2", Some("4.2")),
            ("21/5", Some("21/5")),
            ("1e2", None),
            ("", None),
            ("4.2.1", None),
            ("1/0", None),
        ] {
            assert_eq!(number(text).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_weight_names_its_aspect() {
        let expected = KeyedNumber {
            key: "innovation".into(),
            number: "0.2".into(),
        };
        assert_eq!(keyed_number(" innovation = 0,2 ").unwrap(), expected);
        for bad in ["innovation", "=0.2", "innovation=", "innovation=banyak"] {
            assert!(keyed_number(bad).is_err(), "{bad}");
        }
    }
}
