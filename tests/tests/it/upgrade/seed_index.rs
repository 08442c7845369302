//! Evaluations and innovations of the country.

use serde_json::{Value, json};

use super::seed::{ASSESSMENT, HOME, INDEX, INNOVATION, OTHER, RURAL, Seed, UNIT, file, upload, with};

const OWN: &str = "cycles/mandiri-2024";
const NATIONAL: &str = "cycles/nasional-2023";
const ROUND: &str = "rounds/uji-2024";
const INNOVATED: &str = "agencies/3271/units/dpmptsp/innovations/sipandu";

impl Seed {
    /// A cycle of an agency, and a national one.
    pub async fn evaluation(&self) {
        let known = self
            .call(INDEX, "GetInstrument", json!({"id": "pekppp-2022"}))
            .await;
        let forms = known["instrument"]["forms"].as_array().unwrap();
        let form = forms.iter().find(|f| f["key"] == "f02_online").unwrap();
        let rows = form["indicators"].as_array().unwrap();
        let scored: Vec<&Value> = rows.iter().filter(|r| r["supplementary"] == false).collect();
        let fed = |row: &Value| row["key"] == "survey_publication_media";
        let old = self
            .call(INDEX, "GetInstrument", json!({"id": "pekppp-2017"}))
            .await;
        let mut document: Value = serde_json::from_str(old["document"].as_str().unwrap()).unwrap();
        document["id"] = "rilis".into();
        let document = json!({"document": document.to_string()});
        self.act_and_repeat(INDEX, "AddInstrument", document).await;
        self.ask(INDEX, "GetInstrument", json!({"id": "rilis"}));

        let window = json!({"openTime": "2024-03-01T00:00:00Z", "closeTime": "2024-03-31T00:00:00Z"});
        for (id, scheme, year, agency) in [
            ("mandiri-2024", "SCHEME_MANDIRI", "2024", HOME),
            ("nasional-2023", "SCHEME_NASIONAL", "2023", ""),
        ] {
            let cycle = json!({
                "displayName": format!("PEKPPP {id}"), "scheme": scheme, "year": year, "agency": agency,
                "instrument": "pekppp-2022", "underMinimumPolicy": "score_zero", "evaluationDate": "2024-03-20",
                "suggestionsCount": scheme == "SCHEME_MANDIRI", "selfAssessmentWindow": window,
                "evidenceWindow": window, "evaluationWindow": window, "objectionWindow": window,
            });
            self.act_and_repeat(ASSESSMENT, "OpenCycle", json!({"cycleId": id, "cycle": cycle}))
                .await;
        }
        for (cycle, unit) in [
            (OWN, UNIT),
            (NATIONAL, UNIT),
            (NATIONAL, OTHER),
            (NATIONAL, RURAL),
        ] {
            self.act(
                ASSESSMENT,
                "EnrollUnit",
                json!({"cycle": cycle, "unit": unit, "form": "online"}),
            )
            .await;
            let assessment = format!("{cycle}/{unit}");
            let levels = json!([{"indicator": scored[0]["key"], "level": 5, "note": "Lengkap"}]);
            self.act(
                ASSESSMENT,
                "SubmitSelfAssessment",
                json!({"assessment": assessment, "levels": levels}),
            )
            .await;
            // In the agency's cycle one level is left to what the surveys suggest, and one unit is not evaluated
            // completely.
            let given = scored.iter().enumerate().filter(|(n, row)| match cycle {
                OWN => !fed(row),
                _ => unit != RURAL || *n < 5,
            });
            let level = |n: usize| (n * 7 + unit.len()) % 6;
            let evaluations: Vec<Value> = given
                .map(|(n, row)| json!({"indicator": row["key"], "level": level(n), "note": "Desk"}))
                .collect();
            let request = json!({"assessment": assessment, "evaluations": evaluations});
            self.evaluate_and_repeat(ASSESSMENT, "SubmitEvaluation", request)
                .await;
            for (service, method, field) in [
                (ASSESSMENT, "GetAssessment", "name"),
                (ASSESSMENT, "ListEvidence", "assessment"),
                (ASSESSMENT, "ListSuggestions", "assessment"),
                (ASSESSMENT, "ListActions", "assessment"),
                (INDEX, "GetIndex", "name"),
                (INDEX, "ExplainIndex", "name"),
                (INDEX, "VerifyIndex", "name"),
                (INDEX, "ListRecommendations", "assessment"),
            ] {
                self.ask(service, method, json!({field: assessment}));
            }
        }
        let assessment = format!("{OWN}/{UNIT}");
        let data = b"%PDF-1.7\nbukti dukung ".repeat(200);
        let evidence = with(
            file(&data),
            json!({"indicator": scored[0]["key"], "displayName": "SK"}),
        );
        let head = self.identified(json!({"assessment": assessment, "evidence": evidence}));
        self.call(ASSESSMENT, "AttachEvidence", upload(head, &data)).await;
        self.ask(
            ASSESSMENT,
            "ReadEvidence",
            json!({"assessment": assessment, "number": "1"}),
        );
        let action = json!({"indicator": scored[1]["key"], "description": "Perbaiki layanan", "owner": "Bidang Layanan",
                            "dueDate": "2024-06-30"});
        self.act(
            ASSESSMENT,
            "CreateAction",
            json!({"assessment": assessment, "action": action}),
        )
        .await;
        for cycle in [OWN, NATIONAL] {
            self.ask(ASSESSMENT, "GetCycle", json!({"name": cycle}));
            self.ask(ASSESSMENT, "ListAssessments", json!({"parent": cycle}));
            for parent in [format!("{cycle}/{HOME}"), format!("{cycle}/unitTypes/-")] {
                self.ask(INDEX, "ListIndexes", json!({"parent": parent}));
            }
        }
        self.ask(ASSESSMENT, "ListCycles", json!({"pageSize": 100}));
    }

    /// Objections, and the end of the national cycle, ten days later.
    pub async fn evaluation_ends(&self) {
        let assessment = format!("{NATIONAL}/{UNIT}");
        let known = self
            .call(ASSESSMENT, "GetAssessment", json!({"name": assessment}))
            .await;
        let first = &known["assessment"]["indicators"][0]["indicator"];
        let objection = json!({"assessment": assessment, "indicator": first, "reason": "Bukti belum dibaca"});
        self.act(ASSESSMENT, "FileObjection", objection).await;
        let decision = json!({"assessment": assessment, "number": "1", "granted": true, "level": 5, "decision": "Bukti cukup"});
        self.evaluate(ASSESSMENT, "DecideObjection", decision).await;
        self.call(
            ASSESSMENT,
            "FinalizeCycle",
            json!({"name": NATIONAL, "allowIncomplete": true}),
        )
        .await;
        let done = json!({"assessment": format!("{OWN}/{UNIT}"), "number": "1", "doneDate": "2024-03-14", "note": "Selesai"});
        self.call(ASSESSMENT, "CompleteAction", done).await;
    }

    /// Innovations, and a competition round for one of them.
    pub async fn innovations(&self) {
        for (unit, id, innovation) in [
            (
                UNIT,
                "sipandu",
                json!({"title": "Sipandu", "status": "INNOVATION_STATUS_IMPLEMENTED", "startDate": "2021-01-01", "sdgs": [16]}),
            ),
            (
                UNIT,
                "lama",
                json!({"title": "Loket keliling", "status": "INNOVATION_STATUS_STOPPED", "startDate": "2020-05-01", "stopDate": "2022-12-31"}),
            ),
            (
                OTHER,
                "salaman",
                json!({"title": "Salaman", "status": "INNOVATION_STATUS_IMPLEMENTED", "startDate": "2023-02-01"}),
            ),
        ] {
            let request = json!({"parent": unit, "innovationId": id, "innovation": innovation});
            self.act_and_repeat(INNOVATION, "RegisterInnovation", request)
                .await;
            let name = format!("{unit}/innovations/{id}");
            self.ask(INNOVATION, "GetInnovation", json!({"name": name}));
            self.ask(INNOVATION, "GetCatalogueEntry", json!({"name": name}));
            self.ask(INNOVATION, "GetSpread", json!({"name": name}));
            self.ask(INNOVATION, "ListInnovationRevisions", json!({"parent": name}));
        }
        let changed =
            json!({"innovation": {"name": INNOVATED, "initiator": "Camat"}, "updateMask": "initiator"});
        self.call(INNOVATION, "UpdateInnovation", changed).await;
        let part = json!({"key": "manfaat", "displayName": "Manfaat", "weight": 100});
        let group = json!({"key": "umum", "displayName": "Umum", "parts": [part],
                           "rules": [{"kind": "RULE_KIND_MIN_AGE", "months": 12}, {"kind": "RULE_KIND_COMPLETE"}]});
        let stages = json!([
            {"key": "pengajuan", "displayName": "Pengajuan", "kind": "STAGE_KIND_SUBMISSION"},
            {"key": "seleksi", "displayName": "Seleksi", "kind": "STAGE_KIND_SCREENING"},
            {"key": "nilai", "displayName": "Penilaian", "kind": "STAGE_KIND_SCORING", "minimumScores": 1,
             "cuts": [{"group": "umum", "places": 1, "award": "top-1", "awardDisplayName": "Top 1"}]},
        ]);
        let round = json!({
            "displayName": "Uji", "year": 2024,
            "rules": {"categories": [{"key": "umum", "displayName": "Umum"}], "groups": [group], "stages": stages},
            "windows": [{"stage": "pengajuan", "closeTime": "2024-03-05T00:00:00Z"}],
            "panel": [{"subject": super::deployment::EVALUATOR}, {"subject": "penilai-lain"}],
        });
        self.act_and_repeat(
            INNOVATION,
            "OpenRound",
            json!({"roundId": "uji-2024", "round": round}),
        )
        .await;
        for (unit, id) in [(UNIT, "sipandu"), (OTHER, "salaman")] {
            let entry = json!({"innovation": format!("{unit}/innovations/{id}"), "group": "umum", "category": "umum"});
            let entered = self
                .act(INNOVATION, "EnterRound", json!({"round": ROUND, "entry": entry}))
                .await;
            let name = entered["entry"]["name"].clone();
            let update = json!({"name": name, "answers": [{"part": "manfaat", "text": "Warga dilayani di desa"}],
                              "documents": [{"title": "SK", "url": "https://contoh.go.id/sk.pdf"}]});
            let request = json!({"entry": update, "updateMask": "answers,documents"});
            self.call(INNOVATION, "UpdateEntry", request).await;
            for decision in ["REVIEW_DECISION_HAND_IN", "REVIEW_DECISION_SUBMIT"] {
                self.act(
                    INNOVATION,
                    "ReviewEntry",
                    json!({"name": name, "decision": decision}),
                )
                .await;
            }
            self.ask(INNOVATION, "GetEntry", json!({"name": name}));
            self.ask(INNOVATION, "ListScores", json!({"parent": name}));
        }
        let link = json!({"title": "SK", "url": "https://contoh.go.id/sk.pdf"});
        let replication = json!({"adopter": RURAL, "adoptDate": "2023-06-01", "evidence": [link]});
        self.act(
            INNOVATION,
            "RecordReplication",
            json!({"parent": INNOVATED, "replication": replication}),
        )
        .await;
        let transfer = json!({"innovation": INNOVATED, "title": "Studi tiru", "date": "2023-05-01", "receivers": [OTHER]});
        self.act(INNOVATION, "RecordTransfer", json!({"transfer": transfer}))
            .await;

        self.ask(
            INNOVATION,
            "ListInnovations",
            json!({"parent": "agencies/-/units/-", "pageSize": 100}),
        );
        self.ask(INNOVATION, "SearchCatalogue", json!({"query": "sipandu"}));
        self.ask(INNOVATION, "GetRound", json!({"name": ROUND}));
        self.ask(INNOVATION, "ListEntries", json!({"parent": ROUND}));
        self.ask(
            INNOVATION,
            "GetAnnouncement",
            json!({"name": ROUND, "recompute": true}),
        );
        for year in [2022, 2023, 2024] {
            for unit in [UNIT, OTHER, RURAL] {
                self.ask(INNOVATION, "GetPortfolio", json!({"unit": unit, "year": year}));
            }
            self.ask(
                INNOVATION,
                "CheckObligation",
                json!({"parent": "agencies/-", "year": year}),
            );
        }
    }

    /// The end of the round, ten days later.
    pub async fn round_ends(&self) {
        let advance = async |stage: &str| {
            self.act(INNOVATION, "AdvanceRound", json!({"name": ROUND, "stage": stage}))
                .await;
        };
        advance("pengajuan").await;
        let listed = self
            .call(INNOVATION, "ListEntries", json!({"parent": ROUND}))
            .await;
        let entries = listed["entries"].as_array().unwrap();
        for entry in entries {
            let pass = json!({"name": entry["name"], "decision": "REVIEW_DECISION_PASS"});
            self.act(INNOVATION, "ReviewEntry", pass).await;
        }
        advance("seleksi").await;
        let recusal =
            json!({"entry": entries[0]["name"], "evaluator": "penilai-lain", "reason": "Satu kantor"});
        self.act(INNOVATION, "RecuseEvaluator", recusal).await;
        for (entry, points) in entries.iter().zip([88, 79]) {
            let parts = json!([{"part": "manfaat", "points": points}]);
            let score = self.identified(json!({"entry": entry["name"], "parts": parts}));
            self.evaluate(INNOVATION, "ScoreEntry", score).await;
        }
        advance("nilai").await;
        self.act_and_repeat(INNOVATION, "AnnounceResults", json!({"name": ROUND}))
            .await;
    }
}
