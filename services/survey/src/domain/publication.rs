//! The publication of a result: its first day and its media.

use std::{collections::BTreeSet, sync::LazyLock};

use chrono::NaiveDate;
use prima_platform::{
    failure::Violation,
    request::{
        self, Faults, shown,
        text::{self, Text},
    },
};
use serde::{Deserialize, Serialize};

/// Most media of one request.
const MEDIA_MAX: usize = 50;
/// Most media of one result; all of them are part of its event.
const MEDIA_TOTAL: usize = 200;
const DESCRIPTION: Text = Text::line("Keterangan", 0, 200);

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    serde_json::from_str::<File>(include_str!("publication/media.json"))
        .map(|file| file.kinds)
        .unwrap_or_default()
});

#[derive(Deserialize)]
struct File {
    kinds: Vec<Kind>,
}

/// A kind of medium (PermenPANRB 29/2022, indicators 6 and 7).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Kind {
    /// Stable key, such as `situs-web`.
    pub key: String,
    /// Official name, in Indonesian.
    pub name: String,
    /// Whether it is electronic.
    pub electronic: bool,
    /// Whether a link must be given.
    pub link_required: bool,
}

/// The kind with this key.
pub fn kind(key: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.key == key)
}

/// One medium in which a result was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// Key of its kind.
    pub kind: String,
    /// Link; may be empty.
    pub link: String,
    /// Description; may be empty.
    pub description: String,
}

impl Medium {
    /// Whether it is electronic.
    pub fn electronic(&self) -> bool {
        kind(&self.kind).is_some_and(|k| k.electronic)
    }
}

/// The publication of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// First day of publication.
    pub date: NaiveDate,
    /// Media in the order in which they were recorded, each kind and link once.
    pub media: Vec<Medium>,
}

impl Publication {
    /// Number of distinct kinds among the media.
    pub fn kinds(&self) -> usize {
        self.media.iter().map(|m| &m.kind).collect::<BTreeSet<_>>().len()
    }

    /// Adds `new` to the recorded publication: the earlier day is kept, new media are added, and a new description of a medium
    /// replaces its old one.
    ///
    /// # Errors
    ///
    /// There would be more than 200 media.
    pub fn merge(before: Option<Self>, new: Self) -> Result<Self, Vec<Violation>> {
        let mut merged = before.unwrap_or(Self {
            date: new.date,
            media: Vec::new(),
        });
        merged.date = merged.date.min(new.date);
        for medium in new.media {
            let same = |m: &&mut Medium| m.kind == medium.kind && m.link == medium.link;
            match merged.media.iter_mut().find(same) {
                Some(_) if medium.description.is_empty() => {}
                Some(known) => known.description = medium.description,
                None => merged.media.push(medium),
            }
        }
        if merged.media.len() > MEDIA_TOTAL {
            return Err(vec![Violation::new(
                "media",
                format!("a result has at most {MEDIA_TOTAL} media"),
                format!("Satu hasil memuat paling banyak {MEDIA_TOTAL} media"),
            )]);
        }
        Ok(merged)
    }
}

/// An unchecked publication.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Day as text; an empty text means today.
    pub date: String,
    /// Media.
    pub media: Vec<Medium>,
}

/// Checks a draft on the day `today`, also against the day on which the survey `closed` when it is given.
///
/// # Errors
///
/// Every fault, each with the path of its field in `PublishResultRequest`.
pub fn check(
    draft: &Draft,
    closed: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<Publication, Vec<Violation>> {
    let mut faults = Faults::default();
    let date = request::optional(&draft.date, |raw| request::past_day("publish_date", raw, today));
    let date = faults.take(date).map(|given| given.unwrap_or(today));
    if let (Some(date), Some(closed)) = (date, closed)
        && date < closed
    {
        faults.add(
            "publish_date",
            format!("must not be before {closed}, when the survey closed"),
            format!("Tanggal publikasi tidak boleh sebelum survei ditutup ({closed})"),
        );
    }
    if !(1..=MEDIA_MAX).contains(&draft.media.len()) {
        faults.add(
            "media",
            format!("must be 1 to {MEDIA_MAX}"),
            format!("Jumlah media harus 1 sampai {MEDIA_MAX}"),
        );
    }
    let media: Vec<Medium> = (0..)
        .zip(&draft.media)
        .take(MEDIA_MAX)
        .map(|(n, m)| medium(n, m, &mut faults))
        .collect();
    faults.part(Publication {
        date: date.unwrap_or(today),
        media,
    })
}

fn medium(n: usize, raw: &Medium, faults: &mut Faults) -> Medium {
    let known = kind(&raw.kind);
    if known.is_none() {
        let keys: Vec<&str> = KINDS.iter().map(|k| k.key.as_str()).collect();
        let (kind, keys) = (shown(&raw.kind), keys.join(", "));
        faults.add(
            format!("media[{n}].kind"),
            format!("`{kind}` is unknown; it must be one of {keys}"),
            format!("`{kind}` tidak dikenal; pilih salah satu dari {keys}"),
        );
    }
    let field = format!("media[{n}].link");
    let link = faults.take(text::link(&field, &raw.link));
    if known.is_some_and(|k| k.link_required) && link.as_deref() == Some("") {
        faults.add(
            field,
            "is required for this kind",
            "Tautan wajib diisi untuk jenis media ini",
        );
    }
    let description = DESCRIPTION.check(&format!("media[{n}].description"), &raw.description);
    Medium {
        kind: raw.kind.clone(),
        link: link.unwrap_or_default(),
        description: faults.or_default(description),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn on(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn medium(kind: &str, link: &str) -> Medium {
        Medium {
            kind: kind.into(),
            link: link.into(),
            description: String::new(),
        }
    }

    fn fields(draft: &Draft, closed: &str, today: &str) -> Vec<String> {
        let faults = check(draft, Some(on(closed)), on(today)).unwrap_err();
        faults.into_iter().map(|f| f.field).collect()
    }

    #[test]
    fn two_kinds_are_not_electronic_and_five_are() {
        let (electronic, not): (Vec<&Kind>, Vec<&Kind>) = KINDS.iter().partition(|k| k.electronic);
        let keys = |kinds: Vec<&Kind>| kinds.iter().map(|k| k.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(not), ["papan-pengumuman", "media-cetak"]);
        assert_eq!(
            keys(electronic),
            [
                "media-elektronik",
                "media-sosial",
                "situs-web",
                "aplikasi",
                "videotron"
            ]
        );
    }

    #[test]
    fn a_publication_without_a_day_is_dated_today() {
        let draft = Draft {
            date: String::new(),
            media: vec![medium("papan-pengumuman", "")],
        };
        let read = check(&draft, Some(on("2024-12-01")), on("2024-12-02")).unwrap();
        assert_eq!(read.date, on("2024-12-02"));
    }

    #[test]
    fn the_day_is_from_the_closing_until_today() {
        let draft = |date: &str| Draft {
            date: date.into(),
            media: vec![medium("videotron", "")],
        };
        for good in ["2024-12-01", "2024-12-02"] {
            assert!(check(&draft(good), Some(on("2024-12-01")), on("2024-12-02")).is_ok());
        }
        for bad in ["2024-11-30", "2024-12-03", "2024-12", "x"] {
            assert_eq!(
                fields(&draft(bad), "2024-12-01", "2024-12-02"),
                ["publish_date"],
                "{bad}"
            );
        }
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let long = Medium {
            description: "x".repeat(201),
            ..medium("videotron", "ftp://a.id")
        };
        let draft = Draft {
            date: "2024-11-30".into(),
            media: vec![
                medium("radio", ""),
                medium("situs-web", " "),
                medium("media-sosial", "a.id"),
                long,
            ],
        };
        assert_eq!(
            fields(&draft, "2024-12-01", "2024-12-02"),
            [
                "publish_date",
                "media[0].kind",
                "media[1].link",
                "media[2].link",
                "media[3].link",
                "media[3].description"
            ]
        );
        assert_eq!(fields(&Draft::default(), "2024-12-01", "2024-12-02"), ["media"]);
        let many = Draft {
            date: String::new(),
            media: vec![medium("videotron", ""); 51],
        };
        assert_eq!(fields(&many, "2024-12-01", "2024-12-02"), ["media"]);
    }

    #[test]
    fn a_result_has_at_most_200_media() {
        let of = |from: usize| Publication {
            date: on("2024-12-01"),
            media: (from..from + 50)
                .map(|n| medium("situs-web", &format!("https://a.id/{n}")))
                .collect(),
        };
        let mut all = None;
        for from in [0, 50, 100, 150, 150] {
            all = Some(Publication::merge(all, of(from)).unwrap());
        }
        assert_eq!(all.as_ref().map(|p| p.media.len()), Some(200));
        assert_eq!(
            Publication::merge(all, of(200))
                .unwrap_err()
                .first()
                .unwrap()
                .field,
            "media"
        );
    }

    proptest! {
        #[test]
        fn the_earliest_day_is_kept_and_each_medium_is_stored_once(
            calls in prop::collection::vec((0..40u32, prop::collection::vec((0..3usize, 0..3u8), 1..4)), 1..6)
        ) {
            let mut kept = None;
            for (day, media) in &calls {
                let new = Publication {
                    date: on("2024-01-01") + chrono::Days::new(u64::from(*day)),
                    media: media.iter().map(|(kind, link)| {
                        medium(&KINDS[*kind].key, &format!("https://a.id/{link}"))
                    }).collect(),
                };
                kept = Some(Publication::merge(kept, new).unwrap());
            }
            let kept = kept.unwrap();
            let first = calls.iter().map(|(day, _)| *day).min().unwrap();
            prop_assert_eq!(kept.date, on("2024-01-01") + chrono::Days::new(u64::from(first)));
            let sent: BTreeSet<_> = calls.iter().flat_map(|(_, m)| m.clone()).collect();
            prop_assert_eq!(kept.media.len(), sent.len());
            let kinds: BTreeSet<_> = sent.iter().map(|(kind, _)| *kind).collect();
            prop_assert_eq!(kept.kinds(), kinds.len());
        }
    }
}
