"""An innovation from its registration to an award and a replica."""

import base64
import datetime
import json
import secrets
import time

import grpc
from kit import INNOVATION, Caller, expect, expect_within, refused


def run(report, endpoints, token, evaluator):
    """An innovation from its registration to an award and a replica; one caller is unit, agency and ministry, another evaluates."""
    check = report.check
    prima, judge, nobody = Caller(endpoints, token), Caller(endpoints, evaluator), Caller(endpoints)
    run_id = secrets.token_hex(4)
    claims = evaluator.split(".")[1]
    subject = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
    unit, adopter = f"agencies/uji-{run_id}/units/dpmptsp", f"agencies/uji-{run_id}-2/units/dpmptsp"
    name, round_name = f"{unit}/innovations/sipandu", f"rounds/uji-{run_id}"
    year = datetime.datetime.now(datetime.timezone.utc).year
    link = {"title": "SK", "url": "https://example.go.id/sk.pdf"}
    ids = iter(range(1000))

    def once(fields):
        return {"request_id": f"{run_id}-{next(ids)}"} | fields

    with check("RegisterInnovation, Get, List and Update agree on an innovation"):
        answer = prima.call(INNOVATION, "RegisterInnovation", once({
            "parent": unit,
            "innovation_id": "sipandu",
            "innovation": {"title": f"Sipandu {run_id}", "status": "INNOVATION_STATUS_IMPLEMENTED",
                           "start_date": f"{year - 2}-01-01", "sdgs": [16]},
        }))
        expect("name", answer.innovation.name, name)
        changed = prima.call(INNOVATION, "UpdateInnovation", {
            "innovation": {"name": name, "initiator": "Camat", "etag": answer.innovation.etag},
            "update_mask": "initiator",
        }).innovation
        expect("as read", prima.call(INNOVATION, "GetInnovation", {"name": name}).innovation, changed)
        expect("listed", [i.name for i in prima.call(INNOVATION, "ListInnovations", {"parent": unit}).innovations], [name])
        kept = prima.call(INNOVATION, "ListInnovationRevisions", {"parent": name}).revisions
        expect("initiators", [r.innovation.initiator for r in kept], ["", "Camat"])
    with check("SearchCatalogue and GetCatalogueEntry are open to everybody"):
        found = nobody.call(INNOVATION, "SearchCatalogue", {"query": f"sipandu {run_id}"}).items
        expect("found", [i.innovation for i in found], [name])
        page = nobody.call(INNOVATION, "GetCatalogueEntry", {"name": name})
        expect("goals", len(page.sdg_display_names), 1)
    seconds = 5
    with check("OpenRound opens a round by its own rules; GetRound and ListRounds show it"):
        close = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        part = {"key": "manfaat", "display_name": "Manfaat", "weight": 100}
        opened = prima.call(INNOVATION, "OpenRound", once({
            "round_id": f"uji-{run_id}",
            "round": {
                "display_name": "Uji", "year": year,
                "rules": {
                    "categories": [{"key": "umum", "display_name": "Umum"}],
                    "groups": [{"key": "umum", "display_name": "Umum", "parts": [part],
                                "rules": [{"kind": "RULE_KIND_MIN_AGE", "months": 12}, {"kind": "RULE_KIND_COMPLETE"}]}],
                    "stages": [
                        {"key": "pengajuan", "display_name": "Pengajuan", "kind": "STAGE_KIND_SUBMISSION"},
                        {"key": "seleksi", "display_name": "Seleksi", "kind": "STAGE_KIND_SCREENING"},
                        {"key": "nilai", "display_name": "Penilaian", "kind": "STAGE_KIND_SCORING", "minimum_scores": 1,
                         "cuts": [{"group": "umum", "places": 1, "award": "top-1", "award_display_name": "Top 1"}]},
                    ],
                },
                "windows": [{"stage": "pengajuan", "close_time": close.strftime("%Y-%m-%dT%H:%M:%SZ")}],
                "panel": [{"subject": subject}, {"subject": "penilai-lain"}],
            },
        })).round
        expect("as read", prima.call(INNOVATION, "GetRound", {"name": round_name}).round.rules, opened.rules)
        rounds = [r.name for r in prima.call(INNOVATION, "ListRounds", {"year": year, "page_size": 1000}).rounds]
        expect_within("the rounds", [round_name], rounds)
    entry = None
    with check("EnterRound and UpdateEntry draft an entry, ReviewEntry brings it to the ministry"):
        entry = prima.call(INNOVATION, "EnterRound", once({
            "round": round_name,
            "entry": {"innovation": name, "group": "umum", "category": "umum"},
        })).entry.name
        prima.call(INNOVATION, "UpdateEntry", {
            "entry": {"name": entry, "answers": [{"part": "manfaat", "text": "Warga dilayani di desa"}],
                      "documents": [link]},
            "update_mask": "answers,documents",
        })
        for decision in ("HAND_IN", "SUBMIT"):
            prima.call(INNOVATION, "ReviewEntry", once({"name": entry, "decision": f"REVIEW_DECISION_{decision}"}))
        read = prima.call(INNOVATION, "GetEntry", {"name": entry}).entry
        expect("failed rules", len(read.failed_rules), 0)
        stuck = prima.call(INNOVATION, "ListStuckEntries", {"parent": round_name})
        expect("waiting", [e.name for e in stuck.entries], [entry])
    with check("AdvanceRound closes each stage when it may"):
        early = once({"name": round_name, "stage": "pengajuan"})
        refused(grpc.StatusCode.FAILED_PRECONDITION, "SUBMISSION_OPEN",
                lambda: prima.call(INNOVATION, "AdvanceRound", early))
        time.sleep(seconds + 1)
        prima.call(INNOVATION, "AdvanceRound", early)
        prima.call(INNOVATION, "ReviewEntry", once({"name": entry, "decision": "REVIEW_DECISION_PASS"}))
        prima.call(INNOVATION, "AdvanceRound", once({"name": round_name, "stage": "seleksi"}))
        prima.call(INNOVATION, "RecuseEvaluator",
                   once({"entry": entry, "evaluator": "penilai-lain", "reason": "Satu kantor"}))
        score = once({"entry": entry, "parts": [{"part": "manfaat", "points": 88}]})
        refused(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", lambda: prima.call(INNOVATION, "ScoreEntry", score))
        expect("total", judge.call(INNOVATION, "ScoreEntry", score).score.total, "88.00")
        scores = prima.call(INNOVATION, "ListScores", {"parent": entry}).scores
        expect("scores", [(s.evaluator, s.total) for s in scores], [(subject, "88.00")])
        counts = prima.call(INNOVATION, "AdvanceRound", once({"name": round_name, "stage": "nilai"})).counts
        expect("counts", [(c.entered, c.passed) for c in counts], [(1, 1)])
        listed = prima.call(INNOVATION, "ListEntries", {"parent": round_name}).entries
        expect("result", [r.score for r in listed[0].results if r.stage == "nilai"], ["88.00"])
    with check("AnnounceResults can be computed again to the byte, and read by everybody"):
        announced = prima.call(INNOVATION, "AnnounceResults", once({"name": round_name})).announcement
        again = prima.call(INNOVATION, "GetAnnouncement", {"name": round_name, "recompute": True})
        expect("reproduced", (again.reproduced, again.announcement), (True, announced))
        read = nobody.call(INNOVATION, "GetAnnouncement", {"name": round_name}).announcement
        winners = json.loads(read.content)["awards"][0]["winners"]
        expect("winners", [w["innovation"] for w in winners], [name])
    with check("RecordReplication, FollowUpReplication, RecordTransfer and GetSpread follow an innovation"):
        made = prima.call(INNOVATION, "RecordReplication", once({
            "parent": name,
            "replication": {"adopter": adopter, "adopt_date": f"{year - 1}-06-01", "evidence": [link]},
        })).replication
        prima.call(INNOVATION, "FollowUpReplication",
                   once({"name": made.name, "follow_up": {"date": f"{year - 1}-12-01", "in_use": True}}))
        prima.call(INNOVATION, "RecordTransfer", once({
            "transfer": {"innovation": name, "title": "Studi tiru", "date": f"{year - 1}-05-01", "receivers": [adopter]},
        }))
        spread = prima.call(INNOVATION, "GetSpread", {"name": name})
        expect("adopters", [(r.adopter, len(r.follow_ups)) for r in spread.replications], [(adopter, 1)])
        expect("transfers", [t.title for t in spread.transfers], ["Studi tiru"])
    with check("GetPortfolio and CheckObligation show what the unit and its agency have"):
        portfolio = prima.call(INNOVATION, "GetPortfolio", {"unit": unit, "year": year}).portfolio
        expect("innovations", [i.name for i in portfolio.innovations], [name])
        expect("awards", [a.award for e in portfolio.entries for a in e.awards], ["top-1"])
        check_fields = {"parent": f"agencies/uji-{run_id}", "year": year}
        met = prima.call(INNOVATION, "CheckObligation", check_fields).obligations
        expect("obligation", [(o.met, o.coverage) for o in met], [(True, "100.00")])
