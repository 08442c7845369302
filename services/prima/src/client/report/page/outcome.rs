//! Chapter IV, first half: the table of elements, the index, the category table, and their charts.

use maud::{Markup, html};
use prima_platform::document::chart::{About, Bar, Bars, Guide, Stack, StackRow};
use prima_platform::document::html::{Row, Weight, figure};
use prima_platform::document::number;

use super::super::{Report, bands, labels};
use super::{CENTER, LEFT, RIGHT, or_dash, table, text};

pub(super) fn render(report: &Report) -> Markup {
    html! {
        h3 { "A. Nilai per Unsur" }
        (elements(report))
        (means(report))
        h3 { "B. Indeks Kepuasan Masyarakat dan Mutu Pelayanan" }
        (verdict(report))
        (categories(report))
        h3 { "C. Sebaran Jawaban" }
        (spread(report))
    }
}

fn elements(report: &Report) -> Markup {
    let result = &report.result;
    let rows = result.elements.iter().map(|each| {
        Row::new([
            text(&*each.code),
            text(report.element_parts(&each.key).1),
            text(number::integer(each.total)),
            text(number::integer(each.answers)),
            text(labels::figure(&each.mean)),
            text(labels::figure(&each.weighted_mean)),
        ])
    });
    let sum = |of: fn(&prima_proto::survey::v1::ElementResult) -> i64| {
        let sum: i64 = result.elements.iter().map(of).fold(0, i64::saturating_add);
        (text(number::integer(sum)), 1)
    };
    let total = |what: &str, figure: String| Row {
        weight: Weight::Total,
        cells: vec![(text(what), 5), (text(figure), 1)],
    };
    let sums = Row {
        weight: Weight::Total,
        cells: vec![
            (text("Jumlah"), 2),
            sum(|each| each.total),
            sum(|each| each.answers),
            (text(""), 1),
            (text(""), 1),
        ],
    };
    let rows = rows.chain([
        sums,
        total(
            "Nilai Interval (NI): jumlah NRR tertimbang",
            labels::figure(&bands::ni(result)),
        ),
        total(
            "IKM: Nilai Interval Konversi (NIK) = NI × 25",
            labels::figure(&result.index),
        ),
        total("Mutu pelayanan", or_dash(&result.category).to_owned()),
        total("Kinerja unit", or_dash(&result.category_display_name).to_owned()),
    ]);
    let columns = [
        ("Kode", LEFT),
        ("Unsur pelayanan", LEFT),
        ("Jumlah nilai", RIGHT),
        ("Jumlah jawaban", RIGHT),
        ("NRR", RIGHT),
        ("NRR tertimbang", RIGHT),
    ];
    html! {
        (table("unsur", "Nilai rata-rata (NRR) dan NRR tertimbang per unsur pelayanan", &columns, rows.collect()))
        @if result.pending > 0 {
            p.note {
                "Semua nilai mencakup " (number::integer(result.counted)) " jawaban yang terhitung; "
                (number::integer(result.pending)) " menunggu"
                @if result.in_correction { " (dalam koreksi)" }
                "."
            }
        }
    }
}

fn means(report: &Report) -> Markup {
    let weakest: &[String] = report.analysis.as_ref().map_or(&[], |analysis| &analysis.weakest);
    let bars: Vec<Bar> = report
        .result
        .elements
        .iter()
        .map(|each| Bar {
            label: report.element(&each.key),
            value: each.mean.parse().ok(),
            shown: labels::figure(&each.mean),
            hatched: weakest.contains(&each.key),
        })
        .collect();
    if bars.iter().all(|bar| bar.value.is_none()) {
        return html! { p { "Belum ada nilai yang dapat digambarkan." } };
    }
    let descriptions: Vec<String> = bars
        .iter()
        .map(|bar| format!("{} {}", bar.label, bar.shown))
        .collect();
    let guides = bands::starts(&bands::bands(&report.instrument));
    let chart = Bars {
        about: About {
            id: "grafik-unsur",
            title: "Nilai rata-rata (NRR) per unsur",
            description: &format!("Diagram batang. {}.", descriptions.join("; ")),
        },
        axis: "Nilai rata-rata (NRR); garis putus-putus: batas mutu pelayanan",
        from: f64::from(report.instrument.min_score),
        to: f64::from(report.instrument.max_score),
        guides: guides
            .into_iter()
            .map(|(from, label)| Guide { from, label })
            .collect(),
        bars,
    };
    let caption = if weakest.is_empty() {
        "NRR per unsur"
    } else {
        "NRR per unsur; batang berarsir: unsur terlemah"
    };
    figure("gambar-unsur", &chart.render(), caption)
}

fn verdict(report: &Report) -> Markup {
    let result = &report.result;
    html! {
        @if result.index.is_empty() {
            p { "IKM belum dapat dihitung: setiap unsur memerlukan sekurang-kurangnya satu jawaban." }
        } @else {
            p {
                "IKM " (labels::period(&result.period)) " sebesar " strong { (labels::figure(&result.index)) }
                @if !result.category.is_empty() {
                    ", dengan mutu pelayanan " strong { (result.category) } " dan kinerja unit "
                    strong { (result.category_display_name) }
                }
                ". Nilai tersebut berada pada baris yang ditandai dalam tabel berikut."
            }
        }
    }
}

fn categories(report: &Report) -> Markup {
    let bands = bands::bands(&report.instrument);
    if bands.is_empty() {
        return html! { p { "Instrumen tidak memuat tabel kategori." } };
    }
    let range =
        |(from, to): &(String, String)| text(format!("{} – {}", labels::figure(from), labels::figure(to)));
    let rows = bands.iter().map(|band| {
        let reached = !band.grade.is_empty() && band.grade == report.result.category;
        let weight = if reached {
            Weight::Highlighted
        } else {
            Weight::Plain
        };
        let grade = html! { (band.grade) @if reached { " ◄" } };
        Row::new([
            text(band.perception.to_string()),
            range(&band.ni),
            range(&band.nik),
            grade,
            text(&*band.name),
        ])
        .weight(weight)
    });
    let columns = [
        ("Nilai persepsi", CENTER),
        ("Nilai Interval (NI)", CENTER),
        ("Nilai Interval Konversi (NIK)", CENTER),
        ("Mutu pelayanan", CENTER),
        ("Kinerja unit", LEFT),
    ];
    let caption = "Nilai persepsi, nilai interval, nilai interval konversi, mutu pelayanan, dan kinerja unit";
    table("kategori", caption, &columns, rows.collect())
}

fn spread(report: &Report) -> Markup {
    let rows: Vec<StackRow> = report
        .result
        .elements
        .iter()
        .map(|each| StackRow {
            label: report.element(&each.key),
            counts: each.counts.clone(),
        })
        .collect();
    if rows.iter().all(|row| row.counts.iter().all(|count| *count == 0)) {
        return html! { p { "Belum ada jawaban yang dapat digambarkan." } };
    }
    let described = |row: &StackRow| {
        let whole = row.counts.iter().sum();
        let shares: Vec<String> = row
            .counts
            .iter()
            .map(|count| labels::share(*count, whole))
            .collect();
        format!("{}: {}", row.label, shares.join(", "))
    };
    let descriptions: Vec<String> = rows.iter().map(described).collect();
    let scores = report.instrument.min_score..=report.instrument.max_score;
    let chart = Stack {
        about: About {
            id: "grafik-sebaran",
            title: "Sebaran jawaban per unsur",
            description: &format!(
                "Persentase jawaban dari nilai terendah ke tertinggi. {}.",
                descriptions.join("; ")
            ),
        },
        parts: scores.map(|score| format!("Nilai {score}")).collect(),
        rows,
    };
    figure(
        "gambar-sebaran",
        &chart.render(),
        "Sebaran jawaban per unsur, dalam persen",
    )
}
