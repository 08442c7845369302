//! Chapter III: the respondents. Small cells are suppressed, and the page says so.

use maud::{Markup, html};
use prima_platform::document::html::{Row, Weight};
use prima_platform::document::number;
use prima_proto::survey::v1 as pb;

use super::super::{Report, labels};
use super::{CENTER, LEFT, RIGHT, missing, or_dash, table, text};

pub(super) fn render(report: &Report) -> Markup {
    let analysis = match &report.analysis {
        Ok(analysis) => analysis,
        Err(reason) => return missing("Profil responden", reason),
    };
    if analysis.respondents == 0 {
        return html! { p { "Belum ada jawaban yang dapat ditampilkan." } };
    }
    let hidden = analysis
        .dimensions
        .iter()
        .any(|dimension| dimension.groups.iter().any(|group| group.suppressed));
    let is_blank = |dimension: &&pb::Dimension| {
        !dimension.incomplete
            && dimension
                .groups
                .iter()
                .all(|group| group.key.is_empty() && !group.suppressed)
    };
    let (blank, asked): (Vec<_>, Vec<_>) = analysis.dimensions.iter().partition(is_blank);
    html! {
        p {
            "Profil mencakup " (number::integer(analysis.respondents)) " responden. Setiap keterangan diisi secara sukarela; \
             yang tidak mengisi dihitung tersendiri."
        }
        @if analysis.dimensions.is_empty() {
            p { "Responden tidak mengisi keterangan profil." }
        }
        @for dimension in asked { (self::dimension(report, analysis, dimension)) }
        @if hidden { (hidden_note(analysis)) }
        @if !blank.is_empty() {
            p {
                "Tidak diisi oleh seorang responden pun: "
                (blank.iter().map(|each| lower(&each.display_name)).collect::<Vec<_>>().join(", ")) "."
            }
        }
    }
}

/// The content of a suppressed cell.
pub(super) fn hidden(analysis: &pb::Analysis) -> Markup {
    html! { span.muted { "disembunyikan (n < " (analysis.minimum_cell) ")*" } }
}

/// The note for groups that are not listed at all.
fn hidden_groups_note() -> Markup {
    html! { span.muted { "tidak ditampilkan" } }
}

/// The note that explains the asterisk of a suppressed cell.
pub(super) fn hidden_note(analysis: &pb::Analysis) -> Markup {
    html! {
        p.note {
            "* Sel dengan kurang dari " (analysis.minimum_cell) " responden, dan sel lain yang harus ikut disembunyikan agar \
             angka itu tidak dapat dihitung dari selisih."
        }
    }
}

/// The name of a group; a public service has its name from the directory.
pub(in crate::client::report) fn group_name(
    report: &Report,
    dimension: &pb::Dimension,
    group: &pb::Group,
) -> String {
    if group.key.is_empty() && group.display_name.is_empty() {
        "Tidak mengisi".to_owned()
    } else if dimension.key == "service" && !group.key.is_empty() {
        report.service(&group.key)
    } else if group.display_name.is_empty() {
        group.key.clone()
    } else {
        group.display_name.clone()
    }
}

fn dimension(report: &Report, analysis: &pb::Analysis, dimension: &pb::Dimension) -> Markup {
    let rows = dimension.groups.iter().map(|group| {
        let name = text(group_name(report, dimension, group));
        if group.suppressed {
            return Row {
                weight: Weight::Plain,
                cells: vec![(name, 1), (hidden(analysis), 2), (text("-"), 1), (text("-"), 1)],
            };
        }
        Row::new([
            name,
            text(number::integer(group.respondents)),
            text(labels::share(group.respondents, analysis.respondents)),
            text(labels::figure(&group.index)),
            text(or_dash(&group.category)),
        ])
    });
    let rest = if dimension.groups.is_empty() {
        "Seluruh kelompok"
    } else {
        "Kelompok lain"
    };
    let rest = dimension.incomplete.then(|| Row {
        weight: Weight::Plain,
        cells: vec![
            (text(rest), 1),
            (hidden_groups_note(), 2),
            (text("-"), 1),
            (text("-"), 1),
        ],
    });
    let total = Row::new([
        text("Seluruh responden"),
        text(number::integer(analysis.respondents)),
        text(labels::share(analysis.respondents, analysis.respondents)),
        text(""),
        text(""),
    ]);
    let name = or_dash(&dimension.display_name);
    table(
        &format!("profil-{}", dimension.key),
        &format!("Responden menurut {}", lower(name)),
        &[
            (name, LEFT),
            ("Jumlah (n)", RIGHT),
            ("Persen", RIGHT),
            ("IKM", RIGHT),
            ("Mutu pelayanan", CENTER),
        ],
        rows.chain(rest).chain([total.weight(Weight::Total)]).collect(),
    )
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}
