//! Levels that live data supports.

use prima_platform::{
    caller::{Caller, Role},
    failure::Failure,
};
use prima_proto::{index::v1 as pb, name};

use super::{check, indexes};
use crate::app::{App, recompute, suggestions};

pub async fn list_suggestions(
    app: &App,
    caller: &Caller,
    r: pb::ListSuggestionsRequest,
) -> Result<pb::ListSuggestionsResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let Some(name) = check::named("assessment", name::Assessment::parse(&r.assessment), &mut faults) else {
        return Err(faults.into());
    };
    caller.require(&[Role::Operator, Role::Evaluator], &name.unit.agency)?;
    let found = indexes::unit(app, &name).await?;
    let given = recompute::stored(&found.row)?.input().levels;
    let (form, date) = (&found.row.form, recompute::evaluation_date(&found.cycle)?);
    let reader = app.context.db.reader();
    suggestions::list(reader, &name.unit, &found.instrument, form, date, &given).await
}
