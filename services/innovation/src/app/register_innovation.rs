//! Registers an innovation, and shows those that are much like it.

use std::collections::BTreeSet;

use prima_platform::{caller::Caller, db::Txn, failure::Failure, near};
use prima_proto::{innovation::v1, name};

use super::{App, Once, portfolio_keys, portfolios, require_ministry, require_unit};
use crate::{
    domain::{
        calendar,
        innovation::Innovation,
        number::{self, whole},
    },
    grpc::render,
    store::{
        SEARCH,
        directory::units_confirmed,
        innovation::{Stored, fresh, innovation_insert, innovations_by_id, revision_add},
        near::{near_candidates, near_put},
    },
};

const METHOD: &str = "innovation.RegisterInnovation";
/// From this share of trigrams on, in percent, two innovations are much alike.
const ALIKE: i64 = 50;
/// Near duplicates that an answer shows.
const SHOWN: usize = 20;

/// A new innovation.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Resource name.
    pub name: name::Innovation,
    /// What is kept of it.
    pub innovation: Innovation,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    new: Request,
) -> Result<v1::RegisterInnovationResponse, Failure> {
    require_unit(caller, &new.name.unit.agency)?;
    if !new.innovation.former_awards.is_empty() {
        require_ministry(caller)?;
    }
    let faults = new.innovation.faults(app.today());
    if !faults.is_empty() {
        return Err(Failure::invalid(faults));
    }
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    let mut stored = fresh(
        new.name,
        new.innovation,
        app.context.clock.next_version(0),
        app.now(),
    );
    let Some(id) = innovation_insert(&txn, &stored).await? else {
        return new.once.find_or_exists(&txn, METHOD, caller, &stored.name).await;
    };
    stored.id = id;
    revision_add(&txn, &stored, caller.subject()).await?;
    let keys = index(&txn, &stored).await?;
    let near_duplicates = near_duplicates(&txn, &stored, &keys).await?;
    let unit = &stored.name.unit;
    let years = stored.innovation.years(app.today(), calendar::year(app.now()));
    portfolios::recompute(app, &txn, &portfolio_keys(unit, years)).await?;
    let known = units_confirmed(&txn, &[&unit.agency]).await?;
    let confirmed = known.contains(&(unit.agency.clone(), unit.unit.clone()));
    let answer = v1::RegisterInnovationResponse {
        innovation: Some(render::innovation(&stored, confirmed)),
        near_duplicates,
    };
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}

/// Puts an innovation into the indexes for search and near duplicates; returns its keys in the latter.
pub async fn index(txn: &Txn, stored: &Stored) -> Result<BTreeSet<i64>, Failure> {
    let innovation = &stored.innovation;
    let text = [&innovation.title, &innovation.description, &innovation.initiator];
    SEARCH
        .put(txn, stored.id, &text.map(String::as_str).join("\n"))
        .await?;
    let keys = near::index_keys(&innovation.title, &innovation.description);
    near_put(txn, stored.id, &keys).await?;
    Ok(keys)
}

async fn near_duplicates(
    txn: &Txn,
    stored: &Stored,
    keys: &BTreeSet<i64>,
) -> Result<Vec<v1::NearDuplicate>, Failure> {
    let own = &stored.innovation;
    let candidates = near_candidates(txn, stored.id, keys).await?;
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let title = near::of_title(&own.title);
    let text = near::of_text(&own.title, &own.description);
    let mut found = Vec::new();
    for other in innovations_by_id(txn, &candidates).await? {
        let theirs = &other.innovation;
        let by_title = near::similarity(&title, &near::of_title(&theirs.title));
        let by_text = near::similarity(&text, &near::of_text(&theirs.title, &theirs.description));
        let most = by_title.clone().max(by_text.clone());
        if most >= whole(ALIKE) {
            found.push((most, other, by_title, by_text));
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    Ok(found
        .into_iter()
        .take(SHOWN)
        .map(|(_, other, by_title, by_text)| v1::NearDuplicate {
            innovation: other.name.to_string(),
            title: other.innovation.title,
            year: calendar::year(prima_platform::clock::from_micros(other.created_at)),
            title_similarity: number::decimal(&by_title, 2),
            text_similarity: number::decimal(&by_text, 2),
        })
        .collect())
}
