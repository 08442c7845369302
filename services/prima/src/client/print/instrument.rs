//! Instruments of evaluation.

use prima_index::domain::instrument::Instrument;
use prima_platform::failure::Violation;
use prima_proto::index::v1 as pb;

use super::index::decimal;
use super::{Columns, clean, or_dash};

pub fn list(list: &[pb::Instrument]) -> String {
    let rows = list.iter().map(|one| {
        vec![
            one.id.clone(),
            one.display_name.clone(),
            one.aspects.len().to_string(),
            entry(one).to_owned(),
            if one.built_in { "bawaan" } else { "tambahan" }.to_owned(),
        ]
    });
    let columns = Columns {
        right: &[2],
        whole: &[0],
    };
    super::table(&["Id", "Judul", "Aspek", "Penilaian", "Asal"], columns, rows)
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
    let mut text = String::new();
    let mut line = |label: &str, value: String| text += &format!("{label:<12} {}\n", clean(&value));
    line("Instrumen", format!("{}: {}", one.id, one.display_name));
    line("Dasar", or_dash(&one.citations.join("; ")));
    line("Penilaian", format!("{}, 0 sampai {}", entry(one), one.max_level));
    if !one.forms.is_empty() {
        line(
            "Bobot",
            format!("F-02 {}, F-03 {}", share(&one.f02_weight), share(&one.f03_weight)),
        );
        line("Ragam bobot", one.weightings.join(", "));
        line(
            "Responden",
            format!(
                "paling sedikit {}; bila kurang: {}",
                one.minimum_respondents,
                one.under_minimum_policies.join(", ")
            ),
        );
    }
    let columns = Columns {
        right: &[2],
        whole: &[0],
    };
    let rows = one.aspects.iter().map(|aspect| {
        let asked = if aspect.in_f03 { "ya" } else { "tidak" };
        vec![
            aspect.key.clone(),
            aspect.display_name.clone(),
            share(&aspect.weight),
            asked.to_owned(),
        ]
    });
    text += &super::table(&["Aspek", "Nama", "Bobot", "F-03"], columns, rows);
    for form in one.forms.iter().filter(|form| !form.indicators.is_empty()) {
        let rows = form.indicators.iter().map(|row| {
            vec![
                row.number.to_string(),
                row.key.clone(),
                if row.supplementary {
                    "tambahan".to_owned()
                } else {
                    row.aspect.clone()
                },
                row.title.clone(),
                share(&row.weight),
                or_dash(&row.fed_by),
            ]
        });
        let columns = Columns {
            right: &[0, 4],
            whole: &[1],
        };
        text += &format!("\nFormulir {}\n", clean(&form.key));
        let header = ["No", "Indikator", "Aspek", "Judul", "Bobot", "Data"];
        text += &super::table(&header, columns, rows);
    }
    let bands = one.bands.iter().map(|band| {
        vec![
            band.key.clone(),
            band.display_name.clone(),
            band.lower.clone(),
            or_dash(&band.zone),
        ]
    });
    text.push('\n');
    let columns = Columns {
        right: &[2],
        whole: &[0],
    };
    text + &super::table(&["Kategori", "Nama", "Mulai", "Zona"], columns, bands)
}

/// The result of checking a document.
pub fn checked(read: &Result<Instrument, Vec<Violation>>) -> String {
    match read {
        Ok(instrument) => {
            clean(&format!(
                "Instrumen {} benar: {} aspek, {} kategori",
                instrument.id,
                instrument.aspects.len(),
                instrument.bands.len()
            )) + "\n"
        }
        Err(faults) => super::faults(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_document_is_printed_with_its_path() {
        let text = checked(&Instrument::read("{\"id\": \"x\", \"scale\": {\"min\": 1}}"));
        let count = text.lines().count() - 1;
        assert!(
            text.ends_with(&format!("{count} kesalahan\n")) && count > 3,
            "{text}"
        );
        assert!(
            text.contains("scale.min: harus 0\n") && text.contains("title: harus"),
            "{text}"
        );
    }
}
