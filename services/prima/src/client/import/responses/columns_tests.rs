//! Tests of the meanings of columns.

use super::super::form::Question;
use super::*;
use crate::client::import::responses::form_fixture::{form, instrument, survey};

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn maps(texts: &[&str]) -> Vec<ColumnMap> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn fields(names: &[&str], told: &[&str]) -> Result<Vec<String>, Vec<String>> {
    let mapping = Mapping::new(&header(names), &maps(told), &form(), false)?;
    Ok(mapping
        .columns
        .iter()
        .map(|(_, field)| field.name().to_owned())
        .collect())
}

const OWN: [&str; 9] = [
    "requirements",
    "procedure",
    "time",
    "cost",
    "product",
    "competence",
    "conduct",
    "complaint_handling",
    "facilities",
];

#[test]
fn a_form_with_the_official_questions_is_understood() {
    let names = [
        "Stempel waktu",
        "Jenis Kelamin",
        "Usia",
        "Pendidikan Terakhir",
        "Pekerjaan",
        "Jenis Layanan",
        "1. Bagaimana pendapat Saudara tentang kesesuaian persyaratan pelayanan dengan jenis pelayanannya? [Pilih satu]",
        "2. Bagaimana pemahaman Saudara tentang kemudahan prosedur pelayanan di unit ini?",
        "3. Bagaimana pendapat Saudara tentang kecepatan waktu dalam memberikan pelayanan?",
        "4. Bagaimana pendapat Saudara tentang kewajaran biaya/tarif dalam pelayanan? *",
        "5. Bagaimana pendapat Saudara tentang kesesuaian produk pelayanan antara yang tercantum dalam standar pelayanan \
         dengan hasil yang diberikan?",
        "6. Bagaimana pendapat Saudara tentang kompetensi/kemampuan petugas dalam pelayanan?",
        "7. Bagaimana pendapat saudara tentang perilaku petugas dalam pelayanan terkait kesopanan dan keramahan?",
        "8. Bagaimana pendapat Saudara tentang kualitas sarana dan prasarana?",
        "9. Bagaimana pendapat Saudara tentang penanganan pengaduan pengguna layanan?",
        "Saran",
        "Kritik",
    ];
    let mut expected = vec!["submitted_at", "sex", "age", "education", "occupation", "service"];
    expected.extend(&OWN[..7]);
    expected.extend(["facilities", "complaint_handling", "suggestion", "criticism"]);
    assert_eq!(fields(&names, &[]).unwrap(), expected);
}

#[test]
fn own_names_codes_official_names_and_questions_are_understood() {
    let of = |pick: fn(&Question) -> String| -> Vec<String> {
        let mut names = vec!["Timestamp".to_owned()];
        names.extend(form().questions.iter().map(pick));
        names
    };
    let mut expected = vec!["submitted_at"];
    expected.extend(OWN);
    for names in [
        of(|q| q.key.clone()),
        of(|q| q.code.to_lowercase()),
        of(|q| q.name.to_uppercase()),
        of(|q| q.question.clone()),
        of(|q| format!("{}. {}", q.code, q.name)),
        of(|q| format!("Penilaian Anda [{}]", q.name)),
        of(|q| format!("{} [1 sampai 4]", q.question)),
    ] {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(fields(&names, &[]).unwrap(), expected, "{names:?}");
    }
}

#[test]
fn codes_are_those_that_the_survey_prints() {
    let mut survey = survey();
    for (key, code) in [("facilities", "U8"), ("complaint_handling", "U9")] {
        let element = survey
            .elements
            .iter_mut()
            .find(|element| element.key == key)
            .unwrap();
        element.code = code.into();
    }
    let form = Form::new(&survey, vec![instrument()]).unwrap();
    assert_eq!(
        recognise("U8", &form),
        Ok(Some(Field::Element("facilities".into())))
    );
    assert_eq!(
        recognise("U8 Sarana dan Prasarana", &form),
        Ok(Some(Field::Element("facilities".into())))
    );
    // A code and a name that belong to different elements are refused as ambiguous.
    let both = recognise("U9. Sarana dan Prasarana", &form).unwrap_err();
    assert_eq!(both.len(), 2);
}

#[test]
fn every_fault_of_a_header_is_named_at_once() {
    let mut names = vec!["Usia", "Umur", "Kesan petugas", "Waktu", "Alasan"];
    names.extend(OWN.iter().filter(|key| !["requirements", "time"].contains(key)));
    let faults = fields(&names, &["Tidak ada=sex", "Usia=agama"]).unwrap_err();
    for (part, count) in [
        ("`Kesan petugas` tidak dikenal", 1),
        ("`Waktu` bermakna ganda", 1),
        ("isian age ada di beberapa kolom: 1 `Usia`, 2 `Umur`", 1),
        ("tidak ada kolom waktu", 1),
        ("unsur requirements (U1, Persyaratan)", 1),
        ("unsur time (U3, Waktu Penyelesaian)", 1),
        ("kolom `Tidak ada` tidak ada di berkas", 1),
        ("isian `agama` tidak dikenal", 1),
    ] {
        let found = faults.iter().filter(|fault| fault.contains(part)).count();
        assert_eq!(found, count, "{part}: {faults:?}");
    }
    assert_eq!(faults.len(), 8, "{faults:?}");
}

#[test]
fn a_map_takes_precedence_over_the_header() {
    let mut names = vec!["Waktu", "Nama", "Nama", "Umur", "Usia", "Catatan = lain"];
    names.extend(OWN);
    let told = [
        "waktu=submitted_at",
        "#2=-",
        "#3=-",
        "Umur=-",
        "Catatan = lain=suggestion",
    ];
    let mut expected = vec!["submitted_at", "-", "-", "-", "age", "suggestion"];
    expected.extend(OWN);
    assert_eq!(fields(&names, &told).unwrap(), expected);
    let twice = fields(&names, &["waktu=submitted_at", "Nama=-", "Umur=-", "#6=-"]).unwrap_err();
    assert!(
        twice.iter().any(|fault| fault.contains("beberapa kolom `Nama`")),
        "{twice:?}"
    );
    assert_eq!(Field::named("U4", &form()), Some(Field::Element("cost".into())));
    for wrong in ["=sex", "Usia=", "Usia"] {
        assert!(wrong.parse::<ColumnMap>().is_err(), "{wrong}");
    }
}

#[test]
fn texts_that_only_mention_an_element_are_not_read_as_it() {
    let form = form();
    for name in [
        "Saran untuk prosedur",
        "Apa yang perlu kami perbaiki dari waktu dan prosedur pelayanan?",
        "Tuliskan nama lengkap beserta gelar dan biaya yang Anda keluarkan",
        "Alamat email",
        "",
    ] {
        assert!(!matches!(recognise(name, &form), Ok(Some(_))), "{name}");
    }
}

#[test]
fn an_element_that_the_survey_leaves_out_may_have_a_column() {
    let mut survey = survey();
    survey.elements.retain(|element| element.key != "cost");
    let form = Form::new(&survey, vec![instrument()]).unwrap();
    let mut names = vec!["Timestamp"];
    names.extend(OWN);
    let mapping = Mapping::new(&header(&names), &[], &form, false).unwrap();
    assert!(mapping.place(&Field::Element("cost".into())).is_some());
    names.retain(|name| *name != "cost");
    assert!(Mapping::new(&header(&names), &[], &form, false).is_ok());
}

#[test]
fn codes_are_recognised_however_they_are_written() {
    let mut expected = vec!["submitted_at"];
    expected.extend(OWN);
    for pattern in [
        "U0#",
        "u#",
        "U-#",
        "Unsur #",
        "UNSUR 0#",
        "skm/U#",
        "SKM[U#]",
        "U# (Waktu)",
        "#. U#",
    ] {
        let mut names = vec!["Timestamp".to_owned()];
        names.extend((1..10).map(|n| pattern.replace('#', &n.to_string())));
        // Only the third element is about time.
        let names: Vec<String> = names
            .into_iter()
            .map(|name| {
                if name.starts_with("U3") {
                    name
                } else {
                    name.replace(" (Waktu)", "")
                }
            })
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(fields(&names, &[]).unwrap(), expected, "{names:?}");
    }
}

#[test]
fn the_exports_of_the_tools_need_no_map() {
    let elements: Vec<String> = (1..10).map(|n| format!("U{n}")).collect();
    for (before, after, time) in [
        (vec!["Timestamp"], vec!["Alamat email"], 0),
        (
            vec!["start", "end"],
            vec![
                "_id",
                "_uuid",
                "_submission_time",
                "_status",
                "_submitted_by",
                "__version__",
            ],
            1,
        ),
        (
            vec![
                "id",
                "submitdate",
                "lastpage",
                "startlanguage",
                "seed",
                "startdate",
                "datestamp",
            ],
            vec!["interviewtime", "groupTime12"],
            1,
        ),
        (
            vec![
                "Response ID",
                "Date submitted",
                "Last page",
                "Start language",
                "Seed",
            ],
            vec![],
            1,
        ),
        (
            vec![
                "Respondent ID",
                "Collector ID",
                "Start Date",
                "End Date",
                "IP Address",
                "Email Address",
                "First Name",
            ],
            vec!["Custom Data 1"],
            3,
        ),
        (
            vec!["ID", "Start time", "Completion time", "Email", "Name"],
            vec!["Last modified time"],
            2,
        ),
        (
            vec!["ID", "Waktu mulai", "Waktu penyelesaian", "Email", "Nama"],
            vec![],
            2,
        ),
        (vec!["created_at", "Tanggal"], vec![], 1),
    ] {
        let names: Vec<&str> = before
            .iter()
            .copied()
            .chain(elements.iter().map(String::as_str))
            .chain(after)
            .collect();
        let read = fields(&names, &[]).unwrap();
        let times: Vec<usize> = (0..names.len())
            .filter(|place| read[*place] == "submitted_at")
            .collect();
        assert_eq!(times, [time], "{names:?} {read:?}");
        assert_eq!(read[before.len()..before.len() + 9], OWN, "{names:?}");
    }
}

#[test]
fn each_column_that_is_left_out_is_reported_on_a_line() {
    let mut names = vec![
        "No",
        "Timestamp",
        "Nama Lengkap",
        "Kesan terhadap petugas",
        "Kolom saya",
    ];
    names.extend(OWN);
    let mapping = Mapping::new(&header(&names), &maps(&["Kolom saya=-"]), &form(), false).unwrap();
    assert_eq!(mapping.notes.len(), 2, "{:?}", mapping.notes);
    assert!(mapping.notes[0].contains("`Nama Lengkap` tidak diimpor"));
    assert!(mapping.notes[1].contains("--map"), "{:?}", mapping.notes);
}

#[test]
fn a_code_that_is_another_elements_in_other_editions_is_reported() {
    let names: Vec<String> = std::iter::once("Timestamp".to_owned())
        .chain((1..10).map(|n| format!("U{n}")))
        .collect();
    let mapping = Mapping::new(&names, &[], &form(), false).unwrap();
    let told: Vec<&String> = mapping
        .notes
        .iter()
        .filter(|note| note.contains("dibaca sebagai"))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("`U8`") && told[0].contains("Penanganan Pengaduan") && told[0].contains("U9"));
    assert!(told[1].contains("`U9`") && told[1].contains("Sarana"));
}
