"""Service standards, instruments of evaluation, what-if, and scores that other bodies publish."""

import fractions
import json
import secrets

import grpc
from kit import DIRECTORY, INDEX, RANKING, Caller, Mismatch, expect, expect_within, refused, until

DELIVERY = ["requirements", "procedure", "time", "cost", "product", "complaint_handling"]


def run(report, endpoints, token):
    check = report.check
    prima = Caller(endpoints, token)
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
        }})).charter
        expect("as read", prima.call(DIRECTORY, "GetServiceCharter", {"unit": unit}).charter, charter)

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
            "score": {"metric": "ombudsman", "subject": unit, "period": "2024", "score": "90"},
        })))
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(INDEX, "RecordExternalScore", once({
            "score": {"metric": "ombudsman", "subject": unit, "period": "2022", "score": "90", "category": "E"},
        })))
    with check("ListExternalScores tells changes in points and percent, within one era only"):
        scores = prima.call(INDEX, "ListExternalScores", {"metric": "ombudsman", "subject": unit}).scores
        expect("scores", [(s.period, s.score, s.zone) for s in scores],
               [("2021", "80.00", "kuning"), ("2023", "93.16", "hijau"), ("2024", "95.23", "hijau")])
        expect("changed", [s.HasField("change") for s in scores], [False, False, True])
        expect("change", (scores[2].change.points, scores[2].change.relative_percent), ("2.07", "2.22"))
    with check("and the score stands in a league table"):
        def standing():
            answer = prima.call(RANKING, "GetStanding", {"subject": unit, "metric": "ombudsman", "period": "2024"})
            return [s.row.score for s in answer.standings if s.table.cohort == "dpmptsp"] == ["95.23"]
        until("the score in the table", standing)


def _fraction(text):
    return fractions.Fraction(text)
