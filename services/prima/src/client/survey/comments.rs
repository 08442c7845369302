//! Free texts, read page by page.

use prima_proto::survey::v1 as pb;

use crate::cli::{CommentKind, CommentsArgs, Format};
use crate::client::call::{PAGE, repeat};
use crate::client::connect::Survey;
use crate::client::print::{self, Table};

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
            print::out(&render(&page.comments, args.output.format, first)?)?;
        }
        first = false;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if args.output.format == Format::Table {
        print::out(&format!("{count} saran dan kritik.\n"))?;
    }
    Ok(())
}

fn render(comments: &[pb::Comment], format: Format, first: bool) -> anyhow::Result<String> {
    let kind = |comment: &pb::Comment| match comment.kind() {
        pb::CommentKind::Criticism => "kritik",
        pb::CommentKind::Suggestion => "saran",
        pb::CommentKind::Unspecified => "-",
    };
    let table = Table::of(comments);
    match format {
        // Each text is a document of its own, so that a reader never has to keep all of them.
        Format::Json => comments
            .iter()
            .map(|comment| print::message_line("prima.survey.v1.Comment", comment))
            .collect(),
        Format::Csv => table
            .text("date", |comment| &comment.date)
            .text("kind", kind)
            .text("service", |comment| &comment.service)
            .text("text", |comment| &comment.text)
            .csv(first),
        Format::Table => Ok(table
            .text("Tanggal", |comment| &comment.date)
            .text("Jenis", kind)
            .text("Layanan", |comment| &comment.service)
            .text("Teks", |comment| &comment.text)
            .print()),
    }
}
