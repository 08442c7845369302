//! Lists recommendations to raise an index.

use num_traits::{One, Zero};
use prima_platform::{
    caller::Caller,
    failure::Failure,
    number::{self, Rational},
    request,
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::index_name::unit_shown;
use crate::{
    domain::{instrument::Instrument, level::Inputs, score},
    store::instrument_of,
};

/// Decimals of a gain.
const GAIN_DECIMALS: u32 = 4;

/// The recommendations for an assessment.
pub async fn recommend(
    ctx: &Context,
    caller: Caller,
    message: pb::ListRecommendationsRequest,
) -> Result<pb::ListRecommendationsResponse, Failure> {
    let name = request::name("assessment", &message.assessment)?;
    let (cycle, row) = unit_shown(ctx, &caller, &name).await?;
    let instrument = instrument_of(ctx.db.reader(), &cycle).await?;
    Ok(pb::ListRecommendationsResponse {
        recommendations: recommendations(&instrument, &row.read_inputs()?),
    })
}

/// The gain from the next whole level of each indicator, greatest first; missing inputs count as 0 before and after.
fn recommendations(instrument: &Instrument, inputs: &Inputs) -> Vec<pb::Recommendation> {
    let form = instrument.forms.as_ref().and_then(|f| f.get(&inputs.form));
    let rows = || form.into_iter().flat_map(|f| &f.indicators);
    let mut input = inputs.input();
    for row in rows() {
        input.levels.entry(row.key.clone()).or_insert_with(Rational::zero);
    }
    // F-03 is the same before and after, so its minimum does not matter.
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
    // The sort is stable: ties stay in the order of the form.
    all.sort_by(|(a, _), (b, _)| b.cmp(a));
    all.into_iter()
        .map(|(gain, recommendation)| pb::Recommendation {
            gain: number::decimal(&gain, GAIN_DECIMALS),
            ..recommendation
        })
        .collect()
}
