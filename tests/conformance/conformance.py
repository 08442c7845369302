"""A regional system that calls Prima, knowing nothing but what the server tells of itself.

It has no generated code and no proto file: descriptors come from gRPC reflection (v1alpha), messages are built from
them. It registers an agency and units, creates surveys, submits the 29 real respondents of tests/data/skm.json and reads
result and rank. Every run uses ids of its own, so that it can run against a deployment that holds data.

    conformance.py --endpoint HOST:PORT --token-file FILE

One line per check, `ok` or `FAIL`; the last line counts them; exit status 1 when one failed.
"""

import argparse
import base64
import contextlib
import datetime
import json
import pathlib
import secrets
import sys
import threading
import time

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

DIRECTORY = "prima.directory.v1.DirectoryService"
SURVEY = "prima.survey.v1.SurveyService"
INNOVATION = "prima.innovation.v1.InnovationService"
RANKING = "prima.ranking.v1.RankingService"
HEALTH = "grpc.health.v1.Health"

PERIOD = "2024-q3"
TABLE = f"metrics/skm/periods/{PERIOD}/cohorts/dpmptsp"
UNIT_NAME = "DPMPTSP Uji Kesesuaian"
CALL_SECONDS = 10
WATCH_SECONDS = 20


class Mismatch(Exception):
    """The server did something else than it must."""


def expect(what, actual, expected):
    if actual != expected:
        raise Mismatch(f"{what} is {actual!r}, expected {expected!r}")


def expect_within(what, part, whole):
    missing = set(part) - set(whole)
    if missing:
        raise Mismatch(f"{what} lacks {sorted(missing)}, holds {sorted(whole)}")


class Report:
    """Counts and prints the checks."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    @contextlib.contextmanager
    def check(self, text):
        try:
            yield
        except grpc.RpcError as error:
            self._fail(text, f"{error.code().name}: {error.details()}")
        except Mismatch as error:
            self._fail(text, str(error))
        except Exception as error:  # A fault in an answer must not hide the checks after it.
            self._fail(text, f"{type(error).__name__}: {error}")
        else:
            self.passed += 1
            print(f"ok   {text}", flush=True)

    def _fail(self, text, why):
        self.failed += 1
        print(f"FAIL {text}: {why}", flush=True)


class Endpoint:
    """One server: its channel and the descriptors it gave."""

    def __init__(self, address):
        self.address = address.removeprefix("http://")
        self.channel = grpc.insecure_channel(self.address)
        self.reflection = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.reflection)

    def services(self):
        return list(self.reflection.get_services())

    def method(self, service, name):
        """A callable for one method, and the class of its request."""
        found = self.pool.FindServiceByName(service).FindMethodByName(name)
        if found is None:
            raise Mismatch(f"{service} has no method {name}")
        request = message_factory.GetMessageClass(found.input_type)
        response = message_factory.GetMessageClass(found.output_type)
        shape = {
            (False, False): self.channel.unary_unary,
            (False, True): self.channel.unary_stream,
            (True, False): self.channel.stream_unary,
        }[found.client_streaming, found.server_streaming]
        call = shape(
            f"/{service}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        return call, request


class Caller:
    """Makes calls with one token, or with none."""

    def __init__(self, endpoints, token=None):
        self.endpoints = endpoints
        self.metadata = [("authorization", f"Bearer {token}")] if token is not None else []

    def call(self, service, name, fields=None, *, rows=None, seconds=CALL_SECONDS):
        """Calls a method with a message given as a dict, or with a stream of them (`rows`)."""
        call, request = self.endpoints[service].method(service, name)
        if rows is None:
            message = json_format.ParseDict(fields or {}, request())
        else:
            message = iter([json_format.ParseDict(row, request()) for row in rows])
        return call(message, metadata=self.metadata, timeout=seconds)


class Watch:
    """Reads a server stream in the background."""

    def __init__(self, stream):
        self.stream = stream
        self.changed = threading.Condition()
        self.latest = None
        self.count = 0
        self.ended = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for message in self.stream:
                with self.changed:
                    self.latest = message
                    self.count += 1
                    self.changed.notify_all()
            why = "the server ended the stream"
        except grpc.RpcError as error:
            why = f"{error.code().name}: {error.details()}"
        with self.changed:
            self.ended = why
            self.changed.notify_all()

    def until(self, what, fact):
        """Waits for a message with this fact and returns it."""
        deadline = time.monotonic() + WATCH_SECONDS
        with self.changed:
            while True:
                if self.latest is not None and fact(self.latest):
                    return self.latest
                left = deadline - time.monotonic()
                if self.ended:
                    raise Mismatch(f"waiting for {what}: {self.ended}")
                if left <= 0:
                    raise Mismatch(f"no {what} within {WATCH_SECONDS} s; {self.count} messages, latest {self.latest}")
                self.changed.wait(left)

    def close(self):
        self.stream.cancel()


class Refusal:
    """A status with its details."""

    def __init__(self, error):
        self.code = error.code()
        self.reason = None
        self.domain = None
        self.fields = []
        for key, value in error.trailing_metadata() or ():
            if key != "grpc-status-details-bin":
                continue
            for detail in status_pb2.Status.FromString(value).details:
                info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
                if detail.Unpack(info):
                    self.reason, self.domain = info.reason, info.domain
                elif detail.Unpack(bad):
                    self.fields += [v.field for v in bad.field_violations]


def refused(code, reason, call):
    """Runs a call that must be refused with this code and, unless None, this reason."""
    try:
        answer = call()
        if not hasattr(answer, "DESCRIPTOR"):
            answer = next(iter(answer))
    except grpc.RpcError as error:
        refusal = Refusal(error)
    else:
        raise Mismatch(f"accepted, expected {code.name}: {answer}")
    expect("status", refusal.code.name, code.name)
    expect("domain of ErrorInfo", refusal.domain, "prima.go.id")
    if reason is not None:
        expect("reason", refusal.reason, reason)
    return refusal


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
    """The same claims under a signature that is not the operator's."""
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

    # What the server tells of itself.
    for service in (DIRECTORY, SURVEY, INNOVATION, RANKING):
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

    # Who may call.
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

    def complete(message):
        row = row_of_unit(message)
        return row is not None and row.score == expected["nik"] and row.respondents == len(rows) and row.rank > 0

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
    with check(f"WatchLeagueTable shows the unit at {expected['nik']} with a rank within {WATCH_SECONDS} s"):
        row = row_of_unit(league.until(f"row with {expected['nik']}", complete))
        print(f"     seen {(time.monotonic() - submitted) * 1000:.0f} ms after the last answer, rank {row.rank}")
        expect("category", row.category, expected["grade"])
        expect("name", row.display_name, UNIT_NAME)
        expect("agency", row.agency_display_name, f"Kota Uji {run_id}")
    with check(f"GetResult gives {expected['nik']} and category {expected['grade']}"):
        result = prima.call(SURVEY, "GetResult", {"survey": survey}).result
        expect("index", result.index, expected["nik"])
        expect("category", result.category, expected["grade"])
        expect("respondents", result.respondents, len(rows))
        expect("sums", {e.key: e.total for e in result.elements}, {key: sum(r[key] for r in rows) for key in rows[0]})
    with check("GetStanding gives the unit's places nationwide and in its province"):
        standings = nobody.call(RANKING, "GetStanding", {"subject": unit, "metric": "skm", "period": PERIOD}).standings
        places = {s.table.name: s.row for s in standings}
        expect_within("the standings", [TABLE, f"{TABLE}.{province}"], places)
        expect("place in the province", (places[f"{TABLE}.{province}"].rank, places[TABLE].score), (1, expected["nik"]))
    with check("ListLeagueTables and GetLeagueTable hold the unit"):
        tables, page_token = [], ""
        while True:
            page = nobody.call(RANKING, "ListLeagueTables", {"metric": "skm", "period": PERIOD, "page_token": page_token})
            tables += [t.name for t in page.tables]
            page_token = page.next_page_token
            if not page_token:
                break
        expect_within("the list", [TABLE, f"{TABLE}.{province}"], tables)
        table = nobody.call(RANKING, "GetLeagueTable", {"name": f"{TABLE}.{province}"})
        expect("subjects in the province", [r.subject for r in table.rows], [unit])

    # What must not be stored.
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
        expect("respondents and index", (result.respondents, result.index), (len(rows), expected["nik"]))

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
        """Rows of a bulk; the survey is named in the first only."""
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
    with check("SubmitResponses sent again, corrected, stores the missing row only"):
        answer = prima.call(SURVEY, "SubmitResponses", rows=stream(rows), seconds=CALL_SECONDS * 3)
        expect("accepted, repeated, rejected", (answer.accepted, answer.repeated_count, answer.rejected),
               (1, len(rows) - 1, 0))
    with check("SubmitResponses refuses a used response_id with another body"):
        answer = prima.call(SURVEY, "SubmitResponses", rows=stream([rows[0] | {"time": 1}]))
        expect("accepted, rejected", (answer.accepted, answer.rejected), (0, 1))
        expect("reason", answer.rejections[0].reason, "REQUEST_ID_REUSED")
    with check(f"WatchResult shows {expected['nik']} of {len(rows)} respondents"):
        results.until(expected["nik"],
                      lambda m: (m.result.respondents, m.result.index) == (len(rows), expected["nik"]))
    with check("ListResults pages through both results, in order of their surveys"):
        found, page_token = [], ""
        while True:
            page = prima.call(SURVEY, "ListResults", {"parent": unit, "page_size": 1, "page_token": page_token})
            found += [(r.survey, r.respondents, r.index) for r in page.results]
            page_token = page.next_page_token
            if not page_token or len(found) > 2:
                break
        expect("results", found, [(s, len(rows), expected["nik"]) for s in (survey, bulk_survey)])
    for watch in (league, results):
        if watch is not None:
            watch.close()

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
    with check("the result of a closed survey stays"):
        result = prima.call(SURVEY, "GetResult", {"survey": survey}).result
        expect("respondents and index", (result.respondents, result.index), (len(rows), expected["nik"]))


def innovate(report, endpoints, token):
    """An innovation from its registration to an award and a replica, as unit, agency, ministry and evaluator in one."""
    check = report.check
    prima, nobody = Caller(endpoints, token), Caller(endpoints)
    run_id = secrets.token_hex(4)
    claims = token.split(".")[1]
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
        expect("total", prima.call(INNOVATION, "ScoreEntry", score).score.total, "88.00")
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


def main():
    parser = argparse.ArgumentParser(description="A regional system that calls Prima by reflection alone.")
    parser.add_argument("--endpoint", help="HOST:PORT of every service")
    parser.add_argument("--directory", help="HOST:PORT of the directory")
    parser.add_argument("--survey", help="HOST:PORT of survey")
    parser.add_argument("--innovation", help="HOST:PORT of innovation")
    parser.add_argument("--ranking", help="HOST:PORT of ranking")
    parser.add_argument("--token-file", type=pathlib.Path, required=True, help="file with an admin's bearer token")
    parser.add_argument("--data", type=pathlib.Path, help="skm.json with the vector G-SKM-1",
                        default=pathlib.Path(__file__).resolve().parents[1] / "data" / "skm.json")
    args = parser.parse_args()
    given = {DIRECTORY: args.directory, SURVEY: args.survey, INNOVATION: args.innovation, RANKING: args.ranking}
    given = {service: own or args.endpoint for service, own in given.items()}
    if not all(given.values()):
        parser.error("give --endpoint, or --directory, --survey, --innovation and --ranking")
    servers = {address: Endpoint(address) for address in set(given.values())}
    report = Report()
    token = args.token_file.read_text().strip()
    endpoints = {service: servers[address] for service, address in given.items()}
    run(report, endpoints, token, args.data)
    innovate(report, endpoints, token)
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
