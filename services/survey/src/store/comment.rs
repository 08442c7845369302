//! Suggestions and criticism, listed without anything that identifies the author.

use prima_platform::{
    clock::from_micros,
    db::{Column as Type, Txn, at_once, sql, table},
};
use prima_proto::zone::day_of_agency;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value, entity::prelude::*};

use super::{
    response,
    rows::{self, Cell},
};
use crate::domain::response::RedactedText;

/// A row of the table `comment`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Id of the response.
    #[sea_orm(primary_key, auto_increment = false)]
    pub response_id: String,
    /// 1 for a suggestion, 2 for criticism, as in `CommentKind` of the contract.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i64,
    /// Day of the response in the agency's time zone, `YYYY-MM-DD`; responses that release 0.1.0 stored have the day in
    /// Jakarta.
    pub day: String,
    /// Public service.
    pub service: Option<String>,
    /// The same version as `batch` of its response.
    pub batch: i64,
    /// The text.
    pub body: String,
    /// Its random position within the day, which the database sets.
    pub place: String,
}

prima_platform::no_relations!();

/// The columns of a new comment; the database sets `place`.
const NEW: [Column; 7] = {
    use Column::*;
    [SurveyId, ResponseId, Kind, Day, Service, Batch, Body]
};

impl Model {
    /// The values of the columns [`NEW`].
    fn cells(&self) -> [Cell<'_>; NEW.len()] {
        [
            self.survey_id.into(),
            (&self.response_id).into(),
            self.kind.into(),
            (&self.day).into(),
            self.service.as_ref().into(),
            self.batch.into(),
            (&self.body).into(),
        ]
    }
}

/// The comments of a response to a survey of this agency.
pub fn comments(
    agency: &str,
    response: &response::Model,
    suggestion: Option<&RedactedText>,
    criticism: Option<&RedactedText>,
) -> Vec<Model> {
    let written = [(1, suggestion), (2, criticism)];
    let written = written.into_iter().filter_map(|(kind, text)| Some((kind, text?)));
    let row = |(kind, text): (i64, &RedactedText)| Model {
        survey_id: response.survey_id,
        response_id: response.response_id.clone(),
        kind,
        day: day_of_agency(agency, from_micros(response.submitted_at)).to_string(),
        service: response.service.clone(),
        batch: response.batch,
        body: text.text().to_owned(),
        place: String::new(),
    };
    written.map(row).collect()
}

/// Inserts the comments of newly inserted responses.
pub async fn comment_insert_in_txn(txn: &Txn, rows: &[&Model]) -> Result<(), DbErr> {
    let cells: Vec<_> = rows.iter().map(|row| row.cells()).collect();
    for part in at_once(txn, &cells, NEW.len()) {
        let insert = rows::insert::<Entity, _>(txn, NEW, part, "");
        txn.execute_raw(insert).await?;
    }
    Ok(())
}

/// Which comments to list; an empty text or 0 means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The survey.
    pub survey: i64,
    /// Only comments whose `batch` is not above this version of the survey.
    pub version: i64,
    /// Not the comments of these responses.
    pub waiting: Vec<String>,
    /// Kind.
    pub kind: i64,
    /// Public service.
    pub service: String,
    /// Part of the text, in lower case.
    pub contains: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Only comments after this cursor: day, place and kind.
    pub after: Option<(String, String, i64)>,
    /// Most rows.
    pub limit: u64,
}

/// A pattern for LIKE that matches at least every text that contains `part` in any case. The databases do not fold the case
/// of non-ASCII letters alike, so the pattern has a wildcard for them and the caller filters again.
fn pattern(part: &str) -> String {
    let mut pattern = String::from("%");
    for c in part.chars() {
        match c {
            '%' | '_' | '\\' => pattern.extend(['\\', c]),
            c if c.is_ascii() => pattern.push(c),
            _ if pattern.ends_with('%') && !pattern.ends_with("\\%") => {}
            _ => pattern.push('%'),
        }
    }
    if !pattern.ends_with('%') || pattern.ends_with("\\%") {
        pattern.push('%');
    }
    pattern
}

/// Comments of responses that are not voided, the newest day first and in random order within a day. The statement is
/// written by hand, because the query builder has no LIKE with an ESCAPE clause.
pub async fn comment_page(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Model>, DbErr> {
    let like = (!filter.contains.is_empty()).then(|| pattern(&filter.contains));
    let (day, place, kind) = filter.after.clone().unwrap_or_default();
    let waiting = filter.waiting.iter().map(|id| [id.as_str().into()]);
    let (waiting, ids) = table(conn, [Type::Text], waiting, 11);
    let text = format!("SELECT c.* FROM comment c JOIN response r ON r.survey_id = c.survey_id AND r.response_id = c.response_id
                WHERE c.survey_id = $1 AND r.voided IS NULL AND c.batch <= $2 AND ($3 = 0 OR c.kind = $3)
                    AND ($4 = '' OR c.service = $4) AND ($5 = '' OR LOWER(c.body) LIKE $5 ESCAPE '\\')
                    AND ($6 = '' OR c.day >= $6) AND ($7 = '' OR c.day <= $7)
                    AND (r.quarantine IS NULL OR r.quarantine < 0)
                    AND ($8 = '' OR c.day < $8 OR (c.day = $8 AND (c.place, c.kind) > ($9, $10)))
                AND c.response_id NOT IN (SELECT column1 FROM {waiting})
                ORDER BY c.day DESC, c.place, c.kind LIMIT $11");
    let values: [Value; 11] = [
        filter.survey.into(),
        filter.version.into(),
        filter.kind.into(),
        filter.service.as_str().into(),
        like.unwrap_or_default().into(),
        filter.from.as_str().into(),
        filter.to.as_str().into(),
        day.into(),
        place.into(),
        kind.into(),
        i64::try_from(filter.limit).unwrap_or(i64::MAX).into(),
    ];
    let values = values.into_iter().chain(ids);
    Model::find_by_statement(sql(conn, &text, values)).all(conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_the_search_text_are_escaped() {
        assert_eq!(pattern("100%"), r"%100\%%");
        assert_eq!(pattern("a_b"), r"%a\_b%");
        assert_eq!(pattern(r"a\b"), r"%a\\b%");
        assert_eq!(pattern("%é"), r"%\%%");
        assert_eq!(pattern("éé"), "%");
        assert_eq!(pattern("caféku"), "%caf%ku%");
    }
}
