//! What the tables contain about consultations, and what is read from them: repeats, versions, lists.

use chrono::TimeDelta;
use prima_platform::{clock::to_proto, db::sql, testing::served::mask};
use prima_proto::complaint::v1;
use sea_orm::{ConnectionTrait, DbBackend};
use tonic::Code;

use crate::{consultation::*, fixture::*};

/// The words that occur in plain text in any row of any table of the service, as `table: word`.
pub async fn found_in_plain(t: &World, words: &[String]) -> Vec<String> {
    let reader = t.db.reader();
    let tables = match t.db.backend() {
        DbBackend::Postgres => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table'",
    };
    let mut found = Vec::new();
    for row in reader.query_all_raw(sql(reader, tables, [])).await.unwrap() {
        let table: String = row.try_get("", "name").unwrap();
        let rows = reader
            .query_all_raw(sql(reader, &format!("SELECT * FROM {table}"), []))
            .await
            .unwrap();
        for row in rows {
            for column in row.column_names() {
                let bytes = row
                    .try_get::<Option<String>>("", &column)
                    .map(|text| text.unwrap_or_default().into_bytes())
                    .or_else(|_| {
                        row.try_get::<Option<Vec<u8>>>("", &column)
                            .map(Option::unwrap_or_default)
                    });
                let text = String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
                let hits = words.iter().filter(|word| text.contains(word.as_str()));
                found.extend(hits.map(|word| format!("{table}: {word}")));
            }
        }
    }
    found
}

#[tokio::test]
async fn a_repeat_gets_the_stored_response_and_another_body_is_refused() {
    on_each_database(async |mut t| {
        t.member("rina").await;
        let first = t.desk("a").await;
        assert_eq!(t.desk("a").await, first);
        let other = v1::RequestConsultationRequest {
            question: "Pertanyaan yang lain sama sekali".into(),
            ..desk("a")
        };
        let other = t.consultations.request_consultation(intake(other)).await;
        refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
        assert_eq!(t.count("consultation").await, 1);

        let made = t.member("budi").await;
        assert_eq!(t.member("budi").await, made);
        let taken = v1::CreateTeamMemberRequest {
            request_id: request_id(),
            ..member("budi")
        };
        let taken = t.consultations.create_team_member(province_admin(taken)).await;
        refused(taken, Code::AlreadyExists, "ALREADY_EXISTS");

        let name = t.clinic("a").await;
        let plan = v1::ScheduleConsultationRequest {
            appointment_time: Some(to_proto(t.now() + TimeDelta::hours(1))),
            appointment_mode: v1::AppointmentMode::Phone.into(),
            ..schedule(&name)
        };
        let scheduled = t
            .consultations
            .schedule_consultation(province(plan.clone()))
            .await
            .unwrap();
        // The appointment is in the past when the request is repeated.
        t.advance(TimeDelta::hours(2));
        let repeated = t
            .consultations
            .schedule_consultation(province(plan))
            .await
            .unwrap();
        assert_eq!(repeated.into_inner(), scheduled.into_inner());
        let reply = answer(&name, "Jawaban tertulis");
        let answered = t
            .consultations
            .answer_consultation(province(reply.clone()))
            .await
            .unwrap();
        let repeated = t
            .consultations
            .answer_consultation(province(reply))
            .await
            .unwrap();
        assert_eq!(repeated.into_inner(), answered.into_inner());
        assert_eq!(t.count("answer").await, 1);
        let end = complete(&name, "");
        t.consultations
            .complete_consultation(province(end.clone()))
            .await
            .unwrap();
        t.consultations
            .complete_consultation(province(end))
            .await
            .unwrap();
        let rating = rate_by_name(&name, 4);
        t.consultations
            .rate_consultation(liaison(rating.clone()))
            .await
            .unwrap();
        t.consultations.rate_consultation(liaison(rating)).await.unwrap();

        // Citizens have no token, so the same request id for two consultations means two requests.
        let second = t.desk("b").await;
        for asked in [&first, &second] {
            let end = complete(&asked.name, "Sudah jelas di loket");
            t.consultations.complete_consultation(liaison(end)).await.unwrap();
            let rating = v1::RateConsultationRequest {
                request_id: "nilai".into(),
                ..rate_by_code(&access(asked), 5)
            };
            t.consultations.rate_consultation(public(rating)).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    on_each_database(async |mut t| {
        let made = t.member("rina").await;
        let name = t.clinic("a").await;
        let read = t.consultation(&name).await.etag;
        let request = v1::ScheduleConsultationRequest {
            etag: read.clone(),
            ..schedule(&name)
        };
        t.consultations
            .schedule_consultation(province(request.clone()))
            .await
            .unwrap();
        let stale = v1::ScheduleConsultationRequest {
            request_id: request_id(),
            ..request
        };
        let stale = t.consultations.schedule_consultation(province(stale)).await;
        refused(stale, Code::Aborted, "ETAG_MISMATCH");
        let stale = v1::AnswerConsultationRequest {
            etag: read.clone(),
            ..answer(&name, "Jawaban")
        };
        refused(
            t.consultations.answer_consultation(province(stale)).await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );
        let stale = v1::CompleteConsultationRequest {
            etag: read,
            ..complete(&name, "Alasan")
        };
        refused(
            t.consultations.complete_consultation(province(stale)).await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );
        let change = |etag: &str| v1::UpdateTeamMemberRequest {
            member: Some(v1::TeamMember {
                office: "Biro Organisasi".into(),
                etag: etag.into(),
                ..made.clone()
            }),
            update_mask: mask(&["office"]),
        };
        let changed = t
            .consultations
            .update_team_member(province_admin(change(&made.etag)))
            .await
            .unwrap();
        let changed = changed.into_inner().member.unwrap();
        assert_eq!(
            (changed.office.as_str(), &changed.display_name),
            ("Biro Organisasi", &made.display_name)
        );
        let stale = t
            .consultations
            .update_team_member(province_admin(change(&made.etag)))
            .await;
        refused(stale, Code::Aborted, "ETAG_MISMATCH");
    })
    .await;
}

#[tokio::test]
async fn lists_are_paged_and_narrowed_the_newest_first() {
    on_each_database(async |mut t| {
        t.member("rina").await;
        let mut asked = Vec::new();
        for id in ["a", "b", "c"] {
            asked.push(t.desk(id).await.name);
            t.advance(TimeDelta::minutes(1));
        }
        let question = t.clinic("d").await;
        t.consultations
            .schedule_consultation(province(schedule(&question)))
            .await
            .unwrap();
        asked.push(question.clone());
        asked.reverse();
        let request = |parent: &str| v1::ListConsultationsRequest {
            parent: parent.into(),
            page_size: 2,
            ..Default::default()
        };
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let next = v1::ListConsultationsRequest {
                page_token: token.clone(),
                ..request(AGENCY)
            };
            let page = t
                .consultations
                .list_consultations(liaison(next))
                .await
                .unwrap()
                .into_inner();
            assert!(page.consultations.len() <= 2);
            found.extend(page.consultations.into_iter().map(|c| c.name));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(found, asked);
        for (request, expected) in [
            (request(PROVINCE), 1),
            (request("agencies/3273"), 0),
            (request("agencies/3271/units/disdukcapil"), 0),
            (
                v1::ListConsultationsRequest {
                    page_size: 0,
                    ..request(UNIT)
                },
                4,
            ),
            (
                v1::ListConsultationsRequest {
                    kind: v1::ConsultationKind::ServiceDesk.into(),
                    page_size: 0,
                    ..request("agencies/-")
                },
                3,
            ),
            (
                v1::ListConsultationsRequest {
                    state: v1::ConsultationState::Scheduled.into(),
                    ..request(AGENCY)
                },
                1,
            ),
            (
                v1::ListConsultationsRequest {
                    member: MEMBER.into(),
                    ..request("agencies/-")
                },
                1,
            ),
        ] {
            let page = t
                .consultations
                .list_consultations(national(request.clone()))
                .await
                .unwrap();
            assert_eq!(page.into_inner().consultations.len(), expected, "{request:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_team_is_listed_by_name_and_by_topic() {
    on_each_database(async |mut t| {
        for id in ["citra", "andi", "bayu"] {
            t.member(id).await;
        }
        let change = v1::UpdateTeamMemberRequest {
            member: Some(v1::TeamMember {
                name: "agencies/32/members/bayu".into(),
                topics: vec!["data".into()],
                ..Default::default()
            }),
            update_mask: mask(&["topics"]),
        };
        t.consultations
            .update_team_member(province_admin(change))
            .await
            .unwrap();
        let change = v1::UpdateTeamMemberRequest {
            member: Some(v1::TeamMember {
                name: "agencies/32/members/citra".into(),
                ..Default::default()
            }),
            update_mask: mask(&["active"]),
        };
        t.consultations
            .update_team_member(province_admin(change))
            .await
            .unwrap();
        let request = |topic: &str, page_size, page_token: &str| v1::ListTeamMembersRequest {
            parent: PROVINCE.into(),
            topic: topic.into(),
            page_size,
            page_token: page_token.into(),
        };
        let mut listed = async |request| {
            let page = t
                .consultations
                .list_team_members(stranger(request))
                .await
                .unwrap()
                .into_inner();
            let names = page
                .members
                .iter()
                .map(|m| m.name.rsplit('/').next().unwrap().to_owned());
            (names.collect::<Vec<_>>(), page.next_page_token)
        };
        let (first, token) = listed(request("", 2, "")).await;
        assert_eq!(first, ["andi", "bayu"]);
        assert_eq!(
            listed(request("", 2, &token)).await,
            (vec!["citra".to_owned()], String::new())
        );
        assert_eq!(listed(request("sop", 0, "")).await.0, ["andi"]);
        assert_eq!(listed(request("data", 0, "")).await.0, ["bayu"]);
    })
    .await;
}

#[tokio::test]
async fn no_text_is_stored_unencrypted() {
    on_each_database(async |mut t| {
        t.member("rina").await;
        let question = v1::RequestConsultationRequest {
            request_id: request_id(),
            ..desk("rahasianya")
        };
        let asked = t
            .consultations
            .request_consultation(intake(question))
            .await
            .unwrap()
            .into_inner();
        let code = access(&asked);
        let name = t.clinic("a").await;
        let plan = v1::ScheduleConsultationRequest {
            note: "Ruang Cendrawasih lantai dua".into(),
            ..schedule(&name)
        };
        t.consultations
            .schedule_consultation(province(plan))
            .await
            .unwrap();
        let reply = answer(&asked.name, "Silakan bawa fotokopi kartu keluarga.");
        t.consultations.answer_consultation(liaison(reply)).await.unwrap();
        let end = complete(&name, "Pemohon mencabut pertanyaannya.");
        t.consultations
            .complete_consultation(province(end))
            .await
            .unwrap();
        let words = [
            "rahasianya",
            "kelontong",
            "perizinan",
            "Siti",
            "Rahayu",
            "6281234567890",
            "81234567890",
            "Pajajaran",
            "Cendrawasih",
            "fotokopi",
            "mencabut",
            &code.tracking_code,
            &code.secret,
            &code.tracking_code.replace('-', ""),
            &code.secret.replace('-', ""),
        ]
        .map(str::to_owned);
        assert_eq!(found_in_plain(&t, &words).await, Vec::<String>::new());
        // The scan does find what is not encrypted: the name of a team member is public.
        assert_eq!(
            found_in_plain(&t, &["Bagian Organisasi".to_owned()]).await.len(),
            1
        );
    })
    .await;
}
