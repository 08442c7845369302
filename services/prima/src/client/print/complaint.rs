//! Complaints for people: lists, reports with their timelines, events. No identity among them.

use prima_complaint::domain::workflow::{Role, Workflow};
use prima_platform::clock;
use prima_proto::complaint::v1 as pb;
use prost_types::Timestamp;

use super::{Columns, clean, or_dash, table};

/// A time in western Indonesia to the minute, or `-`.
pub fn time(time: Option<&Timestamp>) -> String {
    let local = |time| super::local(time).chars().take(16).collect();
    time.and_then(clock::from_proto)
        .map_or_else(|| "-".to_owned(), local)
}

/// Labels and values, one a line.
pub(super) fn lines(rows: &[(&str, String)]) -> String {
    let line = |(label, value): &(&str, String)| clean(&format!("{label:<12} {value}")) + "\n";
    rows.iter().map(line).collect()
}

/// The last part of the name of a report: what the commands take and people copy.
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

/// The unit that has a report, else the agency.
fn holder(status: &pb::ComplaintStatus) -> &str {
    if status.unit.is_empty() {
        &status.agency
    } else {
        &status.unit
    }
}

/// Rows of reports.
pub fn list(list: &[pb::ComplaintSummary]) -> String {
    let rows = list.iter().map(|row| {
        let none = pb::ComplaintStatus::default();
        let status = row.status.as_ref().unwrap_or(&none);
        vec![
            id(&status.name),
            time(status.receive_time.as_ref()),
            status.state_label.clone(),
            holder(status).to_owned(),
            status.deadline.as_ref().map_or_else(|| "-".to_owned(), due),
            status.level.to_string(),
            or_dash(&row.title),
        ]
    });
    let columns = Columns {
        right: &[5],
        whole: &[0, 3],
    };
    let header = ["Laporan", "Diterima", "Keadaan", "Pada", "Tenggat", "Tk", "Judul"];
    table(&header, columns, rows) + &format!("{} laporan.\n", list.len())
}

/// What a report became by an action.
pub fn stands(status: &pb::ComplaintStatus) -> String {
    let deadline = status.deadline.as_ref();
    let deadline = deadline.map(|one| format!("; tenggat {}: {}", one.label.to_lowercase(), due(one)));
    clean(&format!(
        "{}: {}, pada {}{}",
        status.name,
        status.state_label,
        holder(status),
        deadline.unwrap_or_default()
    )) + "\n"
}

/// What the reporter is given.
pub fn submitted(answer: &pb::SubmitComplaintResponse) -> String {
    let status = answer.status.clone().unwrap_or_default();
    stands(&status)
        + &lines(&[
            ("Kode lacak", answer.tracking_code.clone()),
            ("Rahasia", answer.secret.clone()),
        ])
        + "Berikan keduanya hanya kepada pelapor.\n"
}

/// One report with its timeline.
pub fn one(complaint: &pb::Complaint) -> String {
    let none = pb::ComplaintStatus::default();
    let status = complaint.status.as_ref().unwrap_or(&none);
    let marks = [
        (complaint.anonymous, "anonim"),
        (complaint.confidential, "rahasia"),
    ];
    let marks: Vec<&str> = marks
        .into_iter()
        .filter_map(|(set, mark)| set.then_some(mark))
        .collect();
    let mut rows = vec![
        ("Judul", or_dash(&complaint.title)),
        (
            "Keadaan",
            format!("{} (tingkat {})", status.state_label, status.level),
        ),
        ("Jenis", status.class.clone()),
        ("Kategori", or_dash(&status.category)),
        ("Pada", holder(status).to_owned()),
        ("Kanal", channel(complaint.channel()).to_owned()),
        ("Sifat", or_dash(&marks.join(", "))),
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
        // Lines of the text stay lines.
        text.push('\n');
        for line in complaint.text.lines() {
            text += &(clean(line) + "\n");
        }
    }
    text.push('\n');
    let rows = complaint.timeline.iter().map(|entry| {
        vec![
            entry.number.to_string(),
            time(entry.time.as_ref()),
            happened(entry),
            role(&entry.role),
            or_dash(&entry.text),
        ]
    });
    let columns = Columns {
        right: &[0],
        whole: &[1],
    };
    text + &table(&["No", "Waktu", "Kejadian", "Oleh", "Isi"], columns, rows)
}

/// One event of the feed, on a line.
pub fn event(message: &pb::WatchComplaintsResponse) -> String {
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
        happened(entry),
        message.cursor
    )) + "\n"
}

/// What happened, in words: those of the built-in workflow where it knows the keys, else the keys.
fn happened(entry: &pb::TimelineEntry) -> String {
    let flows = || Workflow::built_in().flows.iter();
    let state = |key: &str| {
        let known = flows().find_map(|flow| flow.state(key));
        known.map_or_else(|| key.to_owned(), |state| state.label.clone())
    };
    let action = || {
        let mut all = flows().flat_map(|flow| &flow.transitions);
        let found = all.find(|one| one.from == entry.from_state && one.action.key() == entry.action);
        found.map_or_else(|| entry.action.clone(), |one| one.label.clone())
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
        pb::TimelineKind::Reminder => format!("Pengingat: {} jatuh tempo {till}", clock_name(&entry.clock)),
        pb::TimelineKind::Escalation => format!(
            "Naik ke tingkat {}: {} lewat tenggat {till}",
            entry.level,
            clock_name(&entry.clock)
        ),
        pb::TimelineKind::EscalatedByHand => format!("Dinaikkan ke tingkat {}", entry.level),
        pb::TimelineKind::Rescheduled => format!(
            "Tenggat {} dihitung ulang: {} → {till}",
            clock_name(&entry.clock),
            time(entry.before_due_time.as_ref())
        ),
        pb::TimelineKind::Rated => "Dinilai pelapor".to_owned(),
        pb::TimelineKind::Erased => "Data dihapus menurut masa simpan atau permintaan".to_owned(),
        pb::TimelineKind::Merged => "Menerima gabungan laporan lain".to_owned(),
    }
}

fn clock_name(key: &str) -> String {
    let known = Workflow::built_in().clock(key);
    known.map_or_else(|| key.to_owned(), |clock| clock.label.to_lowercase())
}

fn role(key: &str) -> String {
    match Role::parse(key) {
        Some(role) => role.label().to_owned(),
        None if key == "intake" => "Penerima laporan".to_owned(),
        None => or_dash(key),
    }
}

/// A channel as people call it.
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
    fn what_is_late_paused_or_provisional_is_told_with_its_day() {
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
    fn the_timeline_speaks_the_words_of_the_workflow_and_else_its_keys() {
        let mut line = pb::TimelineEntry {
            action: "reply".into(),
            from_state: "responded".into(),
            to_state: "in_progress".into(),
            ..entry(pb::TimelineKind::Transition)
        };
        assert_eq!(happened(&line), "Balas tanggapan → Sedang ditindaklanjuti");
        line.from_state = "on_hold".into();
        line.to_state = "verifying".into();
        assert_eq!(happened(&line), "Lengkapi laporan → Verifikasi");
        line.action = "approve".into();
        line.to_state = "approved".into();
        assert_eq!(happened(&line), "approve → approved");
    }

    #[test]
    fn a_hop_names_both_ends_and_a_passed_deadline_its_clock() {
        let hop = pb::TimelineEntry {
            action: "forward".into(),
            from_state: "verifying".into(),
            to_state: "forwarded".into(),
            from_parent: "agencies/3271".into(),
            to_parent: "agencies/3273".into(),
            ..entry(pb::TimelineKind::Transition)
        };
        let expected = "Alihkan → Dialihkan ke instansi lain (agencies/3271 → agencies/3273)";
        assert_eq!(happened(&hop), expected);
        let late = pb::TimelineEntry {
            level: 2,
            clock: "resolution".into(),
            due_time: at(0),
            ..entry(pb::TimelineKind::Escalation)
        };
        assert_eq!(
            happened(&late),
            "Naik ke tingkat 2: penyelesaian lewat tenggat 1970-01-01 07:00"
        );
    }

    #[test]
    fn what_people_wrote_cannot_steer_the_terminal() {
        let complaint = pb::Complaint {
            title: "a\u{1b}[2Jb".into(),
            text: "satu\u{1b}[31m\ndua\u{202e}".into(),
            timeline: vec![pb::TimelineEntry {
                text: "x\u{1b}]0;y".into(),
                ..entry(pb::TimelineKind::Rated)
            }],
            ..Default::default()
        };
        let text = one(&complaint);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        assert!(text.contains("\nsatu [31m\ndua\n"), "{text}");
        let row = pb::ComplaintSummary {
            title: "c\u{1b}[2Jd".into(),
            ..Default::default()
        };
        assert!(!list(&[row]).contains('\u{1b}'));
    }
}
