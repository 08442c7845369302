//! Tests of reading cells of the profile.

use super::*;
use crate::client::import::responses::form_fixture::form;

#[test]
fn a_code_is_read_from_itself_its_label_or_a_common_word() {
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
fn a_service_is_an_id_or_is_converted_to_one() {
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
fn a_replacement_applies_to_one_text_in_one_field() {
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
    let all = [parse("answers:Setuju=3").unwrap(), parse("U4:setuju=4").unwrap()];
    let replacements = Replacements::new(&all, &form).unwrap();
    assert_eq!(replacements.apply(&cost, "SETUJU"), "4");
    assert_eq!(replacements.apply(&Field::Element("time".into()), "Setuju"), "3");
    assert_eq!(replacements.apply(&Field::Suggestion, "Setuju"), "Setuju");
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
