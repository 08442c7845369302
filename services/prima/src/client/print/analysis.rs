//! The analysis of a result, for people.

use std::collections::BTreeMap;

use prima_proto::survey::v1 as pb;

use super::{Columns, clean, or_dash, table};

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
        text += &format!("\n{}\n", clean(label(&dimension.display_name, &dimension.key)));
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

fn label<'a>(name: &'a str, key: &'a str) -> &'a str {
    if name.is_empty() { key } else { name }
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
    let mut header = vec!["Kelompok", "Responden", "Nilai", "Mutu"];
    header.extend(keys.iter().map(|key| code(key, names)));
    let right: Vec<usize> = std::iter::once(1).chain(2..3).chain(4..header.len()).collect();
    let rows = dimension.groups.iter().map(|group| {
        let name = match (group.key.as_str(), group.display_name.as_str()) {
            ("", "") => "tidak diisi",
            (key, "") => key,
            (_, name) => name,
        };
        let mut row = vec![name.to_owned()];
        if group.suppressed {
            row.extend([HIDDEN.to_owned(), HIDDEN.to_owned(), "-".to_owned()]);
        } else {
            row.extend([
                group.respondents.to_string(),
                or_dash(&group.index),
                or_dash(&group.category),
            ]);
        }
        row.extend(keys.iter().map(|key| {
            let element = group.elements.iter().find(|element| element.key == *key);
            element
                .filter(|element| !element.suppressed)
                .map_or("-".to_owned(), |element| or_dash(&element.mean))
        }));
        row
    });
    let columns = Columns {
        right: &right,
        whole: &[],
    };
    table(&header, columns, rows)
}

fn services(services: &[pb::ServiceSample]) -> String {
    let rows = services.iter().map(|sample| {
        vec![
            sample.service.clone(),
            sample.population.to_string(),
            sample.minimum_respondents.to_string(),
            if sample.suppressed {
                HIDDEN.to_owned()
            } else {
                sample.respondents.to_string()
            },
        ]
    });
    let columns = Columns {
        right: &[1, 2, 3],
        whole: &[],
    };
    table(
        &["Layanan", "Populasi", "Sampel minimum", "Responden"],
        columns,
        rows,
    )
}

fn flags(quality: &pb::Quality) -> String {
    let rows = quality.flags.iter().map(|flag| {
        vec![
            label(&flag.display_name, &flag.kind).to_owned(),
            flag.responses.to_string(),
        ]
    });
    let columns = Columns {
        right: &[1],
        whole: &[],
    };
    let flags = if quality.flags.is_empty() {
        "tidak ada\n".to_owned()
    } else {
        table(&["Tanda", "Jawaban"], columns, rows)
    };
    format!(
        "{flags}Nilai dengan semua jawaban: {}; tanpa {} jawaban bertanda: {}\n",
        or_dash(&quality.index_with),
        quality.flagged,
        or_dash(&quality.index_without)
    )
}

fn importance(elements: &[pb::ImportancePerformance], names: &Names) -> String {
    let rows = elements.iter().map(|element| {
        vec![
            full(&element.key, names),
            or_dash(&element.performance),
            or_dash(&element.importance),
            or_dash(label(&element.quadrant_display_name, &element.quadrant)),
        ]
    });
    let columns = Columns {
        right: &[1, 2],
        whole: &[],
    };
    table(
        &["Unsur", "Kinerja (NRR)", "Kepentingan", "Kuadran"],
        columns,
        rows,
    )
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
        let text = table_of(&analysis, &names);
        let line = |start: &str| text.lines().find(|line| line.contains(start)).unwrap().to_owned();
        assert!(line("│ P ").contains(HIDDEN), "{text}");
        assert!(line("│ L ").contains("88.31"));
        assert!(line("tidak diisi").contains('7'));
        assert!(text.contains("Unsur terlemah: U2 Prosedur"));
    }
}
