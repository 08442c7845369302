//! Indexes as they stand, explained and verified.

use std::sync::Arc;

use num_traits::{One, Zero};
use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
    number::{self, Rational},
    page::Page,
};
use prima_proto::{index::v1 as pb, name};
use sea_orm::ConnectionTrait;

use super::{check, convert, cycles::find, groups};
use crate::{
    app::{
        App, cycles,
        recompute::{self, Locked},
    },
    domain::{
        cycle::Cycle,
        instrument::Instrument,
        level::{Inputs, Origin},
        score::{self, F02, F03, Index},
    },
    store::{
        assessment::{
            AgencyRow, Row, agency_index_get, agency_index_page, assessment_get, assessment_page,
            assessments_exact, assessments_of,
        },
        cycle::{cycle_get, cycle_lock_in_txn},
    },
};

/// Decimals of F-02 and F-03 as shown.
const PARTS: u32 = 2;
/// Decimals of a gain.
const GAIN: u32 = 4;

/// What has an index.
enum Named {
    Cycle(name::Cycle),
    Agency(name::Cycle, name::Agency),
    Unit(name::Assessment),
}

fn parse(text: &str) -> Result<Named, Failure> {
    let whole = || {
        let (cycle, rest) = text.split_once("/agencies/")?;
        let agency = name::Agency::parse(&format!("agencies/{rest}")).ok()?;
        Some(Named::Agency(name::Cycle::parse(cycle).ok()?, agency))
    };
    let unit = name::Assessment::parse(text).map(Named::Unit).ok();
    let found = unit.or_else(whole);
    let found = found.or_else(|| name::Cycle::parse(text).map(Named::Cycle).ok());
    found.ok_or_else(|| {
        Failure::invalid(vec![Violation::new(
            "name",
            "must be cycles/{cycle}, or /agencies/{agency} in it, or /units/{unit} in that",
            "harus cycles/{cycle}, dengan /agencies/{agency} dan /units/{unit} bila perlu",
        )])
    })
}

/// A unit in a cycle, or `NOT_FOUND`.
pub async fn unit(app: &App, name: &name::Assessment) -> Result<Locked, Failure> {
    let reader = app.context.db.reader();
    let cycle = cycles::found(cycle_get(reader, &name.cycle.cycle).await?, &name.cycle)?;
    let row = assessment_get(reader, cycle.id, &name.unit).await?;
    Ok(Locked {
        row: row.ok_or_else(|| Failure::not_found(&name.to_string()))?,
        instrument: recompute::instrument(reader, &cycle).await?,
        cycle: Arc::new(cycle),
    })
}

pub(super) fn summary(cycle: &Cycle, name: String) -> pb::IndexSummary {
    pb::IndexSummary {
        name,
        metric: cycle.scheme.metric().to_owned(),
        period: cycle.year.clone(),
        r#final: cycle.final_at.is_some(),
        instrument: cycle.instrument.clone(),
        ..Default::default()
    }
}

pub(super) fn publish(summary: &mut pb::IndexSummary, published: Option<&crate::domain::band::Published>) {
    if let Some(published) = published {
        summary.index.clone_from(&published.value);
        summary.index_exact = number::fraction(&published.exact);
        summary.category.clone_from(&published.category);
        summary.category_display_name.clone_from(&published.name);
    }
}

fn unit_summary(cycle: &Cycle, instrument: &Instrument, row: &Row) -> Result<pb::IndexSummary, Failure> {
    let (_, index) = recompute::index(instrument, row)?;
    let part = |key: &str| {
        let value = index.part(key).map(|v| number::decimal(v, PARTS));
        value.unwrap_or_default()
    };
    let mut summary = pb::IndexSummary {
        units_counted: i64::from(index.published.is_some()),
        units_expected: 1,
        f02: part(F02),
        f03: part(F03),
        aspects: index.aspects().iter().map(convert::term).collect(),
        missing: index.missing.clone(),
        version: row.published,
        ..summary(cycle, format!("cycles/{}/{}", cycle.cycle, row.unit_name()))
    };
    publish(&mut summary, index.published.as_ref());
    Ok(summary)
}

fn agency_summary(cycle: &Cycle, instrument: &Instrument, row: &AgencyRow) -> pb::IndexSummary {
    let exact = row.exact.as_deref().and_then(number::parse_fraction);
    let published = score::agency(instrument, exact.as_slice());
    let mut summary = pb::IndexSummary {
        units_counted: row.counted,
        units_expected: row.expected,
        version: row.published,
        ..summary(cycle, format!("cycles/{}/agencies/{}", cycle.cycle, row.agency))
    };
    publish(&mut summary, published.as_ref());
    summary
}

fn agency_missing(cycle: &name::Cycle, agency: &name::Agency) -> Failure {
    Failure::not_found(&format!("{cycle}/{agency}"))
}

pub async fn get_index(
    app: &App,
    caller: &Caller,
    r: pb::GetIndexRequest,
) -> Result<pb::GetIndexResponse, Failure> {
    caller.known()?;
    let reader = app.context.db.reader();
    let index = match parse(&r.name)? {
        Named::Unit(name) => {
            let found = unit(app, &name).await?;
            unit_summary(&found.cycle, &found.instrument, &found.row)?
        }
        Named::Agency(name, agency) => {
            let cycle = cycles::found(cycle_get(reader, &name.cycle).await?, &name)?;
            let row = agency_index_get(reader, cycle.id, &agency.agency).await?;
            let row = row.ok_or_else(|| agency_missing(&name, &agency))?;
            let instrument = recompute::instrument(reader, &cycle).await?;
            agency_summary(&cycle, &instrument, &row)
        }
        Named::Cycle(name) => {
            let cycle = cycles::found(cycle_get(reader, &name.cycle).await?, &name)?;
            let instrument = recompute::instrument(reader, &cycle).await?;
            let rows = assessments_exact(reader, cycle.id, "").await?;
            let exact: Vec<Rational> = rows
                .iter()
                .filter_map(|exact| number::parse_fraction(exact.as_deref()?))
                .collect();
            let mut summary = pb::IndexSummary {
                units_counted: i64::try_from(exact.len()).map_err(Failure::internal)?,
                units_expected: i64::try_from(rows.len()).map_err(Failure::internal)?,
                ..summary(&cycle, name.to_string())
            };
            publish(&mut summary, score::agency(&instrument, &exact).as_ref());
            summary
        }
    };
    Ok(pb::GetIndexResponse { index: Some(index) })
}

fn exact(row: &Row) -> Option<Rational> {
    number::parse_fraction(row.exact.as_deref()?)
}

pub async fn list_indexes(
    app: &App,
    caller: &Caller,
    r: pb::ListIndexesRequest,
) -> Result<pb::ListIndexesResponse, Failure> {
    caller.known()?;
    if let Some(cycle) = r.parent.strip_suffix("/unitTypes/-") {
        return groups::list(app, cycle, &r).await;
    }
    let mut faults = Vec::new();
    let (cycle, agency) = match r.parent.split_once("/agencies/") {
        None => (r.parent.as_str(), None),
        Some((cycle, "-")) => (cycle, Some(String::new())),
        Some((cycle, agency)) => {
            let parsed = name::Agency::parse(&format!("agencies/{agency}"));
            let agency = check::named("parent", parsed, &mut faults);
            (cycle, Some(agency.map(|a| a.agency).unwrap_or_default()))
        }
    };
    let name = check::named("parent", name::Cycle::parse(cycle), &mut faults);
    let page = Page::parse(r.page_size, &r.page_token, &[&r.parent]);
    let page = page.map_err(|f| faults.extend(f)).ok();
    let (Some(name), Some(page), true) = (name, page, faults.is_empty()) else {
        return Err(faults.into());
    };
    let reader = app.context.db.reader();
    let cycle = find(app, "parent", &name.to_string()).await?;
    let instrument = recompute::instrument(reader, &cycle).await?;
    let (indexes, next_page_token) = match agency {
        None => {
            let mut rows = agency_index_page(reader, cycle.id, &page.after, page.limit()).await?;
            let next = page.cut(&mut rows, |row| row.agency.clone());
            let all = rows.iter().map(|row| agency_summary(&cycle, &instrument, row));
            (all.collect(), next)
        }
        Some(agency) => {
            let after = page.after.split_once('/').unwrap_or_default();
            let mut rows = assessment_page(reader, cycle.id, &agency, after, page.limit()).await?;
            let next = page.cut(&mut rows, |row| format!("{}/{}", row.agency, row.unit));
            let all = rows.iter().map(|row| unit_summary(&cycle, &instrument, row));
            (all.collect::<Result<_, Failure>>()?, next)
        }
    };
    Ok(pb::ListIndexesResponse {
        indexes,
        next_page_token,
    })
}

/// Says of every input where it comes from.
fn originate(term: &mut pb::Term, inputs: &Inputs) {
    for below in &mut term.terms {
        originate(below, inputs);
    }
    if !term.terms.is_empty() || term.value.is_empty() {
        return;
    }
    if let (F03, Some(f03)) = (term.key.as_str(), &inputs.f03) {
        let surveys = f03.surveys.join(", ");
        let counted = format!(
            "{} responden dari {surveys} (versi {})",
            f03.respondents, f03.version
        );
        term.origin = format!("{}: {counted}", term.origin);
    }
    if let Some(level) = inputs.levels.get(&term.key) {
        term.origin = match (level.origin, level.evaluators) {
            (Origin::Evaluators, 1) => "tingkat menurut 1 evaluator (F-02)".to_owned(),
            (Origin::Evaluators, n) => format!("rata-rata tingkat menurut {n} evaluator (F-02)"),
            (Origin::Objection, _) => "tingkat menurut keputusan sanggah".to_owned(),
            (Origin::Suggestion, _) => "tingkat yang disarankan data".to_owned(),
        };
    }
}

fn explained(instrument: &Instrument, inputs: &Inputs, index: &Index) -> pb::IndexValue {
    let mut value = convert::value(instrument, index);
    if let Some(tree) = &mut value.tree {
        originate(tree, inputs);
    }
    value
}

pub async fn explain_index(
    app: &App,
    caller: &Caller,
    r: pb::ExplainIndexRequest,
) -> Result<pb::ExplainIndexResponse, Failure> {
    caller.known()?;
    let value = match parse(&r.name)? {
        Named::Unit(name) => {
            let found = unit(app, &name).await?;
            let (inputs, index) = recompute::index(&found.instrument, &found.row)?;
            explained(&found.instrument, &inputs, &index)
        }
        Named::Agency(name, agency) => explain_agency(app, &name, &agency).await?,
        Named::Cycle(_) => return Err(no_cycle()),
    };
    Ok(pb::ExplainIndexResponse { value: Some(value) })
}

fn no_cycle() -> Failure {
    Failure::invalid(vec![Violation::new(
        "name",
        "must be of a unit or an agency in a cycle",
        "harus unit atau instansi di dalam siklus",
    )])
}

/// The mean over the units, each with its whole tree.
async fn explain_agency(
    app: &App,
    name: &name::Cycle,
    agency: &name::Agency,
) -> Result<pb::IndexValue, Failure> {
    let reader = app.context.db.reader();
    let cycle = cycles::found(cycle_get(reader, &name.cycle).await?, name)?;
    let instrument = recompute::instrument(reader, &cycle).await?;
    let rows = assessments_of(reader, cycle.id, &agency.agency).await?;
    if rows.is_empty() {
        return Err(agency_missing(name, agency));
    }
    let exact: Vec<Rational> = rows.iter().filter_map(exact).collect();
    let weight = Rational::new(One::one(), exact.len().max(1).into());
    let (mut terms, mut missing) = (Vec::new(), Vec::new());
    for row in &rows {
        let (inputs, index) = recompute::index(&instrument, row)?;
        let unit = row.unit_name().to_string();
        let Some(published) = &index.published else {
            missing.push(unit);
            continue;
        };
        let tree = explained(&instrument, &inputs, &index).tree.unwrap_or_default();
        terms.push(pb::Term {
            key: unit.clone(),
            display_name: unit,
            weight: number::fraction(&weight),
            value: number::fraction(&published.exact),
            product: number::fraction(&(&published.exact * &weight)),
            terms: tree.terms,
            origin: String::new(),
        });
    }
    let published = score::agency(&instrument, &exact);
    let fraction = published.as_ref().map(|p| number::fraction(&p.exact));
    let fraction = fraction.unwrap_or_default();
    Ok(pb::IndexValue {
        index: published.as_ref().map(|p| p.value.clone()).unwrap_or_default(),
        index_exact: fraction.clone(),
        category: published.as_ref().map(|p| p.category.clone()).unwrap_or_default(),
        category_display_name: published.map(|p| p.name).unwrap_or_default(),
        tree: Some(pb::Term {
            key: cycle.scheme.metric().to_owned(),
            display_name: "Rata-rata indeks unit".to_owned(),
            weight: "1/1".to_owned(),
            value: fraction.clone(),
            product: fraction,
            terms,
            origin: String::new(),
        }),
        missing,
        instrument: instrument.id.clone(),
        citations: instrument.citations.clone(),
        ..Default::default()
    })
}

/// The index from the inputs that were kept, and from the tables they came from; both as fractions.
async fn recomputed(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    instrument: &Instrument,
    row: &Row,
) -> Result<[Option<Rational>; 2], Failure> {
    let (kept, index) = recompute::index(instrument, row)?;
    let settled = cycle.final_at.map(|_| &kept);
    let now = recompute::gather(conn, cycle, instrument, row, settled).await?;
    let now = score::compute(instrument, &now.input());
    Ok([index, now].map(|i| i.published.map(|p| p.exact)))
}

pub async fn verify_index(
    app: &App,
    caller: &Caller,
    r: pb::VerifyIndexRequest,
) -> Result<pb::VerifyIndexResponse, Failure> {
    caller.known()?;
    let name = parse(&r.name)?;
    // Nobody changes the cycle meanwhile: that would look like a difference.
    let txn = app.context.db.begin().await?;
    let (published, computed) = match name {
        Named::Unit(name) => {
            let cycle = cycle_lock_in_txn(&txn, &name.cycle.cycle).await?;
            let cycle = cycles::found(cycle, &name.cycle)?;
            let instrument = recompute::instrument(&txn, &cycle).await?;
            let row = assessment_get(&txn, cycle.id, &name.unit).await?;
            let row = row.ok_or_else(|| Failure::not_found(&name.to_string()))?;
            let computed = recomputed(&txn, &cycle, &instrument, &row).await?;
            (row.exact, computed)
        }
        Named::Agency(name, agency) => {
            let cycle = cycles::found(cycle_lock_in_txn(&txn, &name.cycle).await?, &name)?;
            let instrument = recompute::instrument(&txn, &cycle).await?;
            let row = agency_index_get(&txn, cycle.id, &agency.agency).await?;
            let row = row.ok_or_else(|| agency_missing(&name, &agency))?;
            let mut units = [Vec::new(), Vec::new()];
            for unit in assessments_of(&txn, cycle.id, &agency.agency).await? {
                let both = recomputed(&txn, &cycle, &instrument, &unit).await?;
                for (units, exact) in units.iter_mut().zip(both) {
                    units.extend(exact);
                }
            }
            (row.exact, units.map(|units| number::mean(&units)))
        }
        Named::Cycle(_) => return Err(no_cycle()),
    };
    let published = published.unwrap_or_default();
    let computed = computed.map(|c| c.as_ref().map(number::fraction).unwrap_or_default());
    let [kept, now] = &computed;
    let differs = if *kept == published { now } else { kept };
    Ok(pb::VerifyIndexResponse {
        same: *differs == published,
        computed: differs.clone(),
        published,
    })
}

pub async fn list_recommendations(
    app: &App,
    caller: &Caller,
    r: pb::ListRecommendationsRequest,
) -> Result<pb::ListRecommendationsResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let Some(name) = check::named("assessment", name::Assessment::parse(&r.assessment), &mut faults) else {
        return Err(faults.into());
    };
    let found = unit(app, &name).await?;
    let inputs = recompute::stored(&found.row)?;
    Ok(pb::ListRecommendationsResponse {
        recommendations: recommendations(&found.instrument, &inputs),
    })
}

/// What the next whole level of each indicator would add, greatest first; what is missing counts as 0 on both sides.
fn recommendations(instrument: &Instrument, inputs: &Inputs) -> Vec<pb::Recommendation> {
    let form = instrument.forms.as_ref().and_then(|f| f.get(&inputs.form));
    let rows = || form.into_iter().flat_map(|f| &f.indicators);
    let mut input = inputs.input();
    for row in rows() {
        input.levels.entry(row.key.clone()).or_insert_with(Rational::zero);
    }
    // F-03 stands on both sides alike, whether it counts yet or not.
    input.f03.get_or_insert_with(Rational::zero);
    input.respondents = None;
    let exact = |input: &score::Input| {
        let published = score::compute(instrument, input).published;
        published.map_or_else(Rational::zero, |p| p.exact)
    };
    let base = exact(&input);
    let mut all = Vec::new();
    for row in rows().filter(|row| !row.supplementary) {
        let level = input.levels.get(&row.key).cloned().unwrap_or_default();
        let next = level.floor() + Rational::one();
        if next > Rational::from_integer(instrument.max.into()) {
            continue;
        }
        let whole = u32::try_from(next.numer()).unwrap_or_default();
        let mut raised = input.clone();
        raised.levels.insert(row.key.clone(), next);
        let known = inputs.levels.get(&row.key);
        let recommendation = pb::Recommendation {
            indicator: row.key.clone(),
            display_name: row.title.clone(),
            level: known.map(|l| number::fraction(&l.level)).unwrap_or_default(),
            next_level: i32::try_from(whole).unwrap_or_default(),
            criterion: row.levels.get(whole as usize).cloned().unwrap_or_default(),
            gain: String::new(),
        };
        all.push((exact(&raised) - &base, recommendation));
    }
    // Stable: ties stay in the order of the form.
    all.sort_by(|(a, _), (b, _)| b.cmp(a));
    all.into_iter()
        .map(|(gain, recommendation)| pb::Recommendation {
            gain: number::decimal(&gain, GAIN),
            ..recommendation
        })
        .collect()
}
