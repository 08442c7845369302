//! Complaints for people: lists, single complaints with their timelines, events. Nothing here shows who reported.

use prima_platform::clock;
use prima_proto::complaint::v1 as pb;
use prost_types::Timestamp;

use super::{Table, clean, lines, or_dash};
use crate::client::workflow_labels::WorkflowLabels;

/// A time in western Indonesia (WIB) to the minute, or `-`.
pub fn time(time: Option<&Timestamp>) -> String {
    let local = |time| super::local(time).chars().take(16).collect();
    time.and_then(clock::from_proto)
        .map_or_else(|| "-".to_owned(), local)
}

/// The last part of a complaint's name. The commands accept it, so people copy it.
fn id(name: &str) -> String {
    name.trim_start_matches("complaints/").to_owned()
}

fn due(deadline: &pb::Deadline) -> String {
    let day = if deadline.paused {
        "berhenti sementara".to_owned()
    } else {
        or_dash(&deadline.due_date)
    };
    let late = if deadline.overdue { " LEWAT" } else { "" };
    let about = if deadline.provisional { " (sementara)" } else { "" };
    format!("{day}{late}{about}")
}

/// The unit that handles a complaint, or the agency while no unit was chosen.
fn responsible(status: &pb::ComplaintStatus) -> &str {
    if status.unit.is_empty() {
        &status.agency
    } else {
        &status.unit
    }
}

pub fn list(list: &[pb::ComplaintSummary]) -> String {
    let none = pb::ComplaintStatus::default();
    let rows = list.iter().map(|row| (row, row.status.as_ref().unwrap_or(&none)));
    let table = Table::of(rows)
        .whole("Laporan", |(_, status)| id(&status.name))
        .text("Diterima", |(_, status)| time(status.receive_time.as_ref()))
        .text("Keadaan", |(_, status)| &status.state_label)
        .whole("Pada", |(_, status)| responsible(status))
        .text("Tenggat", |(_, status)| {
            status.deadline.as_ref().map(due).unwrap_or_default()
        })
        .number("Tk", |(_, status)| status.level)
        .text("Judul", |(row, _)| &row.title);
    table.print() + &format!("{} laporan.\n", list.len())
}

/// One line with the state of a complaint.
fn status_line(status: &pb::ComplaintStatus) -> String {
    let deadline = status.deadline.as_ref();
    let deadline = deadline.map(|one| format!("; tenggat {}: {}", one.label.to_lowercase(), due(one)));
    clean(&format!(
        "{}: {}, pada {}{}",
        status.name,
        status.state_label,
        responsible(status),
        deadline.unwrap_or_default()
    )) + "\n"
}

/// What the reporter receives after submitting.
pub fn submitted(answer: &pb::SubmitComplaintResponse) -> String {
    let status = answer.status.clone().unwrap_or_default();
    status_line(&status)
        + &lines(&[
            ("Kode lacak", answer.tracking_code.clone()),
            ("Rahasia", answer.secret.clone()),
        ])
        + "Berikan keduanya hanya kepada pelapor.\n"
}

/// One complaint with its timeline.
pub fn detail(complaint: &pb::Complaint, labels: &WorkflowLabels) -> String {
    let none = pb::ComplaintStatus::default();
    let status = complaint.status.as_ref().unwrap_or(&none);
    let attributes = [
        (complaint.anonymous, "anonim"),
        (complaint.confidential, "rahasia"),
    ];
    let attributes: Vec<&str> = attributes
        .into_iter()
        .filter_map(|(set, label)| set.then_some(label))
        .collect();
    let mut rows = vec![
        ("Judul", or_dash(&complaint.title)),
        (
            "Keadaan",
            format!("{} (tingkat {})", status.state_label, status.level),
        ),
        ("Jenis", status.class.clone()),
        ("Kategori", or_dash(&status.category)),
        ("Pada", responsible(status).to_owned()),
        ("Kanal", channel(complaint.channel()).to_owned()),
        ("Sifat", or_dash(&attributes.join(", "))),
        ("Diterima", time(status.receive_time.as_ref())),
    ];
    if !status.name.is_empty() {
        rows.insert(0, ("Laporan", status.name.clone()));
    }
    for deadline in &complaint.deadlines {
        rows.push(("Tenggat", format!("{}: {}", deadline.label, due(deadline))));
    }
    if complaint.rating > 0 {
        rows.push(("Kepuasan", format!("{} dari 5", complaint.rating)));
    }
    if !complaint.merged_into.is_empty() {
        rows.push(("Digabung ke", complaint.merged_into.clone()));
    }
    if !complaint.actions.is_empty() {
        rows.push(("Tindakan", complaint.actions.join(", ")));
    }
    let mut text = lines(&rows);
    if !complaint.text.is_empty() {
        // The line breaks of the text are kept.
        text.push('\n');
        for line in complaint.text.lines() {
            text += &(clean(line) + "\n");
        }
    }
    text.push('\n');
    text + &Table::of(&complaint.timeline)
        .number("No", |entry| entry.number)
        .whole("Waktu", |entry| time(entry.time.as_ref()))
        .text("Kejadian", |entry| describe(entry, labels))
        .text("Oleh", |entry| role(&entry.role))
        .text("Isi", |entry| &entry.text)
        .print()
}

/// One event of the feed, on one line.
pub fn event(message: &pb::WatchComplaintsResponse, labels: &WorkflowLabels) -> String {
    let none = pb::TimelineEntry::default();
    let entry = message.entry.as_ref().unwrap_or(&none);
    let unit = if message.unit.is_empty() {
        &message.agency
    } else {
        &message.unit
    };
    clean(&format!(
        "{}  {}  {unit}  {}  [{}]",
        time(entry.time.as_ref()),
        id(&message.complaint),
        describe(entry, labels),
        message.cursor
    )) + "\n"
}

/// Describes an event with the labels of the workflows; a key that has none is shown as it is.
fn describe(entry: &pb::TimelineEntry, labels: &WorkflowLabels) -> String {
    let state = |key| labels.state(key).unwrap_or(key);
    let action = || {
        let label = labels.action(&entry.from_state, &entry.action);
        label.unwrap_or(&entry.action)
    };
    let clock = || {
        let label = labels.clock(&entry.clock).map(str::to_lowercase);
        label.unwrap_or_else(|| entry.clock.clone())
    };
    let till = time(entry.due_time.as_ref());
    match entry.kind() {
        pb::TimelineKind::Unspecified => "-".to_owned(),
        pb::TimelineKind::Received => "Diterima".to_owned(),
        pb::TimelineKind::Transition if entry.to_parent.is_empty() => {
            format!("{} → {}", action(), state(&entry.to_state))
        }
        pb::TimelineKind::Transition => format!(
            "{} → {} ({} → {})",
            action(),
            state(&entry.to_state),
            or_dash(&entry.from_parent),
            entry.to_parent
        ),
        pb::TimelineKind::Reminder => format!("Pengingat: {} jatuh tempo {till}", clock()),
        pb::TimelineKind::Escalation => format!(
            "Naik ke tingkat {}: {} lewat tenggat {till}",
            entry.level,
            clock()
        ),
        pb::TimelineKind::EscalatedByHand => format!("Dinaikkan ke tingkat {}", entry.level),
        pb::TimelineKind::Rescheduled => format!(
            "Tenggat {} dihitung ulang: {} → {till}",
            clock(),
            time(entry.before_due_time.as_ref())
        ),
        pb::TimelineKind::Rated => "Dinilai pelapor".to_owned(),
        pb::TimelineKind::Erased => "Data dihapus menurut masa simpan atau permintaan".to_owned(),
        pb::TimelineKind::Merged => "Menerima gabungan laporan lain".to_owned(),
    }
}

fn role(key: &str) -> &str {
    match key {
        "reporter" => "Pelapor",
        "liaison_officer" => "Pejabat penghubung",
        "coordinator_admin" => "Admin koordinator instansi",
        "national_admin" => "Admin nasional",
        "system" => "Sistem",
        "intake" => "Penerima laporan",
        other => other,
    }
}

/// The name of a channel for people.
pub(super) fn channel(channel: pb::Channel) -> &'static str {
    match channel {
        pb::Channel::Unspecified => "-",
        pb::Channel::Web => "situs",
        pb::Channel::MobileApp => "aplikasi",
        pb::Channel::Sms => "SMS",
        pb::Channel::SocialMedia => "media sosial",
        pb::Channel::FaceToFace => "tatap muka",
        pb::Channel::Letter => "surat",
        pb::Channel::Integrated => "sistem lain",
        pb::Channel::Email => "surel",
        pb::Channel::Phone => "telepon",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::workflow_labels::built_in;

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos: 0 })
    }

    fn entry(kind: pb::TimelineKind) -> pb::TimelineEntry {
        pb::TimelineEntry {
            kind: kind.into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_deadline_shows_whether_it_is_overdue_paused_or_provisional() {
        let mut deadline = pb::Deadline {
            due_date: "2026-12-01".into(),
            ..Default::default()
        };
        assert_eq!(due(&deadline), "2026-12-01");
        deadline.provisional = true;
        assert_eq!(due(&deadline), "2026-12-01 (sementara)");
        deadline.overdue = true;
        assert_eq!(due(&deadline), "2026-12-01 LEWAT (sementara)");
        let paused = pb::Deadline {
            paused: true,
            ..Default::default()
        };
        assert_eq!(due(&paused), "berhenti sementara");
    }

    #[test]
    fn the_timeline_uses_the_labels_of_the_workflow_or_else_its_keys() {
        let labels = built_in();
        let mut line = pb::TimelineEntry {
            action: "reply".into(),
            from_state: "responded".into(),
            to_state: "in_progress".into(),
            ..entry(pb::TimelineKind::Transition)
        };
        assert_eq!(
            describe(&line, &labels),
            "Balas tanggapan → Sedang ditindaklanjuti"
        );
        line.from_state = "on_hold".into();
        line.to_state = "verifying".into();
        assert_eq!(describe(&line, &labels), "Lengkapi laporan → Verifikasi");
        line.action = "approve".into();
        line.to_state = "approved".into();
        assert_eq!(describe(&line, &labels), "approve → approved");
    }

    #[test]
    fn a_forwarding_names_both_agencies_and_an_escalation_its_deadline() {
        let labels = built_in();
        let hop = pb::TimelineEntry {
            action: "forward".into(),
            from_state: "verifying".into(),
            to_state: "forwarded".into(),
            from_parent: "agencies/3271".into(),
            to_parent: "agencies/3273".into(),
            ..entry(pb::TimelineKind::Transition)
        };
        let expected = "Alihkan → Dialihkan ke instansi lain (agencies/3271 → agencies/3273)";
        assert_eq!(describe(&hop, &labels), expected);
        let late = pb::TimelineEntry {
            level: 2,
            clock: "resolution".into(),
            due_time: at(0),
            ..entry(pb::TimelineKind::Escalation)
        };
        assert_eq!(
            describe(&late, &labels),
            "Naik ke tingkat 2: penyelesaian lewat tenggat 1970-01-01 07:00"
        );
    }

    #[test]
    fn user_text_cannot_control_the_terminal() {
        let complaint = pb::Complaint {
            title: "a\u{1b}[2Jb".into(),
            text: "satu\u{1b}[31m\ndua\u{202e}".into(),
            timeline: vec![pb::TimelineEntry {
                text: "x\u{1b}]0;y".into(),
                ..entry(pb::TimelineKind::Rated)
            }],
            ..Default::default()
        };
        let text = detail(&complaint, &WorkflowLabels::default());
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        assert!(text.contains("\nsatu [31m\ndua\n"), "{text}");
        let row = pb::ComplaintSummary {
            title: "c\u{1b}[2Jd".into(),
            ..Default::default()
        };
        assert!(!list(&[row]).contains('\u{1b}'));
    }
}
