//! Chapter IV, second half: strongest and weakest elements, change, data quality, importance and performance.

use maud::{Markup, html};
use prima_platform::document::chart::{About, Point, Scatter};
use prima_platform::document::html::{Row, figure};
use prima_platform::document::number;
use prima_proto::survey::v1 as pb;

use super::super::{Report, labels};
use super::{LEFT, RIGHT, facts, missing, or_dash, table, text};

/// The quadrants from top left to bottom right, labelled as in `quadrant_display_name`: importance grows upwards,
/// performance to the right.
const QUADRANTS: [&str; 4] = [
    "Prioritas utama",
    "Pertahankan prestasi",
    "Prioritas rendah",
    "Berlebihan",
];

pub(super) fn render(report: &Report) -> Markup {
    html! {
        h3 { "D. Unsur Terkuat dan Terlemah" }
        (extremes(report))
        h3 { "E. Perubahan terhadap Periode Pembanding" }
        (change(report))
        h3 { "F. Mutu Data" }
        (quality(report))
        h3 { "G. Kepentingan dan Kinerja Unsur" }
        (importance(report))
    }
}

fn extremes(report: &Report) -> Markup {
    let analysis = match &report.analysis {
        Ok(analysis) => analysis,
        Err(reason) => return missing("Unsur terkuat dan terlemah", reason),
    };
    if analysis.strongest.is_empty() {
        return html! { p { "Belum ada nilai unsur." } };
    }
    let mean = |key: &String| {
        let found = report.result.elements.iter().find(|each| each.key == *key);
        labels::figure(found.map_or("", |each| &each.mean))
    };
    let list = |keys: &[String]| {
        html! {
            @for (at, key) in keys.iter().enumerate() {
                @if at > 0 { "; " }
                (report.element(key)) " (NRR " (mean(key)) ")"
            }
        }
    };
    facts(
        "terkuat-terlemah",
        [
            ("Unsur terkuat (NRR tertinggi)", list(&analysis.strongest)),
            ("Unsur terlemah (NRR terendah)", list(&analysis.weakest)),
        ],
    )
}

fn importance(report: &Report) -> Markup {
    let analysis = match &report.analysis {
        Ok(analysis) => analysis,
        Err(reason) => return missing("Analisis kepentingan dan kinerja", reason),
    };
    let all = &analysis.importance_performance;
    let points: Vec<Point> = all
        .iter()
        .filter_map(|each| {
            Some(Point {
                label: report.element_parts(&each.key).0,
                x: each.performance.parse().ok()?,
                y: each.importance.parse().ok()?,
            })
        })
        .collect();
    if points.is_empty() {
        return html! {
            p { "Kepentingan unsur belum dapat dihitung: jawaban belum cukup banyak atau tidak beragam." }
        };
    }
    let mean = |of: fn(&Point) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let split = (mean(|point| point.x), mean(|point| point.y));
    let descriptions: Vec<String> = all
        .iter()
        .map(|each| {
            format!(
                "{} kinerja {}, kepentingan {}, {}",
                report.element_parts(&each.key).0,
                labels::figure(&each.performance),
                labels::figure(&each.importance),
                or_dash(&each.quadrant_display_name)
            )
        })
        .collect();
    let chart = Scatter {
        about: About {
            id: "grafik-kepentingan",
            title: "Kepentingan dan kinerja unsur",
            description: &format!("Diagram pencar. {}.", descriptions.join("; ")),
        },
        x_axis: "Kinerja (NRR)",
        y_axis: "Kepentingan (korelasi)",
        split: Some(split),
        quarters: QUADRANTS.map(str::to_owned),
        points,
    };
    html! {
        p {
            "Kinerja adalah NRR unsur. Kepentingan diturunkan dari jawaban: korelasi nilai unsur dengan jumlah nilai unsur \
             lain. Garis putus-putus adalah rata-rata keduanya. Korelasi menunjukkan kaitan, bukan sebab."
        }
        (table("kepentingan", "Kepentingan dan kinerja per unsur", &[
            ("Unsur pelayanan", LEFT),
            ("Kinerja (NRR)", RIGHT),
            ("Kepentingan", RIGHT),
            ("Kuadran", LEFT),
        ], all.iter().map(|each| row(report, each)).collect()))
        (figure("gambar-kepentingan", &chart.render(), "Kepentingan dan kinerja unsur"))
    }
}

fn row(report: &Report, each: &pb::ImportancePerformance) -> Row {
    Row::new([
        text(report.element(&each.key)),
        text(labels::figure(&each.performance)),
        text(labels::figure(&each.importance)),
        text(or_dash(&each.quadrant_display_name)),
    ])
}

fn change(report: &Report) -> Markup {
    let unit = match &report.unit {
        Ok(unit) => unit,
        Err(reason) => return missing("Perubahan", reason),
    };
    let Some(change) = &unit.change else {
        return html! {
            p { "Tidak ada hasil periode sebelumnya yang dapat dibandingkan." }
        };
    };
    let note = |recorded: bool| {
        if recorded {
            " (dicatat, tidak dihitung)"
        } else {
            ""
        }
    };
    let unit_index = format!("IKM unit {}", labels::period(&unit.period));
    let base_index = format!("IKM unit {}", labels::period(&change.base_period));
    html! {
        (facts("perubahan", [
            (&*base_index, html! { (labels::figure(&change.base_index)) (note(change.base_recorded)) }),
            (&*unit_index, html! { (labels::figure(&unit.index)) (note(unit.recorded)) }),
            ("Perubahan dalam poin", html! { (labels::signed(&change.points)) " poin" }),
            ("Perubahan dalam persen", html! {
                @if change.relative_percent.is_empty() { "-" }
                @else { (labels::signed(&change.relative_percent)) " persen dari nilai periode pembanding" }
            }),
        ]))
        @if unit.surveys.len() > 1 {
            p.note { "IKM unit periode ini menggabungkan " (unit.surveys.len()) " survei." }
        }
        @if change.across_instruments {
            p.note {
                "Perbandingan ini lintas instrumen (" (change.base_instrument) " dan " (unit.instrument) "); cara \
                 mengukurnya berbeda, sehingga perubahan tidak sepenuhnya mencerminkan perubahan pelayanan."
            }
        }
        @if !unit.r#final {
            p.note { "IKM unit periode ini masih sementara." }
        }
    }
}

fn quality(report: &Report) -> Markup {
    let analysis = match &report.analysis {
        Ok(analysis) => analysis,
        Err(reason) => return missing("Mutu data", reason),
    };
    let Some(quality) = &analysis.quality else {
        return html! { p { "Tidak ada pemeriksaan mutu data." } };
    };
    let rows = quality.flags.iter().map(|flag| {
        Row::new([
            text(or_dash(&flag.display_name)),
            text(number::integer(flag.responses)),
            text(labels::share(flag.responses, analysis.respondents)),
        ])
    });
    html! {
        p {
            "Jawaban dengan pola tidak lazim ditandai, tidak dihapus. Tanda tidak mengatakan apa pun tentang seorang responden; \
             IKM dengan dan tanpa jawaban bertanda disajikan berdampingan."
        }
        (facts("mutu-data", [
            ("Jawaban bertanda", html! {
                (number::integer(quality.flagged)) " dari " (number::integer(analysis.respondents)) " jawaban"
            }),
            ("IKM dengan jawaban bertanda", text(labels::figure(&quality.index_with))),
            ("IKM tanpa jawaban bertanda", html! {
                (labels::figure(&quality.index_without))
                @if quality.flagged > 0 && quality.index_without.is_empty() {
                    " (tidak ditampilkan: jawaban bertanda atau sisanya kurang dari " (analysis.minimum_cell) ")"
                }
            }),
        ]))
        @if quality.flags.is_empty() {
            p { "Tidak ada jawaban yang bertanda." }
        } @else {
            (table("tanda", "Tanda pada jawaban", &[
                ("Tanda", LEFT),
                ("Jumlah jawaban", RIGHT),
                ("Persen", RIGHT),
            ], rows.collect()))
        }
    }
}
