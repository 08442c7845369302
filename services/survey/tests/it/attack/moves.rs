//! What happens in a survey that is attacked.

use chrono::TimeDelta;
use pb::AccessMode::{Agent, Link};
use prima_platform::{clock::to_proto, testing::eventually};
use prima_proto::survey::v1 as pb;
use tonic::Request;

use super::*;
use crate::{corrections::by_ids, credentials::*};

fn profile([sex, channel]: [&str; 2]) -> pb::RespondentProfile {
    pb::RespondentProfile {
        sex: sex.into(),
        channel: channel.into(),
        ..Default::default()
    }
}

impl Run {
    pub async fn start(t: &mut World, n: u64, dice: &mut Dice) -> Self {
        let play = PLAYS[(n % PLAYS.len() as u64) as usize];
        let unit = format!("agencies/3271/units/u{n}");
        let mut request = survey("a");
        request.request_id = format!("survey-{n}");
        request.parent = unit.clone();
        let created = t.client.create_survey(operator(request)).await.unwrap();
        let survey = created.into_inner().survey.unwrap().name;
        allow(t, &survey, &[Agent, Link]).await;
        let link = link_of(t, &survey).await;
        let subjects = [
            format!("prima.survey.result.3271.u{n}.a"),
            format!("prima.survey.score.skm.2024.unit.3271.u{n}"),
        ];
        let stream = t.bus.follow("survey", &subjects).await.unwrap();
        // The person is not among the last ones, except when the end is what reveals.
        let victim = match play {
            Play::Close | Play::Late => PEOPLE - 1,
            Play::Dominant => 4 * STEP,
            _ => STEP + dice.below((PEOPLE - 4 * STEP) as u64) as usize,
        };
        let mates = victim / STEP * STEP..(victim / STEP + 1) * STEP;
        let other = 1 + dice.below(4 * STEP as u64 - 2) as usize;
        let mut groups = |at: usize| {
            let sex = match play {
                Play::SmallCell if at != victim => "L",
                Play::Margins if at % 13 != victim % 13 => "L",
                Play::SmallCell | Play::Margins => "P",
                Play::TwoDimensions => ["P", "L", "L"][(at + 3 - victim % 3) % 3],
                Play::Dominant if [other, 6 * STEP, 7 * STEP].contains(&at) => "P",
                Play::Dominant => "L",
                _ if mates.contains(&at) => "P",
                _ => ["L", "P"][dice.below(2) as usize],
            };
            let channel = match (play, sex) {
                (Play::TwoDimensions, "P") if at == victim => "counter",
                (Play::TwoDimensions, "L") if at == victim + 1 => "online",
                (Play::TwoDimensions, "P") => "online",
                (Play::TwoDimensions, _) => "counter",
                _ => ["counter", "online", "online"][dice.below(3) as usize],
            };
            [sex, channel]
        };
        let groups: Vec<[&str; 2]> = (0..PEOPLE).map(&mut groups).collect();
        let people = (0..PEOPLE).map(|at| Person {
            answers: scores(dice),
            groups: groups[at],
            way: match play {
                Play::OneNetwork | Play::TwoNetworks if at == victim => Way::Link(Some(2)),
                _ => Way::Own,
            },
            attacker: false,
            id: String::new(),
        });
        Self {
            play,
            people: people.collect(),
            victim,
            survey,
            unit,
            link,
            arrived: Vec::new(),
            seen: Seen::new(),
            last: (false, BTreeMap::new()),
            stream,
            states: 0,
        }
    }

    /// Sends the response of a person.
    async fn send(&mut self, t: &mut World, at: usize) {
        let person = self.people[at].clone();
        let answers: Vec<(&str, i32)> = SKM.into_iter().zip(person.answers).collect();
        let mut response = response(&answers);
        response.profile = Some(profile(person.groups));
        if self.play == Play::Late {
            let time = t.clock.clock().now() - TimeDelta::hours(1);
            response.submit_time = Some(to_proto(time));
        }
        let id = format!("r-{at:03}");
        let request = match person.way {
            Way::Own | Way::Imported => operator(sent(&self.survey, &id, response, None)),
            Way::Link(network) => {
                // Slowly, so that they are no burst.
                t.clock.advance(TimeDelta::minutes(5));
                let request = sent(&self.survey, &id, response, Some(link(&self.link)));
                match network {
                    Some(network) => from_network(network, request),
                    None => Request::new(request),
                }
            }
        };
        let answer = t.client.submit_response(request).await.unwrap().into_inner();
        let (_, id) = answer.name.rsplit_once('/').unwrap();
        self.people[at].id = id.to_owned();
        self.arrived.push(at);
    }

    /// A response of the attacker himself.
    async fn pad(&mut self, t: &mut World, network: Option<usize>) {
        let at = self.people.len();
        self.people.push(Person {
            answers: [1 + (at % 4) as i32; 9],
            groups: ["L", "online"],
            way: Way::Link(network),
            attacker: true,
            id: String::new(),
        });
        self.send(t, at).await;
    }

    /// What the attacker sends after the response of a person: the network of each.
    fn padding(&self, at: usize) -> Vec<Option<usize>> {
        let near = |distance| self.victim.abs_diff(at) <= distance;
        let places = match at {
            _ if at + 1 == self.victim => 19,
            _ if at == self.victim => 20,
            _ => 0,
        };
        match self.play {
            Play::Pad if near(2) => vec![None; 2],
            Play::OneNetwork => vec![Some(1); places],
            Play::TwoNetworks => (0..places).map(|n| Some([1, 3][n % 2])).collect(),
            Play::Interleaved if near(10) => vec![Some(1), Some(3)],
            _ => Vec::new(),
        }
    }

    /// Imports six other people.
    async fn import(&mut self, t: &mut World, dice: &mut Dice) {
        let rows: Vec<usize> = (0..6).map(|n| self.people.len() + n).collect();
        let mut messages = Vec::new();
        for at in &rows {
            let person = Person {
                answers: scores(dice),
                groups: [["L", "P"][dice.below(2) as usize], "online"],
                way: Way::Imported,
                attacker: false,
                id: format!("r-{at:03}"),
            };
            let answers: Vec<(&str, i32)> = SKM.into_iter().zip(person.answers).collect();
            let response = pb::Response {
                profile: Some(profile(person.groups)),
                ..response(&answers)
            };
            messages.push(pb::SubmitResponsesRequest {
                import_id: "berkas".into(),
                ..message(&self.survey, &person.id, response, None)
            });
            self.people.push(person);
        }
        let stream = operator(futures::stream::iter(messages));
        let answer = t.client.submit_responses(stream).await.unwrap().into_inner();
        assert_eq!(answer.accepted, 6);
        self.arrived.extend(rows);
    }

    /// Voids the responses of these people and reads.
    async fn void(&mut self, t: &mut World, some: &[usize]) {
        let ids: Vec<&str> = some.iter().map(|at| self.people[*at].id.as_str()).collect();
        let id = format!("void-{}-{}", self.unit.replace('/', "-"), self.arrived.len());
        t.voided(by_ids(&id, &self.survey, &ids)).await;
        self.arrived.retain(|at| !some.contains(at));
        self.read(t).await;
    }

    /// Plays, and reads the figures after each move.
    pub async fn play(&mut self, t: &mut World, dice: &mut Dice) {
        let victim = self.victim;
        for at in 0..PEOPLE {
            if self.play == Play::Late && at == victim {
                t.close(&self.survey).await;
                self.read(t).await;
            }
            self.send(t, at).await;
            if self.play == Play::Import && at == victim {
                self.import(t, dice).await;
            }
            for network in self.padding(at) {
                self.pad(t, network).await;
            }
            // Between other people's responses nothing is read that is not read before and after them too.
            let each = matches!(self.play, Play::History | Play::Table);
            if each || at + 2 * STEP >= victim && at <= victim + 3 * STEP {
                self.read(t).await;
            }
        }
        if self.play != Play::Late {
            t.close(&self.survey).await;
            self.read(t).await;
        }
        let others: Vec<usize> = (0..PEOPLE).filter(|at| *at != victim).collect();
        match self.play {
            Play::Void => self.void(t, &[victim]).await,
            Play::VoidMany => {
                let first = [&others[..2], &[victim]].concat();
                for some in [&first, &others[2..4], &others[4..6], &others[6..9]] {
                    self.void(t, some).await;
                }
            }
            Play::Import => {
                let rows: Vec<usize> = (PEOPLE..self.people.len()).collect();
                self.void(t, &rows).await;
                self.void(t, &[victim]).await;
            }
            Play::Day => {
                self.void(t, &others[..1]).await;
                t.clock.advance(TimeDelta::days(31));
                let request = pb::GetResultRequest {
                    survey: self.survey.clone(),
                };
                let corrected = eventually(DEADLINE, async || {
                    let request = operator(request.clone());
                    let answer = t.client.clone().get_result(request).await.unwrap();
                    (answer.into_inner().result.unwrap().pending == 0).then_some(())
                });
                assert!(corrected.await.is_some(), "the day of corrections has not come");
                self.read(t).await;
                self.void(t, &[victim]).await;
            }
            _ => {}
        }
    }
}
