//! Tests of what cells are taken for.

use super::*;
use crate::client::import::responses::form_fixture::form;

fn scored(cell: &str, key: &str) -> Result<i32, String> {
    score(cell, form().question(key).unwrap(), (1, 4))
}

#[test]
fn an_answer_is_a_number_or_a_label() {
    for (cell, key, expected) in [
        ("3", "time", Some(3)),
        ("3,0", "time", Some(3)),
        ("4.00", "time", Some(4)),
        ("5", "time", None),
        ("0", "time", None),
        ("3.5", "time", None),
        ("1-4", "time", None),
        // Labels of the instrument.
        ("cepat  sekali", "time", Some(4)),
        ("Tanpa Biaya", "cost", Some(4)),
        ("Mahal sekali", "cost", Some(1)),
        // Labels of the usual questionnaire.
        ("Sangat sesuai", "requirements", Some(4)),
        ("TIDAK SESUAI", "requirements", Some(1)),
        ("Kurang mudah", "procedure", Some(2)),
        ("Sangat mahal", "cost", Some(1)),
        ("Gratis", "cost", Some(4)),
        ("Sopan dan ramah", "conduct", Some(3)),
        ("Cukup", "facilities", Some(2)),
        ("Berfungsi, kurang maksimal", "complaint_handling", Some(3)),
        ("Kurang baik", "competence", Some(2)),
        // With a mark.
        ("4. Sangat sesuai", "requirements", Some(4)),
        ("(2) Kurang cepat", "time", Some(2)),
        ("d. Sangat sesuai", "product", Some(4)),
        ("Sangat mudah (4)", "procedure", Some(4)),
        ("3 - menurut kami cukup", "procedure", Some(3)),
        ("9. Sangat sesuai", "requirements", None),
        // A form that counts the other way round is noticed.
        ("1. Sangat sesuai", "requirements", None),
        ("Sangat sesuai", "time", None),
        ("ya", "time", None),
        ("", "time", None),
    ] {
        assert_eq!(
            scored(cell, key).ok(),
            expected,
            "{cell} {key}: {:?}",
            scored(cell, key)
        );
    }
    assert!(
        scored("1. Sangat sesuai", "requirements")
            .unwrap_err()
            .contains("tidak cocok")
    );
    assert!(scored("ya", "time").unwrap_err().contains("Cepat sekali"));
}

#[test]
fn every_label_of_the_instrument_gives_its_own_score() {
    for question in form().questions {
        for (place, answer) in question.answers.iter().enumerate() {
            let expected = Ok(i32::try_from(place).unwrap() + 1);
            assert_eq!(score(answer, &question, (1, 4)), expected, "{answer}");
            assert_eq!(
                score(
                    &format!("{}. {}", place + 1, answer.to_uppercase()),
                    &question,
                    (1, 4)
                ),
                expected
            );
        }
    }
}

#[test]
fn the_usual_labels_are_of_the_scale_1_to_4_alone() {
    let question = form().question("requirements").unwrap().clone();
    assert!(score("Sangat baik", &question, (0, 5)).is_err());
    assert_eq!(score("0", &question, (0, 5)), Ok(0));
}

#[test]
fn a_code_is_given_by_itself_its_label_or_a_usual_word() {
    let form = form();
    for (cell, key, expected) in [
        ("P", "sex", Some("P")),
        ("laki - laki", "sex", Some("L")),
        ("Wanita", "sex", Some("P")),
        ("Perempuan (P)", "sex", Some("P")),
        ("L/P", "sex", None),
        ("SMA/SMK sederajat", "education", Some("SMA")),
        ("SLTA", "education", Some("SMA")),
        ("S-1", "education", Some("S1")),
        ("Sarjana (S1)", "education", Some("S1")),
        ("S1/S2", "education", None),
        ("D3", "education", None),
        ("Karyawan Swasta", "occupation", Some("SWASTA")),
        ("PNS/ASN", "occupation", Some("PNS")),
        ("Polri", "occupation", Some("POLRI")),
        ("TNI/Polri", "occupation", None),
        ("Pelajar/Mahasiswa", "occupation", Some("LAINNYA")),
        ("Daring", "channel", Some("online")),
        ("08.00 - 12.00", "hour_band", Some("morning")),
        ("17 - 25 tahun", "age_group", Some("17-25")),
        ("di atas 60", "age_group", Some("60+")),
    ] {
        let read = choice(cell, key, &form);
        assert_eq!(read.clone().ok().as_deref(), expected, "{cell}: {read:?}");
    }
    assert!(
        choice("D3", "education", &form)
            .unwrap_err()
            .contains("--value \"education:D3=KODE\"")
    );
}

#[test]
fn an_age_is_years_or_a_group() {
    let form = form();
    for (cell, expected) in [
        ("34", Ok(Age::Years(34))),
        ("34 tahun", Ok(Age::Years(34))),
        ("26-40 tahun", Ok(Age::Group("26-40".into()))),
        ("26 - 40", Ok(Age::Group("26-40".into()))),
        ("7", Err(())),
        ("34 40", Err(())),
        ("muda", Err(())),
    ] {
        assert_eq!(age(cell, &form).map_err(|_| ()), expected, "{cell}");
    }
}

#[test]
fn a_service_is_an_id_or_becomes_one() {
    for (cell, expected) in [
        ("ktp-elektronik", Some("ktp-elektronik")),
        ("KTP Elektronik", Some("ktp-elektronik")),
        ("Izin Usaha (SIUP)", Some("izin-usaha-siup")),
        ("—", None),
    ] {
        assert_eq!(service(cell).ok().as_deref(), expected, "{cell}");
    }
}

#[test]
fn a_replacement_is_of_one_text_in_one_field() {
    let form = form();
    let parse = |text: &str| text.parse::<ValueMap>();
    let all = [
        parse("education:D3=SMA").unwrap(),
        parse("U4:Ditanggung BPJS=4").unwrap(),
    ];
    let replacements = Replacements::new(&all, &form).unwrap();
    let cost = Field::Element("cost".into());
    assert_eq!(replacements.apply(&Field::Choice("education"), "d3"), "SMA");
    assert_eq!(replacements.apply(&cost, "ditanggung  bpjs"), "4");
    assert_eq!(replacements.apply(&cost, "D3"), "D3");
    assert_eq!(
        Replacements::new(&[parse("agama:x=y").unwrap()], &form)
            .unwrap_err()
            .len(),
        1
    );
    assert!(parse("education=D3").is_err() && parse(":D3=x").is_err() && parse("education:=x").is_err());
    let dash = Replacements::new(&[parse("education:-=").unwrap()], &form).unwrap();
    assert_eq!(dash.apply(&Field::Choice("education"), " - "), "");
    assert_eq!(dash.apply(&Field::Choice("education"), "?"), "?");
}
