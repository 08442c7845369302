//! Service standards (standar pelayanan): UU 25/2009 articles 20 to 22, PermenPANRB 15/2014.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use prima_platform::{
    failure::Violation,
    request::{self, Faults, shown},
};
use serde::{Deserialize, Serialize};

use super::{
    component,
    medium::{self, Medium},
    text,
};

/// Most entries in each list of a standard; all of their days are part of the unit's event.
const ENTRIES_MAX: usize = 100;
/// Groups that may take part in a public consultation (forum konsultasi publik, PermenPANRB 16/2017).
const GROUPS: [&str; 5] = ["pengguna", "ahli", "instansi", "masyarakat-sipil", "media"];

/// A checked standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standard {
    /// Text of each component by key; components without a text are left out.
    pub components: BTreeMap<String, String>,
    /// Enactment (penetapan); `None` while it is a draft.
    pub enactment: Option<Enactment>,
    /// Occasions on which the public took part in drafting.
    pub involvements: Vec<Involvement>,
    /// Monitoring and evaluation.
    pub monitorings: Vec<DatedRecord>,
    /// Reviews.
    pub reviews: Vec<DatedRecord>,
    /// Keys of the components that are published, a subset of `components`.
    pub published: BTreeSet<String>,
    /// Media in which they are published.
    pub media: Vec<Medium>,
    /// First day on SIPPN (Sistem Informasi Pelayanan Publik Nasional).
    pub sippn: Option<NaiveDate>,
}

/// Enactment (penetapan) by the unit head or a higher officer.
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

/// A dated record of monitoring or review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedRecord {
    /// Day.
    pub date: NaiveDate,
    /// Link to the record; may be empty.
    pub link: String,
}

/// What the unit's event publishes of a standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Number of components that have a text.
    pub components: i32,
    /// Number of components of service delivery that are published.
    pub delivery_published: i32,
    /// Day of enactment.
    pub enacted: Option<NaiveDate>,
    /// Days on which the public took part.
    pub involved: BTreeSet<NaiveDate>,
    /// Groups that took part on any of these days.
    pub groups: BTreeSet<String>,
    /// Days of monitoring.
    pub monitored: BTreeSet<NaiveDate>,
    /// Days of review.
    pub reviewed: BTreeSet<NaiveDate>,
    /// Kinds of media, each with its first day.
    pub media: BTreeSet<(String, NaiveDate)>,
    /// First day on SIPPN.
    pub sippn: Option<NaiveDate>,
}

/// An unchecked standard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Text of each component by key.
    pub components: BTreeMap<String, String>,
    /// Day of enactment as text; empty while it is a draft.
    pub enact_date: String,
    /// Number of the decree.
    pub decree: String,
    /// Occasions on which the public took part: day, groups, link.
    pub involvements: Vec<(String, Vec<String>, String)>,
    /// Monitorings: day, link.
    pub monitorings: Vec<(String, String)>,
    /// Reviews: day, link.
    pub reviews: Vec<(String, String)>,
    /// Keys of the components that are published.
    pub published: Vec<String>,
    /// Media in which they are published.
    pub media: Vec<medium::Draft>,
    /// First day on SIPPN as text; empty when it is not on SIPPN.
    pub sippn: String,
}

/// Checks a draft and collects every fault.
struct Checker {
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
        let mut check = Checker {
            today,
            faults: Faults::default(),
        };
        let standard = Self {
            components: check.components(&draft.components),
            enactment: check.enactment(&draft.enact_date, &draft.decree),
            involvements: check.involvements(&draft.involvements),
            monitorings: check.records("standard.monitorings", &draft.monitorings),
            reviews: check.records("standard.reviews", &draft.reviews),
            published: check.published(&draft.published, &draft.components),
            media: medium::check("standard.media", &draft.media, today, &mut check.faults),
            sippn: check.optional_day("standard.sippn_date", &draft.sippn),
        };
        check.faults.part(standard)
    }

    /// Whether citizens may hold the unit to it: it is enacted.
    pub fn is_in_force(&self) -> bool {
        self.enactment.is_some()
    }

    /// What the unit's event publishes of it, without its texts and links.
    pub fn facts(&self) -> Facts {
        let delivery = component::all()
            .iter()
            .filter(|c| c.must_publish && self.published.contains(&c.key));
        let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let days = |records: &[DatedRecord]| records.iter().map(|r| r.date).collect();
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
            media: medium::first_days(&self.media),
            sippn: self.sippn,
        }
    }
}

impl Checker {
    fn optional_day(&mut self, field: &str, raw: &str) -> Option<NaiveDate> {
        let day = request::optional(raw, |raw| request::past_day(field, raw, self.today));
        self.faults.or_default(day)
    }

    fn add_unknown(&mut self, field: String, key: &str) {
        let key = shown(key);
        self.faults.add(
            field,
            format!("`{key}` is not a component of a service standard"),
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
        let mut unknown_keys = 0;
        for (key, raw) in drafts {
            let field = format!("standard.components[{}]", shown(key));
            if component::find(key).is_none() {
                // The number of these faults is limited, because the response would otherwise grow with the request.
                unknown_keys += 1;
                if unknown_keys <= component::all().len() {
                    self.add_unknown(field, key);
                }
            } else if let Some(text) = self.faults.take(text::BODY.check(&field, raw)) {
                components.insert(key.clone(), text);
            }
        }
        components
    }

    fn enactment(&mut self, date: &str, decree: &str) -> Option<Enactment> {
        let day = self.optional_day("standard.enact_date", date);
        if date.is_empty() && decree.trim().is_empty() {
            return None;
        }
        if date.is_empty() {
            self.faults.add(
                "standard.enact_date",
                "is required with a decree",
                "Tanggal penetapan wajib diisi bila ada nomor surat keputusan",
            );
        }
        let decree = self.faults.take(text::DECREE.check("standard.decree", decree));
        Some(Enactment {
            date: day?,
            decree: decree?,
        })
    }

    fn check_length<T>(&mut self, field: &str, list: &[T]) {
        if list.len() > ENTRIES_MAX {
            self.faults.add(
                field,
                format!("must be at most {ENTRIES_MAX}"),
                format!("Paling banyak {ENTRIES_MAX} isian"),
            );
        }
    }

    fn record(&mut self, field: &str, date: &str, link: &str) -> Option<DatedRecord> {
        let date = request::past_day(&format!("{field}.date"), date, self.today);
        let date = self.faults.take(date);
        let link = self
            .faults
            .take(request::text::link(&format!("{field}.link"), link));
        Some(DatedRecord {
            date: date?,
            link: link?,
        })
    }

    fn records(&mut self, field: &str, drafts: &[(String, String)]) -> Vec<DatedRecord> {
        self.check_length(field, drafts);
        let drafts = drafts.iter().take(ENTRIES_MAX).enumerate();
        drafts
            .filter_map(|(at, (date, link))| self.record(&format!("{field}[{at}]"), date, link))
            .collect()
    }

    fn involvements(&mut self, drafts: &[(String, Vec<String>, String)]) -> Vec<Involvement> {
        let field = "standard.involvements";
        self.check_length(field, drafts);
        let mut involvements = Vec::new();
        for (at, (date, groups, link)) in drafts.iter().take(ENTRIES_MAX).enumerate() {
            let field = format!("{field}[{at}]");
            let record = self.record(&field, date, link);
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
            if let Some(DatedRecord { date, link }) = record {
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
        for (at, key) in keys.iter().enumerate().take(ENTRIES_MAX) {
            let field = format!("standard.published_components[{at}]");
            if component::find(key).is_none() {
                self.add_unknown(field, key);
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
        self.check_length("standard.published_components", keys);
        published
    }
}
