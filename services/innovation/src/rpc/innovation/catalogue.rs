//! The public catalogue of implemented innovations.

use std::{collections::BTreeSet, slice};

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Faults, text},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::{message, read::shown};
use crate::{
    domain::{calendar, catalogue},
    rpc::message::{awards, small},
    store::{
        Lock,
        award::awards_of,
        innovation::{Filter, innovation_get, innovation_page},
        replication::replications_of,
        transfer::transfers_of,
    },
};

fn parse(message: v1::SearchCatalogueRequest) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let (sdg, year) = (message.sdg.to_string(), message.year.to_string());
    let filters = [&message.query, &message.agency, &message.category, &sdg, &year].map(String::as_str);
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let query = faults.take(text::line("query", &message.query, 0, 200));
    let words = |q: &String| q.is_empty() || q.chars().any(char::is_alphanumeric);
    if !query.as_ref().is_none_or(words) {
        faults.add(
            "query",
            "must hold letters or digits",
            "harus memuat huruf atau angka",
        );
    }
    let agency = faults.take(request::optional(&message.agency, |raw| {
        request::name::<name::Agency>("agency", raw)
    }));
    let category = faults.take(request::optional(&message.category, |raw| {
        request::new_id("category", raw, name::id)
    }));
    let sdg = faults.range("sdg", message.sdg, 0, 17);
    let year = faults.take(calendar::check_optional_year("year", message.year));
    faults.build(|| {
        let filter = Filter {
            agency: agency?.map(|a| a.agency).unwrap_or_default(),
            category: category?.unwrap_or_default(),
            sdg,
            year: year?,
            public: true,
            query: query?,
            ..Filter::default()
        };
        Some((filter, page?))
    })
}

/// A page of the catalogue in the order of names.
pub async fn search_catalogue(
    ctx: &Context,
    message: v1::SearchCatalogueRequest,
) -> Result<v1::SearchCatalogueResponse, Failure> {
    let (filter, page) = parse(message)?;
    let (rows, next_page_token) = innovation_page(ctx.db.reader(), &filter, &page).await?;
    Ok(v1::SearchCatalogueResponse {
        items: rows.iter().map(message::catalogue_item).collect(),
        next_page_token,
    })
}

/// One innovation of the catalogue, with its awards and the number of its replications.
pub async fn get_catalogue_entry(
    ctx: &Context,
    message: v1::GetCatalogueEntryRequest,
) -> Result<v1::GetCatalogueEntryResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let reader = ctx.db.reader();
    let stored = innovation_get(reader, &name, Lock::None).await?;
    let stored = found(stored.filter(|s| s.innovation.start_date.is_some()), &name)?;
    let won = awards_of(reader, &stored).await?;
    let replications = replications_of(reader, &[name.to_string()]).await?;
    let agencies: BTreeSet<&str> = replications.iter().map(|r| r.adopter.agency.as_str()).collect();
    let in_use = replications.iter().filter(|r| r.replication.in_use());
    let transfers = transfers_of(reader, stored.id).await?;
    let innovation = shown(reader, slice::from_ref(&stored)).await?.pop();
    let category = catalogue::category(&stored.innovation.category);
    let goal = |n: &i32| catalogue::goal(*n).map(str::to_owned);
    Ok(v1::GetCatalogueEntryResponse {
        innovation: innovation.map(|i| v1::Innovation {
            former_awards: Vec::new(),
            etag: String::new(),
            ..i
        }),
        category_display_name: category.unwrap_or_default().to_owned(),
        sdg_display_names: stored.innovation.sdgs.iter().filter_map(goal).collect(),
        awards: awards(&won),
        replication_count: small(replications.len()),
        adopter_agency_count: small(agencies.len()),
        in_use_count: small(in_use.count()),
        transfer_count: small(transfers.len()),
    })
}
