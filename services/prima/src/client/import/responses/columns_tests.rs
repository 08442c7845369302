//! Tests of what columns are taken for.

use super::*;
use crate::client::import::responses::form_fixture::{form, instrument, survey};

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn maps(texts: &[&str]) -> Vec<ColumnMap> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn fields(names: &[&str], told: &[&str]) -> Result<Vec<String>, Vec<String>> {
    let mapping = Mapping::new(&header(names), &maps(told), &form())?;
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
    // A code and a name that are not of one element are never guessed.
    let both = recognise("U9. Sarana dan Prasarana", &form).unwrap_err();
    assert_eq!(both.len(), 2);
}

#[test]
fn every_fault_of_a_header_is_named_at_once() {
    let mut names = vec!["Usia", "Umur", "Nama Lengkap", "Waktu", "Alasan"];
    names.extend(&OWN[1..]);
    let faults = fields(&names, &["Tidak ada=sex", "Usia=agama"]).unwrap_err();
    for (part, count) in [
        ("`Nama Lengkap` tidak dikenal", 1),
        ("`Waktu` bermakna ganda", 1),
        ("isian age ada di beberapa kolom: 1 `Usia`, 2 `Umur`", 1),
        ("tidak ada kolom waktu", 1),
        ("unsur requirements (U1, Persyaratan)", 1),
        ("kolom `Tidak ada` tidak ada di berkas", 1),
        ("isian `agama` tidak dikenal", 1),
    ] {
        let found = faults.iter().filter(|fault| fault.contains(part)).count();
        assert_eq!(found, count, "{part}: {faults:?}");
    }
    assert_eq!(faults.len(), 7, "{faults:?}");
}

#[test]
fn what_is_told_wins_over_what_is_recognised() {
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
fn texts_that_only_mention_an_element_are_not_taken_for_it() {
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
    let mapping = Mapping::new(&header(&names), &[], &form).unwrap();
    assert!(mapping.place(&Field::Element("cost".into())).is_some());
    names.retain(|name| *name != "cost");
    assert!(Mapping::new(&header(&names), &[], &form).is_ok());
}
