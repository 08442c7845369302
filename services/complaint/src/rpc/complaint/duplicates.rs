//! Finds reports that are much like another one.

use prima_platform::{caller::Caller, failure::Failure, number::decimal};
use prima_proto::complaint::v1;

use super::{read::named, summary::Grounds};
use crate::{
    context::App,
    domain::duplicate::{self, Likeness, Words},
    store::{complaint::Stored, list::near_in_time, sealed::Content},
};

/// Reports of the same time that are much like one, the most alike first.
pub async fn duplicates(
    app: &App,
    caller: Caller,
    request: v1::ListDuplicatesRequest,
) -> Result<v1::ListDuplicatesResponse, Failure> {
    let (stored, _) = named(app, &caller, &request.name).await?;
    let Some(own) = stored.content(&app.vault)? else {
        // Once erased it is like nothing.
        return Ok(v1::ListDuplicatesResponse::default());
    };
    let conn = app.context.db.reader();
    let others = near_in_time(conn, &stored, duplicate::SPAN, duplicate::COMPARED).await?;
    let app_of_thread = app.clone();
    // Hundreds of texts of up to 10,000 characters take their time.
    let compared = tokio::task::spawn_blocking(move || compare(&app_of_thread, &own, others));
    let mut duplicates = Vec::new();
    let mut grounds = Grounds::default();
    for found in compared.await.map_err(Failure::internal)?? {
        duplicates.push(v1::Duplicate {
            complaint: Some(grounds.summary(app, &found.stored, found.title).await?),
            text_similarity: decimal(&found.likeness.text, 2),
            title_similarity: decimal(&found.likeness.title, 2),
        });
    }
    Ok(v1::ListDuplicatesResponse { duplicates })
}

/// A report much like another.
struct Found {
    stored: Stored,
    title: String,
    likeness: Likeness,
}

/// Those of `others` that are much like `own`, the most alike first; of equals the one nearer in time.
fn compare(app: &App, own: &Content, others: Vec<Stored>) -> Result<Vec<Found>, Failure> {
    let words = |content: &Content| Words::new(&content.title, &content.text);
    let own = words(own);
    let mut found = Vec::new();
    for stored in others {
        let Some(content) = stored.content(&app.vault)? else {
            continue;
        };
        if let Some(likeness) = own.likeness(&words(&content)) {
            found.push(Found {
                stored,
                title: content.title,
                likeness,
            });
        }
    }
    found.sort_by(|a, b| b.likeness.most().cmp(a.likeness.most()));
    found.truncate(duplicate::SHOWN);
    Ok(found)
}
