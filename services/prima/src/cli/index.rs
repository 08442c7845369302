//! Arguments of `prima instrument`, `prima index` and `prima scores`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Plain;

/// Arguments of `prima instrument`.
#[derive(Debug, Clone, Args)]
pub struct InstrumentArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: InstrumentWhat,
}

/// What is done with instruments of evaluation.
#[derive(Debug, Clone, Subcommand)]
pub enum InstrumentWhat {
    /// Lists them.
    #[command(about = "Daftar semua versi instrumen, bawaan maupun tambahan")]
    List(InstrumentListArgs),
    /// Checks a document on this machine.
    #[command(
        about = "Periksa dokumen instrumen dan sebutkan semua kesalahannya, tanpa layanan dan tanpa menyimpan",
        long_about = "Periksa dokumen instrumen dan sebutkan semua kesalahannya, tanpa layanan dan tanpa menyimpan.\n\n\
                      Pemeriksaan dilakukan oleh perintah ini sendiri, dengan aturan yang sama dengan layanan.\n\n\
                      Status keluar: 0 dokumen benar, 1 ada kesalahan."
    )]
    Check(InstrumentFileArgs),
    /// Stores a document under a new id.
    #[command(about = "Tambahkan instrumen dengan id baru; versi yang sudah ada tidak pernah berubah")]
    Add(InstrumentFileArgs),
    /// Shows one.
    #[command(about = "Tampilkan satu instrumen; dengan --format json: dokumennya")]
    Show(InstrumentShowArgs),
}

/// Arguments of `prima instrument list`.
#[derive(Debug, Clone, Args)]
pub struct InstrumentListArgs {
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima instrument check` and `prima instrument add`.
#[derive(Debug, Clone, Args)]
pub struct InstrumentFileArgs {
    /// The document.
    #[arg(
        value_name = "BERKAS.json",
        help = "Dokumen instrumen (JSON, paling besar 1 MiB)"
    )]
    pub file: PathBuf,
}

/// Arguments of `prima instrument show`.
#[derive(Debug, Clone, Args)]
pub struct InstrumentShowArgs {
    /// Which.
    #[arg(value_name = "ID", help = "Id dengan versinya, misalnya pekppp-2022")]
    pub id: String,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima scores`.
#[derive(Debug, Clone, Args)]
pub struct ScoresArgs {
    /// Only this metric.
    #[arg(
        long,
        value_name = "UKURAN",
        default_value = "",
        help = "Hanya ukuran ini, misalnya ombudsman, sakip, atau ipp (bawaan: semua)"
    )]
    pub metric: String,
    /// Only this subject.
    #[arg(
        long,
        value_name = "SUBJEK",
        default_value = "",
        help = "Hanya agencies/…, agencies/…/units/…, atau agencies/…/units/- untuk semua unitnya (bawaan: semua)"
    )]
    pub subject: String,
    /// Only this period.
    #[arg(
        long,
        value_name = "PERIODE",
        default_value = "",
        help = "Hanya periode ini (bawaan: semua)"
    )]
    pub period: String,
    /// Those that wait to be confirmed.
    #[arg(
        long,
        help = "Nilai yang menunggu pengesahan, bukan yang sudah disahkan; untuk instansinya dan admin nasional"
    )]
    pub unconfirmed: bool,
    /// Form.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

/// Arguments of `prima index confirm`.
#[derive(Debug, Clone, Args)]
pub struct ConfirmArgs {
    /// Key of the metric.
    #[arg(value_name = "UKURAN", help = "Ukuran, misalnya ombudsman")]
    pub metric: String,
    /// The unit or agency.
    #[arg(value_name = "SUBJEK", help = "agencies/… atau agencies/…/units/…")]
    pub subject: String,
    /// Period.
    #[arg(value_name = "PERIODE", help = "Periode nilai, misalnya 2024")]
    pub period: String,
    /// Version of the record.
    #[arg(
        long,
        value_name = "ETAG",
        help = "Etag catatan yang diperiksa, dari: prima scores --unconfirmed"
    )]
    pub etag: String,
}

/// Arguments of `prima index`.
#[derive(Debug, Clone, Args)]
pub struct IndexArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: IndexWhat,
}

/// What is done with indexes.
#[derive(Debug, Clone, Subcommand)]
pub enum IndexWhat {
    /// Prints one.
    #[command(
        about = "Tampilkan indeks satu unit atau instansi dalam satu siklus, beserta aspek dan indikatornya"
    )]
    Show(super::IndexReadArgs),
    /// Prints all that leads to one.
    #[command(about = "Uraikan indeks sampai ke setiap masukan: bobot, nilai, asal, dan dasar hukumnya")]
    Explain(super::IndexReadArgs),
    /// Confirms a recorded score.
    #[command(
        about = "Sahkan nilai lembaga lain yang dicatat instansi, setelah dokumennya diperiksa (admin nasional)"
    )]
    Confirm(ConfirmArgs),
    /// Computes one from given levels.
    #[command(about = "Hitung indeks andaikata dari tingkat yang diberikan; tidak ada yang disimpan")]
    Simulate(SimulateArgs),
}

/// Form of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormKind {
    /// Served face to face.
    Offline,
    /// Served electronically.
    Online,
}

impl FormKind {
    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Online => "online",
        }
    }
}

/// A key and a number, `KUNCI=N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// What the number is of.
    pub key: String,
    /// A decimal or a fraction, as written but with a point.
    pub number: String,
}

/// Arguments of `prima index simulate`.
#[derive(Debug, Clone, Args)]
pub struct SimulateArgs {
    /// The instrument.
    #[arg(long, value_name = "ID", help = "Instrumen, misalnya pekppp-2022")]
    pub instrument: String,
    /// The form.
    #[arg(
        long,
        value_name = "FORMULIR",
        help = "offline (luring) atau online (daring); hanya untuk instrumen yang berformulir"
    )]
    pub form: Option<FormKind>,
    /// Levels of indicators.
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Tingkat tiap indikator: CSV dengan kolom indicator,level, atau JSON {\"kunci\": tingkat}. Yang tidak \
                disebut dianggap belum ada"
    )]
    pub levels: Option<PathBuf>,
    /// Score of an aspect.
    #[arg(
        long,
        value_name = "KUNCI=N",
        value_parser = keyed,
        help = "Nilai satu aspek, sebagai ganti tingkat indikatornya. Boleh berulang"
    )]
    pub aspect_score: Vec<Keyed>,
    /// F-03.
    #[arg(
        long,
        value_name = "N",
        value_parser = number,
        help = "Nilai F-03 (penilaian pengguna layanan), 0 sampai 5"
    )]
    pub f03: Option<String>,
    /// Respondents of F-03.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(1..),
        help = "Jumlah responden F-03 (bawaan: tidak diperiksa)"
    )]
    pub respondents: Option<i64>,
    /// What is done with too few of them.
    #[arg(
        long,
        value_name = "CARA",
        default_value = "",
        help = "Bila responden kurang: incomplete, score_zero, atau use_available (bawaan: menurut instrumen)"
    )]
    pub under_minimum: String,
    /// Weights within an aspect.
    #[arg(
        long,
        value_name = "BOBOT",
        default_value = "",
        help = "Bobot dalam aspek: per_indicator atau equal_within_aspect (bawaan: menurut instrumen)"
    )]
    pub weighting: String,
    /// An aspect to leave out.
    #[arg(
        long,
        value_name = "ASPEK",
        default_value = "",
        help = "Hitung tanpa aspek ini; bobot aspek lain disesuaikan"
    )]
    pub leave_out: String,
    /// Other weights of aspects.
    #[arg(
        long,
        value_name = "KUNCI=N",
        value_parser = keyed,
        help = "Bobot lain untuk satu aspek, desimal atau pecahan; semua bobot harus berjumlah 1. Boleh berulang"
    )]
    pub aspect_weight: Vec<Keyed>,
    /// Form of what is printed.
    #[arg(
        long,
        value_name = "BENTUK",
        default_value = "table",
        help = "table atau json (bawaan: table)"
    )]
    pub format: Plain,
}

fn keyed(text: &str) -> Result<Keyed, String> {
    let parts = text
        .split_once('=')
        .map(|(key, number)| (key.trim(), number.trim()));
    match parts {
        Some((key, text)) if !key.is_empty() => Ok(Keyed {
            key: key.to_owned(),
            number: number(text)?,
        }),
        _ => Err("harus berbentuk KUNCI=N, misalnya innovation=0.2".to_owned()),
    }
}

/// People of this country write a decimal comma.
fn number(text: &str) -> Result<String, String> {
    let text = text.trim().replace(',', ".");
    match prima_index::domain::read::parse(&text) {
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
        let expected = Keyed {
            key: "innovation".into(),
            number: "0.2".into(),
        };
        assert_eq!(keyed(" innovation = 0,2 ").unwrap(), expected);
        for bad in ["innovation", "=0.2", "innovation=", "innovation=banyak"] {
            assert!(keyed(bad).is_err(), "{bad}");
        }
    }
}
