#!/usr/bin/env bash
# Makes what is made from the chart: its own copy of the kinds, the plain manifests of deploy/kustomize/base, and what the tests
# hold its templates against.
#
#   deploy/manifests.sh [DIR]    write below DIR instead of the checkout; a test does so, to compare
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root}
chart=deploy/helm/cinderblock
golden=tests/deploy/golden
helm=$("$root/tests/lab/helm.sh")

# Whoever applies the manifests is not helm, and has no release.
plain() { sed -e '/^# Source: /d' -e '/helm\.sh\//d' -e 's|managed-by: Helm|managed-by: kustomize|'; }

rendered() { "$helm" template "$@" --kube-version 1.36.3; }

mkdir -p "$out/$chart/files/crds" "$out/deploy/kustomize/base" "$out/$golden"
[ "$out" = "$root" ] || cp -r "$root/$chart/." "$out/$chart"
rm -f "$out/$chart"/files/crds/*
cp "$root"/deploy/crds/*.yaml "$out/$chart/files/crds"
{
    echo '# Made from deploy/crds by `make manifests`, never edited.'
    for kind in "$root"/deploy/crds/*.yaml; do
        echo ---
        tail -n +2 "$kind"
    done
} >"$out/deploy/kustomize/base/kinds.yaml"
{
    echo '# Made from the chart by `make manifests`, never edited.'
    rendered cinderblock "$out/$chart" --namespace cinderblock --set crds.install=false \
        --set key.existingSecret=cinderblock-key --set config.existingSecret=cinderblock-config | plain
} >"$out/deploy/kustomize/base/cinderblock.yaml"
rendered storage "$out/$chart" --namespace storage-system -f "$root/$golden/everything.values.yaml" >"$out/$golden/everything.yaml"
