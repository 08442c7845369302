//! Lists the awards of a table.

use std::collections::HashMap;

use prima_platform::{
    clock::{from_micros, to_proto},
    failure::{Failure, found},
    request::{self, Faults},
};
use prima_proto::{name::Subject, period::Period, ranking::v1 as pb};

use super::give::Field;
use crate::{
    derived::past::Past,
    domain::{
        LeagueTables, Table, TableKey, award,
        certainty::{Certainty, Confidence, Estimate, MOST},
        definition::cohort_rule,
    },
    rpc::{App, moment},
};

/// Places of an award, unless the request says otherwise.
const BEST: i32 = 10;
/// Confidence of what is said about the best.
const CONFIDENCE: Confidence = Confidence::USUAL;
/// Greatest number of places.
const BEST_MAX: i32 = 100;

/// The awards of a table at a moment of the history: the best of it and of its groups, the risers, the role models and the
/// categories.
pub async fn list(app: &App, message: &pb::ListAwardsRequest) -> Result<pb::ListAwardsResponse, Failure> {
    let mut faults = Faults::default();
    let key = faults.take(request::name::<TableKey>("name", &message.name));
    let places = faults.range("best", message.best, 0, BEST_MAX);
    let times = [message.as_of.as_ref(), message.known_at.as_ref()];
    let times = moment::Times::parse(&mut faults, "", times, app.clock.now());
    let key = faults.settle(key)?;
    if message.as_of.is_none() && message.known_at.is_none() {
        // The history begins only at the end of its first step.
        app.check_ready()?;
        found(app.tables.read().table(&key), &key)?;
    }
    let places = usize::try_from(if places == 0 { BEST } else { places }).unwrap_or_default();

    let past = times.read(app, &key.metric, &key.period).await?;
    let before = key
        .period
        .parse()
        .ok()
        .and_then(|period: Period| period.previous());
    let before = match &before {
        Some(period) => {
            let tables = app.history.tables(&key.metric, period.as_str(), past.moment);
            Some((period.as_str(), tables.await?))
        }
        None => None,
    };
    let wanted = with_aspects(&past.tables.read(), &key)?;
    let components = app
        .history
        .components(&key.metric, &key.period, past.moment, &wanted)
        .await?;

    let mut awards = best(&past.tables.read(), &key, places);
    for award in &mut awards {
        assess(app, &past, award).await?;
    }
    let tables = past.tables.read();
    let field = Field::new(&tables, &key);
    awards.extend(before.map(|(period, before)| field.risers(places, period, &before.tables.read())));
    awards.extend(field.role_models(&components));
    awards.extend(field.categories());
    drop(tables);
    Ok(pb::ListAwardsResponse {
        name: key.to_string(),
        as_of: Some(to_proto(from_micros(past.moment.as_of))),
        known_at: Some(to_proto(from_micros(past.moment.known_at))),
        awards,
    })
}

/// The best of a table, and of each of its groups.
pub fn best(tables: &LeagueTables, key: &TableKey, places: usize) -> Vec<pb::Award> {
    let of_groups = groups(tables, key).into_iter().map(|group| pb::Award {
        group: tables.cohort_display_name(&group).unwrap_or_default(),
        ..Field::new(tables, &group).best(places)
    });
    let mut awards = vec![Field::new(tables, key).best(places)];
    awards.extend(of_groups);
    awards
}

/// Says how sure it is that the winners of an award are among the best of its table. Nothing is said when one of the ranked
/// has no standard error, since it might be better than all others, or when more are ranked than are compared.
async fn assess(app: &App, past: &Past, award: &mut pb::Award) -> Result<(), Failure> {
    let Ok(key) = TableKey::parse(&award.table) else {
        return Ok(());
    };
    let rows = {
        let tables = past.tables.read();
        let ranked = tables.table(&key).map_or(0, Table::ranked);
        match (2..=MOST).contains(&ranked) {
            true => tables.estimates(&key),
            false => return Ok(()),
        }
    };
    let estimates: Option<Vec<Estimate>> = rows.iter().map(|(_, estimate)| *estimate).collect();
    let Some(estimates) = estimates else { return Ok(()) };
    let certainties = app.certainties.of(estimates, CONFIDENCE).await?;
    let rows = rows.iter().map(|(row, _)| row.subject.to_string());
    let known: HashMap<String, &Certainty> = rows.zip(certainties.iter()).collect();
    let places = usize::try_from(award.places).unwrap_or_default();
    for winner in &mut award.winners {
        let certainty = known
            .get(&winner.subject)
            .map(|certainty| match certainty.is_among(places) {
                true => pb::AwardCertainty::Sure,
                false => pb::AwardCertainty::NotSure,
            });
        winner.certainty = certainty.unwrap_or_default().into();
    }
    Ok(())
}

/// The ranked subjects of a table whose scores have aspects, each with its version.
fn with_aspects(tables: &LeagueTables, key: &TableKey) -> Result<HashMap<Subject, i64>, Failure> {
    let rows = found(tables.rows(key, 0, usize::MAX), key)?;
    let with_aspects = rows
        .into_iter()
        .filter(|row| row.rank.is_some() && award::aspects(&key.metric, &row.score.instrument).is_some());
    Ok(with_aspects.map(|row| (row.subject, row.version)).collect())
}

/// The tables of the groups of a table, in the order of their names.
fn groups(tables: &LeagueTables, whole: &TableKey) -> Vec<TableKey> {
    let keys = tables.tables().map(|(key, _)| key);
    let of_whole = keys.filter(|key| {
        (&key.metric, &key.period) == (&whole.metric, &whole.period)
            && cohort_rule::is_group_of(&key.cohort, &whole.cohort)
    });
    of_whole.cloned().collect()
}
