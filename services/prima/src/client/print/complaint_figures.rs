//! The performance of units with complaints, for people.

use prima_platform::{disclosure::group_step, number};
use prima_proto::complaint::v1 as pb;
use prima_proto::event::v1 as event;

use super::complaint::channel;
use super::{Table, lines, or_dash};
use crate::client::workflow_labels::WorkflowLabels;

pub fn performance(answer: &pb::GetPerformanceResponse, labels: &WorkflowLabels) -> String {
    let none = event::ComplaintPerformanceState::default();
    let of = answer.performance.as_ref().unwrap_or(&none);
    let score = match &answer.score {
        Some(score) if score.sample_size < score.sample_minimum => format!(
            "{} (dari {} laporan; masuk peringkat mulai {})",
            score.value, score.sample_size, score.sample_minimum
        ),
        Some(score) => format!("{} (dari {} laporan)", score.value, score.sample_size),
        None => "belum ada".to_owned(),
    };
    let rating = match of.ratings {
        0 => "belum ada".to_owned(),
        ratings => {
            let mean = number::parse_fraction(&format!("{}/{ratings}", of.rating_total));
            let mean = mean.map(|mean| number::decimal(&mean, 2)).unwrap_or_default();
            format!("{mean} dari 5, menurut {ratings} pelapor")
        }
    };
    let mut text = lines(&[
        subject(of),
        ("Periode", of.period.clone()),
        ("Nilai", score),
        (
            "Dasar nilai",
            format!(
                "{} selesai tanpa tenggat terlewat, {} terlambat (tetap terlambat walaupun ditanggapi, diarsipkan, \
                 atau dialihkan)",
                of.in_time, of.late
            ),
        ),
        (
            "Diterima",
            format!("{} (di luar {} yang digabung)", of.received, of.merged),
        ),
        (
            "Diverifikasi",
            format!("{}, tepat waktu {}", of.verified, of.verified_in_time),
        ),
        (
            "Selesai",
            format!("{}, tepat waktu {}", of.resolved, of.resolved_in_time),
        ),
        ("Terbuka", format!("{}, lewat tenggat {}", of.open, of.overdue)),
        ("Diarsipkan", of.archived.to_string()),
        ("Dibuka lagi", of.reopened.to_string()),
        (
            "Hari kerja",
            format!(
                "sampai selesai: rata-rata {}, median {}; sampai ditanggapi: rata-rata {}",
                or_dash(&of.mean_days),
                or_dash(&of.median_days),
                or_dash(&of.mean_response_days)
            ),
        ),
        ("Kepuasan", rating),
        (
            "SP4N-LAPOR!",
            format!("{} diterima, {} selesai", of.sp4n, of.sp4n_resolved),
        ),
        (
            "Konsultasi",
            format!(
                "{} diterima, {} selesai",
                of.consultations, of.consultations_completed
            ),
        ),
    ]);
    if answer.step > 1 {
        text += &format!(
            "Jumlah laporan dibulatkan ke bawah menjadi kelipatan {}, per jenis dan kanal kelipatan {}; angka yang\n\
             menyangkut segelintir pelapor tidak ditampilkan di luar instansi yang menangani laporannya.\n",
            answer.step,
            group_step(answer.step)
        );
    }
    for (title, groups) in [("Jenis", &of.by_class), ("Kanal", &of.by_channel)] {
        if groups.is_empty() {
            continue;
        }
        text += &Table::of(groups)
            .whole(title, |group| group_name(&group.key, labels))
            .number("Diterima", |group| group.received)
            .number("Diarsipkan", |group| group.archived)
            .number("Diverifikasi", |group| group.verified)
            .number("Tepat waktu", |group| group.verified_in_time)
            .number("Selesai", |group| group.resolved)
            .number("Tepat waktu", |group| group.resolved_in_time)
            .number("Lewat tenggat", |group| group.overdue)
            .number("Dibuka lagi", |group| group.reopened)
            .number("Rata-rata hari", |group| &group.mean_days)
            .number("Median hari", |group| &group.median_days)
            .print();
    }
    text
}

/// Whose figures they are.
fn subject(of: &event::ComplaintPerformanceState) -> (&'static str, String) {
    match of.agency.as_str() {
        "" => ("Unit", of.unit.clone()),
        agency => (
            "Instansi",
            format!("{agency} (semua laporan, juga yang belum didisposisikan ke unit)"),
        ),
    }
}

/// The name of a class or a channel; its key when it is not known.
fn group_name(key: &str, labels: &WorkflowLabels) -> String {
    let class = labels.class(key).map(str::to_owned);
    let kind = || pb::Channel::from_str_name(&format!("CHANNEL_{}", key.to_uppercase()));
    class
        .or_else(|| kind().map(|kind| channel(kind).to_owned()))
        .unwrap_or_else(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::workflow_labels::built_in;

    #[test]
    fn a_score_below_its_minimum_sample_says_when_it_is_ranked() {
        let labels = WorkflowLabels::default();
        let score = |size| pb::GetPerformanceResponse {
            performance: None,
            score: Some(event::ScoreState {
                value: "80.00".into(),
                sample_size: size,
                sample_minimum: 10,
                ..Default::default()
            }),
            step: 1,
        };
        assert!(
            performance(&score(9), &labels).contains("80.00 (dari 9 laporan; masuk peringkat mulai 10)\n")
        );
        assert!(performance(&score(10), &labels).contains("80.00 (dari 10 laporan)\n"));
        let none = pb::GetPerformanceResponse::default();
        assert!(performance(&none, &labels).contains("belum ada"));
    }

    #[test]
    fn the_figures_of_an_agency_say_so_and_what_the_score_is_made_of() {
        let labels = WorkflowLabels::default();
        let answer = pb::GetPerformanceResponse {
            performance: Some(event::ComplaintPerformanceState {
                agency: "agencies/3271".into(),
                in_time: 12,
                late: 40,
                ..Default::default()
            }),
            ..Default::default()
        };
        let text = performance(&answer, &labels);
        assert!(text.contains("agencies/3271 (semua laporan"), "{text}");
        assert!(
            text.contains("12 selesai tanpa tenggat terlewat, 40 terlambat"),
            "{text}"
        );
    }

    #[test]
    fn classes_and_channels_have_names_and_ratings_a_mean() {
        let labels = built_in();
        for (key, expected) in [
            ("complaint_normative", "Pengaduan normatif"),
            ("face_to_face", "tatap muka"),
            ("mobile_app", "aplikasi"),
            ("own_class", "own_class"),
        ] {
            assert_eq!(group_name(key, &labels), expected);
        }
        let answer = pb::GetPerformanceResponse {
            performance: Some(event::ComplaintPerformanceState {
                ratings: 3,
                rating_total: 14,
                by_channel: vec![event::ComplaintGroupFacts {
                    key: "letter".into(),
                    received: 11,
                    archived: 12,
                    resolved: 15,
                    resolved_in_time: 16,
                    overdue: 17,
                    verified: 13,
                    verified_in_time: 14,
                    reopened: 18,
                    mean_days: "19.25".into(),
                    median_days: String::new(),
                }],
                ..Default::default()
            }),
            score: None,
            step: 5,
        };
        insta::assert_snapshot!(performance(&answer, &labels), @"
        Unit        :
        Periode     :
        Nilai       : belum ada
        Dasar nilai : 0 selesai tanpa tenggat terlewat, 0 terlambat (tetap terlambat walaupun ditanggapi, diarsipkan, atau dialihkan)
        Diterima    : 0 (di luar 0 yang digabung)
        Diverifikasi: 0, tepat waktu 0
        Selesai     : 0, tepat waktu 0
        Terbuka     : 0, lewat tenggat 0
        Diarsipkan  : 0
        Dibuka lagi : 0
        Hari kerja  : sampai selesai: rata-rata -, median -; sampai ditanggapi: rata-rata -
        Kepuasan    : 4.67 dari 5, menurut 3 pelapor
        SP4N-LAPOR! : 0 diterima, 0 selesai
        Konsultasi  : 0 diterima, 0 selesai
        Jumlah laporan dibulatkan ke bawah menjadi kelipatan 5, per jenis dan kanal kelipatan 20; angka yang
        menyangkut segelintir pelapor tidak ditampilkan di luar instansi yang menangani laporannya.
        ┌───────┬──────────┬────────────┬──────────────┬─────────────┬─────────┬─────────────┬───────────────┬─────────────┬────────────────┬─────────────┐
        │ Kanal ┆ Diterima ┆ Diarsipkan ┆ Diverifikasi ┆ Tepat waktu ┆ Selesai ┆ Tepat waktu ┆ Lewat tenggat ┆ Dibuka lagi ┆ Rata-rata hari ┆ Median hari │
        ╞═══════╪══════════╪════════════╪══════════════╪═════════════╪═════════╪═════════════╪═══════════════╪═════════════╪════════════════╪═════════════╡
        │ surat ┆       11 ┆         12 ┆           13 ┆          14 ┆      15 ┆          16 ┆            17 ┆          18 ┆          19.25 ┆           - │
        └───────┴──────────┴────────────┴──────────────┴─────────────┴─────────┴─────────────┴───────────────┴─────────────┴────────────────┴─────────────┘
        ");
    }
}
