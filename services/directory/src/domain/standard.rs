//! Service standards (standar pelayanan): UU 25/2009 articles 20 to 22, PermenPANRB 15/2014.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use prima_platform::{
    failure::Violation,
    request::{self, Faults, shown},
};
use prima_proto::name;
use serde::{Deserialize, Serialize};

use super::{
    component,
    medium::{self, Medium},
    text,
};

/// Days of each kind in one standard: all of them stand in the unit's event.
const DAYS_MAX: usize = 100;
const DECREE_MAX: usize = 100;
/// Groups that take part in a public consultation (forum konsultasi publik, PermenPANRB 16/2017).
const GROUPS: [&str; 5] = ["pengguna", "ahli", "instansi", "masyarakat-sipil", "media"];

/// A standard as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standard {
    /// Text of each component that has one, by key.
    pub components: BTreeMap<String, String>,
    /// Enactment (penetapan); `None` while it is a draft.
    pub enactment: Option<Enactment>,
    /// How the public took part.
    pub involvements: Vec<Involvement>,
    /// Monitoring and evaluation.
    pub monitorings: Vec<Act>,
    /// Reviews.
    pub reviews: Vec<Act>,
    /// Keys of the components that are public; of those given.
    pub published: BTreeSet<String>,
    /// Where they are public.
    pub media: Vec<Medium>,
    /// First day on SIPPN.
    pub sippn: Option<NaiveDate>,
}

/// Enactment by the unit head or a higher officer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enactment {
    /// Day.
    pub date: NaiveDate,
    /// Number of the decree.
    pub decree: String,
}

/// One occasion on which the public took part in drafting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Involvement {
    /// Day.
    pub date: NaiveDate,
    /// Groups that took part, each once, in the order given.
    pub groups: Vec<String>,
    /// Link to the record; may be empty.
    pub link: String,
}

/// One act on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Day.
    pub date: NaiveDate,
    /// Link to the record; may be empty.
    pub link: String,
}

/// One revision of the standard of a public service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The public service.
    pub service: name::PublicService,
    /// What it says.
    pub standard: Standard,
    /// Counted from 1.
    pub number: i64,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}

/// What the unit's event tells of a standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Components that have a text.
    pub components: i32,
    /// Components of service delivery that are public.
    pub delivery_published: i32,
    /// Day of enactment.
    pub enacted: Option<NaiveDate>,
    /// Days on which the public took part.
    pub involved: BTreeSet<NaiveDate>,
    /// Groups that took part on any of them.
    pub groups: BTreeSet<String>,
    /// Days of monitoring.
    pub monitored: BTreeSet<NaiveDate>,
    /// Days of review.
    pub reviewed: BTreeSet<NaiveDate>,
    /// Kinds of media with the first day of each.
    pub media: BTreeSet<(String, NaiveDate)>,
    /// First day on SIPPN.
    pub sippn: Option<NaiveDate>,
}

/// A standard as a caller describes it, unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Text of each component by key.
    pub components: BTreeMap<String, String>,
    /// Day of enactment as text; empty while it is a draft.
    pub enact_date: String,
    /// Number of the decree.
    pub decree: String,
    /// Occasions: day, groups, link.
    pub involvements: Vec<(String, Vec<String>, String)>,
    /// Monitorings: day, link.
    pub monitorings: Vec<(String, String)>,
    /// Reviews: day, link.
    pub reviews: Vec<(String, String)>,
    /// Keys of components that are public.
    pub published: Vec<String>,
    /// Where.
    pub media: Vec<medium::Draft>,
    /// First day on SIPPN as text; empty when it is not there.
    pub sippn: String,
}

/// Notes every fault of a draft.
struct Check {
    today: NaiveDate,
    faults: Faults,
}

impl Standard {
    /// Checks a draft on the day `today`.
    ///
    /// # Errors
    ///
    /// Every fault, each with the path of its field in `PublishServiceStandardRequest`.
    pub fn check(draft: &Draft, today: NaiveDate) -> Result<Self, Vec<Violation>> {
        let mut check = Check {
            today,
            faults: Faults::default(),
        };
        let standard = Self {
            components: check.components(&draft.components),
            enactment: check.enactment(&draft.enact_date, &draft.decree),
            involvements: check.involvements(&draft.involvements),
            monitorings: check.acts("standard.monitorings", &draft.monitorings),
            reviews: check.acts("standard.reviews", &draft.reviews),
            published: check.published(&draft.published, &draft.components),
            media: medium::check("standard.media", &draft.media, today, &mut check.faults),
            sippn: check.optional_day("standard.sippn_date", &draft.sippn),
        };
        check.faults.part(standard)
    }

    /// What the unit's event tells of it: no text, no link.
    pub fn facts(&self) -> Facts {
        let delivery = component::all()
            .iter()
            .filter(|c| c.must_publish && self.published.contains(&c.key));
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let days = |acts: &[Act]| acts.iter().map(|a| a.date).collect();
        Facts {
            components: count(self.components.len()),
            delivery_published: count(delivery.count()),
            enacted: self.enactment.as_ref().map(|e| e.date),
            involved: self.involvements.iter().map(|i| i.date).collect(),
            groups: self
                .involvements
                .iter()
                .flat_map(|i| i.groups.iter().cloned())
                .collect(),
            monitored: days(&self.monitorings),
            reviewed: days(&self.reviews),
            media: medium::told(&self.media),
            sippn: self.sippn,
        }
    }
}

impl Check {
    fn optional_day(&mut self, field: &str, raw: &str) -> Option<NaiveDate> {
        let day = request::optional(raw, |raw| request::past_day(field, raw, self.today));
        self.faults.or_default(day)
    }

    fn unknown(&mut self, field: String, key: &str) {
        let key = shown(key);
        self.faults.add(
            field,
            format!("`{key}` is no component of a service standard"),
            format!("`{key}` bukan komponen standar pelayanan"),
        );
    }

    fn components(&mut self, drafts: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        if drafts.is_empty() {
            self.faults.add(
                "standard.components",
                "must hold at least one component",
                "Paling sedikit satu komponen harus diisi",
            );
        }
        let mut components = BTreeMap::new();
        let mut strangers = 0;
        for (key, raw) in drafts {
            let field = format!("standard.components[{}]", shown(key));
            if component::find(key).is_none() {
                // One fault each would let a caller make the answer as long as the request.
                strangers += 1;
                if strangers <= component::all().len() {
                    self.unknown(field, key);
                }
            } else if let Some(text) = self.faults.take(text::BODY.check(&field, raw)) {
                components.insert(key.clone(), text);
            }
        }
        components
    }

    fn enactment(&mut self, date: &str, decree: &str) -> Option<Enactment> {
        let day = self.optional_day("standard.enact_date", date);
        let decree = decree.trim();
        if date.is_empty() && decree.is_empty() {
            return None;
        }
        if date.is_empty() {
            self.faults.add(
                "standard.enact_date",
                "is required with a decree",
                "Tanggal penetapan wajib diisi bila ada nomor surat keputusan",
            );
        }
        if !(1..=DECREE_MAX).contains(&decree.chars().count()) || decree.chars().any(char::is_control) {
            self.faults.add(
                "standard.decree",
                format!("must be 1 to {DECREE_MAX} characters with an enactment, without control characters"),
                format!("Nomor surat keputusan 1 sampai {DECREE_MAX} karakter, tanpa karakter kendali"),
            );
        }
        Some(Enactment {
            date: day?,
            decree: decree.to_owned(),
        })
    }

    fn most<T>(&mut self, field: &str, list: &[T]) {
        if list.len() > DAYS_MAX {
            self.faults.add(
                field,
                format!("must be at most {DAYS_MAX}"),
                format!("Paling banyak {DAYS_MAX} isian"),
            );
        }
    }

    fn act(&mut self, field: &str, date: &str, link: &str) -> Option<Act> {
        let date = request::past_day(&format!("{field}.date"), date, self.today);
        let date = self.faults.take(date);
        let link = self
            .faults
            .take(request::text::link(&format!("{field}.link"), link));
        Some(Act {
            date: date?,
            link: link?,
        })
    }

    fn acts(&mut self, field: &str, drafts: &[(String, String)]) -> Vec<Act> {
        self.most(field, drafts);
        let drafts = drafts.iter().take(DAYS_MAX).enumerate();
        drafts
            .filter_map(|(at, (date, link))| self.act(&format!("{field}[{at}]"), date, link))
            .collect()
    }

    fn involvements(&mut self, drafts: &[(String, Vec<String>, String)]) -> Vec<Involvement> {
        let field = "standard.involvements";
        self.most(field, drafts);
        let mut involvements = Vec::new();
        for (at, (date, groups, link)) in drafts.iter().take(DAYS_MAX).enumerate() {
            let field = format!("{field}[{at}]");
            let act = self.act(&field, date, link);
            let distinct: BTreeSet<&String> = groups.iter().collect();
            let known = groups.iter().all(|g| GROUPS.contains(&g.as_str()));
            if groups.is_empty() || !known || distinct.len() != groups.len() {
                let list = GROUPS.join(", ");
                self.faults.add(
                    format!("{field}.groups"),
                    format!("must name at least one of {list}, each once"),
                    format!("Sebutkan paling sedikit satu dari {list}, masing-masing sekali"),
                );
            }
            if let Some(Act { date, link }) = act {
                involvements.push(Involvement {
                    date,
                    groups: groups.clone(),
                    link,
                });
            }
        }
        involvements
    }

    fn published(&mut self, keys: &[String], given: &BTreeMap<String, String>) -> BTreeSet<String> {
        let mut published = BTreeSet::new();
        for (at, key) in keys.iter().enumerate().take(DAYS_MAX) {
            let field = format!("standard.published_components[{at}]");
            if component::find(key).is_none() {
                self.unknown(field, key);
            } else if !given.contains_key(key) {
                self.faults.add(
                    field,
                    format!("`{key}` is not among the components given"),
                    format!("`{key}` tidak ada di antara komponen yang diisi"),
                );
            } else if !published.insert(key.clone()) {
                self.faults.add(
                    field,
                    format!("`{key}` is named more than once"),
                    format!("`{key}` disebut lebih dari sekali"),
                );
            }
        }
        self.most("standard.published_components", keys);
        published
    }
}
