//! Free texts, read page by page.

use prima_proto::survey::v1 as pb;

use super::PAGE;
use crate::cli::{CommentKind, CommentsArgs, Format};
use crate::client::call::repeat;
use crate::client::connect::Survey;
use crate::client::print::{self, Columns, or_dash};

/// Runs `prima survey comments`. Each page is printed when it arrives.
pub(super) async fn list(client: &Survey, args: &CommentsArgs) -> anyhow::Result<()> {
    let kind = match args.kind {
        None => pb::CommentKind::Unspecified,
        Some(CommentKind::Saran) => pb::CommentKind::Suggestion,
        Some(CommentKind::Kritik) => pb::CommentKind::Criticism,
    };
    let (mut page_token, mut count, mut first) = (String::new(), 0, true);
    loop {
        let message = pb::ListCommentsRequest {
            survey: args.survey.clone(),
            page_size: PAGE,
            page_token,
            kind: kind.into(),
            service: args.service.clone(),
            contains: args.contains.clone(),
            from_date: args.from.clone(),
            to_date: args.to.clone(),
        };
        let page = repeat!(client, list_comments, message)?;
        count += page.comments.len();
        if first || !page.comments.is_empty() {
            print::out(&render(&page.comments, args.format, first)?)?;
        }
        first = false;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if args.format == Format::Table {
        print::out(&format!("{count} saran dan kritik.\n"))?;
    }
    Ok(())
}

fn render(comments: &[pb::Comment], format: Format, first: bool) -> anyhow::Result<String> {
    let row = |comment: &pb::Comment| {
        let kind = match comment.kind() {
            pb::CommentKind::Criticism => "kritik",
            pb::CommentKind::Suggestion => "saran",
            pb::CommentKind::Unspecified => "-",
        };
        [
            comment.date.clone(),
            kind.to_owned(),
            comment.service.clone(),
            comment.text.clone(),
        ]
    };
    match format {
        // Each text is a document of its own, so that a reader never has to keep all of them.
        Format::Json => comments
            .iter()
            .map(|comment| print::message_line("prima.survey.v1.Comment", comment))
            .collect(),
        Format::Csv => print::csv(
            first.then_some(["date", "kind", "service", "text"].as_slice()),
            comments
                .iter()
                .map(|comment| row(comment).map(Into::into).to_vec()),
        ),
        Format::Table => Ok(print::table(
            &["Tanggal", "Jenis", "Layanan", "Teks"],
            Columns::default(),
            comments
                .iter()
                .map(|comment| row(comment).iter().map(|cell| or_dash(cell)).collect()),
        )),
    }
}
