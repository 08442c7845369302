use super::*;

fn register() -> Register {
    Register::of(&[
        ("agencies/1", "Kementerian Satu"),
        ("agencies/1/units/a", "Unit A"),
        ("agencies/3271", "Kota Bogor"),
        ("agencies/3271/units/dpmptsp", "DPMPTSP Kota Bogor"),
    ])
}

#[test]
fn a_category_may_be_the_colour_of_its_zone_or_its_name() {
    for category in ["Hijau", "Zona Hijau", "hijau", "green", "Kepatuhan Tinggi", ""] {
        let (rows, _, bad) = check(&format!(
            "metric,subject,period,value,category,source\nombudsman,32.71,2021,94.74,{category},Pers\n"
        ));
        assert!(bad.0.is_empty(), "{category} {bad:?}");
        assert_eq!(rows[0].1.subject, "agencies/3271");
        assert_eq!(rows[0].1.category, "green");
    }
    let (_, _, bad) =
        check("metric,subject,period,value,category,source\nombudsman,32.71,2021,94.74,Kuning,Pers\n");
    assert!(
        format!("{bad:?}").contains("Kepatuhan tinggi (zona hijau)"),
        "{bad:?}"
    );
}

#[test]
fn an_opinion_in_words_needs_no_number() {
    let head = "subject,period,value,category,source,metric\n";
    let rows = "3271,2025,,Kualitas Tertinggi Tanpa Maladministrasi,Pers,ombudsman\n\
                agencies/1/units/a,2025,90.61,,Pers,ombudsman\n\
                agencies/1,2021,,Zona Merah,Pers,ombudsman\n\
                agencies/3271,2024,,BB,Pers,sakip\n\
                agencies/1,2024,,Sangat Inovatif,Pers,iga\n";
    let (rows, _, bad) = check(&format!("{head}{rows}"));
    assert!(bad.0.is_empty(), "{bad:?}");
    let seen: Vec<_> = rows
        .iter()
        .map(|(_, row)| {
            (
                row.score.as_str(),
                row.category.as_str(),
                row.no_maladministration,
                row.vertical_unit,
            )
        })
        .collect();
    let expected = [
        ("", "highest", true, false),
        ("90.61", "very-good", false, true),
        ("", "red", false, false),
        ("", "BB", false, false),
        ("", "Sangat Inovatif", false, false),
    ];
    assert_eq!(seen, expected);
    for (row, word) in [
        (
            "3271,2025,,Sangat Hijau,Pers,ombudsman",
            "pilihannya: Kualitas Tertinggi",
        ),
        ("3271,2025,,,Pers,ombudsman", "harus diisi, atau kategorinya"),
        (
            "3271,2024,,Kualitas Tinggi Tanpa Maladministrasi,Pers,ombudsman",
            "sejak 2025",
        ),
    ] {
        let (_, _, bad) = check(&format!("{head}{row}\n"));
        assert!(format!("{bad:?}").contains(word), "{bad:?}");
    }
}

#[test]
fn the_parts_of_a_score_are_weighted() {
    let head = "subject,period,value,dimensi,kepercayaan masyarakat,source,metric\n";
    let (rows, _, bad) = check(&format!("{head}3271,2025,,\"80,00\",\"70,00\",Pers,ombudsman\n"));
    assert!(bad.0.is_empty(), "{bad:?}");
    assert_eq!((rows[0].1.score.as_str(), rows[0].1.parts.len()), ("77.00", 2));
    let (_, _, bad) = check(&format!("{head}3271,2025,78,80,70,Pers,ombudsman\n"));
    assert!(format!("{bad:?}").contains("yaitu 77.00"), "{bad:?}");
}

#[test]
fn an_agency_that_is_unknown_or_has_another_name_is_reported() {
    let (rows, _, bad) = check(
        "Metric;Kode;Nama;Tahun;Nilai;Sumber\nombudsman;32.99;Kota X;2021;90,54;Pers\n\
         ombudsman;32.71;Kab. Bogor;2021;90,54;Pers\nombudsman;3271;Pemkot Bogor;2021;90,54;Pers\n",
    );
    assert_eq!(bad.0.keys().copied().collect::<Vec<_>>(), [2, 3], "{bad:?}");
    assert_eq!(rows[0].1.subject, "agencies/3271");
}

fn check(text: &str) -> (Vec<(u64, pb::ExternalScore)>, u64, BadRows) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let mut sheet = Sheet::open(&file.path().into(), &columns()).unwrap();
    let mut bad = BadRows::default();
    let (rows, repeats) = read(&mut sheet, &register(), &mut bad).unwrap();
    (rows, repeats, bad)
}

#[test]
fn a_score_may_be_in_either_column_and_have_a_decimal_comma() {
    let (rows, repeats, bad) = check(
        "metric;subject;period;value;source\n\
         ombudsman;agencies/3271;2023;95,23;Siaran pers\n\
         ombudsman;agencies/3271;2023;95,23;Siaran pers\n\
         ipp;agencies/3271/units/dpmptsp;2019;4.53;Keputusan menteri\n",
    );
    assert!(bad.0.is_empty(), "{bad:?}");
    assert_eq!(repeats, 1);
    let scores: Vec<&str> = rows.iter().map(|(_, row)| row.score.as_str()).collect();
    assert_eq!(scores, ["95.23", "4.53"]);
    let (rows, _, bad) =
        check("metric,subject,period,score,category,source\nombudsman,agencies/1,2024,92.5,A,Siaran pers\n");
    assert!(bad.0.is_empty(), "{bad:?}");
    assert_eq!(
        (rows[0].1.score.as_str(), rows[0].1.category.as_str()),
        ("92.50", "A")
    );
}

#[test]
fn every_fault_of_a_row_is_named() {
    let (rows, _, bad) = check(
        "metric,subject,period,value,category,reason,no_maladministration,source,sha256\n\
         x,kota/1,kapan,1,,,,S,\n\
         ombudsman,agencies/1,2023,100.01,,abc,mungkin,S,\n\
         ombudsman,agencies/1,2023,92.50,B,,ya,S,\n\
         ombudsman,agencies/1,1999,92.50,,,,S,\n\
         ombudsman,agencies/1,2023,,,,,S,\n\
         iga,agencies/1/units/a,2023,10,,,,S,\n\
         ombudsman,agencies/1,2023,90,,,,S,\n\
         ombudsman,agencies/1,2023,91,,,,S,\n\
         ombudsman,agencies/1,2024,90,,,,,ab\n",
    );
    let good: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(good, [8]);
    let counts: BTreeMap<u64, usize> = bad.0.iter().map(|(line, faults)| (*line, faults.len())).collect();
    let expected = BTreeMap::from([(2, 3), (3, 3), (4, 2), (5, 1), (6, 1), (7, 1), (9, 1), (10, 2)]);
    assert_eq!(counts, expected, "{bad:?}");
}

#[test]
fn a_record_that_differs_is_replaced_only_with_a_reason() {
    let held = pb::ExternalScore {
        metric: "ombudsman".into(),
        subject: "agencies/1".into(),
        period: "2023".into(),
        score: "80.90".into(),
        source: "Laporan 2023".into(),
        category: "B".into(),
        ..Default::default()
    };
    let one = BTreeMap::from([(key(&held), held)]);
    for (held, value, reason, expected) in [
        (&one, "80.9", "", "same"),
        (&one, "80.9", "salah ketik", "same"),
        (&one, "81.0", "", "bad"),
        (&one, "81.0", "salah ketik", "update"),
        (&BTreeMap::new(), "81.0", "", "create"),
        (&BTreeMap::new(), "81.0", "salah ketik", "bad"),
    ] {
        let (rows, _, mut bad) = check(&format!(
            "metric,subject,period,value,reason,source\nombudsman,agencies/1,2023,{value},{reason},Laporan 2023\n"
        ));
        let mut outcome = Outcome::new(What::Scores);
        let steps = plan(rows, held, &mut outcome, &mut bad);
        let found = match (steps.first(), outcome.unchanged, bad.0.len()) {
            (Some((2, Step::Create(_))), 0, 0) => "create",
            (Some((2, Step::Update(_))), 0, 0) => "update",
            (None, 1, 0) => "same",
            (None, 0, 1) => "bad",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{value} {reason}");
    }
}
