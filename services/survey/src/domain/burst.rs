//! Bursts: which responses of an open link arrive faster than the rule allows. They are quarantined: stored, and in no
//! figure until an operator decides.

use std::collections::{HashMap, VecDeque};

use super::flags::{self, Limit};

/// The pattern of a burst. The first one that applies to a response decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Many responses of the whole link.
    Rate,
    /// Many responses of one device.
    Device,
    /// Many responses with the same answers.
    Answers,
    /// Many responses of one network, or of unknown ones, that wait because too few others answer.
    Source,
}

impl Pattern {
    /// Every pattern, in the order in which they are looked for.
    pub const ALL: [Self; 4] = [Self::Rate, Self::Device, Self::Answers, Self::Source];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Device => "device",
            Self::Answers => "pattern",
            Self::Source => "source",
        }
    }

    /// The stored pattern; `None` when the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pattern| pattern.as_str() == text)
    }

    /// Its limit by this rule.
    pub fn limit(self, rule: &flags::Quarantine) -> &Limit {
        match self {
            Self::Rate => &rule.rate,
            Self::Device => &rule.device,
            Self::Answers => &rule.pattern,
            Self::Source => &rule.source,
        }
    }

    /// What responses of one burst share; `None` when the response can't belong to one.
    fn key<'a>(self, arrival: &Arrival<'a>) -> Option<&'a str> {
        match self {
            Self::Rate => Some(""),
            Self::Device => Some(arrival.device).filter(|device| !device.is_empty()),
            Self::Answers => Some(arrival.answers),
            Self::Source => Some(arrival.source),
        }
    }
}

/// A response of an open link that is in no disclosed figure yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// When it was accepted, unix milliseconds.
    pub at: i64,
    /// Digest of its device, as hexadecimal digits; empty when it has none.
    pub device: &'a str,
    /// Its answers, as stored.
    pub answers: &'a str,
    /// Pseudonym of its network, as hexadecimal digits; empty when that is not known.
    pub source: &'a str,
}

/// A quarantine that is not decided yet, as far as later responses may join it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its number in the survey.
    pub number: i64,
    /// Its pattern.
    pub pattern: Pattern,
    /// What its responses share, see [`Pattern`]: nothing, the device, the answers or the network.
    pub key: String,
    /// When its last response was accepted, unix milliseconds.
    pub last: i64,
}

/// Finds the bursts among arrivals, which are in the order of their acceptance. Returns for each arrival the position
/// of its burst: those of `open` first, then the new ones, which are appended to it with numbers from `next`.
///
/// An arrival joins a burst when it follows the last one of it within the limit of time. A new burst begins with the
/// first of more than the allowed number of arrivals within the limit of time, none of which is in another burst.
pub fn bursts(
    arrivals: &[Arrival<'_>],
    open: &mut Vec<Open>,
    next: i64,
    rule: &flags::Quarantine,
) -> Vec<Option<usize>> {
    let mut taken = vec![None; arrivals.len()];
    let mut next = next;
    for pattern in Pattern::ALL {
        let limit = pattern.limit(rule);
        let within = limit.within_seconds.saturating_mul(1000);
        let mut windows: HashMap<&str, VecDeque<(usize, i64)>> = HashMap::new();
        for (at, arrival) in arrivals.iter().enumerate() {
            let free = taken.get(at).is_some_and(Option::is_none);
            let Some(key) = pattern.key(arrival).filter(|_| free) else {
                continue;
            };
            let joined = open.iter().position(|burst| {
                let apart = arrival.at.saturating_sub(burst.last);
                burst.pattern == pattern && burst.key == key && apart.saturating_abs() < within
            });
            let window = windows.entry(key).or_default();
            let (burst, together) = match joined {
                Some(burst) => (burst, vec![at]),
                None => {
                    window.push_back((at, arrival.at));
                    while window
                        .front()
                        .is_some_and(|(_, first)| arrival.at - first >= within)
                    {
                        window.pop_front();
                    }
                    if window.len() <= limit.more_than {
                        continue;
                    }
                    open.push(Open {
                        number: next,
                        pattern,
                        key: key.to_owned(),
                        last: arrival.at,
                    });
                    next += 1;
                    (open.len() - 1, window.drain(..).map(|(at, _)| at).collect())
                }
            };
            for member in together {
                if let Some(slot) = taken.get_mut(member) {
                    *slot = Some(burst);
                }
            }
            if let Some(burst) = open.get_mut(burst) {
                burst.last = burst.last.max(arrival.at);
            }
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule() -> &'static flags::Quarantine {
        &flags::rule().unwrap().quarantine
    }

    fn found(arrivals: &[Arrival<'_>]) -> Vec<Option<Pattern>> {
        let mut open = Vec::new();
        let taken = bursts(arrivals, &mut open, 1, rule());
        taken.into_iter().map(|at| Some(open.get(at?)?.pattern)).collect()
    }

    /// Arrivals of the whole link at these seconds, with answers of their own.
    fn at_seconds<'a>(seconds: &[i64], answers: &'a [String]) -> Vec<Arrival<'a>> {
        let each = seconds.iter().zip(answers);
        each.map(|(second, answers)| Arrival {
            at: second * 1000,
            device: "",
            answers,
            source: "",
        })
        .collect()
    }

    fn different(count: usize) -> Vec<String> {
        (0..count).map(|n| n.to_string()).collect()
    }

    #[test]
    fn a_burst_is_taken_with_its_first_responses_and_with_what_follows_it() {
        let answers = different(20);
        // One an hour before, eleven within a minute, one within a minute of the last, and one an hour later.
        let mut seconds = vec![0];
        seconds.extend((0..11).map(|n| 3600 + 5 * n));
        seconds.extend([3709, 7300]);
        let taken = found(&at_seconds(&seconds, &answers));
        assert_eq!(taken[0], None);
        assert!(taken[1..13].iter().all(|taken| *taken == Some(Pattern::Rate)));
        assert_eq!(taken[13], None);
        // Ten within a minute are none, nor are eleven within exactly a minute.
        assert!(
            found(&at_seconds(&seconds[1..11], &answers))
                .iter()
                .all(Option::is_none)
        );
        let slow: Vec<i64> = (0..11).map(|n| 6 * n).collect();
        assert!(found(&at_seconds(&slow, &answers)).iter().all(Option::is_none));
    }

    #[test]
    fn one_device_and_the_same_answers_are_found_among_others_at_a_slow_pace() {
        let answers = different(40);
        let mut arrivals = at_seconds(&(0..40).map(|n| 20 * n).collect::<Vec<_>>(), &answers);
        for (n, arrival) in arrivals.iter_mut().enumerate() {
            if n % 4 == 0 {
                arrival.device = "ab";
            }
            if n % 2 == 1 && n < 30 {
                arrival.answers = "111";
            }
        }
        let taken = found(&arrivals);
        for (n, taken) in taken.into_iter().enumerate() {
            let expected = match n {
                _ if n % 4 == 0 => Some(Pattern::Device),
                _ if n % 2 == 1 && n < 30 => Some(Pattern::Answers),
                _ => None,
            };
            assert_eq!(taken, expected, "{n}");
        }
    }

    #[test]
    fn what_waits_of_one_network_is_bounded() {
        let answers = different(120);
        let mut arrivals = at_seconds(&(0..120).map(|n| 3600 * n).collect::<Vec<_>>(), &answers);
        assert!(found(&arrivals[..100]).iter().all(Option::is_none));
        let taken = found(&arrivals);
        assert!(taken.iter().all(|taken| *taken == Some(Pattern::Source)));
        for (n, arrival) in arrivals.iter_mut().enumerate() {
            arrival.source = ["", "0a", "0b"][n % 3];
        }
        assert!(found(&arrivals).iter().all(Option::is_none));
    }

    #[test]
    fn a_later_response_joins_an_open_quarantine_and_no_decided_one() {
        let answers = different(1);
        let arrivals = at_seconds(&[59], &answers);
        let mut open = vec![Open {
            number: 7,
            pattern: Pattern::Rate,
            key: String::new(),
            last: 0,
        }];
        assert_eq!(bursts(&arrivals, &mut open, 8, rule()), [Some(0)]);
        assert_eq!((open.len(), open[0].last), (1, 59_000));
        assert_eq!(bursts(&arrivals, &mut Vec::new(), 8, rule()), [None]);
    }

    /// Gaps in milliseconds, devices and answers of arrivals.
    fn streams() -> impl Strategy<Value = Vec<(i64, u8, u8)>> {
        let gap = prop_oneof![3 => 0..2_000_i64, 2 => 2_000..20_000_i64, 1 => 20_000..900_000_i64];
        prop::collection::vec((gap, 0..4_u8, 0..6_u8), 0..120)
    }

    proptest! {
        #[test]
        fn the_same_responses_are_taken_however_they_are_counted_together(
            stream in streams(),
            cuts in prop::collection::vec(1..9_usize, 0..60),
        ) {
            let all: Vec<(i64, String, String)> = stream
                .iter()
                .scan(0, |at, (gap, device, answers)| {
                    *at += gap;
                    let device = if *device == 0 { String::new() } else { device.to_string() };
                    Some((*at, device, answers.to_string()))
                })
                .collect();
            let of = |list: &[(i64, String, String)], open: &mut Vec<Open>| {
                let list: Vec<Arrival<'_>> = list
                    .iter()
                    .map(|(at, device, answers)| Arrival { at: *at, device, answers, source: "" })
                    .collect();
                bursts(&list, open, 1, &only_rate())
            };
            let mut open = Vec::new();
            let whole = of(&all, &mut open);
            // Counted in parts: what is not taken waits, and is judged again with what comes later.
            let mut open = Vec::new();
            let (mut waiting, mut from): (Vec<usize>, usize) = (Vec::new(), 0);
            let mut parts = vec![false; all.len()];
            for cut in cuts.into_iter().chain([all.len()]) {
                let until = all.len().min(from + cut);
                waiting.extend(from..until);
                from = until;
                let list: Vec<_> = waiting.iter().map(|n| all[*n].clone()).collect();
                let taken = of(&list, &mut open);
                let mut taken = taken.into_iter();
                waiting.retain(|n| {
                    parts[*n] = taken.next().flatten().is_some();
                    !parts[*n]
                });
            }
            let whole: Vec<bool> = whole.iter().map(Option::is_some).collect();
            prop_assert_eq!(parts, whole);
        }

        #[test]
        fn every_burst_is_larger_than_its_limit_and_what_is_left_is_within_it(stream in streams()) {
            let mut at = 0;
            let texts: Vec<(String, String)> = stream.iter().map(|(_, d, a)| (d.to_string(), a.to_string())).collect();
            let arrivals: Vec<Arrival<'_>> = stream
                .iter()
                .zip(&texts)
                .map(|((gap, ..), (device, answers))| {
                    at += gap;
                    Arrival { at, device, answers, source: "" }
                })
                .collect();
            let mut open = Vec::new();
            let taken = bursts(&arrivals, &mut open, 1, rule());
            for (n, burst) in open.iter().enumerate() {
                let size = taken.iter().filter(|taken| **taken == Some(n)).count();
                prop_assert!(size > burst.pattern.limit(rule()).more_than);
            }
            for pattern in Pattern::ALL {
                let limit = pattern.limit(rule());
                let left = arrivals.iter().zip(&taken).filter(|(_, taken)| taken.is_none()).map(|(a, _)| a);
                let left: Vec<_> = left.collect();
                for first in &left {
                    let near = left.iter().filter(|a| {
                        pattern.key(a) == pattern.key(first)
                            && (first.at..first.at + limit.within_seconds * 1000).contains(&a.at)
                    });
                    prop_assert!(near.count() <= limit.more_than);
                }
            }
        }
    }

    /// A rule by which only the rate of the whole link matters, so that no pattern takes what another one would need.
    fn only_rate() -> flags::Quarantine {
        let never = |limit: &Limit| Limit {
            more_than: usize::MAX,
            ..limit.clone()
        };
        flags::Quarantine {
            rate: rule().rate.clone(),
            device: never(&rule().device),
            pattern: never(&rule().pattern),
            source: never(&rule().source),
        }
    }
}
