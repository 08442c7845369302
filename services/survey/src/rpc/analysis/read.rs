//! Analyzes a result.

use prima_platform::{
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::{figures, message};
use crate::{service::App, store::delta::Of};

/// The analysis of a survey's result.
pub async fn analyze(
    app: &App,
    message: pb::AnalyzeResultRequest,
) -> Result<pb::AnalyzeResultResponse, Failure> {
    let name = request::name::<name::Survey>("survey", &message.survey)?;
    app.counter.count(Of::Survey(&name)).await?;
    let analysis = found(figures::analyze(app, &name.to_string()).await?, &name)?;
    Ok(pb::AnalyzeResultResponse {
        analysis: Some(message::analysis(&analysis)),
    })
}
