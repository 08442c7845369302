//! `prima responses`: which responses came when and how, quarantined bursts, and the voiding of responses.

use prima_platform::{clock, id::Ids};
use prima_proto::survey::v1 as pb;

use super::{
    call::{PAGE, pages, repeat},
    connect::{Connection, Survey},
    print::{self, Table, complaint::time},
};
use crate::cli::{
    AcceptArgs, Format, QuarantinesArgs, ResponseFlag, ResponsesCommand, ResponsesListArgs,
    ResponsesVoidArgs, SelectionArgs,
};

pub(super) async fn run(connection: &Connection, command: ResponsesCommand) -> anyhow::Result<()> {
    let client = connection.survey().await?;
    match command {
        ResponsesCommand::List(args) => list(&client, &args).await,
        ResponsesCommand::Void(args) => void(&client, args).await,
        ResponsesCommand::Quarantines(args) => quarantines(&client, args).await,
        ResponsesCommand::Accept(args) => accept(&client, args).await,
    }
}

fn selection(args: &SelectionArgs) -> pb::ResponseSelection {
    let flag = |flag: &ResponseFlag| match flag {
        ResponseFlag::StraightLine => pb::ResponseFlag::StraightLine,
        ResponseFlag::Burst => pb::ResponseFlag::Burst,
        ResponseFlag::SharedDevice => pb::ResponseFlag::SharedDevice,
    };
    pb::ResponseSelection {
        source: args.source.clone(),
        accept_time_from: args.accepted_from.map(clock::to_proto),
        accept_time_until: args.accepted_until.map(clock::to_proto),
        submit_time_from: args.submitted_from.map(clock::to_proto),
        submit_time_until: args.submitted_until.map(clock::to_proto),
        flags: args.flags.iter().map(|one| flag(one).into()).collect(),
        import_id: args.import_id.clone(),
        quarantine: args.quarantine,
    }
}

/// Each page is printed when it arrives.
async fn list(client: &Survey, args: &ResponsesListArgs) -> anyhow::Result<()> {
    let (mut page_token, mut count, mut first) = (String::new(), 0, true);
    loop {
        let message = pb::ListResponsesRequest {
            survey: args.survey.clone(),
            selection: Some(selection(&args.selection)),
            page_size: PAGE,
            page_token,
        };
        let page = repeat!(client, list_responses, message)?;
        count += page.responses.len();
        if first || !page.responses.is_empty() {
            print::out(&render(&page.responses, args.output.format, first)?)?;
        }
        first = false;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if args.output.format == Format::Table {
        print::out(&format!("{count} jawaban.\n"))?;
    }
    Ok(())
}

fn id(response: &pb::StoredResponse) -> &str {
    let name = &response.name;
    name.rsplit_once('/').map_or(name.as_str(), |(_, id)| id)
}

fn render(list: &[pb::StoredResponse], format: Format, first: bool) -> anyhow::Result<String> {
    let quarantine = |one: &pb::StoredResponse| match one.quarantine {
        0 => String::new(),
        number => number.to_string(),
    };
    let flags = |one: &pb::StoredResponse, name: fn(pb::ResponseFlag) -> &'static str| {
        let names: Vec<&str> = one.flags().map(name).collect();
        names.join(", ")
    };
    let utc = |time: Option<&prost_types::Timestamp>| {
        let time = time.and_then(clock::from_proto);
        time.map(|time| time.to_rfc3339()).unwrap_or_default()
    };
    let table = Table::of(list);
    match format {
        // Each response is a document of its own, so that a reader never has to keep all of them.
        Format::Json => list
            .iter()
            .map(|one| print::message_line("prima.survey.v1.StoredResponse", one))
            .collect(),
        Format::Csv => table
            .text("id", id)
            .text("accept_time", |one| utc(one.accept_time.as_ref()))
            .text("submit_time", |one| utc(one.submit_time.as_ref()))
            .text("source", |one| &one.source)
            .text("import_id", |one| &one.import_id)
            .text("flags", |one| flags(one, |flag| flag.as_str_name()))
            .text("quarantine", quarantine)
            .csv(first),
        Format::Table => Ok(table
            .whole("Id", id)
            .text("Diterima", |one| time(one.accept_time.as_ref()))
            .text("Diisi", |one| time(one.submit_time.as_ref()))
            .text("Sumber", |one| &one.source)
            .text("Impor", |one| &one.import_id)
            .text("Tanda", |one| flags(one, flag_name))
            .number("Karantina", quarantine)
            .print()),
    }
}

fn flag_name(flag: pb::ResponseFlag) -> &'static str {
    match flag {
        pb::ResponseFlag::Unspecified => "-",
        pb::ResponseFlag::StraightLine => "semua jawaban sama",
        pb::ResponseFlag::Burst => "banyak dalam waktu singkat",
        pb::ResponseFlag::SharedDevice => "banyak dari satu perangkat",
    }
}

async fn void(client: &Survey, args: ResponsesVoidArgs) -> anyhow::Result<()> {
    let id = args
        .request_id
        .unwrap_or_else(|| Ids::random().next().to_string());
    print::note(&format!("Id permintaan: {id}"));
    let message = pb::VoidResponsesRequest {
        request_id: id,
        survey: args.survey,
        which: Some(pb::void_responses_request::Which::Selection(selection(
            &args.selection,
        ))),
        reason: args.reason,
    };
    let answer = repeat!(client, void_responses, message)?;
    print::answer(
        args.output.format,
        "prima.survey.v1.VoidResponsesResponse",
        &answer,
        |answer| {
            let entry = answer.void.clone().unwrap_or_default();
            format!(
                "{} jawaban dibatalkan (pembatalan nomor {}).\n",
                entry.responses, entry.number
            )
        },
    )
}

async fn quarantines(client: &Survey, args: QuarantinesArgs) -> anyhow::Result<()> {
    let state = match args.open {
        true => pb::QuarantineState::Open,
        false => pb::QuarantineState::Unspecified,
    };
    let message = pb::ListQuarantinesRequest {
        survey: args.survey,
        state: state.into(),
        ..Default::default()
    };
    let all = pages!(client, list_quarantines, message, quarantines);
    print::answer(
        args.output.format,
        "prima.survey.v1.ListQuarantinesResponse",
        &all,
        |all| quarantine_table(&all.quarantines),
    )
}

fn quarantine_table(list: &[pb::Quarantine]) -> String {
    let table = Table::of(list)
        .whole("Karantina", |one| &one.name)
        .text("Pola", |one| &one.kind_display_name)
        .text("Mulai", |one| time(one.first_accept_time.as_ref()))
        .text("Sampai", |one| time(one.last_accept_time.as_ref()))
        .number("Jawaban", |one| one.responses)
        .text("Keadaan", |one| state_name(one.state()))
        .text("Oleh", |one| &one.actor)
        .text("Alasan", |one| &one.reason);
    let open = list.iter().filter(|one| one.state() == pb::QuarantineState::Open);
    let waiting: i64 = open.clone().map(|one| one.responses).sum();
    format!(
        "{}{} karantina; {} menunggu keputusan, dengan {waiting} jawaban dalam pemeriksaan.\n",
        table.print(),
        list.len(),
        open.count()
    )
}

fn state_name(state: pb::QuarantineState) -> &'static str {
    match state {
        pb::QuarantineState::Unspecified => "-",
        pb::QuarantineState::Open => "menunggu keputusan",
        pb::QuarantineState::Accepted => "diterima",
        pb::QuarantineState::Voided => "dibatalkan",
    }
}

/// A repeat after a lost answer is refused, because the quarantine is decided then, so this call is made once.
async fn accept(client: &Survey, args: AcceptArgs) -> anyhow::Result<()> {
    let message = pb::DecideQuarantineRequest {
        name: args.quarantine,
        decision: pb::QuarantineDecision::Accept.into(),
        reason: args.reason,
        etag: args.etag,
    };
    let mut client = client.clone();
    let answer = client.decide_quarantine(super::call::request(message)).await?;
    print::answer(
        args.output.format,
        "prima.survey.v1.DecideQuarantineResponse",
        answer.get_ref(),
        |answer| {
            let decided = answer.quarantine.clone().unwrap_or_default();
            format!("{} jawaban diterima dan dihitung.\n", decided.responses)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_shown_with_its_flags_and_without_answers() {
        let one = pb::StoredResponse {
            name: "agencies/3271/units/a/surveys/b/responses/r~0".into(),
            accept_time: Some(prost_types::Timestamp {
                seconds: 1_720_573_200,
                nanos: 0,
            }),
            source: "link".into(),
            flags: vec![
                pb::ResponseFlag::StraightLine.into(),
                pb::ResponseFlag::Burst.into(),
            ],
            quarantine: 2,
            ..Default::default()
        };
        let text = render(&[one], Format::Csv, true).unwrap();
        let expected = "id,accept_time,submit_time,source,import_id,flags,quarantine\n\
                        r~0,2024-07-10T01:00:00+00:00,,link,,\
                        \"RESPONSE_FLAG_STRAIGHT_LINE, RESPONSE_FLAG_BURST\",2\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_last_line_says_how_much_waits_for_a_decision() {
        let of = |state: pb::QuarantineState, responses| pb::Quarantine {
            state: state.into(),
            responses,
            ..Default::default()
        };
        let list = [
            of(pb::QuarantineState::Open, 12),
            of(pb::QuarantineState::Voided, 40),
            of(pb::QuarantineState::Open, 30),
        ];
        assert_eq!(
            quarantine_table(&list).lines().last(),
            Some("3 karantina; 2 menunggu keputusan, dengan 42 jawaban dalam pemeriksaan.")
        );
    }
}
