"""The definition of the league tables of a metric, from its faults to its second version."""

import json
import secrets

import grpc
from kit import RANKING, Caller, expect, expect_within, refused


def run(report, endpoints, token):
    """Creates the definition of a metric that no release knows, replaces it, and reads it back."""
    check = report.check
    prima, nobody = Caller(endpoints, token), Caller(endpoints)
    metric = f"uji-{secrets.token_hex(4)}"
    document = {
        "metric": metric,
        "title": {"id": "Waktu Layanan", "en": "Service time"},
        "unit": {"id": "hari", "en": "days"},
        "better": "lower",
        "citation": "Uji kesesuaian",
        "mark": "INFERRED: test",
    }

    def create(number, fields):
        return {"request_id": f"{metric}-{number}", "json": json.dumps(document | fields)}

    with check("CreateTableDefinition names every fault of a document, and needs the national admin"):
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(
            RANKING, "CreateTableDefinition", create(0, {"better": "faster", "ties": "dense"})))
        expect("fields", sorted(refusal.fields), ["json.better", "json.ties"])
        refused(grpc.StatusCode.UNAUTHENTICATED, None, lambda: nobody.call(RANKING, "CreateTableDefinition", create(1, {})))
    with check("CreateTableDefinition, Get and List agree on a definition and its second version"):
        first = prima.call(RANKING, "CreateTableDefinition", create(1, {})).definition
        expect("repeated", prima.call(RANKING, "CreateTableDefinition", create(1, {})).definition, first)
        expect("name", first.name, f"metrics/{metric}/definitions/1000")
        second = prima.call(RANKING, "CreateTableDefinition", create(2, {"version": 1001, "better": "higher"})).definition
        expect("title and version", (second.title, second.title_en, second.version), ("Waktu Layanan", "Service time", 1001))
        refused(grpc.StatusCode.ABORTED, "ETAG_MISMATCH",
                lambda: prima.call(RANKING, "CreateTableDefinition", create(3, {"version": 1001})))
        newest = nobody.call(RANKING, "GetTableDefinition", {"name": f"metrics/{metric}/definitions/-"}).definition
        expect("the one that counts", newest, second)
        versions = nobody.call(RANKING, "ListTableDefinitions", {"metric": metric}).definitions
        expect("versions", [(d.version, d.current) for d in versions], [(1000, False), (1001, True)])
        refused(grpc.StatusCode.NOT_FOUND, None,
                lambda: nobody.call(RANKING, "GetTableDefinition", {"name": f"metrics/{metric}/definitions/7"}))
    with check("ListTableDefinitions has the definitions of the release"):
        listed = nobody.call(RANKING, "ListTableDefinitions", {"page_size": 1000}).definitions
        expect_within("the list", ["skm", "ipp", metric], {d.metric: d for d in listed})
