//! What is stored of a response: every column, its texts once, and no credential.

use pb::AccessMode::{Agent, Kiosk as KioskMode, Link, Token};
use prima_platform::db::sql;
use prima_proto::{
    event::v1 as event,
    name,
    survey::v1::{self as pb, survey_service_client::SurveyServiceClient},
};
use sea_orm::{ConnectionTrait, DbBackend};
use sha2::{Digest, Sha256};
use tonic::{Code, Request};

use crate::{credentials::*, fixture::*};

/// The rows of a query as texts of their columns; NULL is `-`.
async fn rows(t: &World, columns: &str, rest: &str) -> Vec<String> {
    let reader = t.db.reader();
    let list: Vec<String> = columns
        .split_whitespace()
        .map(|c| format!("COALESCE(CAST({c} AS TEXT), '-')"))
        .collect();
    let text = format!("SELECT {} AS line FROM {rest}", list.join(" || ' ' || "));
    let rows = reader.query_all_raw(sql(reader, &text, [])).await.unwrap();
    rows.iter().map(|row| row.try_get("", "line").unwrap()).collect()
}

/// Every row of every table as text, with the table's name in front; bytes as upper-case hexadecimal digits.
pub async fn dump(t: &World) -> Vec<String> {
    let reader = t.db.reader();
    let postgres = reader.get_database_backend() == DbBackend::Postgres;
    let columns = if postgres {
        "SELECT table_name, CAST(column_name AS TEXT) AS column_name FROM information_schema.columns
         WHERE table_schema = current_schema()"
    } else {
        "SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master m
         JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
    };
    let mut lines = Vec::new();
    for column in reader.query_all_raw(sql(reader, columns, [])).await.unwrap() {
        let table: String = column.try_get("", "table_name").unwrap();
        let name: String = column.try_get("", "column_name").unwrap();
        let value = if postgres {
            format!(
                "CASE WHEN pg_typeof(\"{name}\") = 'bytea'::regtype
                 THEN upper(CAST(\"{name}\" AS TEXT)) ELSE CAST(\"{name}\" AS TEXT) END"
            )
        } else {
            format!(
                "CASE typeof(\"{name}\") WHEN 'blob' THEN hex(\"{name}\") ELSE CAST(\"{name}\" AS TEXT) END"
            )
        };
        let text = format!("SELECT {value} AS line FROM \"{table}\" WHERE \"{name}\" IS NOT NULL");
        for row in reader.query_all_raw(sql(reader, &text, [])).await.unwrap() {
            let line: String = row.try_get("", "line").unwrap();
            lines.push(format!("{table}.{name}: {line}"));
        }
    }
    lines
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// Where a text is found in the dump, as text or as bytes.
pub fn found<'a>(lines: &'a [String], text: &str) -> Vec<&'a str> {
    let bytes = hex(text.as_bytes());
    let holds = |line: &&String| line.contains(text) || line.contains(&bytes);
    lines
        .iter()
        .filter(holds)
        .map(|line| line.split(':').next().unwrap())
        .collect()
}

fn full() -> pb::Response {
    pb::Response {
        // This is 01.30 on the next day in Jakarta.
        submit_time: Some("2024-03-04T18:30:00Z".parse().unwrap()),
        profile: Some(pb::RespondentProfile {
            sex: "P".into(),
            age: 34,
            education: "S1".into(),
            occupation: "SWASTA".into(),
            service: "akta-lahir".into(),
            channel: "counter".into(),
            hour_band: "morning".into(),
            ..Default::default()
        }),
        suggestion: "Tambah kursi tunggu\nterima kasih".into(),
        criticism: "Antrean panjang".into(),
        device: "ponsel-4711".into(),
        ..all(4)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_any_number_of_responses_is_stored_once() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent]).await;
        // Numbers around those for which statements are prepared.
        for count in [3, 65, 257, 1300] {
            // Columns are NULL in some rows, also in the first.
            let sent = |n: i64| {
                let response = if n % 3 == 1 { full() } else { all(2) };
                message(&survey, &format!("{count}-{n}"), response, None)
            };
            let messages: Vec<_> = (0..count).map(sent).collect();
            for (accepted, repeated) in [(count, 0), (0, count)] {
                let stream = operator(futures::stream::iter(messages.clone()));
                let answer = t.client.submit_responses(stream).await.unwrap().into_inner();
                let counts = (answer.accepted, answer.repeated_count, answer.rejected);
                assert_eq!(counts, (accepted, repeated, 0));
            }
            let of_count = format!("WHERE response_id LIKE '{count}-%'");
            let mut stored = rows(&t, "response_id service", &format!("response {of_count}")).await;
            let service = |n| if n % 3 == 1 { "akta-lahir" } else { "-" };
            let mut expected: Vec<_> = (0..count)
                .map(|n| format!("{count}-{n} {}", service(n)))
                .collect();
            stored.sort();
            expected.sort();
            assert_eq!(stored, expected);
            let texts = rows(&t, "response_id", &format!("comment {of_count}")).await;
            let full = (0..count).filter(|n| n % 3 == 1).count();
            assert_eq!(texts.len(), 2 * full);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_a_response_is_filled() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Token, Link, KioskMode]).await;
        let batch = pb::IssueTokensRequest {
            service: "ktp-el".into(),
            ..batch_of(&survey, 2)
        };
        let tokens = issue(&mut t, batch).await.tokens;
        let own = link_of(&mut t, &survey).await;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        let created = t.result(&survey).await.version;
        let group_only = pb::Response {
            profile: Some(pb::RespondentProfile {
                age_group: "60+".into(),
                ..Default::default()
            }),
            ..all(3)
        };
        let agent = pb::SubmitResponsesRequest {
            import_id: "impor-1".into(),
            ..message(&survey, "1-agent", full(), None)
        };
        let plain = message("", "2-agent", all(2), None);
        let stream = operator(futures::stream::iter(vec![agent, plain]));
        t.client.submit_responses(stream).await.unwrap();
        let request = sent(&survey, "3-token", full(), Some(token(&tokens[0])));
        t.client.submit_response(Request::new(request)).await.unwrap();
        let request = sent(&survey, "4-token", group_only.clone(), Some(token(&tokens[1])));
        t.client.submit_response(Request::new(request)).await.unwrap();
        let request = sent(&survey, "5-link", all(2), Some(link(&own)));
        t.client.submit_response(Request::new(request)).await.unwrap();
        let proof = lobby.proof(&survey, 12, "6-kiosk", &group_only);
        let request = sent(&survey, "6-kiosk", group_only, Some(proof));
        t.client.submit_response(Request::new(request)).await.unwrap();

        let columns =
            "response_id source sex age age_group education occupation service channel hour_band counter
                       import_id answers submitted_at";
        let stored: Vec<String> = rows(&t, columns, "response ORDER BY response_id")
            .await
            .into_iter()
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            // The stored id of the open link ends with the digest of the body.
            .map(|line| match line.split_once('~') {
                Some((id, rest)) => format!("{id} {}", rest.split_once(' ').unwrap().1),
                None => line,
            })
            .collect();
        assert_eq!(
            stored,
            [
                "1-agent agent P 34 30-39 S1 SWASTA akta-lahir counter morning - impor-1 444444444",
                "2-agent agent - - - - - - - - - impor-1 222222222",
                "3-token token:1 P 34 30-39 S1 SWASTA akta-lahir counter morning - - 444444444",
                "4-token token:1 - - 60+ - - ktp-el - - - - 333333333",
                "5-link link - - - - - - - - - - 222222222",
                "6-kiosk kiosk:lobi - - 60+ - - - - - 12 - 333333333",
            ]
        );
        // There are digests of the token's text and of the device; the latter are equal for equal devices.
        let reader = t.db.reader();
        let text = "SELECT response_id, token, device, digest FROM response ORDER BY response_id";
        let found = reader.query_all_raw(sql(reader, text, [])).await.unwrap();
        let bytes = |at: usize, column: &str| -> Option<Vec<u8>> { found[at].try_get("", column).unwrap() };
        assert_eq!(bytes(2, "token"), Some(Sha256::digest(&tokens[0]).to_vec()));
        assert_eq!(bytes(3, "token"), Some(Sha256::digest(&tokens[1]).to_vec()));
        assert_eq!(
            (bytes(0, "token"), bytes(4, "token"), bytes(5, "token")),
            (None, None, None)
        );
        assert_eq!(bytes(0, "device").unwrap().len(), 16);
        assert_eq!(bytes(0, "device"), bytes(2, "device"));
        assert_eq!(bytes(1, "device"), None);
        let parsed = name::Survey::parse(&survey).unwrap();
        let secret = prima_survey::intake::secret(&t.db).await.unwrap();
        assert_eq!(
            bytes(0, "device"),
            Some(secret.device_digest(&parsed, "ponsel-4711"))
        );
        // The batch is above the last counted version of the survey and not above the one that will count it. Responses
        // that are counted together may share it, as those of one stream do.
        let batches = rows(&t, "batch", "response ORDER BY response_id").await;
        assert_eq!(batches[0], batches[1]);
        let numbers: Vec<i64> = batches.iter().map(|b| b.parse().unwrap()).collect();
        assert!(
            numbers.is_sorted() && numbers.iter().all(|n| *n > created),
            "{numbers:?}"
        );
        let version = t.result(&survey).await.version;
        assert!(numbers[5] <= version);
        let later = sent(&survey, "7-agent", all(3), None);
        t.client.submit_response(operator(later)).await.unwrap();
        let batches = rows(&t, "batch", "response WHERE response_id = '7-agent'").await;
        assert_eq!(batches, [(version + 1).to_string()]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_is_stored_once_and_is_in_no_event() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Token]).await;
        let batch = pb::IssueTokensRequest {
            service: "ktp-el".into(),
            ..batch_of(&survey, 1)
        };
        let one = issue(&mut t, batch).await.tokens.remove(0);
        for _ in 0..2 {
            let request = sent(&survey, "r-1", full(), None);
            t.client.submit_response(operator(request)).await.unwrap();
        }
        let criticism = pb::Response {
            submit_time: Some("2024-03-04T16:59:59Z".parse().unwrap()),
            criticism: "Loket tutup awal".into(),
            suggestion: " ".into(),
            ..all(1)
        };
        let request = sent(&survey, "r-2", criticism, Some(token(&one)));
        t.client.submit_response(Request::new(request)).await.unwrap();
        // A refused response stores nothing.
        let request = sent(&survey, "r-3", full(), Some(token(&one)));
        let answer = t.client.submit_response(Request::new(request)).await;
        refused(answer, Code::FailedPrecondition, "TOKEN_USED");
        assert_eq!(
            rows(
                &t,
                "response_id kind day service sealed_key",
                "comment WHERE body = '' ORDER BY response_id, kind"
            )
            .await,
            [
                "r-1 1 2024-03-05 akta-lahir k1",
                "r-1 2 2024-03-05 akta-lahir k1",
                "r-2 2 2024-03-04 ktp-el k1",
            ]
        );
        let texts = t.comment_texts("TRUE").await;
        let texts: Vec<(&str, &str)> = texts
            .iter()
            .map(|(id, text)| (id.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            texts,
            [
                ("r-1", "Tambah kursi tunggu\nterima kasih"),
                ("r-1", "Antrean panjang"),
                ("r-2", "Loket tutup awal"),
            ]
        );
        let taken = "comment c JOIN response r ON r.survey_id = c.survey_id AND r.response_id = c.response_id
                     WHERE c.batch <> r.batch";
        assert!(rows(&t, "c.batch", taken).await.is_empty());
        let lines = dump(&t).await;
        assert!(found(&lines, "Antrean panjang").is_empty());
        assert!(found(&lines, "Loket tutup awal").is_empty());
        let state = t
            .staged::<event::SurveyResultState>("prima.survey.result.3271.dpmptsp.a")
            .await
            .unwrap();
        assert!(!format!("{:?}", state.state).contains("Antrean"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_contains_a_credential() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token, Link, KioskMode]).await;
        let tokens = issue(&mut t, batch_of(&survey, 3)).await.tokens;
        let own = link_of(&mut t, &survey).await;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        let request = sent(&survey, "r-token", full(), Some(token(&tokens[0])));
        t.client.submit_response(Request::new(request)).await.unwrap();
        citizen(&mut t, &survey, "r-link", link(&own)).await.unwrap();
        let proof = lobby.proof(&survey, 1, "r-kiosk", &all(4));
        citizen(&mut t, &survey, "r-kiosk", proof.clone()).await.unwrap();
        let lines = dump(&t).await;
        // Stored values are found in the dump, as text and as bytes.
        let places = found(&lines, "r-token");
        assert!(
            places.contains(&"response.response_id") && places.contains(&"comment.response_id"),
            "{places:?}"
        );
        let digest = hex(&Sha256::digest(&tokens[0]));
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("response.token") && line.contains(&digest))
        );
        let key = hex(ring::signature::KeyPair::public_key(&lobby.key).as_ref());
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("device.public_key") && line.contains(&key))
        );
        // No credential is found, neither complete nor its secret part, neither used nor unused.
        for secret in tokens.iter().chain([&own, &"ponsel-4711".to_owned()]) {
            assert!(found(&lines, secret).is_empty(), "{:?}", found(&lines, secret));
            let tail = &secret[secret.len() - 10..];
            assert!(found(&lines, tail).is_empty(), "{:?}", found(&lines, tail));
        }
        let signature = hex(&proof.kiosk.unwrap().signature);
        assert!(!lines.iter().any(|line| line.contains(&signature)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_the_response_loses_nothing() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Token]).await;
        let one = issue(&mut t, batch_of(&survey, 1)).await.tokens.remove(0);
        let mut client: SurveyServiceClient<_> = t.client.clone();
        let request = sent(&survey, "r", all(4), Some(token(&one)));
        let call = client.submit_response(Request::new(request.clone()));
        // The call is abandoned at once. Whether it was stored or not, the same request returns the one response.
        let _given_up = tokio::time::timeout(std::time::Duration::ZERO, call).await;
        let first = t
            .client
            .submit_response(Request::new(request.clone()))
            .await
            .unwrap();
        let again = t.client.submit_response(Request::new(request)).await.unwrap();
        assert_eq!(first.into_inner(), again.into_inner());
        assert_eq!(t.result(&survey).await.respondents, 1);
    })
    .await;
}
