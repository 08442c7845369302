//! Reads suggestions and criticism.

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Choice, Faults, text::Text},
    unicode,
};
use prima_proto::{name, survey::v1 as pb};

use crate::{
    derived::released::pending,
    domain::survey::service_id,
    service::App,
    store::{
        comment::{Filter, Model as Comment, comment_page},
        delta::Of,
        survey::survey_get,
    },
};

/// Least number of comments that are read at once when a text is searched for: most of them are left out.
const SEARCHED: u64 = 1000;

const KIND: Choice = Choice {
    english: "kind of comment",
    indonesian: "Jenis komentar",
};

/// The part of a text that is searched for.
const CONTAINS: Text = Text::line("Teks yang dicari", 2, 100);

/// A page of the comments of a survey, by day and in random order within a day.
pub async fn list(app: &App, r: pb::ListCommentsRequest) -> Result<pb::ListCommentsResponse, Failure> {
    let mut faults = Faults::default();
    let survey = faults.take(request::name::<name::Survey>("survey", &r.survey));
    let (mut filter, contains) = filter(&r, &mut faults);
    let filters = [
        r.survey.as_str(),
        &r.kind.to_string(),
        &r.service,
        &r.contains,
        &r.from_date,
        &r.to_date,
    ];
    let page = faults.take_all(Page::parse(r.page_size, &r.page_token, &filters));
    let (survey, page) = faults.settle(survey.zip(page))?;
    app.counter.count(Of::Survey(&survey)).await?;
    let reader = app.context.db.reader();
    let stored = found(survey_get(reader, &survey.to_string()).await?, &survey)?;
    filter.survey = stored.id;
    // Only comments of released responses are listed. Otherwise a new comment could be linked to the change of a figure.
    let (rules, now) = (app.rules(), app.context.clock.now());
    let waiting = pending(&stored, &rules, now);
    filter.version = match waiting.withheld(stored.respondents, &rules) {
        Some(_) => 0,
        None => stored.version,
    };
    filter.waiting = waiting.added().into_iter().map(str::to_owned).collect();
    // The texts are encrypted, so they are searched here and not by the database.
    filter.limit = if contains.is_empty() {
        page.limit()
    } else {
        page.limit().max(SEARCHED)
    };
    filter.after = cursor(&page.after);
    let mut comments = Vec::new();
    while comments.len() <= page.size {
        let rows = comment_page(reader, &filter).await?;
        filter.after = rows.last().map(sort_key);
        let last = u64::try_from(rows.len()).unwrap_or(u64::MAX) < filter.limit;
        for row in rows {
            let text = row.text(&app.vault)?;
            if contains.is_empty() || unicode::folded(&text).contains(&contains) {
                comments.push((row, text));
            }
        }
        if last {
            break;
        }
    }
    let next_page_token = page.cut(&mut comments, |(row, _)| {
        let (day, place, kind) = sort_key(row);
        format!("{day}/{kind}/{place}")
    });
    Ok(pb::ListCommentsResponse {
        comments: comments.into_iter().map(comment).collect(),
        next_page_token,
    })
}

fn sort_key(comment: &Comment) -> (String, String, i64) {
    (comment.day.clone(), comment.place.clone(), comment.kind)
}

/// The cursor in a page token: the day, the kind and the random position of the last comment, which do not identify the author.
fn cursor(token: &str) -> Option<(String, String, i64)> {
    let (day, rest) = token.split_once('/')?;
    let (kind, place) = rest.split_once('/')?;
    Some((day.to_owned(), place.to_owned(), kind.parse().ok()?))
}

/// The filter, and the part of the text that is searched for, folded, empty for any.
fn filter(r: &pb::ListCommentsRequest, faults: &mut Faults) -> (Filter, String) {
    faults.take(KIND.optional("kind", r.kind, |kind: pb::CommentKind| Some(kind)));
    faults.take(request::optional(&r.service, |raw| service_id("service", raw)));
    faults.take(request::optional(&r.contains, |raw| {
        CONTAINS.check("contains", raw)
    }));
    let mut day = |field: &str, text: &str| {
        let day = request::optional(text, |raw| request::day(field, raw));
        faults.or_default(day)
    };
    let (from, to) = (day("from_date", &r.from_date), day("to_date", &r.to_date));
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        faults.add(
            "to_date",
            "must not be before `from_date`",
            "Tanggal akhir tidak boleh sebelum tanggal awal",
        );
    }
    let filter = Filter {
        kind: i64::from(r.kind),
        service: r.service.clone(),
        from: r.from_date.clone(),
        to: r.to_date.clone(),
        ..Filter::default()
    };
    (filter, unicode::folded(&r.contains))
}

fn comment((stored, text): (Comment, String)) -> pb::Comment {
    pb::Comment {
        kind: i32::try_from(stored.kind).unwrap_or_default(),
        text,
        date: stored.day,
        service: stored.service.unwrap_or_default(),
    }
}
