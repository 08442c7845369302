//! The figures of one survey.

use crate::fixture::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_at_the_top_is_an_index_of_100() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..10 {
            t.respond(&survey, &format!("r-{n}"), &SKM.map(|key| (key, 4)))
                .await;
        }
        t.close(&survey).await;
        let result = t.result(&survey).await;
        assert_eq!(
            (
                result.respondents,
                result.index.as_str(),
                result.category.as_str()
            ),
            (10, "100.00", "A")
        );
        assert_eq!(result.elements.len(), 9);
        assert!(
            result
                .elements
                .iter()
                .all(|e| e.mean == "4.0000" && e.total == 40)
        );
    })
    .await;
}
