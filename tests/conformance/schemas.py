"""The descriptions of the API by their official schemas, and what was really sent and answered by the description.

    schemas.py --endpoint URL --openapi FILE --asyncapi FILE --record FILE

The files are what `prima api` prints; the server must serve the same. The record has one call per line, as conformance.py and
region.php write it.
"""

import argparse
import copy
import json
import pathlib
import sys
import urllib.request
from collections import Counter

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from kit import Mismatch, Report, expect
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "api"
# The first faults of a document say enough.
SHOWN = 5


def faults(validator, instance):
    found = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in validator.iter_errors(instance)]
    if found:
        raise Mismatch(f"{len(found)} faults: {found[:SHOWN]}")


def strict(document):
    """The document with objects that have no other fields than those described, so that an unknown one is found."""
    closed = copy.deepcopy(document)
    for name, schema in closed["components"]["schemas"].items():
        if schema.get("type") == "object" and not name.startswith("connect."):
            schema["additionalProperties"] = False
    return closed


class Described:
    """Validators of the messages of a document."""

    def __init__(self, document):
        self.paths = document["paths"]
        self.registry = Registry().with_resource("prima:openapi", DRAFT202012.create_resource(strict(document)))

    def check(self, schema, instance):
        schema = {"$ref": "prima:openapi" + schema["$ref"]}
        faults(Draft202012Validator(schema, registry=self.registry, format_checker=FormatChecker()), instance)

    def post(self, method):
        return self.paths[f"/{method}"]["post"]

    def request(self, method):
        return next(iter(self.post(method)["requestBody"]["content"].values()))

    def response(self, method, status):
        """The schema of an answer with this status."""
        if status != 200:
            expect(f"refusal of {method} is described", str(status) in self.post(method)["responses"], True)
            return {"$ref": "#/components/schemas/connect.error"}
        return next(iter(self.post(method)["responses"]["200"]["content"].values()))["schema"]


def fetched(endpoint, path):
    with urllib.request.urlopen(f"{endpoint}/{path}", timeout=30) as answer:
        expect("type", answer.headers["content-type"], "application/json")
        return json.load(answer)


def main():
    parser = argparse.ArgumentParser(description="Validates the descriptions of the API, and calls by them.")
    parser.add_argument("--endpoint", required=True, help="URL of a server of every service")
    for name in ("openapi", "asyncapi", "record"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    args = parser.parse_args()
    report = Report()
    openapi, asyncapi = (json.loads(file.read_text()) for file in (args.openapi, args.asyncapi))

    with report.check("openapi.json is valid by the schema of OpenAPI 3.1, and each of its schemas by JSON Schema"):
        parts = [Resource.from_contents(part) for part in json.loads((DATA / "openapi-3.1.json").read_text())]
        registry = Registry().with_resources((part.id(), part) for part in parts)
        faults(Draft202012Validator(parts[0].contents, registry=registry, format_checker=FormatChecker()), openapi)
        for name, schema in openapi["components"]["schemas"].items():
            Draft202012Validator.check_schema(schema)
    with report.check("asyncapi.json is valid by the schema of AsyncAPI 3.1"):
        faults(Draft7Validator(json.loads((DATA / "asyncapi-3.1.0.json").read_text()), format_checker=FormatChecker()), asyncapi)
    with report.check("the server serves both, byte for byte what the command prints"):
        expect("openapi.json", fetched(args.endpoint, "openapi.json") == openapi, True)
        expect("asyncapi.json", fetched(args.endpoint, "asyncapi.json") == asyncapi, True)

    described = Described(openapi)
    with report.check("every example of a request, and of a refusal, is valid by its schema"):
        for path in openapi["paths"]:
            content = described.request(path[1:])
            described.check(content["schema"], content["example"])
        for response in openapi["components"]["responses"].values():
            content = response["content"]["application/json"]
            for example in content["examples"].values():
                described.check(content["schema"], example["value"])

    calls = [json.loads(line) for line in args.record.read_text().splitlines()]
    statuses = Counter(call["status"] for call in calls)
    methods = len({call["method"] for call in calls})
    with report.check(f"each of {len(calls)} real answers of {methods} methods, {dict(statuses)}, is valid by its schema"):
        expect("enough of them", methods > 120 and len(statuses) > 4, True)
        for call in calls:
            try:
                described.check(described.response(call["method"], call["status"]), call["answer"])
            except Mismatch as fault:
                raise Mismatch(f"{call['method']} {call['status']}: {fault}") from fault
    with report.check("and each request that was accepted"):
        for call in calls:
            if call["status"] == 200:
                try:
                    described.check(described.request(call["method"])["schema"], call["request"])
                except Mismatch as fault:
                    raise Mismatch(f"{call['method']}: {fault}") from fault
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
