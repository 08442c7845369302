//! Reads published results.

use prima_platform::{failure::Failure, request};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::outcome,
    rpc::field,
    service::App,
    store::{
        survey::{Filter, survey_page},
        tally::tallies_get,
    },
};

/// A page of the published results of a unit in the order of their surveys' names, as of the last count: a reading without a
/// token causes no counting.
pub async fn list(
    app: &App,
    message: pb::ListPublishedResultsRequest,
) -> Result<pb::ListPublishedResultsResponse, Failure> {
    let unit = request::name::<name::Unit>("parent", &message.parent);
    let (unit, page) = field::parent_and_page(unit, &message.parent, message.page_size, &message.page_token)?;
    let filter = Filter {
        agency: unit.agency,
        unit: unit.unit,
        is_published: true,
        after: page.after.clone(),
        limit: page.limit(),
        ..Filter::default()
    };
    let now = app.context.clock.now();
    let txn = app.context.db.snapshot().await?;
    let mut surveys = survey_page(&txn, &filter).await?;
    let next_page_token = page.cut(&mut surveys, |s| s.survey.name.to_string());
    let ids: Vec<i64> = surveys.iter().map(|s| s.id).collect();
    let tallies = tallies_get(&txn, &ids).await?;
    let surveys: Vec<_> = surveys.iter().collect();
    let rules = app.rules();
    let outcomes = outcome::of_surveys(&txn, &surveys, &tallies, &rules, now).await?;
    let results = surveys.iter().zip(&outcomes);
    Ok(pb::ListPublishedResultsResponse {
        results: results
            .filter_map(|(s, o)| message::result(s, o, rules.minimum))
            .collect(),
        next_page_token,
    })
}
