//! Reads the data of the minutes from the services. Without the cycle, the assessment, its instrument or its index
//! there are no minutes. When anything else does not exist or is refused to this caller, the minutes give the reason in
//! its place.

use chrono::{DateTime, Utc};
use prima_proto::{index::v1 as pb, name};

use super::super::gather::{names, part};
use super::Record;
use crate::client::call::repeat;
use crate::client::connect::Connection;

pub(super) async fn record(
    connection: &Connection,
    name: &name::Assessment,
    made: DateTime<Utc>,
) -> anyhow::Result<Record> {
    let (assessments, indexes) = (connection.assessment().await?, connection.index().await?);
    let assessment = name.to_string();
    let cycle = pb::GetCycleRequest {
        name: name.cycle.to_string(),
    };
    let cycle = repeat!(assessments, get_cycle, cycle)?.cycle.unwrap_or_default();
    let instrument = pb::GetInstrumentRequest {
        id: cycle.instrument.clone(),
    };
    let instrument = repeat!(indexes, get_instrument, instrument)?;
    let found = pb::GetAssessmentRequest {
        name: assessment.clone(),
    };
    let found = repeat!(assessments, get_assessment, found)?;
    let value = pb::ExplainIndexRequest {
        name: assessment.clone(),
    };
    let value = repeat!(indexes, explain_index, value)?;
    let suggestions = pb::ListSuggestionsRequest {
        assessment: assessment.clone(),
    };
    let suggestions = repeat!(assessments, list_suggestions, suggestions);
    let recommendations = pb::ListRecommendationsRequest {
        assessment: assessment.clone(),
    };
    let recommendations = repeat!(indexes, list_recommendations, recommendations);
    let actions = repeat!(assessments, list_actions, pb::ListActionsRequest { assessment });
    Ok(Record {
        cycle,
        assessment: found.assessment.unwrap_or_default(),
        instrument: instrument.instrument.unwrap_or_default(),
        value: value.value.unwrap_or_default(),
        suggestions: part(suggestions.map(|answer| answer.suggestions))?,
        recommendations: part(recommendations.map(|answer| answer.recommendations))?,
        actions: part(actions.map(|answer| answer.actions))?,
        names: names(connection, &name.unit).await,
        made,
    })
}
