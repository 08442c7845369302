"""Shared by all scenarios: calls by reflection alone, watches, refusals, and the count of checks."""

import contextlib
import http.client
import json
import re
import threading
import time

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

DIRECTORY = "prima.directory.v1.DirectoryService"
SURVEY = "prima.survey.v1.SurveyService"
ACCESS = "prima.survey.v1.AccessService"
INNOVATION = "prima.innovation.v1.InnovationService"
COMPLAINT = "prima.complaint.v1.ComplaintService"
CONSULTATION = "prima.complaint.v1.ConsultationService"
PRIVACY = "prima.complaint.v1.PrivacyService"
SETTINGS = "prima.complaint.v1.SettingsService"
INDEX = "prima.index.v1.IndexService"
ASSESSMENT = "prima.index.v1.AssessmentService"
RANKING = "prima.ranking.v1.RankingService"
AUDIT = "prima.audit.v1.AuditService"
HEALTH = "grpc.health.v1.Health"

CALL_SECONDS = 10
WATCH_SECONDS = 20


class Mismatch(Exception):
    """The server did not do what it must."""


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
        except Exception as error:  # A fault in one response must not hide the checks after it.
            self._fail(text, f"{type(error).__name__}: {error}")
        else:
            self.passed += 1
            print(f"ok   {text}", flush=True)

    def _fail(self, text, why):
        self.failed += 1
        print(f"FAIL {text}: {why}", flush=True)


class Examples:
    """The largest request of each method that is still easy to read: what openapi.json shows as an example."""

    LIMIT = 1500
    # What only a server can make.
    LEFT_OUT = ("pageToken", "resumeToken")

    def __init__(self):
        self.requests = {}

    def add(self, service, name, message):
        fields = json_format.MessageToDict(message)
        fields = {key: value for key, value in fields.items() if key not in self.LEFT_OUT}
        known = self.requests.get(f"{service}.{name}")
        is_longer = known is None or len(json.dumps(known)) < len(json.dumps(fields))
        if service.startswith("prima.") and is_longer and len(json.dumps(fields)) <= self.LIMIT:
            self.requests[f"{service}.{name}"] = fields

    def write(self, path):
        """Writes them over those of an earlier run, without the ids of this run."""
        text = json.dumps(self.requests)
        for run_id in set(re.findall(r"uji-([0-9a-f]{8})", text)):
            text = text.replace(f"uji-{run_id}", "contoh").replace(run_id, "contoh")
        kept = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(dict(sorted((kept | json.loads(text)).items())), indent=1, ensure_ascii=False) + "\n")


EXAMPLES = Examples()


class Record:
    """Makes calls that only read by JSON over HTTP as well, and writes each with its answer, for schemas.py."""

    def __init__(self, path):
        self.file = path.open("a")
        self.connections = {}

    def call(self, address, method, message, metadata):
        connection = self.connections.setdefault(address, http.client.HTTPConnection(address, timeout=CALL_SECONDS))
        body = json_format.MessageToJson(message, indent=None)
        connection.request("POST", f"/{method}", body, {"content-type": "application/json"} | dict(metadata))
        answer = connection.getresponse()
        line = {"method": method, "request": json.loads(body), "status": answer.status, "answer": json.load(answer)}
        print(json.dumps(line), file=self.file, flush=True)


class Endpoint:
    """One server: its channel and the descriptors that it returned."""

    record = None

    def __init__(self, address):
        self.address = address.removeprefix("http://")
        self.channel = grpc.insecure_channel(self.address)
        self.reflection = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.reflection)
        self.called = set()

    def services(self):
        return list(self.reflection.get_services())

    def descriptor(self, service, name):
        found = self.pool.FindServiceByName(service).FindMethodByName(name)
        if found is None:
            raise Mismatch(f"{service} has no method {name}")
        return found

    def only_reads(self, service, name):
        """Whether one message is answered by one, and nothing changes."""
        found = self.descriptor(service, name)
        return found.GetOptions().idempotency_level == 1 and not (found.client_streaming or found.server_streaming)

    def method(self, service, name):
        """A callable for one method, and the class of its request."""
        self.called.add((service, name))
        found = self.descriptor(service, name)
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
            messages = [json_format.ParseDict(row, request()) for row in rows]
            message = iter(messages)
        answer = call(message, metadata=self.metadata, timeout=seconds)
        EXAMPLES.add(service, name, message if rows is None else messages[0])
        if Endpoint.record and self.endpoints[service].only_reads(service, name):
            Endpoint.record.call(self.endpoints[service].address, f"{service}/{name}", message, self.metadata)
        return answer


class Watch:
    """Reads a server stream in the background."""

    def __init__(self, stream):
        self.stream = stream
        self.changed = threading.Condition()
        self.latest = None
        self.messages = []
        self.ended = None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for message in self.stream:
                with self.changed:
                    self.latest = message
                    self.messages.append(message)
                    self.changed.notify_all()
            why = "the server ended the stream"
        except grpc.RpcError as error:
            why = f"{error.code().name}: {error.details()}"
        with self.changed:
            self.ended = why
            self.changed.notify_all()

    def until(self, what, fact):
        """Waits for a message that meets the condition and returns it."""
        deadline = time.monotonic() + WATCH_SECONDS
        with self.changed:
            while True:
                if self.latest is not None and fact(self.latest):
                    return self.latest
                left = deadline - time.monotonic()
                if self.ended:
                    raise Mismatch(f"waiting for {what}: {self.ended}")
                if left <= 0:
                    raise Mismatch(f"no {what} within {WATCH_SECONDS} s; {len(self.messages)} messages, latest {self.latest}")
                self.changed.wait(left)

    def close(self):
        self.stream.cancel()


def until(what, fact, seconds=WATCH_SECONDS):
    """Waits until a condition is true."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(grpc.RpcError):
            if fact():
                return
        if time.monotonic() > deadline:
            raise Mismatch(f"no {what} within {seconds} s")
        time.sleep(0.1)


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


def every_other_method(report, endpoints, token):
    """Calls every method that no scenario has called, with an empty message: it must be answered, or refused with the
    details that every refusal has."""
    prima = Caller(endpoints, token)
    for service, endpoint in endpoints.items():
        for method in endpoint.pool.FindServiceByName(service).methods:
            if (service, method.name) in endpoint.called:
                continue
            with report.check(f"{method.name}, which no scenario calls, answers an empty message or refuses it"):
                try:
                    rows = [{}] if method.client_streaming else None
                    answer = prima.call(service, method.name, rows=rows)
                    if method.server_streaming:
                        next(answer, None)
                        answer.cancel()
                except grpc.RpcError as error:
                    refusal = Refusal(error)
                    if refusal.code in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
                        raise
                    expect("domain of ErrorInfo", refusal.domain, "prima.go.id")
