#!/bin/bash
# Run tests/guest inside a user-mode Linux guest, as root: run.sh [pytest arguments]
#
# The guest is an ordinary process with a kernel of its own, which has what the
# machine's kernel may lack (device-mapper, SCSI, iSCSI and its target, NFS), on the
# machine's own root file system, so the virtualenv and the checkout are there.
# All of it lives in namespaces of its own and in memory; when this script ends,
# even by SIGKILL, the kernel takes everything back. Where the tests of a power
# cut are among those that run, the guest is cut off in the middle of work first.
#
# Environment: PYTHON   the interpreter (default: the checkout's .venv/bin/python)
#              LIMIT_S  seconds until the guest is ended (default: 3600)
#              CI, SOAK_SECONDS  as everywhere; the tests in the guest see them
# Exit status: pytest's; 124 after LIMIT_S; 125 when the guest did not get as far as pytest.
set -euo pipefail

packages=(user-mode-linux lvm2 thin-provisioning-tools open-iscsi multipath-tools e2fsprogs xfsprogs btrfs-progs
    nfs-common nfs-kernel-server qemu-utils lsscsi kmod udev iproute2 iptables procps util-linux)
here=$(dirname "$(readlink -f "$0")")
checkout=$(dirname "$(dirname "$here")")
# No symbolic link is followed: a virtualenv's interpreter is one.
PYTHON=$(realpath -s "${PYTHON:-$checkout/.venv/bin/python}")

# Files that take about as long as all of the others, twice.
second=(test_iscsi_faults.py test_sanity_nfs.py)
third=(test_sanity_lvm.py test_several.py)

say() { echo "guest: $*" >&2; }

die() {
    say "$*"
    exit 125
}

install_packages() {
    # With AMX, user-mode Linux needs a small library: see xstate.c.
    if grep -qw amx_tile /proc/cpuinfo && ! command -v cc >/dev/null; then
        packages+=(gcc libc6-dev)
    fi
    # Only the guest needs the daemons: none starts on this machine.
    "$here/../lab/packages.sh" "${packages[@]}" || die "cannot install the packages above: see what apt-get said"
}

ours=()
said=$(mktemp -d)

leave() {
    rm -rf "$said"
    ((!${#ours[@]})) || kill -KILL "${ours[@]}" 2>/dev/null || true
}

# Boot a guest in the background: boot WORK [pytest arguments]
boot() {
    # Whoever ends this script ends the namespaces, and with them every process of the guest.
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc --propagation slave \
        "$here/boot.sh" "$checkout" "$PYTHON" "${LIMIT_S:-3600}" "$@" </dev/null &
    ours+=($!)
}

((EUID == 0)) || die "must run as root: it mounts, and the guest's root is this machine's"
[[ -x $PYTHON ]] || die "no interpreter at $PYTHON: run 'make setup', or set PYTHON"
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
install_packages

# Arguments that name tests take the place of all of them.
arguments=("$@")
# One file takes as long as half of the others, and runs when it is named.
all=(tests/guest --ignore tests/guest/test_cinderlib.py)
for argument in "$@"; do
    [[ $argument != tests/* ]] || all=()
done

# Natively it takes seconds, in the guest a minute: find the tests, and byte-compile what they import.
say "collecting"
status=0
collected=$(cd "$checkout" && env -u PYTHONDONTWRITEBYTECODE "$PYTHON" -m pytest -p no:cacheprovider --collect-only -qq \
    "${all[@]}" "${arguments[@]}" 2>&1) || status=$?
if ((status != 0)); then
    printf '%s\n' "$collected" >&2
    exit "$status"
fi

# What is built or fetched needs the network, which the guest has not.
export CSI_SANITY= XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
[[ $collected != *tests/guest/test_sanity* ]] || CSI_SANITY=$("$checkout/tests/lab/csi-sanity.sh")
if [[ $collected == *tests/guest/test_cinderlib* ]]; then
    "$checkout/tests/lab/cinderlib-suite.sh" >/dev/null
    # It lists the drivers, which imports them all.
    libraries=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    "$PYTHON" -m compileall -q "$libraries/cinder/volume" >/dev/null || say "some drivers of Cinder cannot be compiled"
fi

work=
[[ $collected != *tests/guest/test_power_cut.py* ]] || work=tests.guest.work

# A guest has one processor, and waits at times: with no test named, three guests share the files of two processors. What the
# first one says is seen at once, and the others' words come last.
say "booting"
if ((!${#all[@]})); then
    boot "$work" "${arguments[@]}"
else
    lots=([1]= [2]= [3]=)
    for file in $(sed -n 's|^\(tests/[^:]*\):.*|\1|p' <<<"$collected" | sort -u); do
        lot=1
        [[ " ${second[*]} " != *" ${file##*/} "* ]] || lot=2
        [[ " ${third[*]} " != *" ${file##*/} "* ]] || lot=3
        lots[lot]+=" $file"
    done
    [[ -z ${lots[1]} ]] || boot "$work" "${arguments[@]}" ${lots[1]}
    for lot in 2 3; do
        [[ -z ${lots[lot]} ]] || boot "" "${arguments[@]}" ${lots[lot]} >"$said/$lot" 2>&1
    done
fi
for guest in "${ours[@]}"; do
    wait "$guest" || status=$?
done
ours=()
cat "$said"/* 2>/dev/null || true
exit "$status"
