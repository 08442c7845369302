//! Suggestions and criticism: listed without anything that tells who wrote them.

use prima_platform::db::sql;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// A free text as stored.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Comment {
    /// 1 a suggestion, 2 criticism.
    pub kind: i64,
    /// Day of the response in Jakarta, `YYYY-MM-DD`.
    pub day: String,
    /// Its place within the day, by chance.
    pub place: String,
    /// Public service; empty when not given.
    pub service: String,
    /// The text.
    pub body: String,
}

/// Which comments to list; what is empty or 0 means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The survey.
    pub survey: i64,
    /// Only of responses that came with this version of the survey or an older one.
    pub version: i64,
    /// Kind.
    pub kind: i64,
    /// Public service.
    pub service: String,
    /// A part of the text, in small letters.
    pub contains: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Only what comes after this day, place and kind.
    pub after: Option<(String, String, i64)>,
    /// Rows at most.
    pub limit: u64,
}

/// A pattern for LIKE that finds at least what has `part` in it, in any case: neither database folds the case of
/// every letter alike, so letters beyond ASCII stand for anything, and the caller looks again.
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

/// Comments of responses that count, newest day first, within a day by chance.
pub async fn comment_page(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Comment>, DbErr> {
    let like = (!filter.contains.is_empty()).then(|| pattern(&filter.contains));
    let (day, place, kind) = filter.after.clone().unwrap_or_default();
    let text = "SELECT c.kind, c.day, c.place, COALESCE(c.service, '') AS service, c.body
                FROM comment c JOIN response r ON r.survey_id = c.survey_id AND r.response_id = c.response_id
                WHERE c.survey_id = $1 AND r.voided IS NULL AND c.batch <= $2 AND ($3 = 0 OR c.kind = $3)
                    AND ($4 = '' OR c.service = $4) AND ($5 = '' OR LOWER(c.body) LIKE $5 ESCAPE '\\')
                    AND ($6 = '' OR c.day >= $6) AND ($7 = '' OR c.day <= $7)
                    AND ($8 = '' OR c.day < $8 OR (c.day = $8 AND (c.place, c.kind) > ($9, $10)))
                ORDER BY c.day DESC, c.place, c.kind LIMIT $11";
    let values = [
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
    Comment::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_of_the_reader_stand_for_themselves() {
        assert_eq!(pattern("100%"), r"%100\%%");
        assert_eq!(pattern("a_b"), r"%a\_b%");
        assert_eq!(pattern(r"a\b"), r"%a\\b%");
        assert_eq!(pattern("%é"), r"%\%%");
        assert_eq!(pattern("éé"), "%");
        assert_eq!(pattern("caféku"), "%caf%ku%");
    }
}
