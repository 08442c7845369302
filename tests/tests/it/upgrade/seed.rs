//! A small country for a fixture: its data of March 2024, and the questions about it.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
};

use prima_tests::sample;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Question, api::Api};

pub const DIRECTORY: &str = "prima.directory.v1.DirectoryService";
pub const SURVEY: &str = "prima.survey.v1.SurveyService";
pub const ACCESS: &str = "prima.survey.v1.AccessService";
pub const INNOVATION: &str = "prima.innovation.v1.InnovationService";
pub const COMPLAINT: &str = "prima.complaint.v1.ComplaintService";
pub const CONSULTATION: &str = "prima.complaint.v1.ConsultationService";
pub const PRIVACY: &str = "prima.complaint.v1.PrivacyService";
pub const SETTINGS: &str = "prima.complaint.v1.SettingsService";
pub const INDEX: &str = "prima.index.v1.IndexService";
pub const ASSESSMENT: &str = "prima.index.v1.AssessmentService";
pub const RANKING: &str = "prima.ranking.v1.RankingService";

pub const HOME: &str = "agencies/3271";
pub const AWAY: &str = "agencies/3273";
pub const UNIT: &str = "agencies/3271/units/dpmptsp";
pub const OTHER: &str = "agencies/3273/units/dpmptsp";
pub const RURAL: &str = "agencies/3201/units/dpmptsp";
pub const HOSPITAL: &str = "agencies/3271/units/rsud";

/// Performs calls, and records the questions to ask afterwards.
pub struct Seed {
    api: RefCell<Option<Api>>,
    next: Cell<usize>,
    pub reads: RefCell<Vec<Question>>,
    /// Calls that change something, even if only a log, or that repeat a request which changed something.
    pub once: RefCell<Vec<Question>>,
}

/// Adds fields to a message.
pub fn with(mut message: Value, more: Value) -> Value {
    let fields = message.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    message
}

async fn called(api: &Api, service: &str, method: &str, request: Value) -> Value {
    let call = format!("{service}/{method}");
    let answer = api.call(&call, &request, usize::MAX).await;
    answer.unwrap_or_else(|status| panic!("{call} {request}: {status:?}"))
}

impl Seed {
    pub fn new() -> Self {
        Self {
            api: RefCell::new(None),
            next: Cell::new(1),
            reads: RefCell::default(),
            once: RefCell::default(),
        }
    }

    /// The same seed with another client.
    pub fn on(&self, api: Api) {
        self.api.replace(Some(api));
    }

    #[expect(clippy::await_holding_refcell_ref, reason = "one call at a time")]
    pub async fn call(&self, service: &str, method: &str, request: Value) -> Value {
        let api = self.api.borrow();
        called(api.as_ref().unwrap(), service, method, request).await
    }

    /// A call by the evaluator.
    pub async fn evaluate(&self, service: &str, method: &str, request: Value) -> Value {
        let api = self.api.borrow().as_ref().unwrap().as_evaluator();
        called(&api, service, method, request).await
    }

    /// A call by the evaluator with a request id, to be repeated after the upgrade.
    pub async fn evaluate_and_repeat(&self, service: &str, method: &str, request: Value) -> Value {
        let request = self.identified(request);
        let question = Question::new(service, method, request.clone());
        self.once.borrow_mut().push(question.by_evaluator());
        self.evaluate(service, method, request).await
    }

    /// A call with a request id of its own.
    pub async fn act(&self, service: &str, method: &str, request: Value) -> Value {
        self.call(service, method, self.identified(request)).await
    }

    /// The same call, to be repeated after the upgrade; it must get the stored response.
    pub async fn act_and_repeat(&self, service: &str, method: &str, request: Value) -> Value {
        let request = self.identified(request);
        self.once(service, method, request.clone());
        self.call(service, method, request).await
    }

    /// A message with a request id.
    pub fn identified(&self, request: Value) -> Value {
        let number = self.next.replace(self.next.get() + 1);
        with(request, json!({"requestId": format!("rilis-{number}")}))
    }

    pub fn ask(&self, service: &str, method: &str, request: Value) {
        let question = Question::new(service, method, request);
        self.reads.borrow_mut().push(question);
    }

    pub fn once(&self, service: &str, method: &str, request: Value) {
        let question = Question::new(service, method, request);
        self.once.borrow_mut().push(question);
    }

    async fn agency(&self, id: &str, kind: &str, parent: &str, name: &str) {
        let agency = json!({"displayName": name, "kind": kind, "parent": parent});
        self.act(
            DIRECTORY,
            "CreateAgency",
            json!({"agencyId": id, "agency": agency}),
        )
        .await;
    }

    async fn unit(&self, name: &str, kind: &str) {
        let (parent, id) = name.split_once("/units/").unwrap();
        let unit = json!({"displayName": format!("{id} {parent}"), "unitType": kind});
        let request = json!({"parent": parent, "unitId": id, "unit": unit});
        self.act(DIRECTORY, "CreateUnit", request).await;
    }

    /// Agencies, units and public services.
    pub async fn directory(&self) {
        self.agency("32", "AGENCY_KIND_PROVINSI", "", "Provinsi Jawa Barat")
            .await;
        for (id, kind, name) in [
            ("3271", "AGENCY_KIND_KOTA", "Kota Bogor"),
            ("3273", "AGENCY_KIND_KOTA", "Kota Bandung"),
            ("3201", "AGENCY_KIND_KABUPATEN", "Kabupaten Bogor"),
        ] {
            self.agency(id, kind, "agencies/32", name).await;
        }
        self.agency("kominfo", "AGENCY_KIND_KEMENTERIAN", "", "Kementerian Uji")
            .await;
        for unit in [UNIT, OTHER, RURAL] {
            self.unit(unit, "dpmptsp").await;
        }
        self.unit(HOSPITAL, "rsud").await;
        self.unit("agencies/kominfo/units/layanan", "lainnya").await;
        self.unit("agencies/3271/units/lama", "lainnya").await;
        let closing =
            json!({"name": "agencies/3271/units/lama", "closeDate": "2024-02-29", "successors": [UNIT]});
        self.call(DIRECTORY, "CloseUnit", closing).await;

        let service = format!("{UNIT}/services/izin-usaha");
        let public_service = json!({"displayName": "Izin usaha", "description": "Perizinan berusaha"});
        let request =
            json!({"parent": UNIT, "publicServiceId": "izin-usaha", "publicService": public_service});
        self.act(DIRECTORY, "CreatePublicService", request).await;
        let keys = [
            "requirements",
            "procedure",
            "time",
            "cost",
            "product",
            "complaint_handling",
        ];
        let components: serde_json::Map<_, _> =
            keys.map(|k| (k.to_owned(), json!("Teks"))).into_iter().collect();
        let standard = json!({
            "service": service, "components": components, "enactDate": "2024-01-15", "decree": "SK 1/2024",
            "publishedComponents": keys,
            "media": [{"kind": "situs-web", "link": "https://contoh.go.id/sp", "sinceDate": "2024-02-01"}],
        });
        self.act(DIRECTORY, "PublishServiceStandard", json!({"standard": standard}))
            .await;
        let reviewed = with(standard, json!({"reviews": [{"date": "2024-02-20"}]}));
        self.act(DIRECTORY, "PublishServiceStandard", json!({"standard": reviewed}))
            .await;
        let charter = json!({
            "unit": UNIT, "text": "Kami siap melayani sesuai standar.", "statesAbility": true, "statesDuty": true,
            "statesSanction": true, "signDate": "2024-01-20",
        });
        self.act_and_repeat(DIRECTORY, "PublishServiceCharter", json!({"charter": charter}))
            .await;

        self.ask(DIRECTORY, "ListAgencies", json!({"pageSize": 100}));
        self.ask(
            DIRECTORY,
            "ListUnits",
            json!({"parent": "agencies/-", "pageSize": 100}),
        );
        self.ask(DIRECTORY, "ListPublicServices", json!({"parent": UNIT}));
        for revision in [1, 2] {
            let request = json!({"service": service, "revision": revision});
            self.ask(DIRECTORY, "GetServiceStandard", request);
        }
        self.ask(DIRECTORY, "GetServiceCharter", json!({"unit": UNIT}));
    }

    /// Creates a survey; returns its name.
    async fn survey(&self, unit: &str, id: &str, survey: Value) -> String {
        let request = json!({"parent": unit, "surveyId": id, "survey": survey});
        self.act_and_repeat(SURVEY, "CreateSurvey", request).await;
        format!("{unit}/surveys/{id}")
    }

    /// Submits responses in bulk.
    async fn import(&self, survey: &str, import: &str, ns: Range<usize>) {
        let rows = ns.map(|n| {
            let profile = json!({
                "sex": if n.is_multiple_of(2) { "P" } else { "L" }, "age": 18 + n % 50, "education": "S1",
                "occupation": "SWASTA", "service": if n.is_multiple_of(3) { "izin-reklame" } else { "izin-usaha" },
            });
            let mut response = json!({"answers": sample::response(n).answers, "profile": profile});
            if n.is_multiple_of(7) {
                response = with(response, json!({"suggestion": format!("Tambah loket {n}"), "criticism": "Lambat"}));
            }
            json!({"survey": survey, "responseId": format!("{import}-{n}"), "importId": import, "response": response})
        });
        let rows: Vec<Value> = rows.collect();
        let count = rows.len();
        let answer = self.call(SURVEY, "SubmitResponses", rows.into()).await;
        assert_eq!(answer["accepted"], count.to_string());
    }

    async fn close(&self, survey: &str) {
        self.call(SURVEY, "CloseSurvey", json!({"name": survey})).await;
    }

    /// Surveys that are open, closed and published, with responses submitted in every way.
    pub async fn surveys(&self) {
        let modes = [
            "ACCESS_MODE_AGENT",
            "ACCESS_MODE_TOKEN",
            "ACCESS_MODE_LINK",
            "ACCESS_MODE_KIOSK",
        ];
        let open = json!({
            "period": "2024-q1", "displayName": "SKM triwulan I", "accessModes": modes,
            "servicePopulations": [{"service": "izin-usaha", "population": 40}, {"service": "izin-reklame", "population": 30}],
        });
        let open = self.survey(UNIT, "2024-q1", open).await;
        for n in 0..23 {
            let response =
                json!({"answers": sample::response(n).answers, "suggestion": format!("Saran {n}")});
            let request = json!({"requestId": format!("warga-{n}"), "survey": open, "response": response});
            if n == 0 {
                self.once(SURVEY, "SubmitResponse", request.clone());
            }
            self.call(SURVEY, "SubmitResponse", request).await;
        }
        let batch = json!({"survey": open, "counter": "loket-1", "service": "izin-usaha", "size": 5});
        let batch = self.act_and_repeat(ACCESS, "IssueTokens", batch).await;
        let by_token = |id: &str, token: &Value| {
            json!({"requestId": id, "survey": open, "response": {"answers": sample::response(3).answers},
                   "credential": {"token": token}})
        };
        self.call(SURVEY, "SubmitResponse", by_token("kartu-0", &batch["tokens"][0]))
            .await;
        // A used token is refused, and an unused one is accepted.
        self.once(
            SURVEY,
            "SubmitResponse",
            by_token("kartu-lain", &batch["tokens"][0]),
        );
        let last = by_token("kartu-1", &batch["tokens"][1]);
        self.once
            .borrow_mut()
            .push(Question::of_now(SURVEY, "SubmitResponse", last));
        let device =
            json!({"displayName": "Anjungan", "publicKey": "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="});
        let request = json!({"parent": UNIT, "deviceId": "anjungan", "device": device});
        self.act(ACCESS, "RegisterDevice", request).await;

        let hospital = self
            .survey(
                HOSPITAL,
                "2023-s2",
                json!({"period": "2023-s2", "population": 300}),
            )
            .await;
        self.import(&hospital, "rekap", 100..160).await;
        let city = json!({"period": "2024-q1", "closeTime": "2024-03-10T00:00:00Z"});
        let city = self.survey(OTHER, "2024-q1", city).await;
        self.import(&city, "benar", 200..240).await;
        self.import(&city, "salah", 300..312).await;
        let void = json!({"survey": city, "importId": "salah", "reason": "Berkas unit lain"});
        self.act_and_repeat(SURVEY, "VoidResponses", void).await;
        let month = self.survey(UNIT, "2024-m01", json!({"period": "2024-m01"})).await;
        self.import(&month, "rekap", 500..535).await;
        let rural = json!({"period": "2024-q1", "weightVariant": "WEIGHT_VARIANT_0_111"});
        let rural = self.survey(RURAL, "2024-q1", rural).await;
        self.import(&rural, "rekap", 400..431).await;
        let own = json!({"period": "2024", "instrument": "f03-online-2022"});
        let own = self.survey(UNIT, "2024-f03", own).await;
        let known = self.call(SURVEY, "GetSurvey", json!({"name": own})).await;
        let keys: Vec<String> = known["survey"]["elements"]
            .as_array()
            .unwrap()
            .iter()
            .map(key)
            .collect();
        for n in 0..31 {
            let score = |place: usize| json!(1 + (n * 5 + place * 3) % 5);
            let answers: serde_json::Map<_, _> = keys
                .iter()
                .enumerate()
                .map(|(p, k)| (k.clone(), score(p)))
                .collect();
            let request =
                json!({"requestId": format!("f03-{n}"), "survey": own, "response": {"answers": answers}});
            self.call(SURVEY, "SubmitResponse", request).await;
        }
        for (period, index, respondents) in [("2022", "80.98", 120), ("2023", "83.10", 150)] {
            let result = json!({"subject": RURAL, "period": period, "instrument": "skm-2017", "index": index,
                                "respondents": respondents, "source": format!("Laporan SKM {period}")});
            self.act_and_repeat(SURVEY, "RecordResult", json!({"result": result}))
                .await;
        }
        let corrected = json!({"subject": RURAL, "period": "2022", "instrument": "skm-2017", "index": "81.00",
                               "respondents": 121, "source": "Laporan SKM 2022", "reason": "Salah ketik"});
        self.act(SURVEY, "RecordResult", json!({"result": corrected}))
            .await;

        for survey in [&open, &hospital, &city, &month, &rural, &own] {
            self.ask(SURVEY, "GetSurvey", json!({"name": survey}));
            self.ask(SURVEY, "GetResult", json!({"survey": survey}));
            self.ask(SURVEY, "AnalyzeResult", json!({"survey": survey}));
            self.ask(SURVEY, "ListComments", json!({"survey": survey, "pageSize": 100}));
            self.ask(SURVEY, "ListVoids", json!({"survey": survey}));
            self.ask(SURVEY, "ListFollowUps", json!({"parent": survey}));
        }
        for period in ["", "2024-q1"] {
            let request = json!({"parent": "agencies/-/units/-", "pageSize": 100, "period": period});
            self.ask(SURVEY, "ListSurveys", request.clone());
            self.ask(SURVEY, "ListResults", request);
        }
        for (unit, period) in [
            (UNIT, "2024-q1"),
            (OTHER, "2024-q1"),
            (RURAL, "2024-q1"),
            (RURAL, "2023"),
            (HOSPITAL, "2023-s2"),
        ] {
            self.ask(SURVEY, "GetUnitResult", json!({"unit": unit, "period": period}));
            let agency = unit.split("/units/").next().unwrap();
            self.ask(
                SURVEY,
                "GetAgencyResult",
                json!({"agency": agency, "period": period}),
            );
        }
        let recorded = json!({"parent": "agencies/3201", "showReplaced": true});
        self.ask(SURVEY, "ListRecordedResults", recorded);
        self.ask(ACCESS, "ListTokenBatches", json!({"parent": open}));
        self.ask(ACCESS, "IssueLink", json!({"survey": open}));
        self.ask(ACCESS, "ListDevices", json!({"parent": UNIT}));
    }

    /// Some surveys are closed ten days later.
    pub async fn surveys_end(&self) {
        let hospital = format!("{HOSPITAL}/surveys/2023-s2");
        let month = format!("{UNIT}/surveys/2024-m01");
        let (rural, own) = (
            format!("{RURAL}/surveys/2024-q1"),
            format!("{UNIT}/surveys/2024-f03"),
        );
        for survey in [&hospital, &month, &rural, &own] {
            self.close(survey).await;
        }
        let media = json!([
            {"kind": "situs-web", "link": "https://contoh.go.id/skm"}, {"kind": "papan-pengumuman"}, {"kind": "videotron"},
        ]);
        for survey in [&hospital, &month] {
            let request = json!({"survey": survey, "publishDate": "2024-03-14", "media": media});
            self.act_and_repeat(SURVEY, "PublishResult", request).await;
        }
        for (id, element) in [("antrean", "time"), ("ruang", "facilities")] {
            let plan = json!({"element": element, "program": "Antrean daring", "quarter": "2024-q2", "responsible": "Bidang Layanan"});
            let request = json!({"parent": hospital, "followUpId": id, "followUp": plan});
            self.act(SURVEY, "CreateFollowUp", request).await;
        }
        let done = json!({"name": format!("{hospital}/followUps/antrean"), "doneDate": "2024-03-14", "evidence": "https://contoh.go.id/bukti"});
        self.call(SURVEY, "CompleteFollowUp", done).await;
    }

    /// Scores of other bodies, and the league tables.
    pub async fn scores(&self) {
        for (subject, period, score) in [
            (UNIT, "2021", "80.00"),
            (UNIT, "2023", "93.16"),
            (OTHER, "2023", "88.20"),
            (HOME, "2023", "90.01"),
        ] {
            let score = json!({"metric": "ombudsman", "subject": subject, "period": period, "score": score, "source": "Uji"});
            self.act_and_repeat(INDEX, "RecordExternalScore", json!({"score": score}))
                .await;
        }
        let corrected = json!({"metric": "ombudsman", "subject": OTHER, "period": "2023", "score": "88.21", "source": "Uji",
                               "reason": "Salah ketik"});
        self.act(INDEX, "RecordExternalScore", json!({"score": corrected}))
            .await;
        for subject in [UNIT, OTHER, HOME] {
            self.ask(
                INDEX,
                "ListExternalScores",
                json!({"metric": "ombudsman", "subject": subject}),
            );
        }
        for (metric, period, cohorts) in [
            (
                "skm",
                "2024-q1",
                &["dpmptsp", "dpmptsp.32", "kota", "kabupaten"][..],
            ),
            ("skm", "2023-s2", &["rsud", "kota"]),
            ("skm", "2023", &["dpmptsp"]),
            ("ombudsman", "2023", &["dpmptsp", "kota"]),
            ("ipp-mandiri", "2024", &["dpmptsp", "kota"]),
            ("ipp", "2023", &["dpmptsp", "kota"]),
            ("innovation", "2024", &["dpmptsp", "kota"]),
            ("complaint-resolution", "2024", &["dpmptsp", "kota"]),
        ] {
            for cohort in cohorts {
                let name = format!("metrics/{metric}/periods/{period}/cohorts/{cohort}");
                self.ask(RANKING, "GetLeagueTable", json!({"name": name, "pageSize": 100}));
            }
            for subject in [UNIT, HOME, OTHER] {
                self.ask(
                    RANKING,
                    "GetStanding",
                    json!({"subject": subject, "metric": metric, "period": period}),
                );
            }
            self.ask(
                RANKING,
                "ListLeagueTables",
                json!({"metric": metric, "period": period, "pageSize": 100}),
            );
        }
    }
}

fn key(element: &Value) -> String {
    element["key"].as_str().unwrap().to_owned()
}

/// A file as the messages of an upload.
pub fn upload(head: Value, data: &[u8]) -> Value {
    let parts = data.chunks(1000).map(|part| json!({"data": base64(part)}));
    std::iter::once(json!({"head": head})).chain(parts).collect()
}

/// Type, size and digest of a file.
pub fn file(data: &[u8]) -> Value {
    json!({"mediaType": "application/pdf", "size": data.len(), "sha256": base64(&Sha256::digest(data))})
}

pub fn base64(data: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(data)
}
