//! The names that forms and spreadsheets use for the fields of a response.

use super::form::Form;
use crate::client::import::words::same;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    /// Id of the response.
    Id,
    /// When the citizen answered.
    SubmittedAt,
    /// The time of day, when it has its own column.
    Clock,
    /// Score of the element with this key; the cells must be empty when the survey does not ask the element.
    Element(String),
    /// A code of the profile field with this key.
    Choice(&'static str),
    /// Age in years, or an age group.
    Age,
    /// Public service received.
    Service,
    /// Saran.
    Suggestion,
    /// Kritik.
    Criticism,
    /// A column that is not imported.
    Skip,
}

impl Field {
    /// Our name of the field.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Element(key) => key,
            other => NAMES
                .iter()
                .find(|(field, ..)| field == other)
                .map_or("-", |(_, name, _)| name),
        }
    }

    /// Finds a field by our name, by an element's key or by its code in the survey; `-` is the column that is not
    /// imported.
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

    /// The name to be printed.
    pub(super) fn shown(&self, form: &Form) -> String {
        match self {
            Self::Element(key) => form.question(key).map_or(key.clone(), |q| match q.code.as_str() {
                "" => format!("{key} ({}, tidak ditanyakan)", q.name),
                code => format!("{key} ({code}, {})", q.name),
            }),
            Self::Skip => "(tidak diimpor)".to_owned(),
            Self::Clock => "jam pengisian".to_owned(),
            other => other.name().to_owned(),
        }
    }
}

/// Our names of the fields, with the names that others use, squashed.
pub(super) const NAMES: [(Field, &str, &[&str]); 14] = [
    (
        Field::Id,
        "response_id",
        &["id", "idjawaban", "idrespons", "idtanggapan", "idresponden"],
    ),
    (Field::SubmittedAt, "submitted_at", &[]),
    (Field::Clock, "clock", &["pukul", "jampengisian", "waktupukul"]),
    (
        Field::Choice("sex"),
        "sex",
        &["jeniskelamin", "kelamin", "gender", "jeniskelaminlp", "jk", "lp"],
    ),
    (
        Field::Age,
        "age",
        &[
            "usia",
            "umur",
            "usiatahun",
            "umurtahun",
            "usiaanda",
            "umuranda",
            "umurthn",
            "usiathn",
        ],
    ),
    (
        Field::Choice("age_group"),
        "age_group",
        &[
            "kelompokusia",
            "kelompokumur",
            "rentangusia",
            "rentangumur",
            "rentangusiaanda",
            "agegroup",
        ],
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
            // A combined question for advice and criticism is stored as advice, which most answers are.
            "kritikdansaran",
            "sarandankritik",
            "kritiksaran",
            "sarankritik",
        ],
    ),
    (Field::Criticism, "criticism", &["kritik", "kritikan"]),
    // Running numbers, and the columns that a file of rejected rows adds.
    (
        Field::Skip,
        "-",
        &[
            "no",
            "nomor",
            "nourut",
            "nomorurut",
            "urut",
            "nores",
            "norespon",
            "noresponden",
            "nomorresponden",
            "barisasal",
            "alasan",
        ],
    ),
];

/// Names that others use for the time of an answer, squashed, the most certain first. When several columns match, the
/// most certain one is used.
pub(super) const TIMES: [&[&str]; 5] = [
    &[
        "submittedat",
        "timestamp",
        "stempelwaktu",
        "capwaktu",
        "submitdate",
        "datesubmitted",
        "submittime",
        "completiontime",
        "tanggalpengisian",
        "waktupengisian",
        "tanggalsurvei",
        "tanggaldanwaktu",
        "tglpengisian",
        "tglsurvei",
        "recordeddate",
        "tanggalisi",
        "waktuisi",
        "tanggalwaktu",
        "tanggalpengiriman",
        "tanggaldikirim",
        "tanggalkirim",
    ],
    &[
        "end",
        "enddate",
        "endtime",
        "waktuselesai",
        "tanggalselesai",
        "selesai",
    ],
    &[
        "tanggal",
        "tgl",
        "date",
        "datetime",
        "tanggalpelayanan",
        "tanggallayanan",
        "waktu",
        "haritanggal",
    ],
    &[
        "submissiontime",
        "createdat",
        "createdon",
        "dibuatpada",
        "tanggaldibuat",
        "tanggalinput",
        "tglinput",
        "datestamp",
    ],
    &[
        "start",
        "startdate",
        "starttime",
        "waktumulai",
        "tanggalmulai",
        "datestarted",
        "mulai",
    ],
];

/// Columns that the form tools add, squashed: technical data, and the identity of the respondent, which is never
/// imported.
pub(super) const OF_TOOLS: &[&str] = &[
    // KoBoToolbox and ODK
    "today",
    "deviceid",
    "subscriberid",
    "simserial",
    "phonenumber",
    "username",
    "audit",
    "uuid",
    "validationstatus",
    "notes",
    "status",
    "submittedby",
    "version",
    "tags",
    "index",
    "parentindex",
    "parenttablename",
    "metainstanceid",
    "metarootuuid",
    "metainstancename",
    "formhubuuid",
    "attachments",
    "geolocation",
    "bamboodatasetid",
    "xformidstring",
    // LimeSurvey
    "lastpage",
    "startlanguage",
    "seed",
    "datelastaction",
    "ipaddr",
    "ipaddress",
    "refurl",
    "referrerurl",
    "token",
    "interviewtime",
    "totaltime",
    "quotaexit",
    "halamanterakhir",
    "bahasaawal",
    "tanggaltindakanterakhir",
    "alamatip",
    "urlperujuk",
    // SurveyMonkey and Qualtrics
    "respondentid",
    "collectorid",
    "emailaddress",
    "firstname",
    "lastname",
    "customdata1",
    "progress",
    "finished",
    "durationinseconds",
    "recipientlastname",
    "recipientfirstname",
    "recipientemail",
    "externalreference",
    "externaldatareference",
    "responsetype",
    "locationlatitude",
    "locationlongitude",
    "distributionchannel",
    "userlanguage",
    // Google Forms and Microsoft Forms
    "email",
    "alamatemail",
    "name",
    "namapengguna",
    "language",
    "bahasa",
    "lastmodifiedtime",
    "waktuterakhirdiubah",
    "score",
    "skor",
    "totalpoints",
    "totalscore",
    "quizfeedback",
    "totalpoin",
    "umpanbalikkuis",
    "waktumodifikasiterakhir",
    // Identity of the respondent
    "nama",
    "namalengkap",
    "namaresponden",
    "namapengunjung",
    "namapemohon",
    "nik",
    "noktp",
    "nohp",
    "nohandphone",
    "notelp",
    "notelepon",
    "nomorhp",
    "nomortelepon",
    "nowa",
    "nomorwa",
    "nomorwhatsapp",
    "alamat",
    "alamatrumah",
    "ttd",
    "tandatangan",
    "paraf",
];

/// Words beside the name of a field that add no meaning.
pub(super) const FILLERS: [&str; 17] = [
    "anda",
    "saudara",
    "saudarai",
    "i",
    "responden",
    "bapak",
    "ibu",
    "pengguna",
    "layanan",
    "pemohon",
    "saat",
    "ini",
    "dalam",
    "tahun",
    "pilih",
    "isi",
    "wajib",
];
/// Words by which one element of the SKM is recognised, from its official questions and the variants that offices use.
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
/// Words with which a question begins.
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
/// Most words of a header that is read as a name and not as a sentence.
pub(super) const NAME_WORDS: usize = 4;
/// Words that occur in the header of a free text.
pub(super) const REMARK: [&str; 4] = ["saran", "kritik", "masukan", "alasan"];
