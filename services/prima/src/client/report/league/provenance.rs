//! Where a report comes from: the table with its hash, the definition, how far each stream was read, the program, and how the
//! certainty was computed. Every file has it.

use prima_platform::clock;
use prima_proto::ranking::v1 as pb;

use super::super::labels::yes;
use super::LeagueReport;

/// One fact: its key for programs, what it is for people, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    pub key: String,
    pub label: String,
    pub value: String,
}

/// All facts; those without a value are left out.
pub(super) fn facts(report: &LeagueReport) -> Vec<Fact> {
    let table = &report.league.table;
    let time = |time: Option<&prost_types::Timestamp>| {
        let time = time.and_then(clock::from_proto);
        time.map(|time| time.to_rfc3339()).unwrap_or_default()
    };
    let mut facts = Vec::new();
    let mut add = |key: &str, label: &str, value: String| {
        if !value.is_empty() {
            facts.push(Fact {
                key: key.to_owned(),
                label: label.to_owned(),
                value,
            });
        }
    };
    add("table", "Tabel", table.name.clone());
    add("hash", "SHA-256 semua baris tabel", table.hash.clone());
    add("definition", "Definisi tabel", table.definition.clone());
    if let Some(freshness) = &report.league.freshness {
        add(
            "as_of",
            "Peristiwa terakhir yang termasuk",
            time(freshness.as_of.as_ref()),
        );
        add(
            "computed_at",
            "Dibaca dari layanan",
            time(freshness.computed_at.as_ref()),
        );
        add(
            "stale",
            "Mungkin tertinggal dari sumbernya",
            yes(freshness.stale).to_owned(),
        );
        for position in &freshness.positions {
            add(
                &format!("position.{}", position.service),
                &format!("Posisi aliran {}", position.service),
                format!("aliran {}, urutan {}", position.stream_created, position.sequence),
            );
        }
    }
    if let Ok(movement) = &report.movement {
        add(
            "compared_with",
            "Dibandingkan dengan",
            movement.before.name.clone(),
        );
        add(
            "compared_hash",
            "SHA-256 tabel pembanding",
            movement.before.hash.clone(),
        );
    }
    if let Ok(answer) = &report.awards {
        add(
            "awards_as_of",
            "Penghargaan menurut keadaan",
            time(answer.as_of.as_ref()),
        );
    }
    if let Ok((how, _)) = report.certain() {
        add(
            "confidence_percent",
            "Tingkat keyakinan (%)",
            how.confidence_percent.to_string(),
        );
        add("certainty_seed", "Benih simulasi kepastian", how.seed.to_string());
        add("certainty_draws", "Banyaknya simulasi", how.draws.to_string());
        add(
            "certainty_method",
            "Cara menghitung kepastian",
            how.method.clone(),
        );
    }
    add(
        "release",
        "Rilis program",
        format!("prima {}", env!("CARGO_PKG_VERSION")),
    );
    add("made", "Laporan dibuat", report.made.to_rfc3339());
    facts
}

/// The states that the table contains, for the head of the page.
pub(super) fn state(freshness: Option<&pb::Freshness>) -> Option<&prost_types::Timestamp> {
    freshness.and_then(|freshness| freshness.as_of.as_ref())
}
