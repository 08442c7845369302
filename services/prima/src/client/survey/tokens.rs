//! Single-use tokens.

use std::fs::OpenOptions;
use std::io::Write;

use anyhow::Context;
use prima_platform::{clock, id::Ids};
use prima_proto::survey::v1 as pb;

use crate::cli::{TokensArgs, TokensFormat};
use crate::client::call::repeat;
use crate::client::connect::Access;
use crate::client::print::{self, Table};

/// Tokens per request.
const BATCH: u32 = 10_000;

/// Runs `prima survey tokens`. The file is created before the first token is requested and only its owner can read it,
/// because a token is shown only once.
pub(super) async fn issue(client: &Access, args: &TokensArgs) -> anyhow::Result<()> {
    let mut file = match &args.out {
        Some(path) => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path);
            Some(file.with_context(|| format!("berkas baru `{}` tidak dapat dibuat", path.display()))?)
        }
        None => None,
    };
    let id = args
        .request_id
        .clone()
        .unwrap_or_else(|| Ids::random().next().to_string());
    print::note(&format!("Id permintaan: {id}"));
    let mut left = args.count;
    let mut number = 1;
    while left > 0 {
        let size = left.min(BATCH);
        left -= size;
        let message = pb::IssueTokensRequest {
            request_id: if number == 1 {
                id.clone()
            } else {
                format!("{id}-{number}")
            },
            survey: args.survey.clone(),
            counter: args.counter.clone(),
            service: args.service.clone(),
            size: i32::try_from(size)?,
            expire_time: args.expire.map(clock::to_proto),
        };
        let answer = repeat!(client, issue_tokens, message)?;
        let text = render(&answer, args.format, number == 1)?;
        match &mut file {
            Some(file) => file.write_all(text.as_bytes()).context("menulis token")?,
            None => print::out(&text)?,
        }
        number += 1;
    }
    if let (Some(file), Some(path)) = (&file, &args.out) {
        file.sync_all()?;
        print::out(&format!("{} token ditulis ke {}\n", args.count, path.display()))?;
    }
    Ok(())
}

fn render(answer: &pb::IssueTokensResponse, format: TokensFormat, first: bool) -> anyhow::Result<String> {
    if format == TokensFormat::Json {
        return print::message_line("prima.survey.v1.IssueTokensResponse", answer);
    }
    let batch = answer.batch.clone().unwrap_or_default();
    Table::of(&answer.tokens)
        .text("batch", |_| &batch.name)
        .text("counter", |_| &batch.counter)
        .text("service", |_| &batch.service)
        .text("token", |token| token)
        .csv(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_follow_each_other_under_one_header() {
        let answer = pb::IssueTokensResponse {
            batch: Some(pb::TokenBatch {
                name: "b/1".into(),
                counter: "Loket 1".into(),
                ..Default::default()
            }),
            tokens: vec!["t1".into(), "t2".into()],
        };
        let text = render(&answer, TokensFormat::Csv, true).unwrap()
            + &render(&answer, TokensFormat::Csv, false).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["batch,counter,service,token", "b/1,Loket 1,,t1"]);
        assert_eq!(lines.len(), 5);
        let json = render(&answer, TokensFormat::Json, true).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["tokens"][1], "t2");
        assert_eq!(value["batch"]["counter"], "Loket 1");
    }
}
