#!/bin/bash
# PID 1 of the guest's namespaces: boot.sh CHECKOUT PYTHON LIMIT_S WORK [pytest arguments]; started by run.sh only.
#
# WORK is a module, or "". The guest runs it first, and has its power cut when that asks for it; then it boots
# again, with the disk that the cut has left, and runs pytest.
#
# What the guest may write outside of the checkout is replaced by copies in
# memory first: /run (the disks, the guest's memory, its control socket)
# and /etc. The kernel drops them with the mount namespace.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
checkout=$1 python=$2 limit_s=$3 work=$4
shift 4

# Files that are mounted belong to whoever works on this machine meanwhile: here they would stay in use after that.
findmnt -rno SOURCE,TARGET | while read -r source path; do
    [[ $source == /dev/loop* && $path != / && $checkout/ != "$path"/* && $python != "$path"/* ]] || continue
    # Another run may take one away at the same time.
    umount -l "$(printf '%b' "$path")" 2>/dev/null || true
done

mount -t tmpfs -o size=8G,mode=755 guest /run
mkdir /run/memory /run/control
cp -a /etc /run/etc
mount --bind /run/etc /etc
if [[ ! -d /usr/lib/modules ]]; then
    # A machine whose kernel came from elsewhere lacks the folder: it is added in memory, too.
    mkdir /run/lib /run/work
    mount -t overlay -o lowerdir=/usr/lib,upperdir=/run/lib,workdir=/run/work overlay /usr/lib
    mkdir /usr/lib/modules
fi
mount --bind /usr/lib/uml/modules /usr/lib/modules
truncate -s 20G /run/pool /run/state /run/share

# The guest's init reads these; /etc is the one folder that both sides see and that is private.
mkdir /etc/guest
printf '%s\n' "$checkout" >/etc/guest/checkout
for name in CI CSI_SANITY SOAK_SECONDS XDG_CACHE_HOME; do
    # Empty is not the same as absent.
    [[ ! -v $name ]] || printf '%s=%q\n' "$name" "${!name}"
done >/etc/guest/environment

# HOME and TMPDIR: where user-mode Linux keeps its control socket and its memory.
environment=(HOME=/run/control TMPDIR=/run/memory)
if grep -qw amx_tile /proc/cpuinfo; then
    cc -Wall -Wextra -O2 -shared -fPIC -o /run/xstate.so "$here/xstate.c"
    environment+=(LD_PRELOAD=/run/xstate.so)
fi

# Boot the guest for one command, and cut its power when there is a file /etc/guest/cut.
boot() {
    rm -rf /run/control/*
    printf '%s\0' "$@" >/etc/guest/command
    unshare --pid --fork --kill-child --mount-proc --propagation slave \
        timeout --kill-after=10 "$((limit_s - SECONDS))" env "${environment[@]}" \
        linux.uml rootfstype=hostfs root=/dev/root rw hostfs=/ init="$here/init.sh" quiet loglevel=3 mem=2G \
        ubd0=/run/pool ubd1=/run/state ubd2=/run/share con=null con0=fd:0,fd:1 ssl=null umid=guest uml_dir=/run/control </dev/null &
    local guest=$!
    until [[ -e /etc/guest/cut ]] || ! kill -0 "$guest" 2>/dev/null; do
        sleep 0.2
    done
    if [[ -e /etc/guest/cut ]]; then
        # The guest's processes, which are not one group, have a namespace for this: the kernel ends them all at once.
        kill -KILL "$guest"
    fi
    # The shell's own words on how it ended are for nobody.
    wait "$guest" 2>/dev/null
}

# Print what a guest says, but for the kernel's last words, so that it ends as pytest's output does.
run() {
    status=0
    boot "$@" 2>&1 | sed -u -e 's/\r*$//' -e '/^Powering off\.$/d' -e '/^reboot: System halted$/d' || status=$?
}

# Say why there is no status of pytest's.
give_up() {
    if ((status == 124 || status == 137)); then
        echo "guest: ended after $limit_s s (LIMIT_S)" >&2
        exit 124
    fi
    echo "guest: $* (user-mode Linux ended with $status)" >&2
    exit 125
}

if [[ -n $work ]]; then
    run "$python" -m "$work"
    [[ -e /etc/guest/cut && ! -e /etc/guest/status ]] || give_up "what the power cut was to interrupt ended by itself"
    rm /etc/guest/cut
    echo "guest: power cut; booting again" >&2
fi
run "$python" -m pytest -p no:cacheprovider "$@"
[[ -e /etc/guest/status ]] || give_up "went down before pytest was done"
exit "$(</etc/guest/status)"
