//! Methods that read: from request to answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prima_platform::{
    caller::Caller,
    clock::{from_micros, micros},
    failure::Failure,
    faults::Faults,
    page::Page,
};
use prima_proto::{innovation::v1, name};
use sea_orm::ConnectionTrait;

use super::{
    convert, convert_entry,
    faults::Fields,
    render::{self, small},
};
use crate::{
    app::{
        App, announce_results, failed_rules, portfolios, require_evaluator, require_ministry, require_reader,
    },
    domain::{calendar, catalogue, innovation::Award, number, obligation, replication::Replication},
    store::{
        Lock,
        contest::{awards_of_entries, results_of, scores_of},
        directory::units_confirmed,
        entry::{self, entry_get, entry_page, waiting_counts, waiting_page},
        innovation::{Stored, awards_of, innovation_get, innovation_page, revision_page},
        portfolio::{coverage_page, units_without},
        replication::{self, replications_of, transfers_of},
        round::{self, announcement_get, round_get, round_page},
    },
};

type Result<T> = std::result::Result<T, Failure>;

/// Replications that GetSpread follows at most.
const SPREAD: usize = 1000;

fn one<T>(name: &str, raw: &str, parse: impl Fn(&str) -> std::result::Result<T, name::Error>) -> Result<T> {
    let mut faults = Faults::default();
    let parsed = faults.name(name, raw, parse);
    faults.settle(parsed)
}

async fn innovation_of(conn: &impl ConnectionTrait, name: &name::Innovation) -> Result<Stored> {
    let found = innovation_get(conn, name, Lock::None).await?;
    found.ok_or_else(|| Failure::not_found(&name.to_string()))
}

async fn round_of(conn: &impl ConnectionTrait, name: &name::Round) -> Result<round::Stored> {
    let found = round_get(conn, name, Lock::None).await?;
    found.ok_or_else(|| Failure::not_found(&name.to_string()))
}

async fn rendered(conn: &impl ConnectionTrait, rows: &[Stored]) -> Result<Vec<v1::Innovation>> {
    let agencies: BTreeSet<&str> = rows.iter().map(|r| r.name.unit.agency.as_str()).collect();
    let known = units_confirmed(conn, &agencies.into_iter().collect::<Vec<_>>()).await?;
    let confirmed = |r: &Stored| known.contains(&(r.name.unit.agency.clone(), r.name.unit.unit.clone()));
    Ok(rows.iter().map(|r| render::innovation(r, confirmed(r))).collect())
}

/// GetInnovation.
pub async fn innovation(
    app: &App,
    caller: &Caller,
    request: v1::GetInnovationRequest,
) -> Result<v1::GetInnovationResponse> {
    caller.known()?;
    let name = one("name", &request.name, name::Innovation::parse)?;
    let reader = app.context.db.reader();
    let stored = innovation_of(reader, &name).await?;
    let innovation = rendered(reader, &[stored]).await?.pop();
    Ok(v1::GetInnovationResponse { innovation })
}

/// ListInnovations.
pub async fn innovations(
    app: &App,
    caller: &Caller,
    request: v1::ListInnovationsRequest,
) -> Result<v1::ListInnovationsResponse> {
    caller.known()?;
    let (filter, page) = convert::list(&request)?;
    let reader = app.context.db.reader();
    let (rows, next_page_token) = innovation_page(reader, &filter, &page).await?;
    Ok(v1::ListInnovationsResponse {
        innovations: rendered(reader, &rows).await?,
        next_page_token,
    })
}

/// ListInnovationRevisions.
pub async fn revisions(
    app: &App,
    caller: &Caller,
    request: v1::ListInnovationRevisionsRequest,
) -> Result<v1::ListInnovationRevisionsResponse> {
    caller.known()?;
    let mut faults = Faults::default();
    let page = faults.take_all(Page::parse(
        request.page_size,
        &request.page_token,
        &[&request.parent],
    ));
    let name = faults.name("parent", &request.parent, name::Innovation::parse);
    let (name, page) = faults.settle(name.zip(page))?;
    require_reader(caller, &name.unit.agency)?;
    let reader = app.context.db.reader();
    let stored = innovation_of(reader, &name).await?;
    let (rows, next_page_token) = revision_page(reader, stored.id, &page).await?;
    let text = name.to_string();
    Ok(v1::ListInnovationRevisionsResponse {
        revisions: rows.iter().map(|r| render::revision(&text, r)).collect(),
        next_page_token,
    })
}

/// SearchCatalogue.
pub async fn search(app: &App, request: v1::SearchCatalogueRequest) -> Result<v1::SearchCatalogueResponse> {
    let (filter, page) = convert::search(&request)?;
    let (rows, next_page_token) = innovation_page(app.context.db.reader(), &filter, &page).await?;
    Ok(v1::SearchCatalogueResponse {
        items: rows.iter().map(render::catalogue_item).collect(),
        next_page_token,
    })
}

/// GetCatalogueEntry.
pub async fn catalogue_entry(
    app: &App,
    request: v1::GetCatalogueEntryRequest,
) -> Result<v1::GetCatalogueEntryResponse> {
    let name = one("name", &request.name, name::Innovation::parse)?;
    let reader = app.context.db.reader();
    let stored = innovation_of(reader, &name).await?;
    if stored.innovation.start_date.is_none() {
        return Err(Failure::not_found(&name.to_string()));
    }
    let awards: Vec<Award> = awards_of(reader, &stored).await?;
    let replications = replications_of(reader, &[name.to_string()]).await?;
    let agencies: BTreeSet<&str> = replications.iter().map(|r| r.adopter.agency.as_str()).collect();
    let in_use = |r: &&replication::Stored| Replication::in_use(&r.replication);
    let transfers = transfers_of(reader, stored.id).await?;
    let shown = rendered(reader, std::slice::from_ref(&stored))
        .await?
        .pop()
        .map(|i| v1::Innovation {
            former_awards: Vec::new(),
            etag: String::new(),
            ..i
        });
    let goal = |n: &i32| catalogue::goal(*n).map(str::to_owned);
    Ok(v1::GetCatalogueEntryResponse {
        innovation: shown,
        category_display_name: catalogue::category(&stored.innovation.category)
            .unwrap_or_default()
            .to_owned(),
        sdg_display_names: stored.innovation.sdgs.iter().filter_map(goal).collect(),
        awards: render::awards(&awards),
        replication_count: small(replications.len()),
        adopter_agency_count: small(agencies.len()),
        in_use_count: small(replications.iter().filter(in_use).count()),
        transfer_count: small(transfers.len()),
    })
}

/// GetRound.
pub async fn round(app: &App, caller: &Caller, request: v1::GetRoundRequest) -> Result<v1::GetRoundResponse> {
    caller.known()?;
    let name = one("name", &request.name, name::Round::parse)?;
    let stored = round_of(app.context.db.reader(), &name).await?;
    Ok(v1::GetRoundResponse {
        round: Some(render::round(&stored, require_evaluator(caller).is_ok())),
    })
}

/// ListRounds.
pub async fn rounds(
    app: &App,
    caller: &Caller,
    request: v1::ListRoundsRequest,
) -> Result<v1::ListRoundsResponse> {
    caller.known()?;
    let mut faults = Faults::default();
    let raw_year = request.year.to_string();
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &[&raw_year]));
    let year = faults.year("year", request.year, true);
    let page = faults.settle(page)?;
    let (rows, next_page_token) = round_page(app.context.db.reader(), year, &page).await?;
    Ok(v1::ListRoundsResponse {
        rounds: rows.iter().map(|r| render::round(r, false)).collect(),
        next_page_token,
    })
}

/// Adds results of closed stages, and awards.
async fn with_results(
    conn: &impl ConnectionTrait,
    rows: &[entry::Stored],
    full: bool,
) -> Result<Vec<v1::Entry>> {
    let ids: Vec<i64> = rows.iter().map(|r| r.id).collect();
    let results = results_of(conn, &ids).await?;
    let awards = awards_of_entries(conn, &ids).await?;
    let won = |row: &entry::Stored, award: &String| Award {
        year: row.year,
        award: award.clone(),
        round: row.name.round.to_string(),
    };
    let entry = |row: &entry::Stored| {
        let own: Vec<Award> = awards
            .get(&row.id)
            .into_iter()
            .flatten()
            .map(|a| won(row, a))
            .collect();
        v1::Entry {
            results: results
                .get(&row.id)
                .into_iter()
                .flatten()
                .map(render::stage_result)
                .collect(),
            awards: render::awards(&own),
            ..render::entry(row, full)
        }
    };
    Ok(rows.iter().map(entry).collect())
}

/// GetEntry.
pub async fn entry(app: &App, caller: &Caller, request: v1::GetEntryRequest) -> Result<v1::GetEntryResponse> {
    caller.known()?;
    let name = one("name", &request.name, name::Entry::parse)?;
    let reader = app.context.db.reader();
    let found = entry_get(reader, &name, Lock::None).await?;
    let stored = found.ok_or_else(|| Failure::not_found(&request.name))?;
    require_reader(caller, &stored.unit.agency)?;
    let round = round_of(reader, &name.round).await?;
    let mut entry = with_results(reader, std::slice::from_ref(&stored), true)
        .await?
        .pop();
    if let Some(entry) = entry.as_mut().filter(|_| stored.state.is_live()) {
        entry.failed_rules = render::failed_rules(&failed_rules(reader, &round.round, &stored).await?);
    }
    Ok(v1::GetEntryResponse { entry })
}

/// ListEntries.
pub async fn entries(
    app: &App,
    caller: &Caller,
    request: v1::ListEntriesRequest,
) -> Result<v1::ListEntriesResponse> {
    caller.known()?;
    let (name, filter, page) = convert_entry::list(&request)?;
    if filter.agency.is_empty() {
        require_evaluator(caller)?;
    } else {
        require_reader(caller, &filter.agency)?;
    }
    let reader = app.context.db.reader();
    let round = round_of(reader, &name).await?;
    let (rows, next_page_token) = entry_page(reader, round.id, &filter, &page).await?;
    Ok(v1::ListEntriesResponse {
        entries: with_results(reader, &rows, false).await?,
        next_page_token,
    })
}

/// ListScores.
pub async fn scores(
    app: &App,
    caller: &Caller,
    request: v1::ListScoresRequest,
) -> Result<v1::ListScoresResponse> {
    require_evaluator(caller)?;
    let name = one("parent", &request.parent, name::Entry::parse)?;
    let reader = app.context.db.reader();
    let found = entry_get(reader, &name, Lock::None).await?;
    let stored = found.ok_or_else(|| Failure::not_found(&request.parent))?;
    let round = round_of(reader, &name.round).await?;
    let results = results_of(reader, &[stored.id]).await?;
    let left_out: BTreeMap<String, Vec<String>> = results
        .into_values()
        .flatten()
        .map(|r| (r.stage.clone(), r.left_out()))
        .collect();
    let ministry = require_ministry(caller).is_ok();
    let shown = |score: &&crate::store::contest::Score| {
        ministry || score.stage != round.stage || score.evaluator == caller.subject()
    };
    let rules = &round.round.rules;
    let render = |score: &crate::store::contest::Score| {
        let out = left_out
            .get(&score.stage)
            .is_some_and(|l| l.contains(&score.evaluator));
        let why = match (score.recused, out) {
            (true, _) => "recused",
            (false, true) => "outlier",
            (false, false) => "",
        };
        let stage = rules.stage(&score.stage);
        let parts = stage
            .map(|s| rules.scored_parts(s, &stored.proposal.group))
            .unwrap_or_default();
        render::score(score, parts, why)
    };
    let scores = scores_of(reader, stored.id).await?;
    Ok(v1::ListScoresResponse {
        scores: scores.iter().filter(shown).map(render).collect(),
    })
}

/// ListStuckEntries.
pub async fn stuck(
    app: &App,
    caller: &Caller,
    request: v1::ListStuckEntriesRequest,
) -> Result<v1::ListStuckEntriesResponse> {
    require_evaluator(caller)?;
    let (name, state, days, page) = convert_entry::stuck(&request)?;
    let reader = app.context.db.reader();
    let round = round_of(reader, &name).await?;
    let now = app.now();
    let days_since = |at: i64| small(calendar::days_between(from_micros(at), now));
    let counts = waiting_counts(reader, round.id).await?;
    let before = micros(now - chrono::TimeDelta::days(i64::from(days)));
    let (rows, next_page_token) = waiting_page(reader, round.id, &round.stage, state, before, &page).await?;
    let waiting = |row: entry::Waiting| {
        let state = crate::domain::entry::State::parse(&row.state).map(render::entry_state);
        v1::StuckEntry {
            name: row.name,
            title: row.title,
            innovation: row.innovation,
            state: state.unwrap_or_default().into(),
            days: days_since(row.state_at),
            scores: small(row.scores),
        }
    };
    // When all stages are closed, those who compete have come through.
    let over = round.stage.is_empty();
    Ok(v1::ListStuckEntriesResponse {
        stage: round.stage,
        counts: counts
            .into_iter()
            .filter(|_| !over)
            .map(|(state, count)| v1::StuckCount {
                state: render::entry_state(state).into(),
                count: small(count.n),
                longest_days: days_since(count.oldest),
            })
            .collect(),
        entries: if over {
            Vec::new()
        } else {
            rows.into_iter().map(waiting).collect()
        },
        next_page_token: if over { String::new() } else { next_page_token },
    })
}

/// GetAnnouncement.
pub async fn announcement(
    app: &App,
    caller: &Caller,
    request: v1::GetAnnouncementRequest,
) -> Result<v1::GetAnnouncementResponse> {
    if request.recompute {
        caller.known()?;
    }
    let name = one("name", &request.name, name::Round::parse)?;
    let reader = app.context.db.reader();
    let round = round_of(reader, &name).await?;
    let found = announcement_get(reader, round.id).await?;
    let announced = found.ok_or_else(|| Failure::not_found(&format!("{name}: announcement")))?;
    if !request.recompute {
        return Ok(v1::GetAnnouncementResponse {
            announcement: Some(render::announcement(&round, &announced)),
            reproduced: false,
        });
    }
    let again = announce_results::recompute(reader, &round, announced.announced_at).await?;
    Ok(v1::GetAnnouncementResponse {
        announcement: Some(render::announcement(&round, &again)),
        reproduced: again.content == announced.content && again.sha256 == announced.sha256,
    })
}

/// GetSpread: the replications of an innovation, then those of the replicas, and so on, each once.
pub async fn spread(
    app: &App,
    caller: &Caller,
    request: v1::GetSpreadRequest,
) -> Result<v1::GetSpreadResponse> {
    caller.known()?;
    let name = one("name", &request.name, name::Innovation::parse)?;
    let reader = app.context.db.reader();
    let stored = innovation_of(reader, &name).await?;
    let mut seen = BTreeSet::from([name.to_string()]);
    let mut next = VecDeque::from([name.to_string()]);
    let mut found = Vec::new();
    while !next.is_empty() && found.len() < SPREAD {
        let level: Vec<String> = next.drain(..).collect();
        for replication in replications_of(reader, &level).await? {
            let replica = &replication.replication.replica;
            if !replica.is_empty() && seen.insert(replica.clone()) {
                next.push_back(replica.clone());
            }
            found.push(render::replication(&replication));
        }
    }
    found.truncate(SPREAD);
    let transfers = transfers_of(reader, stored.id).await?;
    Ok(v1::GetSpreadResponse {
        replications: found,
        transfers: transfers
            .iter()
            .map(|t| render::transfer(&request.name, t))
            .collect(),
    })
}

/// GetPortfolio.
pub async fn portfolio(
    app: &App,
    caller: &Caller,
    request: v1::GetPortfolioRequest,
) -> Result<v1::GetPortfolioResponse> {
    caller.known()?;
    let mut faults = Faults::default();
    let unit = faults.name("unit", &request.unit, name::Unit::parse);
    let year = faults.year("year", request.year, false);
    let unit = faults.settle(unit)?;
    require_reader(caller, &unit.agency)?;
    let key = (unit.agency, unit.unit, i64::from(year));
    let computed = portfolios::compute(app.context.db.reader(), &[key]).await?.pop();
    Ok(v1::GetPortfolioResponse {
        portfolio: computed.map(|(_, portfolio, _)| portfolio),
    })
}

/// CheckObligation.
pub async fn obligation(
    app: &App,
    caller: &Caller,
    request: v1::CheckObligationRequest,
) -> Result<v1::CheckObligationResponse> {
    caller.known()?;
    let mut faults = Faults::default();
    let (raw_year, raw_unmet) = (request.year.to_string(), request.only_unmet.to_string());
    let fields = [request.parent.as_str(), &raw_year, &raw_unmet];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &fields));
    let agency = faults.name("parent", &request.parent, name::Agency::parse);
    let year = faults.year("year", request.year, false);
    let (agency, page) = faults.settle(agency.zip(page))?;
    let one = if agency.agency == "-" {
        ""
    } else {
        agency.agency.as_str()
    };
    let reader = app.context.db.reader();
    let limit = i64::try_from(page.limit()).unwrap_or(i64::MAX);
    let mut rows = coverage_page(reader, year, one, request.only_unmet, &page.after, limit).await?;
    let next_page_token = page.cut(&mut rows, |r| r.agency.clone());
    let lacking = if one.is_empty() {
        Vec::new()
    } else {
        units_without(reader, one, year).await?
    };
    let obligations = rows.into_iter().map(|row| {
        let share = usize::try_from(row.units_with)
            .ok()
            .zip(usize::try_from(row.units).ok());
        let share = share.and_then(|(with, units)| obligation::agency_score(with, units));
        v1::Obligation {
            agency: format!("agencies/{}", row.agency),
            met: row.innovations > 0,
            innovations: small(row.innovations),
            units_with: small(row.units_with),
            units: small(row.units),
            coverage: share.map(|s| number::decimal(&s, 2)).unwrap_or_default(),
            units_without: lacking
                .iter()
                .map(|unit| format!("agencies/{}/units/{unit}", row.agency))
                .collect(),
        }
    });
    Ok(v1::CheckObligationResponse {
        obligations: obligations.collect(),
        next_page_token,
        definition: obligation::definition().id.clone(),
    })
}
