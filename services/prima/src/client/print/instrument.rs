//! Instruments of evaluation.

use prima_proto::index::v1 as pb;

use super::index_tree::decimal;
use super::{Table, clean, lines, or_dash};

pub fn list(list: &[pb::Instrument]) -> String {
    Table::of(list)
        .whole("Id", |one| &one.id)
        .text("Judul", |one| &one.display_name)
        .number("Aspek", |one| one.aspects.len())
        .text("Penilaian", entry)
        .text("Asal", |one| if one.built_in { "bawaan" } else { "tambahan" })
        .print()
}

fn entry(instrument: &pb::Instrument) -> &'static str {
    if instrument.forms.is_empty() {
        "per aspek"
    } else {
        "per indikator"
    }
}

pub fn detail(one: &pb::Instrument) -> String {
    let share = |text: &str| decimal(text).unwrap_or_default();
    let mut rows = vec![
        ("Instrumen", format!("{}: {}", one.id, one.display_name)),
        ("Dasar", or_dash(&one.citations.join("; "))),
        ("Penilaian", format!("{}, 0 sampai {}", entry(one), one.max_level)),
    ];
    if !one.forms.is_empty() {
        rows.extend([
            (
                "Bobot",
                format!("F-02 {}, F-03 {}", share(&one.f02_weight), share(&one.f03_weight)),
            ),
            ("Ragam bobot", one.weightings.join(", ")),
            (
                "Responden",
                format!(
                    "paling sedikit {}; bila kurang: {}",
                    one.minimum_respondents,
                    one.under_minimum_policies.join(", ")
                ),
            ),
        ]);
    }
    let mut text = lines(&rows);
    text += &Table::of(&one.aspects)
        .whole("Aspek", |aspect| &aspect.key)
        .text("Nama", |aspect| &aspect.display_name)
        .number("Bobot", |aspect| share(&aspect.weight))
        .text("F-03", |aspect| if aspect.in_f03 { "ya" } else { "tidak" })
        .print();
    for form in one.forms.iter().filter(|form| !form.indicators.is_empty()) {
        text += &format!("\nFormulir {}\n", clean(&form.key));
        text += &Table::of(&form.indicators)
            .number("No", |row| row.number)
            .whole("Indikator", |row| &row.key)
            .text("Aspek", |row| {
                if row.supplementary {
                    "tambahan"
                } else {
                    &row.aspect
                }
            })
            .text("Judul", |row| &row.title)
            .number("Bobot", |row| share(&row.weight))
            .text("Data", |row| &row.fed_by)
            .print();
    }
    text.push('\n');
    text + &Table::of(&one.bands)
        .whole("Kategori", |band| &band.key)
        .text("Nama", |band| &band.display_name)
        .number("Mulai", |band| &band.lower)
        .text("Zona", |band| &band.zone)
        .print()
}
