//! The indexes for search and near duplicates.

use std::collections::BTreeSet;

use prima_platform::{caller::Caller, clock::from_micros, db::Txn, failure::Failure, near_duplicate};
use prima_proto::innovation::v1;

use crate::{
    domain::{
        calendar,
        number::{self, whole},
    },
    rpc::access::may_see,
    store::{
        SEARCH,
        innovation::{Stored, innovations_by_id},
        near_key::{near_candidates, near_save_in_txn},
    },
};

/// Two innovations are near duplicates from this percentage of shared trigrams on.
const SIMILARITY_MIN: i64 = 50;
/// Maximum number of near duplicates in a response.
const NEAR_DUPLICATES_MAX: usize = 20;

/// Indexes an innovation; returns its keys in the index of near duplicates.
pub async fn index(txn: &Txn, stored: &Stored) -> Result<BTreeSet<i64>, Failure> {
    let innovation = &stored.innovation;
    let text = [&innovation.title, &innovation.description, &innovation.initiator];
    SEARCH
        .put(txn, stored.id, &text.map(String::as_str).join("\n"))
        .await?;
    let keys = near_duplicate::index_keys(&innovation.title, &innovation.description);
    near_save_in_txn(txn, stored.id, &keys).await?;
    Ok(keys)
}

/// Innovations that the caller may see and that are near duplicates of this one, the most similar first.
pub async fn near_duplicates(
    txn: &Txn,
    caller: &Caller,
    stored: &Stored,
    keys: &BTreeSet<i64>,
) -> Result<Vec<v1::NearDuplicate>, Failure> {
    let own = &stored.innovation;
    let candidates = near_candidates(txn, stored.id, keys).await?;
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let title = near_duplicate::of_title(&own.title);
    let text = near_duplicate::of_text(&own.title, &own.description);
    let mut found = Vec::new();
    let candidates = innovations_by_id(txn, &candidates).await?.into_iter();
    for other in candidates.filter(|other| may_see(caller, other)) {
        let theirs = &other.innovation;
        let by_title = near_duplicate::similarity(&title, &near_duplicate::of_title(&theirs.title));
        let by_text = near_duplicate::similarity(
            &text,
            &near_duplicate::of_text(&theirs.title, &theirs.description),
        );
        let most = by_title.clone().max(by_text.clone());
        if most >= whole(SIMILARITY_MIN) {
            found.push((most, other, by_title, by_text));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    Ok(found
        .into_iter()
        .take(NEAR_DUPLICATES_MAX)
        .map(|(_, other, by_title, by_text)| v1::NearDuplicate {
            innovation: other.name.to_string(),
            title: other.innovation.title,
            year: calendar::year(from_micros(other.created_at)),
            title_similarity: number::decimal(&by_title, 2),
            text_similarity: number::decimal(&by_text, 2),
        })
        .collect())
}
