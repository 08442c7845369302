//! A sample report for tests: the published worksheet of 29 respondents (G-SKM-1: IKM 91.48) with an invented profile,
//! plan and base period, and the instrument as the service returns it.

use prima_platform::clock;
use prima_proto::survey::v1 as pb;

use super::{Names, Plan, Report};

pub(super) const SURVEY: &str = "agencies/contoh/units/kantor/surveys/2024-q3";

/// Key, code, name, counts per score, NRR, weighted NRR.
type Element = (
    &'static str,
    &'static str,
    &'static str,
    [i64; 4],
    &'static str,
    &'static str,
);

const ELEMENTS: [Element; 9] = [
    (
        "requirements",
        "U1",
        "Persyaratan",
        [0, 0, 11, 18],
        "3.6207",
        "0.4023",
    ),
    (
        "procedure",
        "U2",
        "Sistem, Mekanisme, dan Prosedur",
        [0, 0, 15, 14],
        "3.4828",
        "0.3870",
    ),
    (
        "time",
        "U3",
        "Waktu Penyelesaian",
        [0, 2, 12, 15],
        "3.4483",
        "0.3831",
    ),
    ("cost", "U4", "Biaya/Tarif", [0, 0, 0, 29], "4.0000", "0.4444"),
    (
        "product",
        "U5",
        "Produk Spesifikasi Jenis Pelayanan",
        [0, 0, 14, 15],
        "3.5172",
        "0.3908",
    ),
    (
        "competence",
        "U6",
        "Kompetensi Pelaksana",
        [0, 0, 11, 18],
        "3.6207",
        "0.4023",
    ),
    (
        "conduct",
        "U7",
        "Perilaku Pelaksana",
        [0, 0, 10, 19],
        "3.6552",
        "0.4061",
    ),
    (
        "complaint_handling",
        "U8",
        "Penanganan Pengaduan, Saran, dan Masukan",
        [0, 0, 1, 28],
        "3.9655",
        "0.4406",
    ),
    (
        "facilities",
        "U9",
        "Sarana dan Prasarana",
        [0, 0, 11, 18],
        "3.6207",
        "0.4023",
    ),
];

pub(super) fn instrument() -> pb::Instrument {
    let category = |grade: &str, name: &str, lower: &str| pb::Category {
        grade: grade.into(),
        display_name: name.into(),
        lower: lower.into(),
    };
    pb::Instrument {
        id: "skm-2017".into(),
        display_name: "Survei Kepuasan Masyarakat (SKM), sembilan unsur".into(),
        citations: vec!["PermenPANRB 14/2017".into(), "PermenPANRB 14/2017 Pasal 1".into()],
        min_score: 1,
        max_score: 4,
        categories: vec![
            category("A", "Sangat baik", "88.31"),
            category("B", "Baik", "76.61"),
            category("C", "Kurang baik", "65.00"),
            category("D", "Tidak baik", "0"),
        ],
        metric: "skm".into(),
        ..Default::default()
    }
}

fn time(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

/// A closed survey with all parts.
pub(super) fn report() -> Report {
    Report {
        survey: pb::Survey {
            name: SURVEY.into(),
            display_name: "SKM Triwulan III".into(),
            period: "2024-q3".into(),
            instrument: "skm-2017".into(),
            elements: Vec::new(),
            open_time: time(1_719_766_800),
            close_time: time(1_727_715_600),
            population: 60,
            unit_confirmed: true,
            ..Default::default()
        },
        result: result(),
        instrument: instrument(),
        analysis: Ok(analysis()),
        plan: Ok(plan()),
        unit: Ok(unit()),
        names: Names {
            agency: "Instansi Contoh".into(),
            unit: "Kantor Contoh".into(),
            services: [("izin".to_owned(), "Perizinan Usaha".to_owned())].into(),
        },
        made: clock::from_micros(1_730_000_000_000_000),
    }
}

fn result() -> pb::Result {
    let element = |(key, code, name, counts, mean, weighted): Element| pb::ElementResult {
        key: key.into(),
        code: code.into(),
        display_name: name.into(),
        answers: counts.iter().sum(),
        total: (1..)
            .zip(counts)
            .map(|(score, count): (i64, i64)| score * count)
            .sum(),
        mean: mean.into(),
        weighted_mean: weighted.into(),
        counts: counts.into(),
        ..Default::default()
    };
    pb::Result {
        survey: SURVEY.into(),
        survey_display_name: "SKM Triwulan III".into(),
        period: "2024-q3".into(),
        instrument: "skm-2017".into(),
        weight_variant: pb::WeightVariant::Exact.into(),
        respondents: 29,
        disclosed_respondents: 29,
        counted: 29,
        index: "91.48".into(),
        index_exact: "23875/261".into(),
        category: "A".into(),
        category_display_name: "Sangat baik".into(),
        elements: ELEMENTS.map(element).into(),
        state: pb::SurveyState::Closed.into(),
        minimum_respondents: 52,
        population: 60,
        standard_error: "0.8123".into(),
        interval_low: "89.81".into(),
        interval_high: "93.14".into(),
        sample_status: pb::SampleStatus::UnderMinimum.into(),
        voided: 2,
        update_time: time(1_727_715_600),
        publication: Some(pb::Publication {
            publish_date: "2024-10-15".into(),
            media: vec![
                pb::Medium {
                    kind: "situs-web".into(),
                    link: "https://contoh.go.id/skm?tahun=2024&tw=3".into(),
                    description: "Laman unit".into(),
                },
                pb::Medium {
                    kind: "papan-pengumuman".into(),
                    ..Default::default()
                },
            ],
            media_kinds: 2,
            update_time: None,
        }),
        ..Default::default()
    }
}

fn analysis() -> pb::Analysis {
    let group = |key: &str, name: &str, respondents: i64, index: &str| pb::Group {
        key: key.into(),
        display_name: name.into(),
        respondents,
        suppressed: respondents == 0,
        index: index.into(),
        category: if index.is_empty() { "" } else { "A" }.into(),
        elements: if respondents == 0 {
            Vec::new()
        } else {
            vec![pb::GroupElement {
                key: "time".into(),
                answers: respondents,
                mean: "3.4483".into(),
                suppressed: false,
            }]
        },
    };
    let dimension = |key: &str, name: &str, groups: Vec<pb::Group>| pb::Dimension {
        key: key.into(),
        display_name: name.into(),
        groups,
        incomplete: key == "service",
    };
    let place = |at: usize, importance: &str, quadrant: &str, label: &str| pb::ImportancePerformance {
        key: ELEMENTS[at].0.into(),
        performance: ELEMENTS[at].4.into(),
        importance: importance.into(),
        quadrant: quadrant.into(),
        quadrant_display_name: label.into(),
    };
    let (up, here) = (
        ("keep_up", "Pertahankan"),
        ("concentrate_here", "Prioritas perbaikan"),
    );
    let (low, over) = (
        ("low_priority", "Prioritas rendah"),
        ("possible_overkill", "Mungkin berlebihan"),
    );
    pb::Analysis {
        survey: SURVEY.into(),
        respondents: 29,
        minimum_cell: 5,
        dimensions: vec![
            dimension(
                "sex",
                "Jenis kelamin",
                vec![
                    group("L", "Laki-laki", 15, "92.10"),
                    group("P", "Perempuan", 14, "90.81"),
                ],
            ),
            dimension(
                "education",
                "Pendidikan",
                vec![
                    group("SMA", "SMA", 20, "91.02"),
                    group("S1", "S1", 0, ""),
                    group("", "Tidak mengisi", 0, ""),
                ],
            ),
            dimension(
                "channel",
                "Saluran layanan",
                vec![group("", "Tidak menyebutkan", 29, "91.48")],
            ),
            dimension(
                "service",
                "Jenis layanan",
                vec![group("izin", "izin", 20, "91.48")],
            ),
        ],
        services: vec![pb::ServiceSample {
            service: "izin".into(),
            population: 60,
            minimum_respondents: 52,
            respondents: 29,
            suppressed: false,
        }],
        quality: Some(pb::Quality {
            flags: vec![pb::Flag {
                kind: "straight_line".into(),
                display_name: "Semua jawaban sama".into(),
                responses: 3,
            }],
            flagged: 3,
            index_with: "91.48".into(),
            index_without: "90.49".into(),
        }),
        strongest: vec!["cost".into()],
        weakest: vec!["time".into()],
        importance_performance: vec![
            place(0, "0.6120", up.0, up.1),
            place(1, "0.7015", here.0, here.1),
            place(2, "0.7310", here.0, here.1),
            place(3, "", "", ""),
            place(4, "0.5120", low.0, low.1),
            place(5, "0.6250", up.0, up.1),
            place(6, "0.3720", over.0, over.1),
            place(7, "0.1105", over.0, over.1),
            place(8, "0.6180", up.0, up.1),
        ],
    }
}

fn plan() -> Plan {
    let item = |element: &str, program: &str, quarter: &str, done: &str| pb::FollowUp {
        name: format!("{SURVEY}/followUps/{element}"),
        element: element.into(),
        program: program.into(),
        quarter: quarter.into(),
        responsible: "Seksi Pelayanan".into(),
        done_date: done.into(),
        evidence: if done.is_empty() {
            ""
        } else {
            "https://contoh.go.id/bukti"
        }
        .into(),
        ..Default::default()
    };
    Plan {
        items: vec![
            item("time", "Menambah loket pada jam sibuk", "2024-q4", "2024-12-02"),
            item("procedure", "Memasang bagan alur di ruang tunggu", "2025-q1", ""),
        ],
        planned: 2,
        done: 1,
    }
}

fn unit() -> pb::UnitResult {
    pb::UnitResult {
        unit: "agencies/contoh/units/kantor".into(),
        period: "2024-q3".into(),
        instrument: "skm-2017".into(),
        surveys: vec![SURVEY.into()],
        respondents: 29,
        index: "91.48".into(),
        category: "A".into(),
        r#final: true,
        change: Some(pb::Change {
            base_period: "2024-q2".into(),
            base_index: "90.50".into(),
            base_recorded: true,
            base_instrument: "skm-2017".into(),
            points: "0.98".into(),
            relative_percent: "1.08".into(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// An open survey that has no response and no other data.
pub(super) fn empty() -> Report {
    let full = report();
    let bare = |each: &pb::ElementResult| pb::ElementResult {
        answers: 0,
        total: 0,
        mean: String::new(),
        weighted_mean: String::new(),
        counts: vec![0; 4],
        ..each.clone()
    };
    Report {
        survey: pb::Survey {
            name: SURVEY.into(),
            period: "2024-q3".into(),
            instrument: "skm-2017".into(),
            ..Default::default()
        },
        result: pb::Result {
            survey: SURVEY.into(),
            period: "2024-q3".into(),
            instrument: "skm-2017".into(),
            elements: full.result.elements.iter().map(bare).collect(),
            state: pb::SurveyState::Open.into(),
            minimum_respondents: 1,
            sample_status: pb::SampleStatus::Undeclared.into(),
            ..Default::default()
        },
        analysis: Err("belum tersedia".into()),
        plan: Ok(Plan::default()),
        unit: Err("tidak ditemukan".into()),
        ..full
    }
}
