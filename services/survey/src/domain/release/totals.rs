//! Which totals of a survey may have been shown while it was open: a sum of groups that differs from one of them by few people
//! is an equation between these people.

/// Most ranges that are kept.
const KEPT: usize = 256;
/// Separates the parts of the text, and the ranges; no part contains one.
const PART: char = ';';
const RANGE: char = ' ';
/// Separates the numbers of a range.
const NUMBER: char = ':';

/// The totals that were shown, in order. Each has the first ones of those who can send one response and the first ones of those
/// who came through the open link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Whether figures were shown of which nothing is known.
    pub unknown: bool,
    /// Whether these are more totals than were shown, as there were too many to keep each.
    pub coarse: bool,
    /// Number of counted responses after the last change.
    counted: i64,
    /// Number of people in the last total who can send one response, and of those who came through the open link.
    own: i64,
    link: i64,
    /// Number of those who wait in front of others who are in the last total: of rows that were stored together, most are
    /// released at once.
    behind: i64,
    /// Number of people who were in totals and were voided since.
    voided: i64,
    ranges: Vec<Range>,
}

/// Totals at regular distances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Range {
    /// People of the first and of the last of these totals who can send one response, and the distance of the totals.
    from: i64,
    to: i64,
    step: i64,
    /// People of each who came through the open link.
    link: i64,
    /// Of these people as many are not in the total; it is not known who.
    missing: i64,
    /// The total may have so many of the last people fewer.
    fewer: i64,
}

/// One total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// It has the first so many of those who can send one response.
    pub own: usize,
    /// And the first so many of those who came through the open link.
    pub link: usize,
    /// Without so many of them; it is not known who.
    pub missing: usize,
    /// It may have so many of the last ones of both fewer.
    pub fewer: usize,
}

impl Total {
    /// Whether it is known who is in it.
    pub fn is_exact(&self) -> bool {
        self.missing == 0 && self.fewer == 0
    }
}

/// People who move into the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moving {
    /// Those who can send one response.
    pub own: usize,
    /// Those who came through the open link.
    pub link: usize,
    /// Those who move out of it.
    pub voided: usize,
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl Totals {
    /// Before the first change, when so many people are in the total already.
    pub fn begin(released: i64, counted: i64) -> Self {
        Self {
            unknown: released > 0,
            counted,
            ..Self::default()
        }
    }

    /// Whether responses were counted by someone who keeps no totals.
    pub fn counted_elsewhere(&self, counted: i64) -> bool {
        self.counted != counted
    }

    /// People move into the total; those who wait move in order.
    pub fn advance(&mut self, moving: Moving) {
        self.own += signed(moving.own);
        self.link += signed(moving.link);
        self.behind = (self.behind - signed(moving.own)).max(0);
        if moving.voided > 0 {
            self.voided += signed(moving.voided);
            for range in &mut self.ranges {
                range.fewer += signed(moving.voided);
            }
        }
    }

    /// So many wait who were stored together with others who are in the total.
    pub fn left_behind(&mut self, waiting: usize) {
        self.behind = signed(waiting);
    }

    /// The one who waits at this place in the order, from 0, is voided.
    pub fn taken(&mut self, place: usize) {
        if signed(place) < self.behind {
            self.behind -= 1;
        }
    }

    /// After a change to so many counted responses; the total is `shown` or not.
    pub fn end(&mut self, counted: i64, shown: bool) {
        self.counted = counted;
        if !shown || self.unknown {
            return;
        }
        let new = Range {
            from: self.own + self.behind,
            to: self.own + self.behind,
            step: 0,
            link: self.link,
            missing: self.behind,
            fewer: self.voided,
        };
        if let Some(last) = self.ranges.last_mut() {
            let like = |range: &Range| (range.link, range.missing, range.fewer);
            let step = new.to - last.to;
            if like(last) == like(&new) && (step == 0 || last.step == 0 || last.step == step) {
                last.step = if step == 0 { last.step } else { step };
                last.to = new.to;
                return;
            }
        }
        self.ranges.push(new);
        if self.ranges.len() > KEPT {
            self.coarsen();
        }
    }

    /// Makes one range of the first two, with all totals of both.
    fn coarsen(&mut self) {
        self.coarse = true;
        let first = self.ranges.remove(0);
        if let Some(next) = self.ranges.first_mut() {
            next.step = gcd(gcd(first.step, next.step), next.from - first.to);
            next.from = first.from;
            next.missing = next.missing.max(first.missing);
            next.fewer = next.fewer.max(first.fewer) + next.link - first.link;
        }
    }

    /// The totals that may have been shown, by the number of those who can send one response. Of a survey of which nothing is
    /// known they are those of the first ones of `people`, however many these are.
    pub fn list(&self, people: usize) -> Vec<Total> {
        let mut list = Vec::new();
        if self.unknown {
            list.extend((1..=people).map(|own| Total {
                own,
                link: 0,
                missing: 0,
                fewer: 1,
            }));
            return list;
        }
        let count = |n: i64| usize::try_from(n).unwrap_or_default();
        for range in &self.ranges {
            let mut own = range.from;
            loop {
                list.push(Total {
                    own: count(own),
                    link: count(range.link),
                    missing: count(range.missing),
                    fewer: count(range.fewer),
                });
                if own >= range.to || range.step == 0 {
                    break;
                }
                own += range.step;
            }
        }
        list
    }

    /// The text that is stored.
    pub fn text(&self) -> String {
        let flag = |set: bool| i64::from(set);
        let head = [
            flag(self.unknown),
            flag(self.coarse),
            self.counted,
            self.own,
            self.link,
            self.behind,
            self.voided,
        ];
        let head = head.map(|number| number.to_string()).join(&PART.to_string());
        let ranges: Vec<String> = self.ranges.iter().map(Range::text).collect();
        format!("{head}{PART}{}", ranges.join(&RANGE.to_string()))
    }

    /// Parses a text of [`Self::text`].
    pub fn parse(text: &str) -> Option<Self> {
        let (head, ranges) = text.rsplit_once(PART)?;
        let head: Option<Vec<i64>> = head.split(PART).map(|number| number.parse().ok()).collect();
        let [unknown, coarse, counted, own, link, behind, voided] = head?.try_into().ok()?;
        let ranges = ranges.split(RANGE).filter(|range| !range.is_empty());
        Some(Self {
            unknown: unknown == 1,
            coarse: coarse == 1,
            counted,
            own,
            link,
            behind,
            voided,
            ranges: ranges.map(Range::parse).collect::<Option<_>>()?,
        })
    }
}

impl Range {
    fn text(&self) -> String {
        let Self {
            from, to, step, link, ..
        } = self;
        let (missing, fewer) = (self.missing, self.fewer);
        let numbers = [*from, *to, *step, *link, missing, fewer];
        // Most of them end with zeros.
        let length = numbers
            .iter()
            .rposition(|number| *number != 0)
            .map_or(0, |at| at + 1);
        let numbers = numbers.iter().take(length).map(i64::to_string);
        numbers.collect::<Vec<_>>().join(&NUMBER.to_string())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 6];
        let mut given = text.split(NUMBER);
        for (number, text) in numbers.iter_mut().zip(given.by_ref()) {
            *number = text.parse().ok()?;
        }
        let [from, to, step, link, missing, fewer] = numbers;
        given.next().is_none().then_some(Self {
            from,
            to,
            step,
            link,
            missing,
            fewer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(totals: &Totals) -> Vec<usize> {
        totals.list(0).iter().map(|total| total.own).collect()
    }

    /// Moves these numbers of people into the total, and shows each.
    fn shown(steps: &[usize]) -> Totals {
        let (mut totals, mut counted) = (Totals::begin(0, 0), 0);
        for step in steps {
            totals.advance(Moving {
                own: *step,
                ..Moving::default()
            });
            counted += i64::try_from(*step).unwrap();
            totals.end(counted, true);
        }
        totals
    }

    #[test]
    fn totals_at_regular_distances_are_one_range() {
        let totals = shown(&[5; 400]);
        assert_eq!(own(&totals), (1..=400).map(|n| n * 5).collect::<Vec<_>>());
        assert_eq!(totals.text(), "0;0;2000;2000;0;0;0;5:2000:5");
        assert_eq!(Totals::parse(&totals.text()), Some(totals));
        let mixed = shown(&[29, 5, 5, 9, 5, 0, 5]);
        assert_eq!(own(&mixed), [29, 34, 39, 48, 53, 58]);
        assert_eq!(Totals::parse(&mixed.text()), Some(mixed));
    }

    #[test]
    fn more_totals_than_are_kept_are_among_those_that_are_listed() {
        let steps: Vec<usize> = (0..3000).map(|n| 5 + n % 7).collect();
        let totals = shown(&steps);
        assert!(totals.coarse && totals.ranges.len() == KEPT);
        let listed: std::collections::BTreeSet<usize> = own(&totals).into_iter().collect();
        let mut sum = 0;
        for step in steps {
            sum += step;
            assert!(listed.contains(&sum), "{sum} was shown");
        }
    }

    #[test]
    fn a_total_without_rows_in_the_middle_says_how_many_are_missing() {
        let mut totals = shown(&[5]);
        totals.advance(Moving {
            own: 95,
            ..Moving::default()
        });
        totals.left_behind(5);
        totals.end(105, true);
        let last = *totals.list(0).last().unwrap();
        assert_eq!((last.own, last.missing, last.is_exact()), (105, 5, false));
        totals.taken(2);
        totals.taken(4);
        totals.advance(Moving {
            own: 4,
            ..Moving::default()
        });
        totals.end(104, true);
        let last = *totals.list(0).last().unwrap();
        assert_eq!((last.own, last.missing, last.is_exact()), (104, 0, true));
    }
}
