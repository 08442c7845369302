//! One token stores one response, for any combination of tokens, ids and bodies.

use std::collections::{BTreeMap, BTreeSet};

use pb::AccessMode::Token;
use prima_platform::db::sql;
use prima_proto::survey::v1 as pb;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::{credentials::*, fixture::*};

const CASES: usize = 40;

/// The stored digest of the token and the answers of each response, by id.
async fn stored(t: &World, survey: &str) -> BTreeMap<String, (Vec<u8>, String)> {
    let reader = t.db.reader();
    let text = "SELECT r.response_id, r.token, r.answers FROM response r
                JOIN survey s ON s.id = r.survey_id WHERE s.name = $1";
    let rows = reader
        .query_all_raw(sql(reader, text, [survey.into()]))
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            let value = (
                row.try_get("", "token").unwrap(),
                row.try_get("", "answers").unwrap(),
            );
            (row.try_get("", "response_id").unwrap(), value)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_mix_of_tokens_ids_and_bodies_stores_each_token_and_id_once() {
    on_each_database(async |mut t| {
        let mut runner = TestRunner::deterministic();
        let uses = proptest::collection::vec((0..4usize, 0..4usize, 3..=4i32), 1..16);
        for case in 0..CASES {
            let survey = survey_by(&mut t, &format!("s-{case}"), &[Token]).await;
            let tokens = issue(&mut t, batch_of(&survey, 4)).await.tokens;
            let digests: Vec<Vec<u8>> = tokens.iter().map(|text| Sha256::digest(text).to_vec()).collect();
            let uses = uses.new_tree(&mut runner).unwrap().current();
            let messages = |uses: &[(usize, usize, i32)]| -> Vec<pb::SubmitResponsesRequest> {
                uses.iter()
                    .map(|(id, at, score)| {
                        message(
                            &survey,
                            &format!("r-{id}"),
                            all(*score),
                            Some(token(&tokens[*at])),
                        )
                    })
                    .collect()
            };
            // A part is submitted first, so that some tokens and ids are used already; then everything, twice.
            let mut accepted = 0;
            for part in [&uses[..uses.len() / 3], &uses[..], &uses[..]] {
                let answer = offline(&mut t, messages(part)).await.unwrap();
                let now = stored(&t, &survey).await;
                accepted += answer.accepted;
                assert_eq!(now.len() as i64, accepted, "{uses:?}");
                assert_eq!(
                    (answer.accepted + answer.repeated_count + answer.rejected) as usize,
                    part.len()
                );
                let used: BTreeSet<&Vec<u8>> = now.values().map(|(token, _)| token).collect();
                assert_eq!(used.len(), now.len(), "{uses:?}");
                let refused: BTreeMap<i64, &str> = answer
                    .rejections
                    .iter()
                    .map(|r| (r.index, r.reason.as_str()))
                    .collect();
                for (index, (id, at, score)) in part.iter().enumerate() {
                    let kept = now.get(&format!("r-{id}"));
                    let same = kept.is_some_and(|(_, answers)| *answers == score.to_string().repeat(9));
                    match refused.get(&(index as i64)) {
                        None => assert!(same, "{uses:?} {index}"),
                        Some(&"REQUEST_ID_REUSED") => assert!(kept.is_some() && !same, "{uses:?} {index}"),
                        Some(&"TOKEN_USED") => {
                            assert!(used.contains(&digests[*at]), "{uses:?} {index}");
                            assert!(
                                kept.is_none_or(|(token, _)| *token != digests[*at]),
                                "{uses:?} {index}"
                            );
                        }
                        Some(other) => panic!("{other}: {uses:?} {index}"),
                    }
                }
            }
            assert_eq!(t.result(&survey).await.respondents, accepted);
        }
    })
    .await;
}
