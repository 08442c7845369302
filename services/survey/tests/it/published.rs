//! What everybody may read of results.

use chrono::TimeDelta;
use prima_proto::survey::v1 as pb;
use tonic::{Code, Request};

use crate::{
    credentials::UNIT,
    fixture::*,
    publication::{day, medium, publish},
};

async fn list(t: &mut World, page_size: i32, page_token: &str) -> pb::ListPublishedResultsResponse {
    let message = pb::ListPublishedResultsRequest {
        parent: UNIT.into(),
        page_size,
        page_token: page_token.into(),
    };
    let answer = t.client.list_published_results(Request::new(message)).await;
    answer.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_public_once_it_is_published_and_shows_no_more_than_that() {
    on_each_database(async |mut t| {
        let mut names = Vec::new();
        for id in ["a", "b", "c"] {
            let survey = t.survey(id).await.name;
            for n in 0..2 {
                let answers = SKM.map(|key| (key, if key == "time" { 2 } else { 4 }));
                t.respond(&survey, &format!("r-{n}"), &answers).await;
            }
            names.push(survey);
        }
        assert!(list(&mut t, 0, "").await.results.is_empty());
        for name in &names[..2] {
            t.close(name).await;
        }
        assert!(
            list(&mut t, 0, "").await.results.is_empty(),
            "closed is not published"
        );
        for (n, name) in names[..2].iter().enumerate() {
            let media = vec![medium("situs-web", "https://kotabogor.go.id/skm")];
            let request = publish(&format!("p-{n}"), name, &day(0), media);
            t.client.publish_result(operator(request)).await.unwrap();
        }
        let of_role = t.result(&names[0]).await;
        let page = list(&mut t, 1, "").await;
        let next = list(&mut t, 1, &page.next_page_token).await;
        assert!(next.next_page_token.is_empty());
        let published = [page.results, next.results].concat();
        let shown: Vec<&str> = published.iter().map(|result| result.survey.as_str()).collect();
        assert_eq!(shown, names[..2]);
        let one = &published[0];
        assert_eq!(one.index, of_role.index);
        assert_eq!(one.category, of_role.category);
        assert_eq!(one.respondents, of_role.counted);
        assert_eq!(one.elements.len(), 9);
        assert_eq!(one.elements[2].mean, "2.0000");
        assert_eq!(one.publication, of_role.publication);
        // Nobody reads the whole result without a token.
        let whole = pb::GetResultRequest {
            survey: names[0].clone(),
        };
        refused(
            t.client.get_result(Request::new(whole)).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_element_that_few_have_answered_leaves_no_means() {
    in_steps(async |mut t| {
        for (id, answers) in [("few", 1), ("enough", 5)] {
            let mut request = survey(id);
            let definition = request.survey.as_mut().unwrap();
            definition.elements = SKM
                .iter()
                .map(|key| pb::SurveyElement {
                    key: (*key).to_owned(),
                    optional: *key == "cost",
                    ..Default::default()
                })
                .collect();
            let name = t.client.create_survey(operator(request)).await.unwrap();
            let name = name.into_inner().survey.unwrap().name;
            for n in 0..10 {
                let given = SKM.iter().filter(|key| **key != "cost" || n < answers);
                let given: Vec<(&str, i32)> = given.map(|key| (*key, 3)).collect();
                t.respond(&name, &format!("r-{n}"), &given).await;
            }
            t.close(&name).await;
            t.clock.advance(TimeDelta::minutes(1));
            let request = publish(&format!("p-{id}"), &name, &day(0), vec![medium("videotron", "")]);
            t.client.publish_result(operator(request)).await.unwrap();
        }
        let results = list(&mut t, 0, "").await.results;
        let (enough, few) = (&results[0], &results[1]);
        assert!(enough.survey.ends_with("enough"), "{results:?}");
        assert!(enough.elements.iter().all(|element| element.mean == "3.0000"));
        assert_eq!((few.respondents, few.index.as_str()), (10, "75.00"));
        assert!(few.elements.iter().all(|element| element.mean.is_empty()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_result_of_too_few_has_no_figures() {
    in_steps(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..2 {
            t.respond(&survey, &format!("r-{n}"), &SKM.map(|key| (key, 3)))
                .await;
        }
        t.close(&survey).await;
        t.clock.advance(TimeDelta::minutes(1));
        let request = publish("p", &survey, &day(0), vec![medium("videotron", "")]);
        t.client.publish_result(operator(request)).await.unwrap();
        let results = list(&mut t, 0, "").await.results;
        assert_eq!(results.len(), 1);
        assert_eq!((results[0].index.as_str(), results[0].respondents), ("", 0));
        assert!(results[0].elements.iter().all(|element| element.mean.is_empty()));
    })
    .await;
}
