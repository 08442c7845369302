//! `prima privacy`: the rights of the people whose data is stored (UU 27/2022): access, correction, erasure, and what has to be
//! known when their data was breached.

use anyhow::{Context, bail};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use prima_platform::clock::{Clock, to_proto};
use prima_proto::{complaint::v1 as pb, survey::v1 as survey};
use prost::Message;
use prost_reflect::DynamicMessage;

use super::call::{pages, repeat, request_id};
use super::connect::Connection;
use super::contract;
use super::print::{self, Table, complaint::time, lines};
use super::text;
use crate::cli::{
    PrivacyAccessArgs, PrivacyBreachArgs, PrivacyCommand, PrivacyCorrectArgs, PrivacyEraseArgs,
    PrivacyLogArgs, RespondentArgs,
};

/// Longest file of an identity, in bytes.
const IDENTITY_MAX: u64 = 1 << 16;
/// Within how many hours those affected and the authority are told in writing (UU 27/2022, article 46 (1)).
const NOTICE_HOURS: i64 = 3 * 24;
/// Hours by which WIB is ahead of UTC.
const WIB_HOURS: i32 = 7;

pub(super) async fn run(connection: &Connection, command: PrivacyCommand) -> anyhow::Result<()> {
    match command {
        PrivacyCommand::Access(args) => access(connection, args).await,
        PrivacyCommand::Correct(args) => correct(connection, args).await,
        PrivacyCommand::Erase(args) => erase(connection, args).await,
        PrivacyCommand::Breach(args) => breach(connection, args).await,
        PrivacyCommand::Log(args) => log(connection, args).await,
    }
}

/// Whose data is meant.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    /// A report or consultation.
    Record(String),
    /// A response to a survey.
    Respondent(String, Which),
    /// A telephone number or e-mail address.
    Contact(String),
}

/// How a respondent identifies a response.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    Id(String),
    Token(String),
}

/// What the arguments mean. Fails when a survey lacks the response, or something else has one.
fn subject(of: String, respondent: RespondentArgs) -> anyhow::Result<Subject> {
    let which = match (respondent.response, respondent.token) {
        (Some(id), _) => Some(Which::Id(id)),
        (None, Some(file)) => text::secrets(&file, 1)?.pop().map(Which::Token),
        (None, None) => None,
    };
    let is_record = of.starts_with("complaints/") || of.starts_with("consultations/");
    match (of.contains("/surveys/"), which) {
        (true, Some(which)) => Ok(Subject::Respondent(of, which)),
        (true, None) => bail!("sebutkan tanggapan yang dimaksud: --response ID atau --token BERKAS"),
        (false, Some(_)) => bail!("--response dan --token hanya untuk survei agencies/…/units/…/surveys/…"),
        (false, None) if is_record => Ok(Subject::Record(of)),
        (false, None) => Ok(Subject::Contact(of)),
    }
}

async fn access(connection: &Connection, args: PrivacyAccessArgs) -> anyhow::Result<()> {
    let (reason, format) = (args.reason, args.output.format);
    let purpose = pb::Purpose::DataSubjectRequest.into();
    match subject(args.subject, args.respondent)? {
        Subject::Contact(contact) => {
            let message = pb::FindComplaintsRequest {
                contact,
                parent: "agencies/-".to_owned(),
                purpose,
                reason,
            };
            let client = connection.privacy().await?;
            let answer = repeat!(client, find_complaints, message)?;
            let name = "prima.complaint.v1.FindComplaintsResponse";
            print::answer(format, name, &answer, |answer| found(&answer.complaints))
        }
        Subject::Record(name) => {
            let message = pb::ReadIdentityRequest {
                name,
                purpose,
                reason,
            };
            let client = connection.privacy().await?;
            let answer = repeat!(client, read_identity, message)?;
            let name = "prima.complaint.v1.ReadIdentityResponse";
            print::answer(format, name, &answer, |answer| {
                identity(&answer.reporter.clone().unwrap_or_default())
            })
        }
        Subject::Respondent(survey, which) => {
            use survey::read_response_request::Which as Given;
            let message = survey::ReadResponseRequest {
                survey,
                which: Some(match which {
                    Which::Id(id) => Given::ResponseId(id),
                    Which::Token(token) => Given::Token(token),
                }),
                reason,
            };
            let client = connection.survey().await?;
            let answer = repeat!(client, read_response, message)?;
            let name = "prima.survey.v1.ReadResponseResponse";
            print::answer(format, name, &answer, |answer| {
                response(&answer.response.clone().unwrap_or_default())
            })
        }
    }
}

fn found(list: &[pb::ComplaintStatus]) -> String {
    let table = Table::of(list)
        .whole("Laporan", |one| &one.name)
        .text("Diterima", |one| time(one.receive_time.as_ref()))
        .text("Instansi", |one| &one.agency)
        .text("Unit", |one| &one.unit);
    table.print()
        + &format!(
            "{} laporan; identitasnya: prima privacy access complaints/…\n",
            list.len()
        )
}

fn identity(reporter: &pb::Reporter) -> String {
    lines(&[
        ("Nama", reporter.display_name.clone()),
        ("NIK", reporter.identity_number.clone()),
        ("Telepon", reporter.phone.clone()),
        ("Surel", reporter.email.clone()),
        ("Alamat", reporter.address.clone()),
    ])
}

fn response(stored: &survey::HeldResponse) -> String {
    let profile = stored.profile.clone().unwrap_or_default();
    let age = Some(profile.age)
        .filter(|age| *age > 0)
        .map(|age| age.to_string());
    let known = [
        profile.sex,
        age.unwrap_or_default(),
        profile.age_group,
        profile.education,
        profile.occupation,
        profile.service,
        profile.channel,
        profile.hour_band,
    ];
    let known: Vec<String> = known.into_iter().filter(|text| !text.is_empty()).collect();
    let answers: Vec<String> = stored
        .answers
        .iter()
        .map(|(element, score)| format!("{element}={score}"))
        .collect();
    let state = if stored.voided { "dibatalkan" } else { "dihitung" };
    let mut text = lines(&[
        ("Tanggapan", stored.response_id.clone()),
        ("Diisi", time(stored.submit_time.as_ref())),
        ("Diterima", time(stored.accept_time.as_ref())),
        ("Asal", stored.source.clone()),
        ("Impor", stored.import_id.clone()),
        ("Keadaan", state.to_owned()),
        ("Profil", known.join(", ")),
        ("Jawaban", answers.join(", ")),
    ]);
    for comment in &stored.comments {
        let kind = match comment.kind() {
            survey::CommentKind::Criticism => "Kritik",
            survey::CommentKind::Suggestion | survey::CommentKind::Unspecified => "Saran",
        };
        text += &lines(&[(kind, comment.text.clone())]);
    }
    text
}

async fn correct(connection: &Connection, args: PrivacyCorrectArgs) -> anyhow::Result<()> {
    let mut message = pb::CorrectIdentityRequest {
        request_id: String::new(),
        name: args.name,
        reporter: Some(reporter(&super::document(&args.file, IDENTITY_MAX)?)?),
        reason: args.reason,
    };
    message.request_id = request_id("CorrectIdentity", &message);
    let client = connection.privacy().await?;
    let answer = repeat!(client, correct_identity, message)?;
    let at = time(answer.correct_time.as_ref());
    Ok(print::out(&format!("Identitas diganti pada {at}.\n"))?)
}

/// The identity in a file.
fn reporter(json: &str) -> anyhow::Result<pb::Reporter> {
    let descriptor = contract::message("prima.complaint.v1.Reporter")?;
    let mut reader = serde_json::Deserializer::from_str(json);
    let read = DynamicMessage::deserialize(descriptor, &mut reader);
    let read = read.and_then(|message| reader.end().map(|()| message));
    // The error of the parser is dropped, because it would repeat the identity.
    let message = read.map_err(|_| anyhow::anyhow!("berkas bukan identitas (Reporter) dalam JSON"))?;
    Ok(pb::Reporter::decode(message.encode_to_vec().as_slice())?)
}

async fn erase(connection: &Connection, args: PrivacyEraseArgs) -> anyhow::Result<()> {
    let erased = match subject(args.subject, args.respondent)? {
        Subject::Contact(_) => bail!(
            "sebutkan complaints/…, consultations/…, atau survei; laporan suatu nomor atau surel: prima privacy access"
        ),
        Subject::Record(name) => {
            let mut message = pb::EraseComplaintRequest {
                request_id: String::new(),
                name,
                text_too: args.text,
                reason: args.reason,
            };
            message.request_id = request_id("EraseComplaint", &message);
            let client = connection.privacy().await?;
            let answer = repeat!(client, erase_complaint, message)?;
            let what = if args.text {
                "Identitas, teks, dan berkas"
            } else {
                "Identitas"
            };
            format!("{what} dihapus pada {}.\n", time(answer.erase_time.as_ref()))
        }
        Subject::Respondent(survey, which) => {
            use survey::erase_response_texts_request::Which as Given;
            let mut message = survey::EraseResponseTextsRequest {
                request_id: String::new(),
                survey,
                which: Some(match which {
                    Which::Id(id) => Given::ResponseId(id),
                    Which::Token(token) => Given::Token(token),
                }),
                reason: args.reason,
            };
            message.request_id = request_id("EraseResponseTexts", &message);
            let client = connection.survey().await?;
            let answer = repeat!(client, erase_response_texts, message)?;
            let at = time(answer.erase_time.as_ref());
            format!(
                "{} teks dihapus pada {at}; jawabannya tetap dihitung.\n",
                answer.texts
            )
        }
    };
    Ok(print::out(&erased)?)
}

async fn breach(connection: &Connection, args: PrivacyBreachArgs) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let at = |text: &Option<String>| text.as_deref().map_or(Ok(now), moment);
    let (to, known) = (at(&args.to)?, at(&args.known)?);
    let message = pb::ListHeldRecordsRequest {
        parent: args.parent,
        from_time: Some(to_proto(moment(&args.from)?)),
        to_time: Some(to_proto(to)),
        actor: args.actor,
        ..Default::default()
    };
    let client = connection.privacy().await?;
    let answer = pages!(client, list_held_records, message, records);
    let name = "prima.complaint.v1.ListHeldRecordsResponse";
    print::answer(args.output.format, name, &answer, |answer| {
        held(&answer.records) + &notice(known)
    })
}

fn held(list: &[pb::HeldRecord]) -> String {
    let yes = |is: bool| if is { "ya" } else { "tidak" };
    let table = Table::of(list)
        .whole("Data", |one| &one.name)
        .text("Instansi", |one| &one.agency)
        .text("Diterima", |one| time(one.receive_time.as_ref()))
        .text("Identitas", |one| yes(one.identity))
        .text("Teks", |one| yes(one.text));
    let told = list.iter().filter(|one| one.identity).count();
    table.print()
        + &format!(
            "{} laporan dan konsultasi, {told} di antaranya dengan identitas.\n",
            list.len()
        )
}

/// Who is told of a breach that was known at `known`, and by when.
fn notice(known: DateTime<Utc>) -> String {
    let latest = time(Some(&to_proto(known + TimeDelta::hours(NOTICE_HOURS))));
    format!(
        "Beri tahu secara tertulis paling lambat {latest} WIB (3 x 24 jam, UU 27/2022 Pasal 46): setiap orang yang datanya terkena, dan \
         lembaga pelindungan data pribadi.\n"
    )
}

async fn log(connection: &Connection, args: PrivacyLogArgs) -> anyhow::Result<()> {
    let message = survey::ListRespondentLogRequest {
        survey: args.survey,
        ..Default::default()
    };
    let client = connection.survey().await?;
    let answer = pages!(client, list_respondent_log, message, entries);
    let name = "prima.survey.v1.ListRespondentLogResponse";
    print::answer(args.output.format, name, &answer, |answer| {
        entries(&answer.entries)
    })
}

fn entries(list: &[survey::RespondentLogEntry]) -> String {
    let act = |entry: &survey::RespondentLogEntry| match entry.act() {
        survey::RespondentAct::Read => "dibaca",
        survey::RespondentAct::Erased => "dihapus",
        survey::RespondentAct::Unspecified => "-",
    };
    let table = Table::of(list)
        .text("Waktu", |entry| time(entry.time.as_ref()))
        .whole("Tanggapan", |entry| &entry.response_id)
        .text("Tindakan", act)
        .text("Oleh", |entry| &entry.actor)
        .text("Alasan", |entry| &entry.reason)
        .number("Teks", |entry| entry.texts);
    table.print() + &format!("{} tindakan.\n", list.len())
}

/// A time of the command line: RFC 3339, or a day, which begins at midnight in WIB.
fn moment(text: &str) -> anyhow::Result<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let midnight = || {
        let day: NaiveDate = text.parse().ok()?;
        let zone = FixedOffset::east_opt(WIB_HOURS * 3600)?;
        day.and_time(NaiveTime::MIN).and_local_timezone(zone).single()
    };
    let time = midnight().with_context(|| {
        format!("waktu `{text}` harus RFC 3339, misalnya 2026-11-02T08:00:00+07:00, atau tanggal YYYY-MM-DD")
    })?;
    Ok(time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respondent(response: Option<&str>, token: Option<&std::path::Path>) -> RespondentArgs {
        RespondentArgs {
            response: response.map(str::to_owned),
            token: token.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn a_subject_is_a_record_a_respondent_or_a_contact() {
        let survey = "agencies/3271/units/dpmptsp/surveys/a";
        let of = |text: &str, args| subject(text.to_owned(), args);
        assert_eq!(
            of("complaints/1", respondent(None, None)).unwrap(),
            Subject::Record("complaints/1".into())
        );
        assert_eq!(
            of("0812-3456-7890", respondent(None, None)).unwrap(),
            Subject::Contact("0812-3456-7890".into())
        );
        assert_eq!(
            of(survey, respondent(Some("r-1"), None)).unwrap(),
            Subject::Respondent(survey.into(), Which::Id("r-1".into()))
        );
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "t\n").unwrap();
        assert_eq!(
            of(survey, respondent(None, Some(&file))).unwrap(),
            Subject::Respondent(survey.into(), Which::Token("t".into()))
        );
        assert!(of(survey, respondent(None, None)).is_err());
        assert!(of("complaints/1", respondent(Some("r-1"), None)).is_err());
    }

    #[test]
    fn a_day_begins_at_midnight_in_western_indonesia() {
        assert_eq!(
            moment("2026-11-02").unwrap().to_rfc3339(),
            "2026-11-01T17:00:00+00:00"
        );
        assert_eq!(
            moment("2026-11-02T08:00:00+07:00").unwrap().to_rfc3339(),
            "2026-11-02T01:00:00+00:00"
        );
        for text in ["", "kemarin", "2026-13-01", "2026-11-02 08:00"] {
            assert!(moment(text).unwrap_err().to_string().contains(text), "{text}");
        }
    }

    #[test]
    fn a_breach_shows_what_is_affected_and_by_when_to_tell() {
        let records = [
            pb::HeldRecord {
                name: "complaints/1".into(),
                agency: "agencies/3271".into(),
                receive_time: Some(to_proto(moment("2026-11-01").unwrap())),
                identity: true,
                text: true,
            },
            pb::HeldRecord {
                name: "consultations/2".into(),
                agency: "agencies/3271".into(),
                identity: false,
                text: true,
                receive_time: None,
            },
        ];
        let text = held(&records) + &notice(moment("2026-11-02T08:00:00+07:00").unwrap());
        assert!(
            text.contains("complaints/1") && text.contains("2026-11-01 00:00"),
            "{text}"
        );
        assert!(
            text.contains("2 laporan dan konsultasi, 1 di antaranya dengan identitas."),
            "{text}"
        );
        assert!(text.contains("paling lambat 2026-11-05 08:00 WIB"), "{text}");
    }

    #[test]
    fn an_identity_that_is_no_json_is_refused_without_repeating_it() {
        let right = reporter(r#"{"display_name": "Siti", "phone": "0812"}"#).unwrap();
        assert_eq!(
            (right.display_name.as_str(), right.phone.as_str()),
            ("Siti", "0812")
        );
        let wrong = reporter(r#"{"nama": "Siti"}"#).unwrap_err().to_string();
        assert!(
            wrong.contains("JSON") && !wrong.contains("Siti") && !wrong.contains("nama"),
            "{wrong}"
        );
    }
}
