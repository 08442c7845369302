//! Lists who belongs in a table and has no score there.

use prima_platform::{
    failure::Failure,
    page::Page,
    request::{self, Faults},
};
use prima_proto::{name::Subject, ranking::v1 as pb};

use crate::{
    domain::TableKey,
    rpc::{App, message},
};

/// A page of the units or agencies of the directory that belong in a table and have no score there.
pub fn list(
    app: &App,
    message: &pb::ListMissingSubjectsRequest,
) -> Result<pb::ListMissingSubjectsResponse, Failure> {
    let mut faults = Faults::default();
    let key = faults.take(request::name::<TableKey>("name", &message.name));
    let page = faults.take_all(Page::parse(
        message.page_size,
        &message.page_token,
        &[&message.name],
    ));
    let (key, page) = faults.build(|| key.zip(page))?;
    app.check_ready()?;
    let freshness = app.freshness();
    let league_tables = app.tables.read();
    let table = message::table(&league_tables, &key);
    if table.expected == 0 {
        return Err(Failure::not_found(&message.name));
    }
    let after = Subject::parse(&page.after).ok();
    let mut missing = league_tables.missing(&key, after.as_ref(), page.size + 1);
    drop(league_tables);
    let next_page_token = page.cut(&mut missing, |last| last.subject.to_string());
    let subjects = missing.into_iter().map(|missing| pb::MissingSubject {
        subject: missing.subject.to_string(),
        display_name: missing.display_name,
        agency_display_name: missing.agency_display_name,
    });
    Ok(pb::ListMissingSubjectsResponse {
        table: Some(table),
        subjects: subjects.collect(),
        next_page_token,
        freshness,
    })
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::rpc::testing::{Replica, TABLE, bus, publish, rank, unit};

    #[tokio::test]
    async fn the_missing_are_listed_by_pages_and_counted_in_the_table() {
        let bus = bus().await;
        for id in ["c", "a", "b"] {
            publish(&bus, &format!("prima.directory.unit.11.{id}"), 1, Some(unit(id))).await;
        }
        rank(&bus, "d", 1, "90").await;
        let replica = Replica::start(&bus).await;
        let mut client = replica.client.clone();
        let mut request = pb::ListMissingSubjectsRequest {
            name: TABLE.to_owned(),
            page_size: 2,
            ..Default::default()
        };
        let first = client
            .list_missing_subjects(request.clone())
            .await
            .unwrap()
            .into_inner();
        let table = first.table.unwrap();
        assert_eq!((table.ranked, table.expected), (1, 4));
        request.page_token = first.next_page_token;
        let second = client
            .list_missing_subjects(request.clone())
            .await
            .unwrap()
            .into_inner();
        let all = first.subjects.into_iter().chain(second.subjects);
        let names: Vec<String> = all.map(|missing| missing.display_name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(second.next_page_token.is_empty());

        request.name = TABLE.replace("clinic", "school");
        request.page_token.clear();
        let status = client.list_missing_subjects(request.clone()).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        (request.name, request.page_size) = ("x".to_owned(), -1);
        let status = client.list_missing_subjects(request).await.unwrap_err();
        let fields = prima_platform::testing::served::fields(&status);
        assert_eq!(fields, ["name", "page_size"]);
    }
}
