//! Synthetic complaints of a few cities, processed from submission to rating, and one consultation.
//!
//! The id of every request is derived from its position, so that a second start receives the stored responses and
//! changes nothing. The times are real: everything is answered at once, thus on time, so every unit has the same score.

use anyhow::Context;
use chrono::{Datelike, TimeDelta};
use futures::{StreamExt, TryStreamExt, stream};
use prima_platform::clock;
use prima_proto::complaint::v1 as pb;
use uuid::Uuid;

use super::CONCURRENCY;
use super::synthetic::City;
use crate::client::call::repeat;
use crate::client::connect::{Complaint, Connection};

/// The cities whose units have complaints.
const CITIES: [&str; 6] = ["3271", "3273", "3374", "3578", "5171", "7371"];
/// Complaints of a city that are processed to their end: as many as the score needs to be ranked.
const CLOSED: usize = 10;
/// One complaint that waits for a response, and one that waits for verification.
const OPEN: usize = 2;
/// Subjects of the complaints: class, category, title.
const SUBJECTS: [(&str, &str, &str); 4] = [
    (
        "complaint_regular",
        "business_licence",
        "Izin usaha belum terbit setelah berkas lengkap",
    ),
    (
        "complaint_normative",
        "other_licence",
        "Syarat di loket berbeda dari standar pelayanan",
    ),
    (
        "information_request",
        "building_approval",
        "Berapa lama persetujuan bangunan gedung",
    ),
    (
        "complaint_regular",
        "business_licence",
        "Antrean loket tidak sesuai nomor urut",
    ),
];
const TEXT: &str =
    "Contoh isi laporan untuk peragaan (data sintetis); tidak ada orang dan kejadian yang sungguhan.";
const ANSWER: &str =
    "Contoh tanggapan (data sintetis): berkas sudah diperiksa dan hasilnya dapat diambil di loket.";
const FORWARD: &str = "Contoh pengalihan (data sintetis): objek laporan berada di kota lain.";
const QUESTION: &str = "Apakah surat kuasa diperlukan bila berkas diantar orang lain? (data sintetis)";
const ADVICE: &str = "Ya, surat kuasa bermeterai dan salinan kartu identitas keduanya. (data sintetis)";

pub(super) struct Loaded {
    pub complaints: usize,
    /// How many units have them.
    pub units: usize,
    /// The year in Jakarta in which they were received, which is their period.
    pub year: i32,
}

/// Loads the complaints. What already exists is not changed.
pub(super) async fn load(connection: &Connection, cities: &[City]) -> anyhow::Result<Loaded> {
    let client = &connection.complaint().await?;
    let chosen: Vec<&City> = cities
        .iter()
        .filter(|city| CITIES.contains(&city.code.as_str()))
        .collect();
    let next = chosen.iter().cycle().skip(1);
    let mut all = Vec::new();
    for (city, next) in chosen.iter().zip(next) {
        all.extend((0..CLOSED + OPEN).map(|number| ((*city).clone(), next.unit(), number)));
    }
    let years: Vec<i32> = stream::iter(all)
        .map(|(city, next, number)| async move {
            let processed = process(client, &city, next, number).await;
            processed.with_context(|| format!("laporan contoh {number} {}", city.unit()))
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await?;
    if let Some(city) = chosen.first() {
        let asked = add_consultation(connection, city).await;
        asked.with_context(|| format!("konsultasi contoh {}", city.unit()))?;
    }
    Ok(Loaded {
        complaints: years.len(),
        units: chosen.len(),
        year: years.into_iter().max().unwrap_or_default(),
    })
}

/// The id of the request that performs `step` on complaint `number`.
fn request_id(city: &City, number: usize, step: &str) -> String {
    let text = format!("demo pengaduan {} {number} {step}", city.code);
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string()
}

fn submission(city: &City, number: usize) -> pb::SubmitComplaintRequest {
    let (class, category, title) = SUBJECTS.get(number % SUBJECTS.len()).copied().unwrap_or_default();
    let channel = match number % 4 {
        0 => pb::Channel::Web,
        1 => pb::Channel::FaceToFace,
        2 => pb::Channel::MobileApp,
        _ => pb::Channel::Email,
    };
    // In each city one complaint is anonymous and one is confidential.
    let anonymous = number == 3;
    let reporter = pb::Reporter {
        display_name: format!("Pelapor Contoh {number} (data sintetis)"),
        email: format!("pelapor-{number}@contoh.invalid"),
        ..Default::default()
    };
    pb::SubmitComplaintRequest {
        request_id: request_id(city, number, "submit"),
        parent: city.unit(),
        class: class.to_owned(),
        category: category.to_owned(),
        title: format!("{title} (data sintetis)"),
        text: TEXT.to_owned(),
        region: city.code.clone(),
        channel: channel.into(),
        anonymous,
        confidential: number == 5,
        reporter: (!anonymous).then_some(reporter),
        ..Default::default()
    }
}

/// Submits a complaint and processes it as far as its number requires. Returns the year in which it was received.
async fn process(client: &Complaint, city: &City, next: String, number: usize) -> anyhow::Result<i32> {
    let answer = repeat!(client, submit_complaint, submission(city, number))?;
    let status = answer.status.unwrap_or_default();
    let received = status.receive_time.as_ref().and_then(clock::from_proto);
    let received = received.context("laporan tanpa waktu terima")? + TimeDelta::hours(7);
    let (year, name) = (received.year(), status.name);
    let id = |step: &str| request_id(city, number, step);
    if number > CLOSED {
        if city.code == CITIES[0] {
            let message = pb::ForwardComplaintRequest {
                request_id: id("forward"),
                name,
                to: next,
                text: FORWARD.to_owned(),
                ..Default::default()
            };
            repeat!(client, forward_complaint, message)?;
        }
        return Ok(year);
    }
    let message = pb::VerifyComplaintRequest {
        request_id: id("verify"),
        name: name.clone(),
        unit: city.unit(),
        ..Default::default()
    };
    repeat!(client, verify_complaint, message)?;
    if number == CLOSED {
        let message = pb::StartFollowUpRequest {
            request_id: id("start"),
            name,
            ..Default::default()
        };
        repeat!(client, start_follow_up, message)?;
        return Ok(year);
    }
    let message = pb::RespondToComplaintRequest {
        request_id: id("respond"),
        name,
        text: ANSWER.to_owned(),
        ..Default::default()
    };
    repeat!(client, respond_to_complaint, message)?;
    let access = Some(pb::Access {
        tracking_code: answer.tracking_code,
        secret: answer.secret,
    });
    let message = pb::CloseComplaintRequest {
        request_id: id("close"),
        access: access.clone(),
    };
    repeat!(client, close_complaint, message)?;
    let message = pb::RateComplaintRequest {
        request_id: id("rate"),
        access,
        rating: 3 + i32::try_from(number % 3)?,
        text: String::new(),
    };
    repeat!(client, rate_complaint, message)?;
    Ok(year)
}

/// A question at the desk of a unit, which is answered, completed and published.
async fn add_consultation(connection: &Connection, city: &City) -> anyhow::Result<()> {
    let client = connection.consultation().await?;
    let id = |step: &str| request_id(city, 0, &format!("consultation {step}"));
    let message = pb::RequestConsultationRequest {
        request_id: id("request"),
        kind: pb::ConsultationKind::ServiceDesk.into(),
        parent: city.unit(),
        topic: "requirement".to_owned(),
        question: QUESTION.to_owned(),
        channel: pb::Channel::FaceToFace.into(),
        ..Default::default()
    };
    let name = repeat!(client, request_consultation, message)?.name;
    let message = pb::AnswerConsultationRequest {
        request_id: id("answer"),
        name: name.clone(),
        text: ADVICE.to_owned(),
        ..Default::default()
    };
    repeat!(client, answer_consultation, message)?;
    let message = pb::CompleteConsultationRequest {
        request_id: id("complete"),
        name: name.clone(),
        ..Default::default()
    };
    repeat!(client, complete_consultation, message)?;
    let message = pb::PublishKnowledgeRequest {
        request_id: id("publish"),
        consultation: name,
        question: QUESTION.to_owned(),
        answer: ADVICE.to_owned(),
    };
    repeat!(client, publish_knowledge, message)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prima_complaint::domain::{category::Categories, workflow::Workflow};

    use super::*;
    use crate::demo::{REGIONS, synthetic};

    fn all() -> Vec<(City, pb::SubmitComplaintRequest)> {
        let cities = synthetic::cities(REGIONS);
        let chosen = cities
            .into_iter()
            .filter(|city| CITIES.contains(&city.code.as_str()));
        chosen
            .flat_map(|city| (0..CLOSED + OPEN).map(move |number| (city.clone(), submission(&city, number))))
            .collect()
    }

    #[test]
    fn every_complaint_says_that_it_is_synthetic() {
        for (_, message) in all() {
            assert!(message.title.ends_with("(data sintetis)") && message.text.contains("(data sintetis)"));
            if let Some(reporter) = &message.reporter {
                // Addresses under `.invalid` can't exist (RFC 2606). No telephone number is sure to be unused, so none
                // is given.
                assert!(reporter.email.ends_with(".invalid") && reporter.phone.is_empty());
            }
        }
        for text in [ANSWER, FORWARD, QUESTION, ADVICE] {
            assert!(text.contains("(data sintetis)"), "{text}");
        }
    }

    #[test]
    fn each_unit_has_enough_to_be_ranked() {
        let score = include_str!("../../../complaint/data/complaint-resolution.json");
        let score: serde_json::Value = serde_json::from_str(score).unwrap();
        assert_eq!(score["sample_minimum"], CLOSED);
        assert_eq!(all().len(), CITIES.len() * (CLOSED + OPEN));
    }

    #[test]
    fn every_request_has_an_id_of_its_own_and_the_same_at_each_start() {
        let ids: BTreeSet<String> = all().into_iter().map(|(_, message)| message.request_id).collect();
        assert_eq!(ids.len(), CITIES.len() * (CLOSED + OPEN));
        // This is pinned, because other ids would load everything a second time.
        let (city, first) = &all()[0];
        assert_eq!(city.code, "3271");
        assert_eq!(first.request_id, "84cc8e86-399a-5c5b-b573-3e0da675dca8");
    }

    #[test]
    fn classes_and_categories_are_those_of_the_service() {
        for (class, category, _) in SUBJECTS {
            assert!(Workflow::built_in().class(class).is_some(), "{class}");
            assert!(Categories::built_in().get(category).is_some(), "{category}");
        }
    }
}
