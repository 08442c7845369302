"""A regional system that calls Prima and uses only the descriptors that the server returns by reflection.

It has no generated code and no proto file: descriptors come from gRPC reflection (v1alpha), messages are built from
them. It registers an agency and units, creates surveys, submits the 29 real respondents of tests/data/skm.json and reads
result and rank. Every run uses ids of its own, so that it can run against a deployment that holds data.

    conformance.py --endpoint HOST:PORT --token-file FILE --evaluator-token-file FILE --operator-token-file FILE

One line per check, `ok` or `FAIL`; the last line counts them; exit status 1 when one failed.
"""

import argparse
import json
import math
import pathlib
import secrets
import sys
import time
from fractions import Fraction

import grpc

import audit
import complaint
import definitions
import index
import innovation
import publication
import ranking
import survey_in_full
from kit import (
    ACCESS, ASSESSMENT, AUDIT, CALL_SECONDS, COMPLAINT, CONSULTATION, DIRECTORY, EXAMPLES, HEALTH, INDEX, INNOVATION, PRIVACY,
    RANKING, SETTINGS, SURVEY, WATCH_SECONDS, Caller, Endpoint, Mismatch, Record, Report, Watch, every_other_method, expect,
    expect_within, refused,
)

PERIOD = "2024-q3"
TABLE = f"metrics/skm/periods/{PERIOD}/cohorts/dpmptsp"
UNIT_NAME = "DPMPTSP Uji Kesesuaian"


def index_of(rows):
    """The index of these answers with exact weights, two decimals, half up."""
    total = sum(score for row in rows for score in row.values())
    hundredths = Fraction(total * 2500, len(rows) * len(rows[0]))
    rounded = math.floor(hundredths + Fraction(1, 2))
    return f"{rounded // 100}.{rounded % 100:02}"


def respondents(path):
    """The real respondents: counts per element, expanded to one row of answers each."""
    vector = next(v for v in json.loads(path.read_text())["vectors"] if v["id"] == "G-SKM-1")
    columns = {
        element["key"]: [int(score) for score, count in sorted(element["counts"].items()) for _ in range(count)]
        for element in vector["elements"]
    }
    rows = [dict(zip(columns, scores, strict=True)) for scores in zip(*columns.values(), strict=True)]
    expect("respondents in the data", len(rows), vector["respondents"])
    return rows, vector["expected"]["exact"]


def forged(token):
    """The same claims with a signature that is not the operator's."""
    head, dot, signature = token.rpartition(".")
    swap = str.maketrans("ABCDEFGHIJKLMabcdefghijklm", "NOPQRSTUVWXYZnopqrstuvwxyz")
    changed = signature[::-1].translate(swap)
    return head + dot + changed


def run(report, endpoints, token, data):
    check = report.check
    rows, expected = respondents(data)
    prima, nobody = Caller(endpoints, token), Caller(endpoints)

    run_id = secrets.token_hex(4)
    province, city = f"uji-{run_id}-prov", f"uji-{run_id}-kota"
    unit = f"agencies/{city}/units/dpmptsp"
    survey = f"{unit}/surveys/{PERIOD}"
    bulk_period = "2024-q4"
    bulk_survey = f"{unit}/surveys/{bulk_period}"

    def submission(number, answers, to=survey):
        return {"request_id": f"{run_id}-{number:03}", "survey": to, "response": {"answers": answers}}

    # Health and reflection.
    for service in (DIRECTORY, SURVEY, ACCESS, INNOVATION, COMPLAINT, CONSULTATION, PRIVACY, SETTINGS, INDEX, ASSESSMENT,
                    RANKING):
        with check(f"reflection lists {service}, health and reflection"):
            expect_within("the list", [service, HEALTH, "grpc.reflection.v1alpha.ServerReflection"],
                          endpoints[service].services())
    for address, endpoint in {e.address: e for e in endpoints.values()}.items():
        health = Caller({HEALTH: endpoint})
        for name in ("", "live"):
            with check(f'health of "{name}" at {address} is SERVING, by its own descriptor'):
                expect("status", health.call(HEALTH, "Check", {"service": name}).status, 1)
        with check(f"health of an unknown service at {address} is NOT_FOUND"):
            try:
                health.call(HEALTH, "Check", {"service": "no.such.Service"})
            except grpc.RpcError as error:
                expect("status", error.code().name, "NOT_FOUND")
            else:
                raise Mismatch("accepted")
        with check(f"Health.Watch at {address} tells the state at once"):
            watch = Watch(health.call(HEALTH, "Watch", {"service": ""}, seconds=WATCH_SECONDS))
            watch.until("SERVING", lambda m: m.status == 1)
            watch.close()

    # Directory.
    agency = {"display_name": f"Provinsi Uji {run_id}", "kind": "AGENCY_KIND_PROVINSI"}
    creation = {"request_id": f"{run_id}-prov", "agency_id": province, "agency": agency}
    with check("CreateAgency registers a province"):
        created = prima.call(DIRECTORY, "CreateAgency", creation).agency
        expect("name", created.name, f"agencies/{province}")
    with check("CreateAgency repeated with the same body gives the first answer"):
        expect("answer", prima.call(DIRECTORY, "CreateAgency", creation).agency, created)
    with check("CreateAgency under a used request_id with another body is refused"):
        other = creation | {"agency": agency | {"display_name": "Lain"}}
        refused(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED",
                lambda: prima.call(DIRECTORY, "CreateAgency", other))
    with check("CreateAgency with an id in use is ALREADY_EXISTS"):
        refused(grpc.StatusCode.ALREADY_EXISTS, None,
                lambda: prima.call(DIRECTORY, "CreateAgency", creation | {"request_id": f"{run_id}-prov-2"}))
    with check("CreateAgency registers a city in it"):
        answer = prima.call(DIRECTORY, "CreateAgency", {
            "request_id": f"{run_id}-kota",
            "agency_id": city,
            "agency": {
                "display_name": f"Kota Uji {run_id}",
                "kind": "AGENCY_KIND_KOTA",
                "parent": f"agencies/{province}",
            },
        })
        expect("parent", answer.agency.parent, f"agencies/{province}")
    for unit_id, unit_type, name in (
        ("dpmptsp", "dpmptsp", UNIT_NAME),
        ("disdukcapil", "disdukcapil", "Disdukcapil Uji"),
        ("rsud", "rsud", "RSUD Uji"),
    ):
        with check(f"CreateUnit registers {unit_id}"):
            answer = prima.call(DIRECTORY, "CreateUnit", {
                "request_id": f"{run_id}-{unit_id}",
                "parent": f"agencies/{city}",
                "unit_id": unit_id,
                "unit": {"display_name": name, "unit_type": unit_type},
            })
            expect("name", answer.unit.name, f"agencies/{city}/units/{unit_id}")
            expect("unit type", answer.unit.unit_type, unit_type)
    with check("ListUnits pages through the units one by one, in order of their names"):
        found, page_token = [], ""
        while True:
            page = prima.call(DIRECTORY, "ListUnits", {
                "parent": f"agencies/{city}", "page_size": 1, "page_token": page_token,
            })
            if len(page.units) > 1:
                raise Mismatch(f"{len(page.units)} units on a page of one")
            found += [u.name.rpartition("/")[2] for u in page.units]
            page_token = page.next_page_token
            if not page_token or len(found) > 3:
                break
        expect("units", found, ["disdukcapil", "dpmptsp", "rsud"])
    with check("UpdateUnit with the current etag changes the unit, with a stale one is ABORTED"):
        stale = prima.call(DIRECTORY, "GetUnit", {"name": f"agencies/{city}/units/rsud"}).unit.etag
        update = {
            "unit": {"name": f"agencies/{city}/units/rsud", "display_name": "RSUD Uji Baru", "etag": stale},
            "update_mask": "displayName",
        }
        expect("name", prima.call(DIRECTORY, "UpdateUnit", update).unit.display_name, "RSUD Uji Baru")
        update["unit"]["display_name"] = "RSUD Uji Lain"
        refused(grpc.StatusCode.ABORTED, None, lambda: prima.call(DIRECTORY, "UpdateUnit", update))
        kept = prima.call(DIRECTORY, "GetUnit", {"name": f"agencies/{city}/units/rsud"}).unit
        expect("name after the refusal", kept.display_name, "RSUD Uji Baru")

    with check("GetAgency, ListAgencies and UpdateAgency agree on the city"):
        stored = prima.call(DIRECTORY, "GetAgency", {"name": f"agencies/{city}"}).agency
        expect("parent", stored.parent, f"agencies/{province}")
        inside = prima.call(DIRECTORY, "ListAgencies", {"parent": f"agencies/{province}"}).agencies
        expect("agencies of the province", list(inside), [stored])
        update = {
            "agency": {"name": stored.name, "display_name": f"Kota Uji Baru {run_id}", "etag": stored.etag},
            "update_mask": "displayName",
        }
        changed = prima.call(DIRECTORY, "UpdateAgency", update).agency
        expect("name", changed.display_name, f"Kota Uji Baru {run_id}")
        refused(grpc.StatusCode.ABORTED, None, lambda: prima.call(DIRECTORY, "UpdateAgency", update))
        update["agency"] |= {"display_name": stored.display_name, "etag": changed.etag}
        prima.call(DIRECTORY, "UpdateAgency", update)
    with check("ListUnitTypes knows the types of the units, in order of their keys"):
        keys = [t.key for t in prima.call(DIRECTORY, "ListUnitTypes").unit_types]
        expect_within("the types", ["disdukcapil", "dpmptsp", "rsud"], keys)
        expect("order", keys, sorted(keys))
    with check("CreateUnitType, Get, List, Update and Delete agree on a type of the city"):
        created = prima.call(DIRECTORY, "CreateUnitType", {
            "request_id": f"{run_id}-balai",
            "parent": f"agencies/{city}",
            "unit_type_id": "balai-uji",
            "unit_type": {"display_name": "Balai Uji", "national_unit_type": "lainnya"},
        }).unit_type
        expect("name", created.name, f"agencies/{city}/unitTypes/balai-uji")
        expect("as read", prima.call(DIRECTORY, "GetUnitType", {"name": created.name}).unit_type, created)
        listed = prima.call(DIRECTORY, "ListUnitTypes", {"parent": f"agencies/{city}"}).unit_types
        expect("types of the city", list(listed), [created])
        changed = prima.call(DIRECTORY, "UpdateUnitType", {
            "unit_type": {"name": created.name, "display_name": "Balai Uji Baru", "etag": created.etag},
            "update_mask": "displayName",
        }).unit_type
        expect("name for people", changed.display_name, "Balai Uji Baru")
        expect("national type", changed.national_unit_type, "lainnya")
        refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELDS", lambda: prima.call(DIRECTORY, "CreateUnit", {
            "request_id": f"{run_id}-balai-unit", "parent": f"agencies/{province}", "unit_id": "balai",
            "unit": {"display_name": "Balai", "unit_type": "balai-uji"},
        }))
        prima.call(DIRECTORY, "DeleteUnitType", {"name": created.name, "etag": changed.etag})
        refused(grpc.StatusCode.NOT_FOUND, None, lambda: prima.call(DIRECTORY, "GetUnitType", {"name": created.name}))
    with check("ListUncountedFigures lists a survey of an unknown unit, and nothing else of it"):
        nowhere = f"agencies/{province}/units/tidak-ada"
        prima.call(SURVEY, "CreateSurvey", {
            "request_id": f"{run_id}-tidak-ada", "parent": nowhere, "survey_id": "a", "survey": {"period": "2099"},
        })
        for service in (SURVEY, COMPLAINT, INNOVATION, INDEX, RANKING):
            figures = prima.call(service, "ListUncountedFigures", {"parent": nowhere}).figures
            expect(f"names of {service}", [f.name for f in figures],
                   [f"{nowhere}/surveys/a"] if service == SURVEY else [])
        refused(grpc.StatusCode.UNAUTHENTICATED, None,
                lambda: nobody.call(RANKING, "ListUncountedFigures", {"parent": nowhere}))
    with check("CreatePublicService, Get, List and Update agree on a public service"):
        created = prima.call(DIRECTORY, "CreatePublicService", {
            "request_id": f"{run_id}-izin",
            "parent": unit,
            "public_service_id": "izin-usaha",
            "public_service": {"display_name": "Izin usaha"},
        }).public_service
        expect("name", created.name, f"{unit}/services/izin-usaha")
        expect("as read", prima.call(DIRECTORY, "GetPublicService", {"name": created.name}).public_service, created)
        listed = prima.call(DIRECTORY, "ListPublicServices", {"parent": unit}).public_services
        expect("services of the unit", list(listed), [created])
        changed = prima.call(DIRECTORY, "UpdatePublicService", {
            "public_service": {"name": created.name, "description": "Satu hari kerja", "etag": created.etag},
            "update_mask": "description",
        }).public_service
        expect("description", changed.description, "Satu hari kerja")
        expect("name after it", changed.display_name, "Izin usaha")
    with check("CloseUnit ends a unit for good and names its successor"):
        closing = {"name": f"agencies/{city}/units/rsud", "close_date": "2024-12-31", "successors": [unit]}
        closed = prima.call(DIRECTORY, "CloseUnit", closing).unit
        expect("last day and successors", (closed.close_date, list(closed.successors)), ("2024-12-31", [unit]))
        refused(grpc.StatusCode.FAILED_PRECONDITION, None, lambda: prima.call(DIRECTORY, "CloseUnit", closing))

    # Authorisation.
    with check("a call without a token is UNAUTHENTICATED"):
        refused(grpc.StatusCode.UNAUTHENTICATED, None, lambda: nobody.call(DIRECTORY, "GetUnit", {"name": unit}))
    with check("a submission without a token is UNAUTHENTICATED"):
        refused(grpc.StatusCode.UNAUTHENTICATED, None,
                lambda: nobody.call(SURVEY, "SubmitResponse", submission(900, rows[0])))
    for kind, bad in (("that is no token", "bukan-token"), ("signed by another key", forged(token))):
        for service, method, fields in (
            (DIRECTORY, "GetUnit", {"name": unit}),
            (SURVEY, "SubmitResponse", submission(900, rows[0])),
            (RANKING, "GetLeagueTable", {"name": TABLE}),
        ):
            with check(f"{method} with a token {kind} is UNAUTHENTICATED"):
                refused(grpc.StatusCode.UNAUTHENTICATED, None,
                        lambda: Caller(endpoints, bad).call(service, method, fields))

    # Survey intake, watched from the league table.
    with check("CreateSurvey opens a survey"):
        answer = prima.call(SURVEY, "CreateSurvey", {
            "request_id": f"{run_id}-survey",
            "parent": unit,
            "survey_id": PERIOD,
            "survey": {"period": PERIOD, "display_name": "SKM triwulan III 2024"},
        })
        expect("name", answer.survey.name, survey)
        expect("elements", sorted(e.key for e in answer.survey.elements), sorted(rows[0]))
    with check("GetSurvey, ListSurveys and UpdateSurvey agree on the survey"):
        stored = prima.call(SURVEY, "GetSurvey", {"name": survey}).survey
        expect("period", stored.period, PERIOD)
        expect("surveys of the unit", [s.name for s in prima.call(SURVEY, "ListSurveys", {"parent": unit}).surveys],
               [survey])
        update = {
            "survey": {"name": survey, "display_name": "SKM triwulan III", "etag": stored.etag},
            "update_mask": "displayName",
        }
        expect("title", prima.call(SURVEY, "UpdateSurvey", update).survey.display_name, "SKM triwulan III")
        refused(grpc.StatusCode.ABORTED, None, lambda: prima.call(SURVEY, "UpdateSurvey", update))
    with check("CalculateSampleSize gives the sample of Krejcie and Morgan"):
        for population, size in ((10, 10), (500, 217), (1000, 278)):
            answer = prima.call(SURVEY, "CalculateSampleSize", {"population": population})
            expect(f"sample of {population}", answer.sample_size, size)
        refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                lambda: prima.call(SURVEY, "CalculateSampleSize", {"population": 0}))
    with check("a result without responses has no index"):
        result = prima.call(SURVEY, "GetResult", {"survey": survey}).result
        expect("respondents and index", (result.respondents, result.index), (0, ""))

    def row_of_unit(message):
        return next((r for r in message.rows if r.subject == unit), None)

    # Figures of an open survey move in steps of five people, and the last step waits for the survey to close.
    covered = rows[:(len(rows) - 5) // 5 * 5]
    step_index = index_of(covered)

    def shows(message, index, counted):
        row = row_of_unit(message)
        figures = (index, counted, counted, len(rows) - counted)
        return row is not None and (row.score, row.counted, row.respondents, row.pending) == figures and row.rank > 0

    league = None
    with check("WatchLeagueTable, open to everybody, answers at once"):
        league = Watch(nobody.call(RANKING, "WatchLeagueTable", {"name": TABLE, "page_size": 1000},
                                   seconds=CALL_SECONDS * 12))
        expect("row of the unit", row_of_unit(league.until("first message", lambda m: True)), None)
    first = None
    with check(f"SubmitResponse accepts the {len(rows)} real respondents"):
        for number, answers in enumerate(rows):
            answer = prima.call(SURVEY, "SubmitResponse", submission(number, answers))
            expect("name", answer.name, f"{survey}/responses/{run_id}-{number:03}")
            first = first or answer
    submitted = time.monotonic()
    with check(f"WatchLeagueTable shows the unit at {step_index}, its last full step, with a rank within {WATCH_SECONDS} s"):
        row = row_of_unit(league.until(f"row with {step_index}", lambda m: shows(m, step_index, len(covered))))
        print(f"     seen {(time.monotonic() - submitted) * 1000:.0f} ms after the last answer, rank {row.rank}")
        expect("responses that wait", row.pending, len(rows) - len(covered))
        expect("name", row.display_name, UNIT_NAME)
        expect("agency", row.agency_display_name, f"Kota Uji {run_id}")
    with check(f"GetResult gives {step_index} of the responses that are released, and how many wait"):
        result = prima.call(SURVEY, "GetResult", {"survey": survey}).result
        expect("index", result.index, step_index)
        expect("respondents, counted, pending", (result.respondents, result.counted, result.pending),
               (len(rows), len(covered), len(rows) - len(covered)))
        expect("sums", {e.key: e.total for e in result.elements}, {key: sum(r[key] for r in covered) for key in rows[0]})
    with check("ReadExactResult gives every response to an operator with a purpose, and ListResultReadings says so"):
        exact = prima.call(SURVEY, "ReadExactResult", {"survey": survey, "purpose": "Uji kesesuaian"}).result
        expect("index and counted", (exact.index, exact.counted, exact.pending), (expected["nik"], len(rows), 0))
        readings = prima.call(SURVEY, "ListResultReadings", {"survey": survey}).readings
        expect("readings", [(r.number, r.purpose) for r in readings], [(1, "Uji kesesuaian")])
        refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                lambda: prima.call(SURVEY, "ReadExactResult", {"survey": survey, "purpose": ""}))
    ranking.run(report, endpoints, token, unit, TABLE, province, step_index)

    # Invalid requests.
    with check("a repeated request_id with the same body gives the first answer"):
        expect("answer", prima.call(SURVEY, "SubmitResponse", submission(0, rows[0])), first)
    with check("a repeated request_id with another body is refused"):
        refused(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED",
                lambda: prima.call(SURVEY, "SubmitResponse", submission(0, rows[0] | {"time": 1})))
    with check("a missing and an out-of-range answer are both named"):
        faulty = {key: score for key, score in rows[0].items() if key != "time"} | {"cost": 5}
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                          lambda: prima.call(SURVEY, "SubmitResponse", submission(901, faulty)))
        expect("fields", sorted(refusal.fields), ["response.answers.cost", "response.answers.time"])
    with check("an empty request names its faults"):
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(SURVEY, "SubmitResponse", {}))
        expect_within("the fields", ["request_id", "survey"], refusal.fields)
    with check("a submission to an unknown survey is NOT_FOUND"):
        refused(grpc.StatusCode.NOT_FOUND, None,
                lambda: prima.call(SURVEY, "SubmitResponse", submission(902, rows[0], f"{unit}/surveys/tidak-ada")))
    with check("the result of an unknown survey is NOT_FOUND"):
        refused(grpc.StatusCode.NOT_FOUND, None,
                lambda: prima.call(SURVEY, "GetResult", {"survey": f"{unit}/surveys/tidak-ada"}))
    with check("nothing refused was stored"):
        result = prima.call(SURVEY, "GetResult", {"survey": survey}).result
        expect("respondents and index", (result.respondents, result.index), (len(rows), step_index))

    # Bulk intake, watched from the result.
    with check("CreateSurvey opens a second survey"):
        prima.call(SURVEY, "CreateSurvey", {
            "request_id": f"{run_id}-survey-2",
            "parent": unit,
            "survey_id": bulk_period,
            "survey": {"period": bulk_period},
        })
    results = None
    with check("WatchResult tells the result at once"):
        results = Watch(prima.call(SURVEY, "WatchResult", {"survey": bulk_survey}, seconds=CALL_SECONDS * 12))
        expect("respondents", results.until("first message", lambda m: True).result.respondents, 0)

    def stream(answers):
        """Rows of a bulk submission; only the first one names the survey."""
        return [
            {"response_id": f"{run_id}-b{n:03}", "response": {"answers": a}} | ({"survey": bulk_survey} if n == 0 else {})
            for n, a in enumerate(answers)
        ]

    bad = 5
    with check("SubmitResponses stores the good rows and names the bad one"):
        spoilt = [row | {"cost": 9} if n == bad else row for n, row in enumerate(rows)]
        answer = prima.call(SURVEY, "SubmitResponses", rows=stream(spoilt), seconds=CALL_SECONDS * 3)
        expect("accepted, repeated, rejected", (answer.accepted, answer.repeated_count, answer.rejected),
               (len(rows) - 1, 0, 1))
        rejection = answer.rejections[0]
        expect("the rejected row", (rejection.index, rejection.response_id), (bad, f"{run_id}-b{bad:03}"))
        expect("its fields", [v.field for v in rejection.violations], ["response.answers.cost"])
        expect("an import is in the figures at once", (answer.counted, answer.pending), (len(rows) - 1, 0))
        # Whoever reads after the answer reads figures with the import; else what follows could be counted together with it.
        result = prima.call(SURVEY, "GetResult", {"survey": bulk_survey}).result
        expect("the result has it", (result.respondents, result.counted, result.pending), (len(rows) - 1, len(rows) - 1, 0))
    with check("SubmitResponses sent again, corrected, stores the missing row only"):
        answer = prima.call(SURVEY, "SubmitResponses", rows=stream(rows), seconds=CALL_SECONDS * 3)
        expect("accepted, repeated, rejected", (answer.accepted, answer.repeated_count, answer.rejected),
               (1, len(rows) - 1, 0))
        expect("one response waits for others", (answer.counted, answer.pending), (len(rows) - 1, 1))
    with check("SubmitResponses refuses a used response_id with another body"):
        answer = prima.call(SURVEY, "SubmitResponses", rows=stream([rows[0] | {"time": 1}]))
        expect("accepted, rejected", (answer.accepted, answer.rejected), (0, 1))
        expect("reason", answer.rejections[0].reason, "REQUEST_ID_REUSED")
    imported = index_of([row for n, row in enumerate(rows) if n != bad])
    with check(f"WatchResult shows {imported} of the import, and {len(rows)} respondents"):
        results.until(imported, lambda m: (m.result.respondents, m.result.index) == (len(rows), imported))
    with check("ListResults pages through both results, in order of their surveys"):
        found, page_token = [], ""
        while True:
            page = prima.call(SURVEY, "ListResults", {"parent": unit, "page_size": 1, "page_token": page_token})
            found += [(r.survey, r.respondents, r.index) for r in page.results]
            page_token = page.next_page_token
            if not page_token or len(found) > 2:
                break
        expect("results", found, [(survey, len(rows), step_index), (bulk_survey, len(rows), imported)])
    if results is not None:
        results.close()

    # The end of a survey.
    with check("CloseSurvey with a stale etag is ABORTED"):
        refused(grpc.StatusCode.ABORTED, None,
                lambda: prima.call(SURVEY, "CloseSurvey", {"name": survey, "etag": "usang"}))
    with check("CloseSurvey closes the survey"):
        closed = prima.call(SURVEY, "CloseSurvey", {"name": survey}).survey
        expect("state", closed.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[closed.state].name,
               "SURVEY_STATE_CLOSED")
    with check("a submission to a closed survey is FAILED_PRECONDITION"):
        refused(grpc.StatusCode.FAILED_PRECONDITION, None,
                lambda: prima.call(SURVEY, "SubmitResponse", submission(903, rows[0])))
    with check(f"the result of a closed survey is {expected['nik']} of all, category {expected['grade']}"):
        result = prima.call(SURVEY, "GetResult", {"survey": survey}).result
        expect("respondents and index", (result.respondents, result.index), (len(rows), expected["nik"]))
        expect("category, counted, pending", (result.category, result.counted, result.pending),
               (expected["grade"], len(rows), 0))
    with check(f"WatchLeagueTable shows the unit at {expected['nik']} of all {len(rows)}"):
        row = row_of_unit(league.until(f"row with {expected['nik']}", lambda m: shows(m, expected["nik"], len(rows))))
        expect("category", row.category, expected["grade"])
    if league is not None:
        league.close()
    with check("and shows every answer"):
        expect("sums", {e.key: e.total for e in result.elements}, {key: sum(r[key] for r in rows) for key in rows[0]})

    survey_in_full.run(report, prima, nobody, unit, run_id, rows, expected)


def main():
    parser = argparse.ArgumentParser(description="A regional system that calls Prima by reflection alone.")
    parser.add_argument("--endpoint", help="HOST:PORT of every service")
    for name in ("directory", "survey", "innovation", "complaint", "index", "ranking"):
        parser.add_argument(f"--{name}", help=f"HOST:PORT of {name}")
    parser.add_argument("--token-file", type=pathlib.Path, required=True, help="file with an admin's bearer token")
    parser.add_argument("--evaluator-token-file", type=pathlib.Path, required=True,
                        help="file with a token of every agency whose only role is evaluator")
    parser.add_argument("--operator-token-file", type=pathlib.Path, required=True,
                        help="file with a token of every agency whose only role is operator")
    parser.add_argument("--intake-token-file", type=pathlib.Path,
                        help="file with a token whose only role is intake; without it what that may not do is not checked")
    parser.add_argument("--public", help="folder with the files of publications; without it they are not checked")
    parser.add_argument("--data", type=pathlib.Path, help="skm.json with the vector G-SKM-1",
                        default=pathlib.Path(__file__).resolve().parents[1] / "data" / "skm.json")
    parser.add_argument("--record", type=pathlib.Path, help="file for calls that only read, with their answers in JSON, one per line")
    parser.add_argument("--examples", type=pathlib.Path, help="services/prima/data/examples.json, to be written again")
    args = parser.parse_args()
    given = {DIRECTORY: args.directory, SURVEY: args.survey, INNOVATION: args.innovation, COMPLAINT: args.complaint,
             INDEX: args.index, RANKING: args.ranking}
    given = {service: own or args.endpoint for service, own in given.items()}
    given[ACCESS], given[ASSESSMENT] = given[SURVEY], given[INDEX]
    # Each process shows the audit logs of its services.
    given[AUDIT] = given[DIRECTORY]
    given[CONSULTATION] = given[PRIVACY] = given[SETTINGS] = given[COMPLAINT]
    if not all(given.values()):
        parser.error("give --endpoint, or --directory, --survey, --innovation, --complaint, --index and --ranking")
    Endpoint.record = args.record and Record(args.record)
    servers = {address: Endpoint(address) for address in set(given.values())}
    report = Report()
    files = (args.token_file, args.evaluator_token_file, args.operator_token_file)
    token, evaluator, operator = (file.read_text().strip() for file in files)
    endpoints = {service: servers[address] for service, address in given.items()}
    run(report, endpoints, token, args.data)
    innovation.run(report, endpoints, token, evaluator)
    counter = args.intake_token_file and args.intake_token_file.read_text().strip()
    complaint.run(report, endpoints, token, counter)
    index.run(report, endpoints, token, evaluator, operator)
    definitions.run(report, endpoints, token)
    publication.run(report, endpoints, token, operator, TABLE, args.public)
    audit.run(report, endpoints, token, operator)
    every_other_method(report, endpoints, token)
    if args.examples and not report.failed:
        EXAMPLES.write(args.examples)
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
