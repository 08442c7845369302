//! Explains the change of a rank.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use prima_platform::{
    failure::Failure,
    number::{self, Rational},
    request::{self, Faults},
};
use prima_proto::{
    event::v1::ScoreState,
    name::{self, Subject},
    ranking::v1 as pb,
};
use prost::Message;

use crate::{
    derived::past::Past,
    domain::{
        Row, SortKey, TableKey,
        definition::{Definition, Ties},
        rank_change::{self, Component, Field, Fields, Own, Part, Place, Source},
    },
    rpc::{App, message, moment},
};

/// The rule of the parts, for people.
const RULE: &str = "Nilai Shapley: bagian tiap sumber adalah rata-rata perubahan peringkat yang ditambahkannya, dihitung \
                    dalam semua urutan sumber dapat berlaku. Jumlah semua bagian, sebelum dibulatkan, tepat sama dengan \
                    perubahan peringkat. Perbedaan cara ukur (era) kedua nilai dihitung sebagai metode.";

/// Decimals of the values and of the parts as they are shown.
const PLACES: u32 = 2;
/// Decimals of a value that no score has but a set of its components makes: those of exact values.
const PLACES_MAX: u32 = 18;

/// Splits the change of a rank between two points of the history.
pub async fn explain(
    app: &App,
    message: &pb::ExplainRankChangeRequest,
) -> Result<pb::ExplainRankChangeResponse, Failure> {
    let mut faults = Faults::default();
    let subject = faults.take(request::name::<Subject>("subject", &message.subject));
    faults.take(request::parsed("metric", &message.metric, name::id));
    faults.take(request::parsed("cohort", &message.cohort, name::cohort));
    let now = app.clock.now();
    let mut point = |field: &str, point: Option<&pb::RankPoint>| {
        let point = faults.required(field, point)?;
        let times = moment::Times::parse(
            &mut faults,
            &format!("{field}."),
            [point.as_of.as_ref(), point.known_at.as_ref()],
            now,
        );
        faults.take(request::parsed(
            format!("{field}.period"),
            &point.period,
            name::id,
        ))?;
        let key = TableKey {
            metric: message.metric.clone(),
            period: point.period.clone(),
            cohort: message.cohort.clone(),
        };
        Some((key, times))
    };
    let from = point("from", message.from.as_ref());
    let to = point("to", message.to.as_ref());
    let (subject, (from, to)) = faults.build(|| subject.zip(from.zip(to)))?;
    let from = Point::read(app, &subject, from).await?;
    let to = Point::read(app, &subject, to).await?;
    let change = match (from.row.rank, to.row.rank) {
        (Some(_), Some(_)) => split(&subject, &from, &to),
        _ => None,
    };
    let mut response = pb::ExplainRankChangeResponse {
        from: Some(from.standing()),
        to: Some(to.standing()),
        rule: RULE.to_owned(),
        ..Default::default()
    };
    if let Some(change) = change {
        // The parts are of the ranks that the tables show, or of none.
        if change.rank.map(Some) != [from.row.rank, to.row.rank] {
            return Err(Failure::internal(format!(
                "{subject} ({}): the parts sum to other ranks than the tables show",
                to.key
            )));
        }
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        response.ranks = count(change.rank[1]) - count(change.rank[0]);
        [response.others, response.entrants, response.leavers] =
            [change.others, change.entrants, change.leavers].map(count);
        let values = [from.values(), to.values()];
        response.parts = change
            .parts
            .into_iter()
            .map(|found| part(found, &values))
            .collect();
    }
    Ok(response)
}

/// A subject in a table at one point.
struct Point {
    past: Arc<Past>,
    key: TableKey,
    row: Row,
    /// The published score; without components when it can't be read.
    state: ScoreState,
}

impl Point {
    async fn read(
        app: &App,
        subject: &Subject,
        (key, times): (TableKey, moment::Times),
    ) -> Result<Self, Failure> {
        let past = times.read(app, &key.metric, &key.period).await?;
        let standings = past.tables.read().standings(subject, &key.metric, &key.period);
        let row = standings
            .into_iter()
            .find(|(own, _)| *own == key)
            .map(|(_, row)| row);
        let row = row.ok_or_else(|| Failure::not_found(&format!("{subject} ({key})")))?;
        let states = app
            .history
            .states(subject, &key.metric, &key.period, past.moment)
            .await?;
        let shown = states.into_iter().find(|state| state.version == row.version);
        let state = shown.and_then(|state| ScoreState::decode(state.payload.as_slice()).ok());
        Ok(Self {
            past,
            key,
            row,
            state: state.unwrap_or_default(),
        })
    }

    fn standing(&self) -> pb::Standing {
        let mut table = message::table(&self.past.tables.read(), &self.key);
        moment::set(&mut table, self.past.moment);
        pb::Standing {
            table: Some(table),
            row: Some(message::row(self.row.clone())),
        }
    }

    /// The definition that the table was made by.
    fn definition(&self) -> Arc<Definition> {
        self.past.tables.read().definition_of(&self.key.metric)
    }

    /// The era of a score, by the definition of this point.
    fn era(&self, row: &Row) -> String {
        let definition = self.definition();
        definition
            .era_in(&row.score.instrument, &self.key.period)
            .to_owned()
    }

    /// The subjects with a rank, where a definition sorts them.
    fn field(&self, definition: &Definition) -> Field<Subject, SortKey> {
        let rows = self
            .past
            .tables
            .read()
            .rows(&self.key, 0, usize::MAX)
            .unwrap_or_default();
        let ranked = rows.into_iter().filter(|row| row.rank.is_some());
        let place = |row: Row| {
            let place = Place {
                key: definition.sort_key(&row.score).ok()?,
                era: self.era(&row),
            };
            Some((row.subject, place))
        };
        ranked.filter_map(place).collect()
    }

    /// The value that is ranked.
    fn value(&self) -> Option<Rational> {
        self.definition().rational(&self.row.score)
    }

    /// Where a definition sorts the own score when it has this value. A value with more decimals than any published one
    /// keeps its place among these.
    fn sort_key(&self, value: &Rational, definition: &Definition) -> SortKey {
        let mut figures = self.row.score.clone();
        if self.value().as_ref() != Some(value) {
            figures.value = number::decimal(value, PLACES_MAX);
            figures.exact = figures.value.parse().ok();
        }
        definition.sort_key(&figures).unwrap_or(SortKey::UNRANKED)
    }

    /// The value of each component, as it was published.
    fn values(&self) -> HashMap<&str, &str> {
        let components = self.state.components.iter();
        components.map(|c| (c.key.as_str(), c.value.as_str())).collect()
    }

    /// What each component contributes to the exact value; `None` when the score does not say so.
    fn contributions(&self) -> Option<BTreeMap<&str, Rational>> {
        let stated = self.state.components.iter().filter(|c| !c.coefficient.is_empty());
        let contributions: Option<BTreeMap<&str, Rational>> = stated
            .map(|c| {
                let value = number::parse_decimal(&c.value)? * number::parse_fraction(&c.coefficient)?;
                Some((c.key.as_str(), value))
            })
            .collect();
        contributions.filter(|contributions| !contributions.is_empty())
    }
}

fn split(subject: &Subject, from: &Point, to: &Point) -> Option<rank_change::RankChange> {
    let mut components: BTreeMap<&str, [Rational; 2]> = BTreeMap::new();
    if let (Some(before), Some(after)) = (from.contributions(), to.contributions()) {
        // A component that a score lacks contributes nothing to it.
        for key in before.keys().chain(after.keys()) {
            let of =
                |side: &BTreeMap<&str, Rational>| side.get(key).cloned().unwrap_or_else(|| number::whole(0));
            components.insert(*key, [of(&before), of(&after)]);
        }
    }
    let components = components.into_iter().map(|(key, contribution)| Component {
        key: key.to_owned(),
        contribution,
    });
    let points = [from, to];
    let definitions = points.map(Point::definition);
    let fields = points.map(|point| definitions.each_ref().map(|definition| point.field(definition)));
    let own = Own {
        subject,
        value: [from.value()?, to.value()?],
        components: components.collect(),
        counts_equal: definitions
            .each_ref()
            .map(|definition| definition.ties == Ties::Modified),
        key: &|value, second, by| {
            let [point, definition] = [usize::from(second), usize::from(by)];
            match (points.get(point), definitions.get(definition)) {
                (Some(point), Some(definition)) => point.sort_key(value, definition),
                _ => SortKey::UNRANKED,
            }
        },
    };
    let [[a, b], [c, d]] = &fields;
    rank_change::split(&own, &Fields([[a, b], [c, d]]))
}

fn part(part: Part, values: &[HashMap<&str, &str>; 2]) -> pb::RankPart {
    let (source, component) = match part.source {
        Source::Component(key) => (pb::RankSource::Component, key),
        Source::OtherComponents => (pb::RankSource::OtherComponents, String::new()),
        Source::Remainder => (pb::RankSource::Remainder, String::new()),
        Source::Others => (pb::RankSource::Others, String::new()),
        Source::Entrants => (pb::RankSource::Entrants, String::new()),
        Source::Leavers => (pb::RankSource::Leavers, String::new()),
        Source::Method => (pb::RankSource::Method, String::new()),
    };
    let [component_from, component_to] = values.each_ref().map(|values| {
        let value = values.get(component.as_str()).copied().unwrap_or_default();
        value.to_owned()
    });
    pb::RankPart {
        source: source.into(),
        component,
        value_change: part
            .value
            .map(|value| number::decimal(&value, PLACES))
            .unwrap_or_default(),
        ranks: number::decimal(&part.ranks, PLACES),
        ranks_fraction: number::fraction(&part.ranks),
        component_from,
        component_to,
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::testing::eventually;
    use prima_proto::event::v1::ScoreComponent;

    use super::*;
    use crate::rpc::testing::{LONG, Replica, bus, publish, rank, unit};

    /// A score of unit `a` that is the sum of its components.
    fn components(parts: &[(&str, i64)]) -> Vec<u8> {
        let component = |(key, value): &(&str, i64)| ScoreComponent {
            key: (*key).to_owned(),
            value: format!("{value}.0000"),
            coefficient: "1/1".to_owned(),
        };
        ScoreState {
            value: parts.iter().map(|(_, value)| value).sum::<i64>().to_string(),
            components: parts.iter().map(component).collect(),
            ..ScoreState::default()
        }
        .encode_to_vec()
    }

    #[tokio::test]
    async fn a_change_is_split_by_component_and_a_subject_without_a_rank_has_no_number() {
        let bus = bus().await;
        rank(&bus, "b", 1, "85").await;
        publish(&bus, "prima.directory.unit.11.a", 1, Some(unit("A"))).await;
        for (period, parts) in [
            ("2023", [("cost", 40), ("time", 40)]),
            ("2024", [("cost", 40), ("time", 50)]),
        ] {
            let subject = format!("prima.survey.score.skm.{period}.unit.11.a");
            publish(&bus, &subject, 1, Some(components(&parts))).await;
        }
        let other = "prima.survey.score.skm.2023.unit.11.b";
        publish(&bus, other, 1, Some(components(&[("cost", 45), ("time", 40)]))).await;
        let replica = Replica::start(&bus).await;
        let point = |period: &str| {
            Some(pb::RankPoint {
                period: period.to_owned(),
                ..Default::default()
            })
        };
        let request = |subject: &str| pb::ExplainRankChangeRequest {
            subject: format!("agencies/11/units/{subject}"),
            metric: "skm".to_owned(),
            cohort: "clinic".to_owned(),
            from: point("2023"),
            to: point("2024"),
        };
        let change = eventually(LONG, || async {
            replica
                .client
                .clone()
                .explain_rank_change(request("a"))
                .await
                .ok()
        });
        let change = change.await.expect("the history begins").into_inner();
        assert_eq!(change.ranks, -1);
        let parts: Vec<_> = change
            .parts
            .iter()
            .filter(|part| part.ranks_fraction != "0/1")
            .map(|part| {
                (
                    part.component.as_str(),
                    part.component_to.as_str(),
                    part.ranks.as_str(),
                )
            })
            .collect();
        assert_eq!(parts, [("time", "50.0000", "-1.00")]);

        let few = ScoreState {
            withheld_reason: prima_proto::event::v1::WithheldReason::TooFew.into(),
            ..ScoreState::default()
        };
        publish(&bus, other, 2, Some(few.encode_to_vec())).await;
        let change = eventually(LONG, || async {
            let change = replica
                .client
                .clone()
                .explain_rank_change(request("b"))
                .await
                .unwrap();
            Some(change.into_inner())
                .filter(|change| change.from.as_ref().unwrap().row.as_ref().unwrap().rank == 0)
        });
        let change = change.await.expect("the state is in the history");
        assert_eq!((change.ranks, change.parts.len()), (0, 0));
        let row = change.from.unwrap().row.unwrap();
        assert_eq!(row.unranked_reason(), pb::UnrankedReason::TooFew);
    }

    #[tokio::test]
    async fn every_fault_is_reported_at_once() {
        let replica = Replica::start(&bus().await).await;
        let tomorrow = prima_platform::clock::to_proto(replica.app.clock.now() + chrono::TimeDelta::days(1));
        let request = pb::ExplainRankChangeRequest {
            subject: "x".to_owned(),
            metric: "s k".to_owned(),
            cohort: "a/b".to_owned(),
            from: Some(pb::RankPoint {
                period: String::new(),
                as_of: Some(tomorrow),
                known_at: Some(tomorrow),
            }),
            to: None,
        };
        let status = replica
            .client
            .clone()
            .explain_rank_change(request)
            .await
            .unwrap_err();
        let fields = prima_platform::testing::served::fields(&status);
        let expected = [
            "subject",
            "metric",
            "cohort",
            "from.as_of",
            "from.known_at",
            "from.period",
            "to",
        ];
        assert_eq!(fields, expected);
    }
}
