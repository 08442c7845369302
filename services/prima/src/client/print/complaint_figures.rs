//! Figures about complaints, for people: performance of units, desks, use of encryption keys.

use prima_platform::{disclosure::group_step, number};
use prima_proto::complaint::v1 as pb;
use prima_proto::event::v1 as event;

use super::complaint::{channel, lines};
use super::{Columns, or_dash, table};
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
        ("Unit", of.unit.clone()),
        ("Periode", of.period.clone()),
        ("Nilai", score),
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
    let columns = Columns {
        right: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        whole: &[0],
    };
    for (title, groups) in [("Jenis", &of.by_class), ("Kanal", &of.by_channel)] {
        let rows = groups.iter().map(|group| {
            let figures = [
                group.received,
                group.archived,
                group.verified,
                group.verified_in_time,
                group.resolved,
                group.resolved_in_time,
                group.overdue,
                group.reopened,
            ];
            let days = [&group.mean_days, &group.median_days];
            std::iter::once(group_name(&group.key, labels))
                .chain(figures.iter().map(i64::to_string))
                .chain(days.map(|days| or_dash(days)))
                .collect()
        });
        let header = [
            title,
            "Diterima",
            "Diarsipkan",
            "Diverifikasi",
            "Tepat waktu",
            "Selesai",
            "Tepat waktu",
            "Lewat tenggat",
            "Dibuka lagi",
            "Rata-rata hari",
            "Median hari",
        ];
        if !groups.is_empty() {
            text += &table(&header, columns, rows);
        }
    }
    text
}

/// The name of a class or a channel; its key when it is not known.
fn group_name(key: &str, labels: &WorkflowLabels) -> String {
    let class = labels.class(key).map(str::to_owned);
    let kind = || pb::Channel::from_str_name(&format!("CHANNEL_{}", key.to_uppercase()));
    class
        .or_else(|| kind().map(|kind| channel(kind).to_owned()))
        .unwrap_or_else(|| key.to_owned())
}

/// The channels through which a unit can be reached.
pub fn desk(desk: &pb::Desk) -> String {
    let mut text = lines(&[
        ("Unit", desk.unit.clone()),
        ("Meja khusus", since(&desk.separate_since_date)),
        ("SP4N-LAPOR!", since(&desk.sp4n_since_date)),
    ]);
    let rows = desk.channels.iter().map(|one| {
        vec![
            channel(one.channel()).to_owned(),
            one.since_date.clone(),
            or_dash(&one.until_date),
        ]
    });
    if desk.channels.is_empty() {
        text += "Kanal belum dicatat.\n";
    } else {
        text += &table(&["Kanal", "Sejak", "Sampai"], Columns::default(), rows);
    }
    if desk.records.is_empty() {
        return text;
    }
    let rows = desk.records.iter().map(|one| {
        let kind = match one.kind() {
            pb::AccountabilityKind::Unspecified => "-",
            pb::AccountabilityKind::Report => "laporan berkala",
            pb::AccountabilityKind::Monitoring => "monitoring dan evaluasi",
            pb::AccountabilityKind::FollowUp => "tindak lanjut",
            pb::AccountabilityKind::Publication => "publikasi",
        };
        vec![
            one.date.clone(),
            kind.to_owned(),
            one.title.clone(),
            or_dash(&one.link),
        ]
    });
    text + &table(
        &["Tanggal", "Catatan", "Judul", "Tautan"],
        Columns::default(),
        rows,
    )
}

fn since(date: &str) -> String {
    match date {
        "" => "tidak ada".to_owned(),
        date => format!("sejak {date}"),
    }
}

/// How much data each key encrypts.
pub fn keys(keys: &[pb::KeyUsage]) -> String {
    let rows = keys.iter().map(|one| {
        let part = match (one.current, one.present) {
            (true, _) => "mengenkripsi dan mendekripsi",
            (false, true) => "mendekripsi",
            (false, false) => "TIDAK ADA: barisnya tidak terbaca",
        };
        vec![one.key.clone(), part.to_owned(), one.rows.to_string()]
    });
    let columns = Columns {
        right: &[2],
        whole: &[0],
    };
    table(&["Kunci", "Guna", "Baris"], columns, rows)
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
        let text = performance(&answer, &labels);
        assert!(text.contains("4.67 dari 5, menurut 3 pelapor"));
        assert!(text.contains("kelipatan 5, per jenis dan kanal kelipatan 20"));
        let row = text.lines().find(|line| line.contains("surat")).unwrap();
        let shown: Vec<&str> = row.split(['│', '┆']).map(str::trim).collect();
        let figures = ["11", "12", "13", "14", "15", "16", "17", "18", "19.25", "-"];
        assert_eq!(shown.get(2..12), Some(&figures[..]), "{text}");
    }

    #[test]
    fn a_key_that_is_not_configured_is_warned_of() {
        let key = |key: &str, current, present| pb::KeyUsage {
            key: key.into(),
            current,
            present,
            rows: 7,
        };
        let text = keys(&[
            key("b", true, true),
            key("a", false, true),
            key("z", false, false),
        ]);
        let warned: Vec<bool> = text
            .lines()
            .filter(|l| l.contains(" 7 "))
            .map(|l| l.contains("TIDAK ADA"))
            .collect();
        assert_eq!(warned, [false, false, true], "{text}");
    }
}
