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
    domain::{LeagueTables, TableKey, award, definition::cohort_rule},
    rpc::{App, moment},
};

/// Places of an award, unless the request says otherwise.
const BEST: i32 = 10;
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

    let tables = past.tables.read();
    let field = Field::new(&tables, &key);
    let mut awards = best(&tables, &key, places);
    awards.extend(before.map(|(period, before)| field.risers(places, period, &before.tables.read())));
    awards.extend(field.role_models(&components));
    awards.extend(field.categories());
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
