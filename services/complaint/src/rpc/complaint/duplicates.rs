//! Finds possible duplicates of a report.

use prima_platform::{caller::Caller, failure::Failure, number::decimal};
use prima_proto::complaint::v1;

use super::{read::named, summary::Summaries};
use crate::{
    context::App,
    domain::duplicate::{self, ReportTrigrams, Similarity},
    store::{complaint::Stored, list::near_in_time, sealed::Content},
};

/// The reports of the same period that resemble a report, the most similar first.
pub async fn duplicates(
    app: &App,
    caller: Caller,
    request: v1::ListDuplicatesRequest,
) -> Result<v1::ListDuplicatesResponse, Failure> {
    let (stored, _) = named(app, &caller, &request.name).await?;
    let Some(own) = stored.content(&app.vault)? else {
        // An erased report has no text that could be compared.
        return Ok(v1::ListDuplicatesResponse::default());
    };
    let conn = app.context.db.reader();
    let others = near_in_time(conn, &stored, duplicate::SPAN, duplicate::COMPARED_MAX).await?;
    let app_of_thread = app.clone();
    // Comparing hundreds of texts of up to 10,000 characters would block the async runtime.
    let compared = tokio::task::spawn_blocking(move || compare(&app_of_thread, &own, others));
    let mut duplicates = Vec::new();
    let mut summaries = Summaries::default();
    for found in compared.await.map_err(Failure::internal)?? {
        duplicates.push(v1::Duplicate {
            complaint: Some(summaries.summary(app, &found.stored, found.title).await?),
            text_similarity: decimal(&found.similarity.text, 2),
            title_similarity: decimal(&found.similarity.title, 2),
        });
    }
    Ok(v1::ListDuplicatesResponse { duplicates })
}

/// A possible duplicate.
struct Found {
    stored: Stored,
    title: String,
    similarity: Similarity,
}

/// Those of `others` that resemble `own`, the most similar first; equally similar ones stay ordered by distance in
/// time.
fn compare(app: &App, own: &Content, others: Vec<Stored>) -> Result<Vec<Found>, Failure> {
    let trigrams = |content: &Content| ReportTrigrams::new(&content.title, &content.text);
    let own = trigrams(own);
    let mut found = Vec::new();
    for stored in others {
        let Some(content) = stored.content(&app.vault)? else {
            continue;
        };
        if let Some(similarity) = own.similarity(&trigrams(&content)) {
            found.push(Found {
                stored,
                title: content.title,
                similarity,
            });
        }
    }
    found.sort_by(|a, b| b.similarity.highest().cmp(a.similarity.highest()));
    found.truncate(duplicate::SHOWN_MAX);
    Ok(found)
}
