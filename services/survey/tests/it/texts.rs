//! The texts of respondents are encrypted at rest, whoever stored them, and are erased when they are voided or too old.

use std::time::Duration;

use chrono::TimeDelta;
use pb::AccessMode::{Agent, Link, Token};
use prima_platform::{config, db::sql, testing::eventually};
use prima_proto::survey::v1 as pb;
use sea_orm::ConnectionTrait;
use tonic::Request;

use crate::{
    comments::list,
    corrections::{by_ids, by_import},
    credentials::*,
    fixture::*,
    stored::{dump, found},
};

/// A configuration with these keys, whose sweep never runs within a test after the start.
fn with_keys(keys: &[&String]) -> config::Survey {
    config::Survey {
        keys: keys.iter().map(|key| (*key).clone()).collect(),
        sweep_millis: 3_600_000,
        ..at_once()
    }
}

/// The same with a sweep that runs all the time.
fn sweeping(keys: &[&String]) -> config::Survey {
    config::Survey {
        sweep_millis: 5,
        ..with_keys(keys)
    }
}

async fn execute(t: &World, text: &str) {
    let writer = t.db.writer();
    writer.execute_raw(sql(writer, text, [])).await.unwrap();
}

async fn until(t: &World, rows: &str, count: i64) {
    let met = eventually(DEADLINE, async || (t.count(rows).await == count).then_some(()));
    assert!(met.await.is_some(), "{rows}: {}", t.count(rows).await);
}

/// Stores a comment as release 0.1.0 does, of a response that exists.
async fn store_plain(t: &World, response: &str, text: &str) {
    let text = format!(
        "INSERT INTO comment (survey_id, response_id, kind, day, service, batch, body)
         SELECT survey_id, response_id, 1, '2024-07-01', NULL, batch, '{text}' FROM response
         WHERE response_id = '{response}'"
    );
    execute(t, &text).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_in_no_table_in_plain_text_however_it_came() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Token, Link]).await;
        let one = issue(&mut t, batch_of(&survey, 1)).await.tokens.remove(0);
        let own = link_of(&mut t, &survey).await;
        let written = ["Zebra di loket tiga", "Kancil di antrean", "Pelanduk di parkiran"];
        for (n, credential) in [None, Some(token(&one)), Some(link(&own))]
            .into_iter()
            .enumerate()
        {
            let response = pb::Response {
                suggestion: written[n].into(),
                criticism: format!("{} lagi", written[n]),
                ..all(4)
            };
            let request = sent(&survey, &format!("r-{n}"), response, credential.clone());
            let request = match credential {
                None => operator(request),
                Some(_) => Request::new(request),
            };
            t.client.submit_response(request).await.unwrap();
        }
        t.close(&survey).await;
        assert_eq!(t.found(list(&survey)).await.len(), 6);
        let lines = dump(&t).await;
        assert!(!found(&lines, "r-0").is_empty());
        for text in written {
            assert!(found(&lines, text).is_empty(), "{:?}", found(&lines, text));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_an_earlier_release_are_readable_and_get_encrypted() {
    let one = key("k1");
    configured(with_keys(&[&one]), async |mut t| {
        let survey = t.survey("a").await.name;
        for id in ["r-1", "r-2"] {
            t.respond(&survey, id, &SKM.map(|key| (key, 3))).await;
            store_plain(&t, id, &format!("Buaya di {id}")).await;
        }
        t.close(&survey).await;
        let both = ["Buaya di r-1", "Buaya di r-2"];
        assert_eq!(t.found(list(&survey)).await, both);
        assert!(!found(&dump(&t).await, "Buaya").is_empty());
        assert_eq!(usage(&mut t).await.plain, 2);
        let mut new = t.replica(sweeping(&[&one])).await;
        until(&new, "comment WHERE body <> ''", 0).await;
        assert_eq!(usage(&mut new).await.plain, 0);
        assert!(found(&dump(&new).await, "Buaya").is_empty());
        assert_eq!(new.found(list(&survey)).await, both);
        let searched = pb::ListCommentsRequest {
            contains: "DI R-2".into(),
            ..list(&survey)
        };
        assert_eq!(new.found(searched).await, ["Buaya di r-2"]);
    })
    .await;
}

async fn usage(t: &mut World) -> pb::GetTextKeyUsageResponse {
    let answer = t
        .client
        .get_text_key_usage(admin(pb::GetTextKeyUsageRequest {}))
        .await;
    answer.unwrap().into_inner()
}

/// Number of rows under a key.
async fn rows_under(t: &mut World, key: &str) -> Option<i64> {
    let keys = usage(t).await.keys;
    keys.into_iter().find(|k| k.key == key).map(|k| k.rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_change_of_the_key_everything_is_under_the_new_one() {
    let (one, two) = (key("k1"), key("k2"));
    configured(with_keys(&[&one]), async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..3 {
            t.comment(&survey, &format!("r-{n}"), 1, "", (&format!("saran {n}"), ""))
                .await;
        }
        let erase = pb::EraseResponseTextsRequest {
            request_id: "e".into(),
            survey: survey.clone(),
            which: Some(pb::erase_response_texts_request::Which::ResponseId("r-0".into())),
            reason: "Permintaan responden".into(),
        };
        t.client.erase_response_texts(admin(erase)).await.unwrap();
        t.close(&survey).await;
        assert_eq!(rows_under(&mut t, "k1").await, Some(3));
        t.tasks.stop(Duration::from_secs(5)).await;
        let mut new = t.replica(sweeping(&[&two, &one])).await;
        until(&new, "comment WHERE sealed_key = 'k1'", 0).await;
        until(&new, "respondent_log WHERE sealed_key = 'k1'", 0).await;
        assert_eq!(rows_under(&mut new, "k2").await, Some(3));
        new.tasks.stop(Duration::from_secs(5)).await;
        // Everything can be decrypted without the old key.
        let mut last = new.replica(with_keys(&[&two])).await;
        assert_eq!(last.found(list(&survey)).await, ["saran 1", "saran 2"]);
        let log = pb::ListRespondentLogRequest {
            survey: survey.clone(),
            ..Default::default()
        };
        let log = last
            .client
            .list_respondent_log(admin(log))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(log.entries[0].reason, "Permintaan responden");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_erases_its_texts_at_once_and_no_others() {
    let one = key("k1");
    configured(with_keys(&[&one]), async |mut t| {
        let survey = t.survey("a").await.name;
        t.comment(&survey, "r-1", 1, "", ("saran satu", "kritik satu"))
            .await;
        t.comment(&survey, "r-2", 1, "", ("saran dua", "")).await;
        let messages = ["i-1", "i-2"].map(|id| pb::SubmitResponsesRequest {
            import_id: "berkas".into(),
            ..message(
                &survey,
                id,
                pb::Response {
                    suggestion: format!("saran {id}"),
                    ..all(2)
                },
                None,
            )
        });
        let stream = futures::stream::iter(messages);
        t.client.submit_responses(operator(stream)).await.unwrap();
        t.voided(by_ids("v-1", &survey, &["r-1"])).await;
        assert_eq!(texts(&t).await, ["saran i-1", "saran i-2", "saran dua"]);
        t.voided(by_import("v-2", &survey, "berkas")).await;
        assert_eq!(texts(&t).await, ["saran dua"]);
        assert_eq!(t.count("response").await, 4);
        assert_eq!(t.count("void WHERE erased_at IS NULL").await, 0);
    })
    .await;
}

async fn texts(t: &World) -> Vec<String> {
    t.comment_texts("TRUE")
        .await
        .into_iter()
        .map(|(_, text)| text)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_an_earlier_release_voided_are_erased_by_the_sweep() {
    let one = key("k1");
    configured(with_keys(&[&one]), async |mut t| {
        let survey = t.survey("a").await.name;
        t.comment(&survey, "r-1", 1, "", ("saran satu", "")).await;
        t.comment(&survey, "r-2", 1, "", ("saran dua", "")).await;
        execute(&t, "UPDATE response SET voided = 1 WHERE response_id = 'r-1'").await;
        let void = "INSERT INTO void (survey_id, number, voided_at, actor, reason, import_id, responses)
                    SELECT survey_id, 1, 1, 'lama', 'Salah unggah', '', 1 FROM response WHERE response_id = 'r-1'";
        execute(&t, void).await;
        let read = t.read_response(&survey, "r-1").await;
        assert!(read.voided && read.comments.is_empty(), "{read:?}");
        assert_eq!(t.count("comment").await, 2);
        let new = t.replica(sweeping(&[&one])).await;
        until(&new, "void WHERE erased_at IS NULL", 0).await;
        assert_eq!(texts(&new).await, ["saran dua"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_erased_when_their_period_ends_and_figures_stay() {
    let one = key("k1");
    configured(with_keys(&[&one]), async |mut t| {
        let survey = t.survey("a").await.name;
        // They were written years ago and imported now: the period is counted from now.
        for n in 0..120 {
            t.comment(&survey, &format!("r-{n:03}"), 1, "", (&format!("saran {n}"), ""))
                .await;
        }
        t.clock.advance(TimeDelta::days(400));
        t.comment(&survey, "later", 1, "", ("saran lain", "")).await;
        t.close(&survey).await;
        let before = t.result(&survey).await;
        t.clock.advance(TimeDelta::days(329));
        let early = t.replica(sweeping(&[&one])).await;
        // The fence: a void without its texts erased is handled in the same pass, before old texts are looked for.
        let void = "INSERT INTO void (survey_id, number, voided_at, actor, reason, import_id, responses)
                    SELECT id, 9, 1, 'lama', 'Salah unggah', '', 0 FROM survey";
        for _ in 0..2 {
            execute(&t, void).await;
            until(&t, "void WHERE erased_at IS NULL", 0).await;
            execute(&t, "DELETE FROM void").await;
        }
        assert_eq!(t.count("comment").await, 121);
        t.clock.advance(TimeDelta::days(2));
        until(&t, "comment", 1).await;
        assert_eq!(texts(&t).await, ["saran lain"]);
        assert_eq!(t.result(&survey).await, before);
        early.tasks.stop(Duration::from_secs(5)).await;
    })
    .await;
}
