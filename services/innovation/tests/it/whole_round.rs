//! A whole round of the size of 2022, with the counts of 2022 at each stage (`tests/data/innovation.json`).

use futures::{StreamExt, stream};
use prima_platform::testing::served::{Options, Place};
use prima_proto::{
    event::v1::InnovationPortfolioState,
    innovation::v1::{self, ReviewDecision, innovation_service_client::InnovationServiceClient},
};
use sea_orm::ConnectionTrait;
use tonic::{Code, service::Routes};

use crate::fixture::*;

type Client = InnovationServiceClient<Routes>;

/// Number of concurrent calls.
const AT_ONCE: usize = 8;

/// The intended result of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is never submitted.
    Lapses,
    /// It is rejected for a failed rule.
    Fails(&'static str),
    /// It is rejected for a cause of the ministry.
    OffTheme,
    /// It is assessed.
    Competes,
}

#[derive(Debug, Clone)]
struct Proposal {
    number: usize,
    special: bool,
    fate: Fate,
    entry: String,
}

impl Proposal {
    /// A pseudo-random number that is the same in every run.
    fn dice(&self, salt: usize, sides: usize) -> usize {
        let mut value = (self.number * 31 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        value ^= value >> 29;
        value = value.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (value ^ (value >> 32)) % sides
    }

    /// Text that hardly any other proposal has.
    fn text(&self, salt: usize, words: usize) -> String {
        const SYLLABLES: [&str; 16] = [
            "ba", "cu", "di", "ga", "ja", "ka", "la", "mu", "na", "pa", "ra", "si", "ta", "wa", "yu", "ke",
        ];
        let syllable = |n: usize| SYLLABLES[self.dice(salt + n, SYLLABLES.len())];
        let word = |n: usize| (0..3).map(|k| syllable(n * 3 + k)).collect::<String>();
        (0..words).map(word).collect::<Vec<_>>().join(" ")
    }

    fn id(&self) -> String {
        format!("i{:04}", self.number)
    }
}

const FAULTS: [Fate; 7] = [
    Fate::Fails("min-age"),
    Fate::Fails("complete"),
    Fate::Fails("word-limits"),
    Fate::Fails("no-filler"),
    Fate::Fails("one-category"),
    Fate::Fails("implemented"),
    Fate::OffTheme,
];

/// The numbers of proposals at each stage.
struct Sizes {
    in_application: usize,
    submitted: [usize; 2],
    passed: [usize; 2],
    finalists: [usize; 2],
}

impl Sizes {
    /// The numbers of 2022 divided by `share`, of the general and the special group. The number of finalists stays.
    fn of_2022(share: usize) -> Self {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../data/innovation.json")).unwrap();
        let funnel = &golden["funnel_2022"];
        let n = |value: &serde_json::Value| usize::try_from(value.as_u64().unwrap()).unwrap();
        let groups = |stage: &str| ["general", "special"].map(|group| n(&funnel[stage][group]));
        let passed = groups("passed_administration").map(|n| n / share);
        let [general, special] = groups("finalists");
        Self {
            in_application: n(&funnel["in_application"]) / share,
            submitted: groups("submitted").map(|n| n / share),
            passed,
            finalists: [general.min(passed[0]), special.min(passed[1])],
        }
    }

    fn field(&self) -> Vec<Proposal> {
        let mut field = Vec::new();
        let mut add = |count: usize, special: bool, fate: &dyn Fn(usize) -> Fate| {
            for k in 0..count {
                let number = field.len();
                field.push(Proposal {
                    number,
                    special,
                    fate: fate(k),
                    entry: String::new(),
                });
            }
        };
        for (special, group) in [(false, 0), (true, 1)] {
            add(self.passed[group], special, &|_| Fate::Competes);
            add(self.submitted[group] - self.passed[group], special, &|k| {
                FAULTS[k % FAULTS.len()]
            });
        }
        let lapsed = self.in_application - self.submitted.iter().sum::<usize>();
        add(lapsed, false, &|_| Fate::Lapses);
        field
    }
}

/// Runs `work` for each of `items`, some concurrently, and returns the results in order.
async fn each<'a, T, R>(items: &'a [T], client: &Client, work: impl AsyncFn(Client, &'a T) -> R) -> Vec<R> {
    let work = &work;
    stream::iter(items)
        .map(|item| work(client.clone(), item))
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn enter(mut client: Client, proposal: &Proposal) -> String {
    let id = proposal.id();
    let mut new = innovation(&id);
    new.parent = format!(
        "agencies/{}/units/u{}",
        3201 + proposal.number % 500,
        proposal.number % 3
    );
    let given = new.innovation.as_mut().unwrap();
    given.title = proposal.text(100, 5);
    given.description = proposal.text(200, 30);
    match proposal.fate {
        Fate::Fails("min-age") => given.start_date = "2021-06-01".into(),
        Fate::Fails("implemented") => {
            given.status = v1::InnovationStatus::Stopped.into();
            given.stop_date = "2022-01-31".into();
        }
        _ => {}
    }
    if proposal.special {
        given.former_awards = vec![v1::Award {
            year: 2019,
            award: "top-45".into(),
            round: String::new(),
        }];
    }
    let made = client
        .register_innovation(ministry(new))
        .await
        .unwrap()
        .into_inner();
    let mut new = entry("kipp", &made.innovation.unwrap().name);
    let given = new.entry.as_mut().unwrap();
    given.group = if proposal.special { "khusus" } else { "umum" }.into();
    match proposal.fate {
        Fate::Fails("complete") => given.documents.clear(),
        Fate::Fails("no-filler") => given.answers[3].text = "lihat lampiran".into(),
        Fate::Fails("one-category") => given.category = String::new(),
        Fate::Fails("word-limits") => {
            let long: Vec<String> = (0..201).map(|n| format!("kata{n}")).collect();
            given.answers[0].text = long.join(" ");
        }
        _ => {}
    }
    client
        .enter_round(ministry(new))
        .await
        .unwrap()
        .into_inner()
        .entry
        .unwrap()
        .name
}

async fn submit(mut client: Client, proposal: &Proposal) {
    let steps: &[ReviewDecision] = match (proposal.fate, proposal.number % 3) {
        (Fate::Lapses, 0) => &[],
        (Fate::Lapses, 1) => &[ReviewDecision::HandIn],
        (Fate::Lapses, _) => &[ReviewDecision::HandIn, ReviewDecision::Return],
        _ => &[ReviewDecision::HandIn, ReviewDecision::Submit],
    };
    for step in steps {
        client
            .review_entry(ministry(review(&proposal.entry, *step)))
            .await
            .unwrap();
    }
}

async fn screen(mut client: Client, proposal: &Proposal) {
    match proposal.fate {
        Fate::Lapses => {}
        Fate::Competes => {
            let pass = review(&proposal.entry, ReviewDecision::Pass);
            client.review_entry(ministry(pass)).await.unwrap();
        }
        Fate::OffTheme => {
            let mut reject = review(&proposal.entry, ReviewDecision::Reject);
            reject.causes = vec!["tema".into()];
            let rejected = client.review_entry(ministry(reject)).await.unwrap().into_inner();
            assert_eq!(rejected.entry.unwrap().causes, ["tema"]);
        }
        Fate::Fails(rule) => {
            let pass = client
                .review_entry(ministry(review(&proposal.entry, ReviewDecision::Pass)))
                .await;
            assert_eq!(
                fields(&refused(pass, Code::FailedPrecondition, "NOT_ELIGIBLE")),
                [rule]
            );
            let reject = review(&proposal.entry, ReviewDecision::Reject);
            let rejected = client.review_entry(ministry(reject)).await.unwrap().into_inner();
            assert_eq!(rejected.entry.unwrap().causes, [rule]);
        }
    }
}

/// Three of the fifty evaluators (or one, or the public, when `voices` is 1) score each of `parts`.
async fn assess(mut client: Client, proposal: &Proposal, parts: &[&str], voices: usize) {
    for voice in 0..voices {
        let mut request = score(&proposal.entry, parts, 0);
        let level = proposal.dice(parts.len(), 60) as i32;
        for (k, part) in request.parts.iter_mut().enumerate() {
            part.points = level + proposal.dice(k + 10, 30) as i32 + proposal.dice(k + 50 + voice, 11) as i32;
        }
        let who = (proposal.number * 3 + voice * 16) % 49;
        client.score_entry(evaluator(who, request)).await.unwrap();
    }
}

/// Asserts the counts of a closed stage, of the general and the special group.
#[track_caller]
fn counted(answer: &v1::AdvanceRoundResponse, entered: [usize; 2], passed: [usize; 2]) {
    let counts: Vec<_> = answer
        .counts
        .iter()
        .map(|c| (c.group.as_str(), c.entered as usize, c.passed as usize))
        .collect();
    assert_eq!(
        counts,
        [("khusus", entered[1], passed[1]), ("umum", entered[0], passed[0])]
    );
}

async fn listed(t: &mut World, state: v1::EntryState) -> Vec<v1::Entry> {
    let mut request = v1::ListEntriesRequest {
        parent: "rounds/kipp".into(),
        page_size: 1000,
        state: state.into(),
        ..Default::default()
    };
    let mut all = Vec::new();
    loop {
        let page = t
            .client
            .list_entries(ministry(request.clone()))
            .await
            .unwrap()
            .into_inner();
        all.extend(page.entries);
        if page.next_page_token.is_empty() {
            return all;
        }
        request.page_token = page.next_page_token;
    }
}

async fn announced(t: &mut World, recompute: bool) -> v1::GetAnnouncementResponse {
    let request = v1::GetAnnouncementRequest {
        name: "rounds/kipp".into(),
        recompute,
    };
    t.client
        .get_announcement(ministry(request))
        .await
        .unwrap()
        .into_inner()
}

/// Opens the round: the template of 2022 with a public vote at the end that has a weight of a third.
async fn open(t: &mut World) {
    let template = t
        .client
        .open_round(ministry(round("contoh")))
        .await
        .unwrap()
        .into_inner();
    let mut rules = template.round.unwrap().rules.unwrap();
    let field_stage = rules.stages.last_mut().unwrap();
    let cuts = std::mem::take(&mut field_stage.cuts);
    field_stage.tie_break.clear();
    let mut basis = std::mem::take(&mut field_stage.basis);
    basis.push(v1::Basis {
        stage: "kebermanfaatan".into(),
        weight: 50,
    });
    rules.stages.push(v1::Stage {
        key: "kebermanfaatan".into(),
        display_name: "Penilaian manfaat oleh masyarakat".into(),
        kind: v1::StageKind::PublicScoring.into(),
        parts: vec![v1::Part {
            key: "manfaat".into(),
            display_name: "Manfaat".into(),
            weight: 100,
            max_words: 0,
        }],
        minimum_scores: 1,
        basis,
        cuts,
        ..Default::default()
    });
    let mut request = round("kipp");
    request.template = String::new();
    request.round.as_mut().unwrap().rules = Some(rules);
    t.client.open_round(ministry(request)).await.unwrap();
}

async fn run(mut t: World, sizes: &Sizes) -> World {
    let mut field = sizes.field();
    let total = field.len();
    open(&mut t).await;
    let entries = each(&field, &t.client, enter).await;
    for (proposal, entry) in field.iter_mut().zip(entries) {
        proposal.entry = entry;
    }
    assert_eq!(usize::try_from(t.count("entry").await).unwrap(), total);
    each(&field, &t.client, submit).await;
    let [submitted, passed] = [sizes.submitted, sizes.passed].map(|n| n.iter().sum::<usize>());
    assert_eq!(listed(&mut t, v1::EntryState::Submitted).await.len(), submitted);

    t.at("2022-06-01T03:00:00Z");
    let closed = t.advance("pengajuan").await.unwrap();
    let entered = [total - sizes.submitted[1], sizes.submitted[1]];
    counted(&closed, entered, sizes.submitted);
    assert_eq!(
        listed(&mut t, v1::EntryState::Lapsed).await.len(),
        total - submitted
    );
    each(&field, &t.client, screen).await;
    let closed = t.advance("seleksi-administrasi").await.unwrap();
    counted(&closed, sizes.submitted, sizes.passed);
    assert_eq!(
        listed(&mut t, v1::EntryState::Rejected).await.len(),
        submitted - passed
    );

    field.retain(|p| p.fate == Fate::Competes);
    assert_eq!(field.len(), passed);
    each(&field, &t.client, async |client, p| {
        assess(client, p, &PARTS, 3).await;
    })
    .await;
    assert_eq!(usize::try_from(t.count("score").await).unwrap(), passed * 3);
    let closed = t.advance("penilaian-proposal").await.unwrap();
    counted(&closed, sizes.passed, sizes.finalists);
    let finalists = listed(&mut t, v1::EntryState::Competing).await;
    let out = passed - finalists.len();
    assert_eq!(listed(&mut t, v1::EntryState::Eliminated).await.len(), out);
    field.retain(|p| finalists.iter().any(|f| f.name == p.entry));
    assert_eq!(field.len(), sizes.finalists.iter().sum::<usize>());
    for (stage, parts, voices) in [
        ("presentasi-wawancara", &["presentasi", "wawancara"][..], 3),
        ("verifikasi-lapangan", &["kesesuaian", "dampak"], 1),
        ("kebermanfaatan", &["manfaat"], 2),
    ] {
        refused(
            t.advance(stage).await,
            Code::FailedPrecondition,
            "STAGE_INCOMPLETE",
        );
        each(&field, &t.client, async |client, p| {
            assess(client, p, parts, voices).await
        })
        .await;
        let closed = t.advance(stage).await.unwrap();
        counted(&closed, sizes.finalists, sizes.finalists);
    }
    t
}

async fn announce_and_check(mut t: World, sizes: &Sizes) -> World {
    let none = v1::GetAnnouncementRequest {
        name: "rounds/kipp".into(),
        recompute: false,
    };
    refused(t.client.get_announcement(none).await, Code::NotFound, "NOT_FOUND");
    let first = t
        .client
        .announce_results(ministry(announce()))
        .await
        .unwrap()
        .into_inner();
    let again = t
        .client
        .announce_results(ministry(announce()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    let first = first.announcement.unwrap();
    let text: serde_json::Value = serde_json::from_slice(&first.content).unwrap();
    let winners = |award: &str| {
        let awards = text["awards"].as_array().unwrap();
        let award = awards.iter().find(|a| a["award"] == award).unwrap();
        award["winners"].as_array().unwrap().len()
    };
    let won = ["top-99", "top-15-khusus", "top-45", "outstanding"].map(winners);
    let expected = [sizes.finalists[0], sizes.finalists[1], 45, 5];
    assert_eq!(won, expected);
    assert_eq!(
        usize::try_from(t.count("award").await).unwrap(),
        expected.iter().sum::<usize>()
    );

    // The announcement is recomputed in this process.
    let recomputed = announced(&mut t, true).await;
    assert!(recomputed.reproduced);
    assert_eq!(recomputed.announcement.as_ref(), Some(&first));
    assert_eq!(announced(&mut t, false).await.announcement.as_ref(), Some(&first));

    // The award of a winner is in its entry and in the portfolio of its unit.
    let winner = text["awards"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["award"] == "outstanding")
        .unwrap();
    let winner = &winner["winners"][0];
    let get = v1::GetEntryRequest {
        name: winner["entry"].as_str().unwrap().into(),
    };
    let entry = t
        .client
        .get_entry(ministry(get))
        .await
        .unwrap()
        .into_inner()
        .entry
        .unwrap();
    let keys: Vec<&str> = entry.awards.iter().map(|a| a.award.as_str()).collect();
    assert_eq!(keys, ["outstanding", "top-45", "top-99"]);
    assert_eq!(
        entry.results.last().unwrap().score,
        winner["score"].as_str().unwrap()
    );
    let parts: Vec<&str> = entry.innovation.split('/').collect();
    let subject = format!("prima.innovation.portfolio.{}.{}.2022", parts[1], parts[3]);
    let portfolio = t.staged::<InnovationPortfolioState>(&subject).await.unwrap();
    let facts = portfolio.entries.iter().find(|e| e.name == entry.name).unwrap();
    assert_eq!(facts.awards.len(), 3);
    let days: Vec<&str> = facts.awards.iter().map(|a| a.announce_date.as_str()).collect();
    assert_eq!(days, ["2022-06-01"; 3]);
    assert!(!facts.submit_date.is_empty());
    t
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_3478_proposals_runs_through_every_stage() {
    let sizes = Sizes::of_2022(1);
    assert_eq!(
        (sizes.in_application, sizes.submitted, sizes.passed),
        (3478, [2299, 155], [1776, 141])
    );
    assert_eq!(sizes.finalists, [99, 15]);
    let t = run(World::sqlite().await, &sizes).await;
    assert_eq!(
        (t.count("innovation").await, t.count("entry").await),
        (3478, 3478)
    );
    let mut t = announce_and_check(t, &sizes).await;
    // A copy of the database is read by a process that has computed nothing yet.
    let copy = tempfile::tempdir().unwrap();
    let into = format!("VACUUM INTO '{}/innovation.db'", copy.path().display());
    t.db.writer().execute_unprepared(&into).await.unwrap();
    let mut fresh = World::start(Place::copied(copy), Options::default()).await;
    let again = announced(&mut fresh, true).await;
    assert!(again.reproduced);
    assert_eq!(again.announcement, announced(&mut t, false).await.announcement);

    // A changed score makes the recomputed announcement differ.
    let spoil = "UPDATE score SET points = REPLACE(points, ':', ':1') WHERE stage = 'kebermanfaatan'";
    fresh.db.writer().execute_unprepared(spoil).await.unwrap();
    assert!(!announced(&mut fresh, true).await.reproduced);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenth_of_that_round_does_so_on_postgres() {
    let sizes = Sizes::of_2022(10);
    let mut t = announce_and_check(run(World::postgres().await, &sizes).await, &sizes).await;
    let mut fresh = World::start(t.place.clone(), Options::default()).await;
    let again = announced(&mut fresh, true).await;
    assert!(again.reproduced);
    assert_eq!(again.announcement, announced(&mut t, false).await.announcement);
}
