#!/bin/bash
# PID 1 of the guest's namespaces: boot.sh CHECKOUT PYTHON LIMIT_S [pytest arguments]; started by run.sh only.
#
# What the guest may write outside of the checkout is replaced by copies in
# memory first: /run (the pool's disk, the guest's memory, its control socket)
# and /etc. The kernel drops them with the mount namespace.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
checkout=$1 python=$2 limit_s=$3
shift 3

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
truncate -s 20G /run/pool

# The guest's init reads these; /etc is the one folder that both sides see and that is private.
mkdir /etc/guest
printf '%s\n' "$checkout" >/etc/guest/checkout
printf '%s\0' "$python" -m pytest -p no:cacheprovider "$@" >/etc/guest/command

# HOME and TMPDIR: where user-mode Linux keeps its control socket and its memory.
environment=(HOME=/run/control TMPDIR=/run/memory)
if grep -qw amx_tile /proc/cpuinfo; then
    cc -Wall -Wextra -O2 -shared -fPIC -o /run/xstate.so "$here/xstate.c"
    environment+=(LD_PRELOAD=/run/xstate.so)
fi

status=0
timeout --kill-after=10 "$limit_s" env "${environment[@]}" \
    linux.uml rootfstype=hostfs root=/dev/root rw hostfs=/ init="$here/init.sh" quiet loglevel=3 mem=2G \
    ubd0=/run/pool con=null con0=fd:0,fd:1 ssl=null umid=guest uml_dir=/run/control 2>&1 |
    # What the kernel says last is left out, so that the output ends as pytest's.
    sed -u -e 's/\r*$//' -e '/^Powering off\.$/d' -e '/^reboot: System halted$/d' || status=$?
if [[ -e /etc/guest/status ]]; then
    exit "$(</etc/guest/status)"
fi
if ((status == 124 || status == 137)); then
    echo "guest: ended after $limit_s s (LIMIT_S)" >&2
    exit 124
fi
echo "guest: went down before pytest was done (user-mode Linux ended with $status)" >&2
exit 125
