//! Digests of responses are keyed, also those of the release before, whose repeats are still recognised.

use prima_platform::{
    config,
    db::sql,
    testing::{eventually, served::key},
};
use prima_proto::survey::v1 as pb;
use prima_survey::domain::response::Raw;
use sea_orm::ConnectionTrait;
use tonic::{Code, Status};

use crate::{credentials::sent, fixture::*};

async fn submit(t: &World, survey: &str, score: i32) -> Result<pb::SubmitResponseResponse, Status> {
    let request = sent(survey, "r-1", all(score), None);
    let answer = t.client.clone().submit_response(operator(request)).await;
    answer.map(tonic::Response::into_inner)
}

async fn digest(t: &World) -> Vec<u8> {
    let reader = t.db.reader();
    let text = "SELECT digest FROM response WHERE response_id = 'r-1'";
    let row = reader
        .query_one_raw(sql(reader, text, []))
        .await
        .unwrap()
        .unwrap();
    row.try_get("", "digest").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_is_keyed_and_outlives_the_rotation_of_the_keys() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let first = submit(&t, &survey, 4).await.unwrap();
        let guess = Raw {
            answers: all(4).answers.into_iter().collect(),
            ..Raw::default()
        };
        let (keyed, unkeyed) = (digest(&t).await, guess.digest());
        assert_ne!(keyed.get(..unkeyed.len()), Some(unkeyed.as_slice()));
        // As the release before stored it.
        let writer = t.db.writer();
        let text = "UPDATE response SET digest = $1 WHERE response_id = 'r-1'";
        let values = [unkeyed.into()];
        writer.execute_raw(sql(writer, text, values)).await.unwrap();
        let same = async |t: &World| {
            assert_eq!(submit(t, &survey, 4).await.unwrap(), first);
            let other = submit(t, &survey, 3).await;
            refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
        };
        same(&t).await;
        // A process that starts keys it, with the key that is kept, whatever encrypts that.
        let new = key("k2");
        let rotated = config::Survey {
            keys: [std::slice::from_ref(&new), &t.config.keys].concat(),
            ..t.config.clone()
        };
        let other = t.replica(rotated).await;
        let arrived = eventually(DEADLINE, async || (digest(&t).await == keyed).then_some(()));
        arrived.await.expect("the digest is keyed");
        same(&t).await;
        same(&other).await;
        assert_eq!(t.count("digest_key WHERE sealed_key = 'k2'").await, 1);
        let alone = config::Survey {
            keys: vec![new],
            ..t.config.clone()
        };
        same(&t.replica(alone).await).await;
    })
    .await;
}
