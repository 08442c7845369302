#!/usr/bin/env bash
# Renders every kustomization and validates what comes out, and checks the configuration of NATS and of compose.
# Needs PRIMA_KUBECTL, PRIMA_NATS_SERVER and PRIMA_PYTHON: `. tests/tools.sh checks`.
set -euo pipefail
cd "$(dirname "$0")"

rendered=$(mktemp -d)
optional=$(mktemp -d k8s/overlays/optional.XXXXXX)
trap 'rm -rf "$rendered" "$optional"' EXIT
# Production with the components that it leaves out.
printf 'resources: [../production]\ncomponents: [../../publications]\n' >"$optional/kustomization.yaml"

for name in base overlays/dev overlays/production "${optional#k8s/}"; do
    file=$rendered/${name//\//-}.yaml
    "$PRIMA_KUBECTL" kustomize "k8s/$name" >"$file"
    # The oldest version that has all we use, and the newest that the validator knows.
    for version in 1.30 1.37; do
        "$(dirname "$PRIMA_PYTHON")/kubernetes-validate" --strict --quiet --kubernetes-version "$version" "$file"
    done
    echo "k8s/$name: $(grep -c '^kind:' "$file") objects, valid"
done

# What must hold in every rendered pod, whoever adds the next service.
"$PRIMA_PYTHON" - "$rendered"/*.yaml <<'PY'
import sys, yaml

faults = []
for path in sys.argv[1:]:
    with open(path) as file:
        objects = [o for o in yaml.safe_load_all(file) if o]
    # The base is never applied: its overlays choose the image.
    overlay = "overlays-" in path
    guarded = {
        o["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name")
        for o in objects
        if o["kind"] == "NetworkPolicy"
    }
    maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
    for o in objects:
        if o["kind"] not in ("Deployment", "StatefulSet", "Job"):
            continue
        where = f"{path.rsplit('/', 1)[-1]}: {o['kind']} {o['metadata']['name']}"
        template = o["spec"]["template"]
        pod = template["spec"]
        labels = template["metadata"]["labels"]
        security = pod.get("securityContext", {})
        def must(fact, text):
            if not fact:
                faults.append(f"{where}: {text}")
        must(security.get("runAsNonRoot"), "runAsNonRoot")
        must(security.get("seccompProfile", {}).get("type") == "RuntimeDefault", "seccompProfile RuntimeDefault")
        must(pod.get("automountServiceAccountToken") is False, "automountServiceAccountToken: false")
        for c in pod["containers"]:
            own = c.get("securityContext", {})
            must(own.get("readOnlyRootFilesystem"), "readOnlyRootFilesystem")
            must(own.get("allowPrivilegeEscalation") is False, "allowPrivilegeEscalation: false")
            must(own.get("capabilities", {}).get("drop") == ["ALL"], "drop ALL capabilities")
            must(c.get("resources", {}).get("limits", {}).get("memory"), "a memory limit")
            image = c["image"]
            must(not overlay or ("@" in image or ":" in image.rsplit("/", 1)[-1]) and not image.endswith(":latest"),
                 f"image {image} without a version")
        if labels.get("app.kubernetes.io/component") == "service":
            must(labels["app.kubernetes.io/name"] in guarded, "no NetworkPolicy of its own")
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                found = pod["containers"][0].get(probe, {})
                # The kubelet's own gRPC probe speaks no TLS; the program asks the same service with it.
                asks = found.get("exec", {}).get("command", [])[:2] == ["/usr/local/bin/prima", "health"]
                must("grpc" in found or asks, f"no gRPC {probe}")
            settings = {
                key: value
                for source in pod["containers"][0]["envFrom"]
                if "configMapRef" in source
                for key, value in maps[source["configMapRef"]["name"]].items()
            }
            must(not overlay or "PRIMA_GRPC__TLS_CERTIFICATE" in settings or settings.get("PRIMA_GRPC__TLS_PROXY") == "true",
                 "neither TLS nor a proxy")
            must("production" not in path or "PRIMA_GRPC__TLS_CERTIFICATE" in settings, "no TLS in production")
            for insecure in ("PRIMA_DATABASE__INSECURE", "PRIMA_BUS__INSECURE"):
                must("production" not in path or insecure not in settings, f"{insecure} in production")
if faults:
    sys.exit("\n".join(faults))

with open("compose.yaml") as file:
    services = yaml.safe_load(file)["services"]
missing = {"directory", "survey", "innovation", "complaint", "index", "ranking", "postgres", "nats"} - services.keys()
if missing:
    sys.exit(f"compose.yaml: no {', '.join(sorted(missing))}")
with open("otel/collector.yaml") as file:
    yaml.safe_load(file)
PY
echo "pods are hardened, compose and collector files parse"

# -t parses the file without starting; the passwords only have to be there.
env PRIMA_DIRECTORY_PASSWORD=x PRIMA_SURVEY_PASSWORD=x PRIMA_INNOVATION_PASSWORD=x PRIMA_COMPLAINT_PASSWORD=x \
    PRIMA_INDEX_PASSWORD=x PRIMA_RANKING_PASSWORD=x PRIMA_READER_PASSWORD=x \
    "$PRIMA_NATS_SERVER" -t -c nats/nats.conf
