#!/usr/bin/env bash
# Installs those of Debian's packages in its arguments that are missing; as another user than root, it names them and ends with 1.
#
# Tests start the programs of these packages themselves, privately: no daemon is started by the installation.
set -euo pipefail

readonly policy=/usr/sbin/policy-rc.d
readonly mark='# made by tests/lab/packages.sh while it installs packages'

say() { printf 'packages: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Only what a run of this script has made, the one before that was killed included.
remove_policy() {
    if grep -qsxF "$mark" "$policy"; then
        rm -f "$policy"
    fi
}

trap remove_policy EXIT
missing=()
for package in "$@"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == *' installed' ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0
command -v apt-get >/dev/null || fail "this machine lacks ${missing[*]}: install them (the names are Debian's)"
((EUID == 0)) || fail "this machine lacks ${missing[*]}: run 'sudo apt-get install --no-install-recommends ${missing[*]}'"

say "installing ${missing[*]}"
if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || {
    apt-get update -qq >&2
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2
}
