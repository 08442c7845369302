//! Which rows of a table a page has.

use std::ops::Range;

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Choice, Faults},
};
use prima_proto::{name, ranking::v1};

use super::cursor::{self, Cursor};
use crate::domain::{LeagueTables, Row, Subject, Table, TableKey};

const ORDER: Choice = Choice {
    english: "order of rows",
    indonesian: "Urutan baris",
};

/// Where a page begins, unless it continues another one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Start {
    First,
    After(Cursor),
    Rank(usize),
    Around(Subject),
}

/// Which rows are requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub key: TableKey,
    pub page: Page,
    start: Start,
    bottom_first: bool,
    /// Id of a province, or empty.
    region: String,
}

impl Request {
    /// Parses the fields that select rows; all faults at once.
    pub fn parse(mut faults: Faults, message: &v1::GetLeagueTableRequest) -> Result<Self, Failure> {
        let key = faults.take(request::name("name", &message.name));
        let order = faults.take(ORDER.optional("order", message.order, |order| match order {
            v1::RowOrder::Unspecified | v1::RowOrder::TopFirst => None,
            v1::RowOrder::BottomFirst => Some(()),
        }));
        let region = faults.take(request::optional(&message.region, |raw| {
            request::parsed("region", raw, name::agency_id).map(str::to_owned)
        }));
        let around = faults.take(request::optional(&message.around, |raw| {
            request::name::<Subject>("around", raw)
        }));
        let rank = faults.range("start_rank", message.start_rank, 0, i32::MAX);
        if rank > 0 && !message.around.is_empty() {
            faults.add(
                "around",
                "can't be combined with start_rank",
                "tidak dapat digabung dengan start_rank",
            );
        }
        let bottom_first = order.flatten().is_some();
        let order_text = if bottom_first { "bottom" } else { "" };
        // A token says where its page begins, so that it is valid with and without `start_rank` and `around`.
        let times = [&message.as_of, &message.known_at].map(|time| time.map(|time| time.to_string()));
        let mut filter = vec![message.name.as_str(), order_text, &message.region];
        filter.extend(times.iter().flatten().map(String::as_str));
        let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filter));
        let after = page.as_ref().map_or("", |page| page.after.as_str());
        let start = match (cursor::parse(after), around.flatten(), usize::try_from(rank)) {
            (Some(cursor), ..) => Start::After(cursor),
            (None, Some(subject), _) => Start::Around(subject),
            (None, None, Ok(rank)) if rank > 0 => Start::Rank(rank),
            (None, None, _) => Start::First,
        };
        if !after.is_empty() && !matches!(start, Start::After(_)) {
            faults.add(
                "page_token",
                "is a token of another release; read the first page again",
                "adalah token rilis lain; baca ulang dari halaman pertama",
            );
        }
        faults.build(|| {
            Some(Self {
                key: key?,
                page: page?,
                start,
                bottom_first,
                region: region?.unwrap_or_default(),
            })
        })
    }

    /// The rows of the page, with the token of the next one.
    pub fn rows(&self, league_tables: &LeagueTables) -> Result<(Vec<Row>, String), Failure> {
        let table = found(league_tables.table(&self.key), &self.key)?;
        let listing = Listing::new(league_tables, table, self);
        let start = match &self.start {
            Start::First => 0,
            Start::After(cursor) => listing.after(cursor),
            Start::Rank(rank) => listing.place_from(*rank),
            Start::Around(subject) => {
                let place = found(listing.place_of(league_tables, &self.key, subject), subject)?;
                // The last page is a whole one too.
                let last = listing.len().saturating_sub(self.page.size);
                place.saturating_sub(self.page.size / 2).min(last)
            }
        };
        let mut rows = listing.rows(
            league_tables,
            &self.key,
            start..start.saturating_add(self.page.size + 1),
        );
        let next = self
            .page
            .cut(&mut rows, |row| cursor::after(league_tables, &self.key, row));
        Ok((rows, next))
    }
}

/// The rows that are listed: all of a table, or those of a region, from the top or from the bottom. A place is counted in
/// the order of the list, a position in that of the table, both from 0.
struct Listing<'a> {
    table: Table<'a>,
    /// Positions of the rows of the region, in ascending order; `None` for all rows.
    region: Option<Vec<usize>>,
    bottom_first: bool,
}

impl<'a> Listing<'a> {
    fn new(league_tables: &LeagueTables, table: Table<'a>, request: &Request) -> Self {
        let region = (!request.region.is_empty()).then(|| {
            let rows = table.iter_from(0).enumerate();
            rows.filter(|(_, (_, subject))| league_tables.province(subject) == Some(&request.region))
                .map(|(position, _)| position)
                .collect()
        });
        Self {
            table,
            region,
            bottom_first: request.bottom_first,
        }
    }

    fn len(&self) -> usize {
        self.before(self.table.len())
    }

    /// Number of listed rows before a position of the table.
    fn before(&self, position: usize) -> usize {
        match &self.region {
            Some(region) => region.partition_point(|own| *own < position),
            None => position,
        }
    }

    /// Number of listed rows with a rank.
    fn ranked(&self) -> usize {
        self.before(self.table.ranked())
    }

    /// Swaps a place and the number of listed rows before that row in the table: from the bottom, the rows with a rank are
    /// listed in reverse.
    fn swap(&self, place: usize) -> usize {
        match self.ranked().checked_sub(place + 1) {
            Some(reversed) if self.bottom_first => reversed,
            _ => place,
        }
    }

    /// The place after the row of a cursor, whether that row is still there or not.
    fn after(&self, cursor: &Cursor) -> usize {
        let up_to = self.table.up_to(&cursor.subject, cursor.sort_key);
        if !(self.bottom_first && cursor.sort_key.is_ranked()) {
            return self.before(up_to);
        }
        let row = up_to.checked_sub(1).filter(|last| {
            let found = self.table.iter_from(*last).next();
            found.is_some_and(|(_, subject)| subject == cursor.subject)
        });
        self.ranked() - self.before(row.unwrap_or(up_to)).min(self.ranked())
    }

    /// The first place with this rank, or with the next one in the order of the list.
    fn place_from(&self, rank: usize) -> usize {
        match self.bottom_first {
            false => self.before(self.position_from(rank)),
            true => self.ranked() - self.before(self.position_from(rank.saturating_add(1))),
        }
    }

    /// Position of the first row whose rank is at least `rank`; that of the first row without one when there is none.
    fn position_from(&self, rank: usize) -> usize {
        let ranked = self.table.ranked();
        let first = rank.saturating_sub(1).min(ranked);
        // The row at this position may share a rank with rows before it.
        let tied = self.table.iter_from(first).take(ranked - first);
        first
            + tied
                .take_while(|(own, _)| own.is_some_and(|own| own < rank))
                .count()
    }

    /// The place of a subject; `None` when it is not listed.
    fn place_of(&self, league_tables: &LeagueTables, key: &TableKey, subject: &Subject) -> Option<usize> {
        let position = league_tables.position(key, subject)?;
        let before = self.before(position);
        (self.before(position + 1) > before).then(|| self.swap(before))
    }

    /// The rows in these places.
    fn rows(&self, league_tables: &LeagueTables, key: &TableKey, places: Range<usize>) -> Vec<Row> {
        if self.region.is_none() && !self.bottom_first {
            return league_tables
                .rows(key, places.start, places.len())
                .unwrap_or_default();
        }
        let position = |place: usize| match &self.region {
            Some(region) => region.get(self.swap(place)).copied(),
            None => Some(self.swap(place)),
        };
        places
            .take_while(|place| *place < self.len())
            .filter_map(position)
            .filter_map(|position| league_tables.rows(key, position, 1)?.pop())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        Kind,
        tests::{agency, agency_name, key, score, subject, unit, unit_name},
    };

    /// Units of two cities in two provinces, and of a ministry.
    fn tables(members: &[(usize, u8, bool)]) -> LeagueTables {
        let mut tables = LeagueTables::default();
        tables.agency(agency_name("11"), 1, agency(Kind::Kota, Some("32")));
        tables.agency(agency_name("12"), 1, agency(Kind::Kabupaten, Some("33")));
        tables.agency(agency_name("13"), 1, agency(Kind::Kementerian, None));
        for (n, (owner, value, is_small)) in members.iter().enumerate() {
            let name = format!("{}/u{n:02}", ["11", "12", "13"][*owner]);
            tables.unit(unit_name(&name), 1, unit("clinic"));
            let mut score = score(&name, &value.to_string());
            score.figures.sample_minimum = if *is_small { 30 } else { 0 };
            tables.score("survey", 1, score).unwrap();
        }
        tables
    }

    fn message() -> v1::GetLeagueTableRequest {
        v1::GetLeagueTableRequest {
            name: key("clinic").to_string(),
            ..Default::default()
        }
    }

    fn page(
        tables: &LeagueTables,
        message: v1::GetLeagueTableRequest,
    ) -> Result<(Vec<Row>, String), Failure> {
        Request::parse(Faults::default(), &message)?.rows(tables)
    }

    /// All rows from the first page on, by the tokens.
    fn all(tables: &LeagueTables, first: v1::GetLeagueTableRequest) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut message = first;
        loop {
            let (page, token) = page(tables, message.clone()).unwrap();
            rows.extend(page);
            if token.is_empty() {
                return rows;
            }
            message.page_token = token;
        }
    }

    proptest! {
        #[test]
        fn pages_are_those_of_a_plain_list(
            members in prop::collection::vec((0..3_usize, 0..6_u8, prop::bool::weighted(0.3)), 1..30),
            (page_size, bottom_first, region) in (1..8_i32, any::<bool>(), prop::sample::select(vec!["", "32", "33"])),
            (rank, around) in (1..32_i32, any::<prop::sample::Index>()),
        ) {
            let tables = tables(&members);
            let rows = tables.rows(&key("clinic"), 0, usize::MAX).unwrap();
            let in_region = |row: &Row| match region {
                "32" => row.subject.agency_id() == "11",
                "33" => row.subject.agency_id() == "12",
                _ => true,
            };
            let (mut expected, unranked): (Vec<Row>, Vec<Row>) =
                rows.into_iter().filter(in_region).partition(|row| row.rank.is_some());
            if bottom_first {
                expected.reverse();
            }
            let from_rank = expected.iter().position(|row| {
                let own = row.rank.unwrap_or_default();
                let rank = usize::try_from(rank).unwrap();
                if bottom_first { own <= rank } else { own >= rank }
            });
            let from_rank = from_rank.unwrap_or(expected.len());
            expected.extend(unranked);
            let order = if bottom_first { v1::RowOrder::BottomFirst } else { v1::RowOrder::TopFirst };
            let request = v1::GetLeagueTableRequest {
                page_size,
                order: order.into(),
                region: region.to_owned(),
                ..message()
            };
            prop_assert_eq!(&all(&tables, request.clone()), &expected);
            let ranked = v1::GetLeagueTableRequest { start_rank: rank, ..request.clone() };
            prop_assert_eq!(&all(&tables, ranked), &expected[from_rank..]);
            if !expected.is_empty() {
                let own = around.index(expected.len());
                let subject = expected[own].subject.to_string();
                let (found, _) = page(&tables, v1::GetLeagueTableRequest { around: subject, ..request }).unwrap();
                let size = usize::try_from(page_size).unwrap();
                let start = own.saturating_sub(size / 2).min(expected.len().saturating_sub(size));
                prop_assert_eq!(found, expected[start..].iter().take(size).cloned().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn paging_down_and_back_up_across_ties_shows_every_row_once() {
        let members: Vec<_> = (0..23).map(|n| (0, if n < 4 { 90 } else { 80 }, false)).collect();
        let tables = tables(&members);
        let read = |order: v1::RowOrder| {
            let request = v1::GetLeagueTableRequest {
                page_size: 5,
                order: order.into(),
                ..message()
            };
            all(&tables, request)
        };
        let (down, mut up) = (read(v1::RowOrder::TopFirst), read(v1::RowOrder::BottomFirst));
        up.reverse();
        assert_eq!((down.len(), &down), (23, &up));
        assert_eq!(
            (down[3].rank, down[4].rank, down[22].rank),
            (Some(1), Some(5), Some(5))
        );
    }

    #[test]
    fn a_row_that_moves_makes_no_other_be_skipped_from_the_bottom() {
        let mut tables = tables(&[
            (0, 5, false),
            (0, 4, false),
            (0, 3, false),
            (0, 2, false),
            (0, 1, false),
        ]);
        let request = v1::GetLeagueTableRequest {
            page_size: 2,
            order: v1::RowOrder::BottomFirst.into(),
            ..message()
        };
        let units = |rows: &[Row]| -> Vec<String> {
            rows.iter()
                .filter_map(|row| row.subject.unit_id())
                .map(str::to_owned)
                .collect()
        };
        let (first, page_token) = page(&tables, request.clone()).unwrap();
        assert_eq!(units(&first), ["u04", "u03"]);
        // The last row of the page rises to the top.
        tables.score("survey", 2, score("11/u03", "9")).unwrap();
        let (second, _) = page(
            &tables,
            v1::GetLeagueTableRequest {
                page_token,
                ..request
            },
        )
        .unwrap();
        assert_eq!(units(&second), ["u02", "u01"]);
    }

    #[test]
    fn rows_without_a_rank_are_ordered_by_reason_then_score() {
        let mut tables = tables(&[(0, 5, true), (0, 70, true), (0, 8, false), (0, 60, true)]);
        let mut no_value = score("11/u02", "");
        no_value.figures.sample_minimum = 30;
        tables.score("survey", 2, no_value).unwrap();
        let rows = all(&tables, message());
        let shown: Vec<(&str, u8)> = rows
            .iter()
            .map(|row| (row.score.value.as_str(), row.unranked.unwrap().number()))
            .collect();
        assert_eq!(shown, [("70", 1), ("60", 1), ("5", 1), ("", 10)]);
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let request = v1::GetLeagueTableRequest {
            name: "x".to_owned(),
            page_size: -1,
            start_rank: 3,
            around: "agencies/11".to_owned(),
            order: 9,
            region: "a b".to_owned(),
            ..Default::default()
        };
        let faults = Request::parse(Faults::default(), &request)
            .unwrap_err()
            .violations;
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["name", "order", "region", "around", "page_size"]);
        let negative = v1::GetLeagueTableRequest {
            start_rank: -1,
            page_token: Page::parse(0, "", &[&key("clinic").to_string(), "", ""])
                .unwrap()
                .token("90 x"),
            ..message()
        };
        let faults = Request::parse(Faults::default(), &negative)
            .unwrap_err()
            .violations;
        assert_eq!(
            faults
                .iter()
                .map(|fault| fault.field.as_str())
                .collect::<Vec<_>>(),
            ["start_rank", "page_token"]
        );
    }

    #[test]
    fn a_page_around_a_subject_that_is_not_listed_is_not_found() {
        let tables = tables(&[(0, 5, false), (1, 4, false)]);
        for (around, region) in [("agencies/11/units/u09", ""), ("agencies/11/units/u00", "33")] {
            let request = v1::GetLeagueTableRequest {
                around: around.to_owned(),
                region: region.to_owned(),
                ..message()
            };
            assert_eq!(
                page(&tables, request).unwrap_err().reason,
                "NOT_FOUND",
                "{around}"
            );
        }
        assert_eq!(tables.province(&subject("13/a")), None);
    }
}
