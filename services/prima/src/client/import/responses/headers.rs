//! How forms and spreadsheets call what a response holds.

use super::form::Form;
use super::text::same;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    /// Id of the response.
    Id,
    /// When the citizen answered.
    SubmittedAt,
    /// Score of the element with this key; of one that the survey does not ask, empty cells.
    Element(String),
    /// A code of this profile field.
    Choice(&'static str),
    /// Age in years, or an age group.
    Age,
    /// Public service received.
    Service,
    /// Saran.
    Suggestion,
    /// Kritik.
    Criticism,
    /// Nothing that is imported.
    Skip,
}

impl Field {
    /// Our name of it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Element(key) => key,
            other => NAMES
                .iter()
                .find(|(field, ..)| field == other)
                .map_or("-", |(_, name, _)| name),
        }
    }

    /// The field with this name: one of ours, an element's key or its code in the survey; `-` for none.
    pub(super) fn named(text: &str, form: &Form) -> Option<Self> {
        if let Some((field, ..)) = NAMES.iter().find(|(_, name, _)| *name == text.trim()) {
            return Some(field.clone());
        }
        let question = form
            .questions
            .iter()
            .find(|q| same(&q.key, text) || same(&q.code, text));
        question.map(|question| Self::Element(question.key.clone()))
    }

    /// For people.
    pub(super) fn shown(&self, form: &Form) -> String {
        match self {
            Self::Element(key) => form.question(key).map_or(key.clone(), |q| match q.code.as_str() {
                "" => format!("{key} ({}, tidak ditanyakan)", q.name),
                code => format!("{key} ({code}, {})", q.name),
            }),
            Self::Skip => "(tidak diimpor)".to_owned(),
            other => other.name().to_owned(),
        }
    }
}

/// Our own names of fields, with what others call them, squashed.
pub(super) const NAMES: [(Field, &str, &[&str]); 13] = [
    (
        Field::Id,
        "response_id",
        &["id", "idjawaban", "idrespons", "idtanggapan", "idresponden"],
    ),
    (
        Field::SubmittedAt,
        "submitted_at",
        &[
            "timestamp",
            "stempelwaktu",
            "capwaktu",
            "tanggal",
            "waktu",
            "waktupengisian",
            "tanggalpengisian",
            "tanggalsurvei",
            "tanggaldanwaktu",
            "submittime",
        ],
    ),
    (
        Field::Choice("sex"),
        "sex",
        &["jeniskelamin", "kelamin", "gender", "jeniskelaminlp"],
    ),
    (
        Field::Age,
        "age",
        &["usia", "umur", "usiatahun", "umurtahun", "usiaanda", "umuranda"],
    ),
    (
        Field::Choice("age_group"),
        "age_group",
        &["kelompokusia", "kelompokumur", "rentangusia", "rentangumur"],
    ),
    (
        Field::Choice("education"),
        "education",
        &[
            "pendidikan",
            "pendidikanterakhir",
            "tingkatpendidikan",
            "jenjangpendidikan",
        ],
    ),
    (
        Field::Choice("occupation"),
        "occupation",
        &["pekerjaan", "pekerjaanutama", "jenispekerjaan", "profesi"],
    ),
    (
        Field::Service,
        "service",
        &[
            "jenislayanan",
            "jenispelayanan",
            "layanan",
            "jenislayananyangditerima",
            "jenispelayananyangditerima",
            "layananyangditerima",
            "layananyangdigunakan",
        ],
    ),
    (
        Field::Choice("channel"),
        "channel",
        &[
            "saluran",
            "kanal",
            "saluranlayanan",
            "kanallayanan",
            "saluranpelayanan",
        ],
    ),
    (
        Field::Choice("hour_band"),
        "hour_band",
        &["jamsurvei", "jam", "waktusurvei"],
    ),
    (
        Field::Suggestion,
        "suggestion",
        &[
            "saran",
            "sarandanmasukan",
            "saranmasukan",
            "saranperbaikan",
            "masukan",
            // Asked as one text it is mostly advice.
            "kritikdansaran",
            "sarandankritik",
            "kritiksaran",
            "sarankritik",
        ],
    ),
    (Field::Criticism, "criticism", &["kritik", "kritikan"]),
    // Running numbers, and what a file of bad rows adds.
    (
        Field::Skip,
        "-",
        &["no", "nomor", "nourut", "nomorurut", "barisasal", "alasan"],
    ),
];

/// Words that stand for one element of the SKM, in its official questions and in what offices make of them.
pub(super) const ELEMENT_WORDS: [(&str, &[&str]); 9] = [
    ("requirements", &["persyaratan", "syarat"]),
    ("procedure", &["prosedur", "mekanisme", "alur"]),
    ("time", &["waktu", "kecepatan"]),
    ("cost", &["biaya", "tarif"]),
    ("product", &["produk"]),
    ("competence", &["kompetensi", "kemampuan", "keahlian"]),
    ("conduct", &["perilaku", "kesopanan", "keramahan"]),
    ("complaint_handling", &["pengaduan", "keluhan"]),
    ("facilities", &["sarana", "prasarana", "fasilitas"]),
];
/// Words that a question begins with.
pub(super) const ASKING: [&str; 8] = [
    "bagaimana",
    "seberapa",
    "apakah",
    "menurut",
    "berapa",
    "penilaian",
    "kualitas",
    "kepuasan",
];
/// A header of at most this many words is a name, not a sentence.
pub(super) const NAME_WORDS: usize = 4;
/// Words that a free text is asked for with.
pub(super) const REMARK: [&str; 4] = ["saran", "kritik", "masukan", "alasan"];
