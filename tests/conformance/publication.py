"""A league table becomes official, and programs that know nothing of Prima verify what was published.

The Merkle trees are those of pymerkle, the signature is verified by cryptography, and the canonical form is that of Python's own
json: none of them is written here.
"""

import base64
import datetime
import hashlib
import json
import pathlib
import time

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kit import RANKING, Caller, Mismatch, expect, refused, until
from pymerkle import InmemoryTree


def root(leaves):
    """The root of RFC 6962, base64."""
    tree = InmemoryTree(algorithm="sha256")
    for leaf in leaves:
        tree.append_entry(leaf)
    return base64.b64encode(tree.get_root()).decode()


def verified(note, keys):
    """Origin, size and root of a checkpoint that is signed by a key of its origin (c2sp.org/signed-note)."""
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    origin, size, tree_root = text.splitlines()[:3]
    for key in keys.splitlines():
        name, key_id, body = key.split("+", 2)
        raw = base64.b64decode(body)
        expect("id of the key", hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8], key_id)
        for line in signatures.splitlines():
            _, signer, signature = line.split(" ")
            signature = base64.b64decode(signature)
            if raw[0] == 1 and (name, key_id) == (signer, signature[:4].hex()) and name == origin:
                Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature[4:], text.encode())
                return origin, int(size), tree_root
    raise Mismatch("the checkpoint is signed by no key of its origin")


def entries(folder, size):
    """The entries of the log in its bundles (c2sp.org/tlog-tiles)."""
    found = []
    for n in range((size + 255) // 256):
        width = min(size - n * 256, 256)
        name = f"{n:03}" if width == 256 else f"{n:03}.p/{width}"
        bundle = (folder / "tile" / "entries" / name).read_bytes()
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            found.append(bundle[2:2 + length])
            bundle = bundle[2 + length:]
    expect("entries", len(found), size)
    return found


def canonical(line):
    """The object of a line, which must be in the form of RFC 8785."""
    value = json.loads(line)
    expect("canonical form", json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False), line)
    return value


def run(report, endpoints, token, operator, table, public):
    """Proposes, objects, decides and publishes a table, and verifies every form of it."""
    check = report.check
    prima, agency, nobody = Caller(endpoints, token), Caller(endpoints, operator), Caller(endpoints)
    number = 0

    def request_id():
        nonlocal number
        number += 1
        return f"publication-{time.time_ns()}-{number}"

    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=4)
    published = [one for one in nobody.call(RANKING, "ListPublishedLeagueTables", {"metric": "skm"}).published
                 if one.table == table and not one.corrected_by]
    before = {"corrects": published[-1].name, "correction_reason": "Uji kesesuaian."} if published else {}
    proposal = subject = objection = final = None
    decree = {"number": "UJI/1", "date": "2024-10-31", "signatory": "Uji", "signatory_position": "Uji"}

    with check("ProposeLeagueTable freezes a table that its agencies and the ministry see, nobody else"):
        asked = {"request_id": request_id(), "table": table, "objection_end_time": ends.isoformat()} | before
        refused(grpc.StatusCode.PERMISSION_DENIED, None, lambda: agency.call(RANKING, "ProposeLeagueTable", asked))
        proposal = prima.call(RANKING, "ProposeLeagueTable", asked).proposal
        page = agency.call(RANKING, "GetProposedLeagueTable", {"name": proposal.name})
        expect("rows", page.proposal.ranked > 0 and len(page.rows) > 0, True)
        subject = page.rows[0].subject
        listed = agency.call(RANKING, "ListProposedLeagueTables", {"page_size": 1000}).proposals
        expect("it is listed", proposal.name in [one.name for one in listed], True)
        refused(grpc.StatusCode.UNAUTHENTICATED, None,
                lambda: nobody.call(RANKING, "GetProposedLeagueTable", {"name": proposal.name}))
    with check("FileTableObjection takes an objection, and nothing is published before it is decided"):
        filed = {"request_id": request_id(), "proposal": proposal.name, "subject": subject,
                 "grounds": "Uji kesesuaian: mohon dihitung ulang."}
        objection = agency.call(RANKING, "FileTableObjection", filed).objection
        refused(grpc.StatusCode.FAILED_PRECONDITION, "OBJECTION_PERIOD_RUNS", lambda: prima.call(
            RANKING, "PublishLeagueTable", {"request_id": request_id(), "proposal": proposal.name, "decree": decree}))
        until("end of the period", lambda: datetime.datetime.now(datetime.UTC) > ends)
        refused(grpc.StatusCode.FAILED_PRECONDITION, "OBJECTIONS_UNDECIDED", lambda: prima.call(
            RANKING, "PublishLeagueTable", {"request_id": request_id(), "proposal": proposal.name, "decree": decree}))
    with check("DecideTableObjection decides it, and the decision stays in the record"):
        prima.call(RANKING, "DecideTableObjection", {
            "request_id": request_id(), "name": objection.name, "decision": "OBJECTION_DECISION_REJECTED",
            "reason": "Uji kesesuaian: sudah benar."})
        kept = agency.call(RANKING, "ListTableObjections", {"parent": proposal.name}).objections[0]
        expect("reason", kept.decision_reason, "Uji kesesuaian: sudah benar.")
    with check("PublishLeagueTable publishes it once"):
        asked = {"request_id": request_id(), "proposal": proposal.name, "decree": decree}
        final = prima.call(RANKING, "PublishLeagueTable", asked).published
        expect("repeated", prima.call(RANKING, "PublishLeagueTable", asked).published.head, final.head)
        read = nobody.call(RANKING, "GetPublishedLeagueTable", {"name": final.name})
        expect("the first row", read.rows[0].subject, subject)

    def download(form):
        pieces = nobody.call(RANKING, "DownloadPublishedLeagueTable",
                             {"name": final.name, "format": f"PUBLISHED_TABLE_FORMAT_{form}"})
        return b"".join(piece.data for piece in pieces)

    with check("DownloadPublishedLeagueTable returns a file that other programs verify"):
        head, *rows, proof = download("SEALED").decode().splitlines()
        expect("head", head, final.head)
        sealed, proof = canonical(head), canonical(proof)
        expect("root of the rows", root([row.encode() for row in rows]), sealed["rows_root"])
        expect("rows", (len(rows), [canonical(row)["subject"] for row in rows][0]), (sealed["rows"], subject))
        leaves = [base64.b64encode(hashlib.sha256(b"\0" + row.encode()).digest()).decode() for row in rows]
        expect("hashes of the rows", proof["leaves"], leaves)
        keys = nobody.call(RANKING, "GetLogCheckpoint", {}).keys
        _, size, _ = verified(proof["checkpoint"], keys)
        expect("place in the log", (proof["index"], final.log_index), (size - 1, size - 1))
    with check("GetInclusionProof proves a row by the same head"):
        receipt = canonical(nobody.call(RANKING, "GetInclusionProof", {"name": final.name, "subject": subject}).receipt.rstrip())
        expect("head and row", (receipt["head"], receipt["row"]), (final.head, rows[0]))
    with check("CSV, JSON and workbook have the same rows"):
        expect("CSV", len(download("CSV").decode().splitlines()), 1 + len([r for r in rows if "removed" not in json.loads(r)]))
        document = json.loads(download("JSON"))
        expect("JSON", (document["rows"], document["provenance"]["number"]), ([json.loads(r) for r in rows], sealed["number"]))
        expect("workbook", download("XLSX")[:2], b"PK")
    with check("GetLogCheckpoint has the newest head, and AddCosignature takes no signature of a stranger"):
        answer = nobody.call(RANKING, "GetLogCheckpoint", {"old_size": size})
        verified(answer.checkpoint, answer.keys)
        line = answer.checkpoint.rstrip().splitlines()[-1]
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(
            RANKING, "AddCosignature", {"request_id": request_id(), "size": size, "signature": line}))
    if public is not None:
        with check("the files of the log contain the entry, and their tree has the signed root"):
            folder = pathlib.Path(public)

            def offered():
                return verified((folder / "checkpoint").read_text(), keys) if (folder / "checkpoint").exists() else ("", 0, "")

            until("files of the log", lambda: offered()[1] >= size)
            _, now, tree_root = offered()
            log = entries(folder, now)
            expect("root", root(log), tree_root)
            expect("entry", log[final.log_index], final.head.encode())
            expect("root at the publication", root(log[:size]), verified(proof["checkpoint"], keys)[2])
            path = folder / "tables" / final.name.split("/")[1] / "tabel.jsonl"
            expect("file", path.read_bytes(), download("SEALED"))
        with check("the page of a subject says what is sealed, and the catalogue lists the table"):
            page, catalogue = folder / "subjects" / subject / "halaman.json", folder / "index.json"

            def told(path, key, wanted):
                if not path.exists():
                    return []
                return [one for one in json.loads(path.read_text())[key] if wanted.items() <= one.items()]

            of_table = {"publication": sealed["number"]}
            until("page", lambda: told(page, "rows", of_table))
            row = told(page, "rows", of_table)[0]
            expect("row", (row["row"], row["state"]), (json.loads(rows[row["row_number"] - 1]), "in-force"))
            until("catalogue", lambda: told(catalogue, "dcat:dataset", {"dct:identifier": final.name}))
            dataset = told(catalogue, "dcat:dataset", {"dct:identifier": final.name})[0]
            expect("citation", dataset["dct:bibliographicCitation"], final.citation)
            formats = [one["dcat:downloadURL"].rsplit("/")[-1] for one in dataset["dcat:distribution"]]
            expect("files", [(path.parent / name).exists() for name in formats], [True] * 4)
