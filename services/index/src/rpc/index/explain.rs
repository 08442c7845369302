//! Explains an index down to its inputs.

use num_traits::One;
use prima_platform::{
    caller::Caller,
    failure::{Failure, found},
    number::{self, Rational},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::{
    index_name::{IndexName, check_shown, in_cycle, not_for_cycles, unit_shown},
    message,
};
use crate::{
    derived::index,
    domain::{
        instrument::Instrument,
        level::{Inputs, Origin},
        score::{self, F03, Index},
    },
    store::{Assessment, assessments_of, cycle_get, instrument_of},
};

/// The tree of the index of a unit or an agency.
pub async fn explain(
    ctx: &Context,
    caller: Caller,
    message: pb::ExplainIndexRequest,
) -> Result<pb::ExplainIndexResponse, Failure> {
    let value = match IndexName::parse(&message.name)? {
        IndexName::Unit(name) => {
            let (cycle, row) = unit_shown(ctx, &caller, &name).await?;
            let instrument = instrument_of(ctx.db.reader(), &cycle).await?;
            let (inputs, index) = index(&instrument, &row)?;
            explained(&instrument, &inputs, &index)
        }
        IndexName::Agency(name, agency) => explain_agency(ctx, &caller, &name, &agency).await?,
        IndexName::Cycle(_) => return Err(not_for_cycles()),
    };
    Ok(pb::ExplainIndexResponse { value: Some(value) })
}

/// The mean over the units, each with its whole tree.
async fn explain_agency(
    ctx: &Context,
    caller: &Caller,
    name: &name::Cycle,
    agency: &name::Agency,
) -> Result<pb::IndexValue, Failure> {
    let reader = ctx.db.reader();
    let cycle = found(cycle_get(reader, &name.cycle).await?, name)?;
    check_shown(caller, &cycle, &agency.agency)?;
    let instrument = instrument_of(reader, &cycle).await?;
    let rows = assessments_of(reader, cycle.id, &agency.agency).await?;
    if rows.is_empty() {
        return Err(Failure::not_found(&in_cycle(name, agency)));
    }
    let exact: Vec<Rational> = rows.iter().filter_map(Assessment::read_exact).collect();
    let weight = Rational::new(One::one(), exact.len().max(1).into());
    let (mut terms, mut missing) = (Vec::new(), Vec::new());
    for row in &rows {
        let (inputs, index) = index(&instrument, row)?;
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
    let mean = message::published(&instrument, score::agency(&instrument, &exact));
    Ok(pb::IndexValue {
        tree: Some(pb::Term {
            key: cycle.scheme.metric().to_owned(),
            display_name: "Rata-rata indeks unit".to_owned(),
            weight: "1/1".to_owned(),
            value: mean.index_exact.clone(),
            product: mean.index_exact.clone(),
            terms,
            origin: String::new(),
        }),
        missing,
        ..mean
    })
}

fn explained(instrument: &Instrument, inputs: &Inputs, index: &Index) -> pb::IndexValue {
    let mut value = message::value(instrument, index);
    if let Some(tree) = &mut value.tree {
        set_origins(tree, inputs);
    }
    value
}

/// Sets the origin of every input, in Indonesian.
fn set_origins(term: &mut pb::Term, inputs: &Inputs) {
    for below in &mut term.terms {
        set_origins(below, inputs);
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
