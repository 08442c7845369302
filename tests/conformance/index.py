"""Service standards, instruments of evaluation, simulated indices, and scores that other bodies publish."""

import base64
import datetime
import fractions
import hashlib
import json
import secrets

import grpc
from kit import ASSESSMENT, DIRECTORY, INDEX, RANKING, SURVEY, Caller, Mismatch, expect, expect_within, refused, until

DELIVERY = ["requirements", "procedure", "time", "cost", "product", "complaint_handling"]


def run(report, endpoints, token, evaluator, operator):
    check = report.check
    prima, judge, agency, nobody = (Caller(endpoints, one) for one in (token, evaluator, operator, None))
    run_id = secrets.token_hex(4)
    city = f"agencies/uji-{run_id}"
    unit, service = f"{city}/units/dpmptsp", f"{city}/units/dpmptsp/services/izin-usaha"
    ids = iter(range(1000))

    def once(fields):
        return {"request_id": f"{run_id}-{next(ids)}"} | fields

    # Service standards and charters.
    with check("PublishServiceStandard keeps every revision of a standard, GetServiceStandard reads them"):
        prima.call(DIRECTORY, "CreateAgency", once({
            "agency_id": f"uji-{run_id}", "agency": {"display_name": "Kementerian Uji", "kind": "AGENCY_KIND_KEMENTERIAN"},
        }))
        prima.call(DIRECTORY, "CreateUnit", once({
            "parent": city, "unit_id": "dpmptsp", "unit": {"display_name": "Unit Uji", "unit_type": "dpmptsp"},
        }))
        prima.call(DIRECTORY, "CreatePublicService", once({
            "parent": unit, "public_service_id": "izin-usaha", "public_service": {"display_name": "Izin usaha"},
        }))
        standard = {
            "service": service, "components": {key: "Teks" for key in DELIVERY}, "enact_date": "2024-01-15",
            "decree": "SK 1/2024", "published_components": DELIVERY,
            "media": [{"kind": "situs-web", "link": "https://contoh.go.id/sp", "since_date": "2024-02-01"}],
        }
        first = prima.call(DIRECTORY, "PublishServiceStandard", once({"standard": standard})).standard
        second = prima.call(DIRECTORY, "PublishServiceStandard", once({
            "standard": standard | {"reviews": [{"date": "2024-06-01"}]},
        })).standard
        expect("revisions", (first.revision, second.revision), (1, 2))
        for revision, stored in ((0, second), (1, first)):
            read = prima.call(DIRECTORY, "GetServiceStandard", {"service": service, "revision": revision}).standard
            expect(f"revision {revision}", read, stored)
        bad = standard | {"components": {"cinta": "x"}, "enact_date": "besok", "media": [{"kind": "telepati"}]}
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                          lambda: prima.call(DIRECTORY, "PublishServiceStandard", once({"standard": bad})))
        if len(refusal.fields) < 3:
            raise Mismatch(f"only {refusal.fields} are named")
    with check("PublishServiceCharter and GetServiceCharter agree on a charter"):
        charter = prima.call(DIRECTORY, "PublishServiceCharter", once({"charter": {
            "unit": unit, "text": "Kami siap melayani sesuai standar.", "states_ability": True, "states_duty": True,
            "states_sanction": True, "sign_date": "2024-01-20",
            "media": [{"kind": "papan-pengumuman", "since_date": "2024-01-21"}],
        }})).charter
        expect("as read", prima.call(DIRECTORY, "GetServiceCharter", {"unit": unit}).charter, charter)
    with check("GetUnitFacts, ListServiceFacts and GetServiceFacts give everybody what is public, and no more"):
        facts = nobody.call(DIRECTORY, "GetUnitFacts", {"name": unit}).unit
        expect("names", (facts.display_name, facts.agency_display_name), ("Unit Uji", "Kementerian Uji"))
        expect("charter", facts.charter.text, charter.text)
        listed = nobody.call(DIRECTORY, "ListServiceFacts", {"parent": unit}).services
        expect("services", [one.display_name for one in listed], ["Izin usaha"])
        public = nobody.call(DIRECTORY, "GetServiceFacts", {"name": service}).service.standard
        expect("components", sorted(one.key for one in public.components), sorted(DELIVERY))
        refused(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING",
                lambda: nobody.call(DIRECTORY, "GetUnit", {"name": unit}))

    # Instruments.
    with check("ListInstruments and GetInstrument give PEKPPP with weights as fractions"):
        listed = {i.id: i for i in prima.call(INDEX, "ListInstruments").instruments}
        expect_within("the list", ["pekppp-2017", "pekppp-2022"], listed)
        weights = [a.weight for a in listed["pekppp-2022"].aspects]
        expect("weights", weights, ["6/25", "1/4", "9/50", "11/100", "1/10", "3/25"])
        got = prima.call(INDEX, "GetInstrument", {"id": "pekppp-2022"})
    with check("CheckInstrument names every fault, AddInstrument takes a sound document once"):
        document = json.loads(got.document)
        document["id"] = f"uji-{run_id}"
        broken = json.loads(got.document) | {"id": "x y"}
        broken["aspects"][0]["weight"] = 0.5
        faults = prima.call(INDEX, "CheckInstrument", {"document": json.dumps(broken)}).faults
        expect_within("the faults", ["id", "aspects"], [f.path for f in faults])
        refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                lambda: prima.call(INDEX, "AddInstrument", once({"document": json.dumps(broken)})))
        added = prima.call(INDEX, "AddInstrument", once({"document": json.dumps(document)})).instrument
        expect("added", (added.id, added.built_in), (f"uji-{run_id}", False))
        refused(grpc.StatusCode.ALREADY_EXISTS, None,
                lambda: prima.call(INDEX, "AddInstrument", once({"document": json.dumps(document)})))
    with check("SimulateIndex computes 75 % F-02 and 25 % F-03, explains it, and says what was varied"):
        levels = {i.key: "4" for f in got.instrument.forms if f.key == "f02_offline" for i in f.indicators}
        request = {"instrument": "pekppp-2022", "form": "offline", "levels": levels, "f03": "4.52"}
        value = prima.call(INDEX, "SimulateIndex", request).value
        expect("index, category", (value.index, value.category), ("4.13", "A-"))
        parts = sum(_fraction(t.product) for t in value.tree.terms)
        expect("sum of the parts", parts, _fraction(value.index_exact))
        varied = prima.call(INDEX, "SimulateIndex", request | {"leave_out_aspect": "innovation"}).assumptions
        expect("varied", [a.key for a in varied], ["leave_out_aspect"])
        missing = prima.call(INDEX, "SimulateIndex", request | {"f03": ""}).value
        expect("without F-03", (missing.index, list(missing.missing)), ("", ["f03"]))

    # Scores of other bodies.
    with check("ListExternalMetrics gives the Ombudsman's eras with their bands"):
        metrics = {m.key: m for m in prima.call(INDEX, "ListExternalMetrics").metrics}
        expect("eras", [e.id for e in metrics["ombudsman"].eras], ["ombudsman-2016", "ombudsman-2022", "ombudsman-2025"])
    with check("RecordExternalScore takes a published score, whose category is read from it"):
        for year, score in (("2021", "80.00"), ("2023", "93.16"), ("2024", "95.23")):
            prima.call(INDEX, "RecordExternalScore", once({
                "score": {"metric": "ombudsman", "subject": unit, "period": year, "score": score, "source": "Uji"},
            }))
        refused(grpc.StatusCode.ALREADY_EXISTS, None, lambda: prima.call(INDEX, "RecordExternalScore", once({
            "score": {"metric": "ombudsman", "subject": unit, "period": "2024", "score": "90", "source": "Uji"},
        })))
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(INDEX, "RecordExternalScore", once({
            "score": {"metric": "ombudsman", "subject": unit, "period": "2022", "score": "90", "category": "E", "source": "Uji"},
        })))
    with check("ListExternalScores tells changes in points and percent, within one era only"):
        scores = prima.call(INDEX, "ListExternalScores", {"metric": "ombudsman", "subject": unit}).scores
        expect("scores", [(s.period, s.score, s.zone) for s in scores],
               [("2021", "80.00", "kuning"), ("2023", "93.16", "hijau"), ("2024", "95.23", "hijau")])
        expect("changed", [s.HasField("change") for s in scores], [False, False, True])
        expect("change", (scores[2].change.points, scores[2].change.relative_percent), ("2.07", "2.22"))
    with check("an opinion in words needs no number, and is printed in full"):
        words = "Kualitas Tertinggi Tanpa Maladministrasi"
        opinion = prima.call(INDEX, "RecordExternalScore", once({
            "score": {"metric": "ombudsman", "subject": unit, "period": "2026", "category": words, "source": "Uji"},
        })).score
        expect("opinion", (opinion.score, opinion.category_display_name, opinion.no_maladministration), ("", words, True))
    with check("what an agency records of itself waits until ConfirmExternalScore"):
        key = {"metric": "ombudsman", "subject": unit, "period": "2025"}
        waits = agency.call(INDEX, "RecordExternalScore", once({
            "score": key | {"score": "99", "source": "Siaran pers", "document_link": "https://example.go.id/opini.pdf"},
        })).score
        expect("confirmed", waits.HasField("confirm_time"), False)
        expect("what counts", len(prima.call(INDEX, "ListExternalScores", key).scores), 0)
        listed = prima.call(INDEX, "ListExternalScores", key | {"unconfirmed": True}).scores
        expect("what waits", [(s.score, s.etag) for s in listed], [("99.00", waits.etag)])
        confirmation = once(key | {"etag": waits.etag})
        refused(grpc.StatusCode.PERMISSION_DENIED, None, lambda: agency.call(INDEX, "ConfirmExternalScore", confirmation))
        prima.call(INDEX, "ConfirmExternalScore", confirmation)
        expect("what counts", [s.score for s in prima.call(INDEX, "ListExternalScores", key).scores], ["99.00"])
    with check("and the score stands in a league table"):
        def standing():
            answer = prima.call(RANKING, "GetStanding", {"subject": unit, "metric": "ombudsman", "period": "2024"})
            return [s.row.score for s in answer.standings if s.table.cohort == "dpmptsp"] == ["95.23"]
        until("the score in the table", standing)


    evaluate(check, prima, judge, once, run_id, city, unit, got.instrument)


def evaluate(check, prima, judge, once, run_id, city, unit, instrument):
    """A cycle of one unit, from its enrolment to a settled index, which follows live data by events alone."""
    now = datetime.datetime.now(datetime.timezone.utc)
    around = {"open_time": _time(now - datetime.timedelta(days=1)), "close_time": _time(now + datetime.timedelta(days=1))}
    cycle, year = f"cycles/uji-{run_id}", str(now.year)
    assessment = f"{cycle}/{unit}"
    rows = next(f.indicators for f in instrument.forms if f.key == "f02_online")
    fed = [r.key for r in rows if r.fed_by.startswith("survey.")]
    plain = [r.key for r in rows if not r.supplementary and r.key not in fed]
    media = "survey_publication_media"

    with check("OpenCycle, GetCycle and ListCycles agree on a cycle"):
        opened = prima.call(ASSESSMENT, "OpenCycle", once({"cycle_id": f"uji-{run_id}", "cycle": {
            "display_name": "PEKPPP mandiri uji", "scheme": "SCHEME_MANDIRI", "year": year, "agency": city,
            "instrument": "pekppp-2022", "under_minimum_policy": "score_zero", "evaluation_date": _day(now),
            "suggestions_count": True, "self_assessment_window": around, "evaluation_window": around,
            "objection_window": around,
        }})).cycle
        expect("as read", prima.call(ASSESSMENT, "GetCycle", {"name": cycle}).cycle, opened)
        expect_within("the list", [cycle], [c.name for c in prima.call(ASSESSMENT, "ListCycles", {"year": year}).cycles])
    with check("UpdateCycle names evaluators until the cycle is settled"):
        changed = prima.call(ASSESSMENT, "UpdateCycle", {
            "cycle": {"name": cycle, "etag": opened.etag, "evaluators": ["siapa-pun"]}, "update_mask": "evaluators",
        }).cycle
        expect("the evaluators", list(changed.evaluators), ["siapa-pun"])
        changed = prima.call(ASSESSMENT, "UpdateCycle", {
            "cycle": {"name": cycle, "etag": changed.etag}, "update_mask": "evaluators",
        }).cycle
        expect("none by name", list(changed.evaluators), [])
    with check("EnrollUnit makes a unit a lokus, SubmitSelfAssessment takes its own levels"):
        prima.call(ASSESSMENT, "EnrollUnit", once({"cycle": cycle, "unit": unit, "form": "online"}))
        prima.call(ASSESSMENT, "SubmitSelfAssessment", once({
            "assessment": assessment, "levels": [{"indicator": plain[0], "level": 5, "note": "Lengkap"}],
        }))
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(ASSESSMENT, "SubmitSelfAssessment", once({
            "assessment": assessment, "levels": [{"indicator": "cinta", "level": 9}],
        })))
    with check("AttachEvidence keeps a file under its digest, ListEvidence and ReadEvidence give it back"):
        data = b"%PDF-1.7\n" + b"bukti " * 50_000
        head = {"assessment": assessment, "evidence": {
            "indicator": plain[0], "display_name": "SK", "media_type": "application/pdf", "size": len(data),
            "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
        }}
        parts = [{"data": base64.b64encode(data[at:at + 100_000]).decode()} for at in range(0, len(data), 100_000)]
        kept = prima.call(ASSESSMENT, "AttachEvidence", rows=[{"head": once(head)}, *parts]).evidence
        expect("listed", list(prima.call(ASSESSMENT, "ListEvidence", {"assessment": assessment}).evidence), [kept])
        read = prima.call(ASSESSMENT, "ReadEvidence", {"assessment": assessment, "number": kept.number})
        expect("bytes", b"".join(p.data for p in read) == data, True)
        spoilt = [{"head": once(head)}, {"data": base64.b64encode(data[:-1] + b"!").decode()}]
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(ASSESSMENT, "AttachEvidence", rows=spoilt))
    with check("SubmitEvaluation gives levels; GetAssessment and ListAssessments show them"):
        refused(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", lambda: prima.call(ASSESSMENT, "SubmitEvaluation", once({
            "assessment": assessment, "evaluations": [{"indicator": plain[0], "level": 5}],
        })))
        judge.call(ASSESSMENT, "SubmitEvaluation", once({
            "assessment": assessment, "evaluations": [{"indicator": key, "level": 3, "note": "Desk"} for key in plain],
        }))
        stored = prima.call(ASSESSMENT, "GetAssessment", {"name": assessment}).assessment
        levels = {i.indicator: i.level for i in stored.indicators}
        expect("levels", {levels[key] for key in plain}, {"3/1"})
        listed = prima.call(ASSESSMENT, "ListAssessments", {"parent": cycle}).assessments
        expect("listed", [a.name for a in listed], [assessment])

    def suggested(key):
        answer = prima.call(ASSESSMENT, "ListSuggestions", {"assessment": assessment}).suggestions
        found = next(s for s in answer if s.indicator == key)
        return found.level if found.HasField("level") else None

    def index():
        return prima.call(INDEX, "GetIndex", {"name": assessment}).index

    with check("ListSuggestions: a published survey moves a suggested level, the index and its score, without a call to index"):
        survey = prima.call(SURVEY, "CreateSurvey", once({
            "parent": unit, "survey_id": "mandiri", "survey": {"period": year},
        })).survey.name
        keys = [e.key for e in prima.call(SURVEY, "GetSurvey", {"name": survey}).survey.elements]
        for number in range(6):
            prima.call(SURVEY, "SubmitResponse", {
                "request_id": f"r-{number}", "survey": survey, "response": {"answers": {key: 4 for key in keys}},
            })
        prima.call(SURVEY, "CloseSurvey", {"name": survey})
        until("a suggestion that nothing is public yet", lambda: suggested(media) == 0)
        for key in (k for k in fed if suggested(k) is None):
            judge.call(ASSESSMENT, "SubmitEvaluation", once({
                "assessment": assessment, "evaluations": [{"indicator": key, "level": 1}],
            }))
        before = index()
        expect("missing", list(before.missing), [])
        prima.call(SURVEY, "PublishResult", once({"survey": survey, "media": [
            {"kind": "situs-web", "link": "https://contoh.go.id/skm"}, {"kind": "papan-pengumuman"},
        ]}))
        until("level 2 for two media", lambda: suggested(media) == 2)
        until("an index that follows", lambda: _fraction(index().index_exact) > _fraction(before.index_exact))

        def ranked():
            answer = prima.call(RANKING, "GetStanding", {"subject": unit, "metric": "ipp-mandiri", "period": year})
            return [s.row.score for s in answer.standings if s.table.cohort == "dpmptsp"] == [index().index]
        until("the score in the table", ranked)
    with check("ExplainIndex sums to the whole, VerifyIndex finds the same digits, ListIndexes lists it"):
        value = prima.call(INDEX, "ExplainIndex", {"name": assessment}).value
        expect("sum", sum(_fraction(t.product) for t in value.tree.terms), _fraction(value.index_exact))
        expect("verified", prima.call(INDEX, "VerifyIndex", {"name": assessment}).same, True)
        listed = prima.call(INDEX, "ListIndexes", {"parent": f"{cycle}/{city}"}).indexes
        expect("listed", [(i.name, i.index) for i in listed], [(assessment, value.index)])
        groups = prima.call(INDEX, "ListIndexes", {"parent": f"{cycle}/unitTypes/-"}).indexes
        expect("groups", [(i.name, i.index, i.units_counted, i.units_expected) for i in groups],
               [(f"{cycle}/unitTypes/dpmptsp", value.index, 1, 1)])
    with check("ListRecommendations orders by gain; CreateAction, CompleteAction and ListActions keep a plan"):
        advice = prima.call(INDEX, "ListRecommendations", {"assessment": assessment}).recommendations
        gains = [fractions.Fraction(r.gain) for r in advice]
        expect("order", gains, sorted(gains, reverse=True))
        planned = prima.call(ASSESSMENT, "CreateAction", once({"assessment": assessment, "action": {
            "indicator": advice[0].indicator, "description": "Perbaiki layanan", "owner": "Bidang Layanan",
            "due_date": f"{now.year + 1}-03-31",
        }})).action
        prima.call(ASSESSMENT, "CompleteAction", {
            "assessment": assessment, "number": planned.number, "done_date": _day(now), "note": "Selesai",
        })
        actions = prima.call(ASSESSMENT, "ListActions", {"assessment": assessment}).actions
        expect("done", [a.done_date for a in actions], [_day(now)])
    with check("FileObjection, DecideObjection and FinalizeCycle settle the index"):
        filed = prima.call(ASSESSMENT, "FileObjection", once({
            "assessment": assessment, "indicator": plain[0], "reason": "Bukti belum dibaca",
        })).objection
        refused(grpc.StatusCode.FAILED_PRECONDITION, "OBJECTIONS_OPEN",
                lambda: prima.call(ASSESSMENT, "FinalizeCycle", {"name": cycle}))
        before = _fraction(index().index_exact)
        judge.call(ASSESSMENT, "DecideObjection", {
            "assessment": assessment, "number": filed.number, "granted": True, "level": 5, "decision": "Bukti cukup",
        })
        expect("raised", _fraction(index().index_exact) > before, True)
        final = prima.call(ASSESSMENT, "FinalizeCycle", {"name": cycle}).cycle
        expect("settled", final.HasField("final_time"), True)
        refused(grpc.StatusCode.FAILED_PRECONDITION, "CYCLE_FINAL", lambda: judge.call(ASSESSMENT, "SubmitEvaluation", once({
            "assessment": assessment, "evaluations": [{"indicator": plain[0], "level": 0}],
        })))


def _time(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(moment):
    return (moment + datetime.timedelta(hours=7)).strftime("%Y-%m-%d")


def _fraction(text):
    return fractions.Fraction(text)
