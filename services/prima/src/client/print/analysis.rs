//! The analysis of a result, for people.

use std::collections::BTreeMap;

use prima_proto::survey::v1 as pb;

use super::{Table, clean, named, or_dash};

const HIDDEN: &str = "disembunyikan";

/// Code and name of each element of a survey, by key.
pub type Names = BTreeMap<String, (String, String)>;

/// Dimensions, samples, flags, and importance against performance.
pub fn table_of(analysis: &pb::Analysis, names: &Names) -> String {
    let mut text = clean(&format!(
        "Survei {}: {} jawaban; kelompok di bawah {} orang disembunyikan",
        analysis.survey, analysis.respondents, analysis.minimum_cell
    ));
    text.push('\n');
    for dimension in &analysis.dimensions {
        text += &format!("\n{}\n", clean(named(&dimension.display_name, &dimension.key)));
        text += &groups(dimension, names);
    }
    if !analysis.services.is_empty() {
        text += "\nSampel per jenis layanan\n";
        text += &services(&analysis.services);
    }
    if let Some(quality) = &analysis.quality {
        text += "\nTanda jawaban tak wajar (tidak ada yang dihapus)\n";
        text += &flags(quality);
    }
    text += "\nKepentingan dan kinerja unsur\n";
    text += &importance(&analysis.importance_performance, names);
    for (what, keys) in [
        ("Unsur terkuat", &analysis.strongest),
        ("Unsur terlemah", &analysis.weakest),
    ] {
        let keys: Vec<String> = keys.iter().map(|key| full(key, names)).collect();
        text += &clean(&format!("{what}: {}", or_dash(&keys.join("; "))));
        text.push('\n');
    }
    text
}

fn code<'a>(key: &'a str, names: &'a Names) -> &'a str {
    match names.get(key) {
        Some((code, _)) if !code.is_empty() => code,
        _ => key,
    }
}

fn full(key: &str, names: &Names) -> String {
    names
        .get(key)
        .map_or_else(|| key.to_owned(), |(code, name)| format!("{code} {name}"))
}

fn groups(dimension: &pb::Dimension, names: &Names) -> String {
    let keys: Vec<&str> = dimension
        .groups
        .iter()
        .map(|group| &group.elements)
        .max_by_key(|elements| elements.len())
        .map(|elements| elements.iter().map(|element| element.key.as_str()).collect())
        .unwrap_or_default();
    let hidden = |group: &pb::Group, figure: String| {
        if group.suppressed {
            HIDDEN.to_owned()
        } else {
            figure
        }
    };
    let mut table = Table::of(&dimension.groups)
        .text("Kelompok", |group| {
            match (group.key.as_str(), group.display_name.as_str()) {
                ("", "") => "tidak diisi",
                (key, "") => key,
                (_, name) => name,
            }
        })
        .number("Responden", |group| hidden(group, group.respondents.to_string()))
        .number("Nilai", |group| hidden(group, or_dash(&group.index)))
        .text("Mutu", |group| {
            Some(&group.category)
                .filter(|_| !group.suppressed)
                .cloned()
                .unwrap_or_default()
        });
    for key in keys {
        table = table.number(code(key, names), |group| {
            let element = group.elements.iter().find(|element| element.key == key);
            let shown = element.filter(|element| !element.suppressed);
            shown.map_or("", |element| &element.mean)
        });
    }
    table.print()
}

fn services(services: &[pb::ServiceSample]) -> String {
    Table::of(services)
        .text("Layanan", |sample| &sample.service)
        .number("Populasi", |sample| sample.population)
        .number("Sampel minimum", |sample| sample.minimum_respondents)
        .number("Responden", |sample| match sample.suppressed {
            true => HIDDEN.to_owned(),
            false => sample.respondents.to_string(),
        })
        .print()
}

fn flags(quality: &pb::Quality) -> String {
    let flags = if quality.flags.is_empty() {
        "tidak ada\n".to_owned()
    } else {
        Table::of(&quality.flags)
            .text("Tanda", |flag| named(&flag.display_name, &flag.kind))
            .number("Jawaban", |flag| flag.responses)
            .print()
    };
    format!(
        "{flags}Nilai dengan semua jawaban: {}; tanpa {} jawaban bertanda: {}\n",
        or_dash(&quality.index_with),
        quality.flagged,
        or_dash(&quality.index_without)
    )
}

fn importance(elements: &[pb::ImportancePerformance], names: &Names) -> String {
    Table::of(elements)
        .text("Unsur", |element| full(&element.key, names))
        .number("Kinerja (NRR)", |element| &element.performance)
        .number("Kepentingan", |element| &element.importance)
        .text("Kuadran", |element| {
            named(&element.quadrant_display_name, &element.quadrant)
        })
        .print()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suppressed_group_shows_no_figure() {
        let group = |key: &str, respondents: i64, suppressed: bool| pb::Group {
            key: key.into(),
            respondents,
            suppressed,
            index: if suppressed { String::new() } else { "88.31".into() },
            ..Default::default()
        };
        let names = Names::from([("procedure".to_owned(), ("U2".to_owned(), "Prosedur".to_owned()))]);
        let analysis = pb::Analysis {
            survey: "s".into(),
            dimensions: vec![pb::Dimension {
                key: "sex".into(),
                display_name: "Jenis kelamin".into(),
                groups: vec![group("L", 12, false), group("P", 0, true), group("", 7, false)],
                ..Default::default()
            }],
            weakest: vec!["procedure".into()],
            ..Default::default()
        };
        insta::assert_snapshot!(table_of(&analysis, &names), @"
        Survei s: 0 jawaban; kelompok di bawah 0 orang disembunyikan

        Jenis kelamin
        ┌─────────────┬───────────────┬───────────────┬──────┐
        │ Kelompok    ┆     Responden ┆         Nilai ┆ Mutu │
        ╞═════════════╪═══════════════╪═══════════════╪══════╡
        │ L           ┆            12 ┆         88.31 ┆ -    │
        │ P           ┆ disembunyikan ┆ disembunyikan ┆ -    │
        │ tidak diisi ┆             7 ┆         88.31 ┆ -    │
        └─────────────┴───────────────┴───────────────┴──────┘

        Kepentingan dan kinerja unsur
        ┌───────┬───────────────┬─────────────┬─────────┐
        │ Unsur ┆ Kinerja (NRR) ┆ Kepentingan ┆ Kuadran │
        ╞═══════╪═══════════════╪═════════════╪═════════╡
        └───────┴───────────────┴─────────────┴─────────┘
        Unsur terkuat: -
        Unsur terlemah: U2 Prosedur
        ");
    }
}
