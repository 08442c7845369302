"""Checks a bill of materials: it is that of prima, each crate has the version of Cargo.lock, a licence and its place, and no crate
that is used for tests only is in it."""

import json
import pathlib
import sys

root = pathlib.Path(__file__).resolve().parent.parent
with open(sys.argv[1], encoding="utf-8") as file:
    bom = json.load(file)

locked = set()
for package in (root / "Cargo.lock").read_text(encoding="utf-8").split("[[package]]")[1:]:
    fields = dict(line.split(" = ", 1) for line in package.splitlines() if " = " in line)
    locked.add((fields["name"].strip('"'), fields["version"].strip('"')))

faults = []
if bom["bomFormat"] != "CycloneDX" or bom["metadata"]["component"]["name"] != "prima":
    faults.append("it is not the bill of materials of prima")
components = [(c["name"], c["version"]) for c in bom["components"]]
for name in ("tonic", "rustls", "ring", "sea-orm", "prima-platform"):
    if name not in {n for n, _ in components}:
        faults.append(f"{name} is missing")
for name in ("proptest", "insta", "cap"):
    if name in {n for n, _ in components}:
        faults.append(f"{name} is for tests only")
for component in bom["components"]:
    where = f"{component['name']} {component['version']}"
    if (component["name"], component["version"]) not in locked:
        faults.append(f"{where} is not in Cargo.lock")
    if not component["name"].startswith("prima") and not (component.get("purl") and component.get("licenses")):
        faults.append(f"{where} has no place or no licence")
if len(components) < 200:
    faults.append(f"only {len(components)} components")
if faults:
    sys.exit("sbom: " + "\n".join(faults))
print(f"sbom: {len(components)} components")
