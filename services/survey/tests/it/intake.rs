//! Single responses during an import, and requests that span several transactions.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use pb::AccessMode::{Agent, Token};
use prima_platform::{config, db::sql, testing::eventually};
use prima_proto::survey::v1 as pb;
use prost_types::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use tokio::task::JoinSet;
use tonic::Code;

use crate::{credentials::*, fixture::*};

const DEADLINE: Duration = Duration::from_secs(30);
/// Most rows of a transaction.
const ROWS: usize = 10;

/// The number of responses of a survey that were accepted before `time`; of all responses when there is none.
async fn accepted(t: &World, survey: &str, time: Option<DateTime<Utc>>) -> i64 {
    let reader = t.db.reader();
    let text = "SELECT COUNT(*) FROM response r JOIN survey s ON s.id = r.survey_id
                WHERE s.name = $1 AND r.accepted_at < $2";
    let micros = time.map_or(i64::MAX, |time| time.timestamp_micros());
    let row = reader
        .query_one_raw(sql(reader, text, [survey.into(), micros.into()]))
        .await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

fn time(at: Option<Timestamp>) -> DateTime<Utc> {
    let at = at.unwrap();
    DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_response_is_stored_before_an_import_that_has_waited_longer() {
    // Each kind of request has one writer and one place in the queue, so when a second single response is shed, the
    // first is waiting.
    let config = config::Survey {
        batch_rows: ROWS,
        queue: 1,
        writers: 1,
        ..at_once()
    };
    configured(config, async |mut t| {
        let survey = t.survey("2024").await.name;
        // The import is endless, so that more of it is always waiting.
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, name) = (stop.clone(), survey.clone());
        let rows = (0..)
            .take_while(move |_| !stopped.load(Ordering::SeqCst))
            .map(move |n: usize| message(&name, &format!("r-{n}"), all(3), None));
        let mut import = JoinSet::new();
        let mut client = t.client.clone();
        let rows = futures::stream::iter(rows);
        import.spawn(async move {
            client
                .submit_responses(operator(rows))
                .await
                .unwrap()
                .into_inner()
        });
        let begun = eventually(DEADLINE, async || {
            (accepted(&t, &survey, None).await > 0).then_some(())
        });
        begun.await.expect("the import is on its way");

        // Nothing is stored while the lock is held.
        let lock = t.db.begin().await.unwrap();
        if t.db.backend() == DbBackend::Postgres {
            lock.execute_unprepared("SELECT 1 FROM survey FOR UPDATE")
                .await
                .unwrap();
        }
        let before = accepted(&t, &survey, None).await;
        let mut singles = JoinSet::new();
        for n in 0..3 {
            let (mut client, request) = (
                t.client.clone(),
                sent(&survey, &format!("single-{n}"), all(4), None),
            );
            singles.spawn(async move { client.submit_response(operator(request)).await });
        }
        let refused = singles.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        lock.rollback().await.unwrap();

        let answers = singles.join_all().await.into_iter().flatten();
        let times: Vec<DateTime<Utc>> = answers.map(|a| time(a.into_inner().accept_time)).collect();
        let first = times.iter().min().copied();
        assert!(first.is_some());
        stop.store(true, Ordering::SeqCst);
        let import = import.join_next().await.unwrap().unwrap();
        // The transaction that waited for the lock is stored first, then the single response, then the rest of the import; both wait
        // for the lock, so one more of the import may begin before the single response is timed.
        let overtaken = accepted(&t, &survey, first).await - before;
        assert!(
            overtaken <= 2 * ROWS as i64,
            "{overtaken} of the import came first"
        );
        let all = accepted(&t, &survey, None).await;
        assert_eq!(all, import.accepted + times.len() as i64);
        let later = all - accepted(&t, &survey, first).await;
        assert!(later > 100, "the import did not wait: {later} came later");
        assert_eq!(t.result(&survey).await.respondents, all);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_spans_several_transactions_answers_each_item() {
    for rows in [1, 2, 3] {
        let config = config::Survey {
            batch_rows: rows,
            ..at_once()
        };
        configured(config, async |mut t| {
            let first = survey_by(&mut t, "first", &[Agent, Token]).await;
            let second = survey_by(&mut t, "second", &[Agent, Token]).await;
            let tokens = issue(&mut t, batch_of(&first, 3)).await.tokens;
            let [a, b, c] = [0, 1, 2].map(|n| Some(token(&tokens[n])));
            // The items alternate between both surveys, so that every transaction has items of both.
            let items = [
                (message(&first, "r-0", all(4), a.clone()), ""),
                (message(&second, "r-0", all(3), None), ""),
                (message(&first, "r-1", all(4), None), ""),
                (message(&second, "r-1", all(3), a.clone()), "TOKEN_INVALID"),
                (message(&first, "r-0", all(4), a.clone()), "repeated"),
                (message(&second, "r-0", all(3), None), "repeated"),
                (message(&first, "r-0", all(2), a.clone()), "REQUEST_ID_REUSED"),
                (message(&second, "r-0", all(1), None), "REQUEST_ID_REUSED"),
                (message(&first, "r-2", all(4), a.clone()), "TOKEN_USED"),
                (message(&second, "r-2", all(9), None), "INVALID_FIELDS"),
                (message(&first, "r-2", all(4), b.clone()), ""),
                (
                    message("agencies/3271/units/dpmptsp/surveys/none", "r-0", all(4), None),
                    "NOT_FOUND",
                ),
                (message(&first, "r-3", all(4), b), "TOKEN_USED"),
                (message(&second, "r-2", all(3), None), ""),
                (message(&first, "r-3", all(4), c), ""),
                (message(&first, "r-1", all(4), None), "repeated"),
                (message(&first, "r-2", all(1), a), "REQUEST_ID_REUSED"),
            ];
            let expected: Vec<&str> = items.iter().map(|(_, outcome)| *outcome).collect();
            let stream = futures::stream::iter(items.map(|(message, _)| message)).boxed();
            let answer = t
                .client
                .submit_responses(operator(stream))
                .await
                .unwrap()
                .into_inner();
            let count = |outcome: &str| expected.iter().filter(|e| **e == outcome).count() as i64;
            assert_eq!(
                [answer.accepted, answer.repeated_count],
                [count(""), count("repeated")]
            );
            let rejections: Vec<(usize, &str)> = answer
                .rejections
                .iter()
                .map(|r| (usize::try_from(r.index).unwrap(), r.reason.as_str()))
                .collect();
            let expected: Vec<(usize, &str)> = expected
                .into_iter()
                .enumerate()
                .filter(|(_, outcome)| !["", "repeated"].contains(outcome))
                .collect();
            assert_eq!(rejections, expected, "{rows} rows a transaction");
            assert_eq!(t.result(&first).await.respondents, 4);
            assert_eq!(t.result(&second).await.respondents, 2);
        })
        .await;
    }
}

/// Number of responses, more than from which a column in which all rows are alike is passed as one value.
const MANY: usize = 600;

/// What is stored of each response, by id.
async fn stored(t: &World) -> BTreeMap<String, String> {
    let text = "SELECT response_id, answers || '|' || COALESCE(sex, '-') || '|' || COALESCE(CAST(age AS TEXT), '-') || '|'
            || COALESCE(education, '-') || '|' || COALESCE(occupation, '-') || '|' || COALESCE(service, '-') || '|'
            || CAST(submitted_at AS TEXT) || '|' || source || '|' || COALESCE(import_id, '-') || '|',
            CASE WHEN token IS NULL AND counter IS NULL AND device IS NULL AND voided IS NULL THEN '' ELSE '!' END
        FROM response r";
    let reader = t.db.reader();
    let rows = reader.query_all_raw(sql(reader, text, [])).await.unwrap();
    let row = |row: QueryResult| [0, 1, 2].map(|n| row.try_get_by_index::<String>(n).unwrap());
    let texts: BTreeMap<String, String> = t.comment_texts("TRUE").await.into_iter().collect();
    let with_text = |[id, fields, end]: [String; 3]| {
        let text = texts.get(&id).map_or("-", String::as_str);
        let fields = format!("{fields}{text}{end}");
        (id, fields)
    };
    rows.into_iter().map(row).map(with_text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_stores_every_field_and_recognises_each_repeat() {
    on_each_database(async |mut t| {
        let survey = t.survey("2024").await.name;
        let some = |n: usize, of: usize, text: &str| match n % of {
            0 => text.to_owned(),
            _ => String::new(),
        };
        let body = |n: usize| pb::Response {
            profile: Some(pb::RespondentProfile {
                sex: "P".into(),
                age: [0, 20, 40][n % 3],
                education: some(n, 2, "S1"),
                service: some(n, 5, "ktp-elektronik"),
                ..Default::default()
            }),
            suggestion: some(n, 3, &format!("Saran {n},\nlebih cepat")),
            submit_time: Some(Timestamp {
                seconds: 1_720_000_000 + n as i64,
                nanos: 0,
            }),
            ..all(1 + n as i32 % 4)
        };
        let expected = |n: usize| {
            let given = |text: String| Some(text).filter(|t| !t.is_empty()).unwrap_or("-".into());
            let fields = [
                (1 + n % 4).to_string().repeat(9),
                "P".into(),
                ["-", "20", "40"][n % 3].into(),
                given(some(n, 2, "S1")),
                "-".into(),
                given(some(n, 5, "ktp-elektronik")),
                format!("{}000000", 1_720_000_000 + n),
                "agent".into(),
                "berkas".into(),
                given(some(n, 3, &format!("Saran {n},\nlebih cepat"))),
            ];
            (format!("r-{n}"), fields.join("|"))
        };
        // New ones, the same again, and then every second one is new.
        let all_new: Vec<usize> = (0..MANY).collect();
        let mixed = all_new.iter().flat_map(|n| [*n, MANY + n]).collect();
        for (ns, accepted) in [(all_new.clone(), MANY), (all_new, 0), (mixed, MANY)] {
            let sent = ns.len();
            let messages: Vec<_> = ns
                .into_iter()
                .map(|n| pb::SubmitResponsesRequest {
                    import_id: "berkas".into(),
                    ..message(&survey, &format!("r-{n}"), body(n), None)
                })
                .collect();
            let stream = futures::stream::iter(messages);
            let answer = t.client.submit_responses(operator(stream)).await.unwrap();
            let answer = answer.into_inner();
            let counts = [answer.accepted, answer.repeated_count, answer.rejected];
            let repeated = sent - accepted;
            assert_eq!(counts, [accepted as i64, repeated as i64, 0]);
        }
        assert_eq!(stored(&t).await, (0..2 * MANY).map(expected).collect());
        assert_eq!(t.result(&survey).await.respondents, 2 * MANY as i64);
    })
    .await;
}
