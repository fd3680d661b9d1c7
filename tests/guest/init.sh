#!/bin/bash
# PID 1 inside of the guest: devices, udev, iscsid, multipathd, LIO; then one command, then power-off.
set -uo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /dev/pts /dev/shm /run/lock/iscsi /run/lock/lvm /run/multipath /run/tmp
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
export TMPDIR=/run/tmp

hostname guest
ip link set lo up
ip address add 127.0.0.2/8 dev lo

# What the target and the initiator keep belongs to this boot only; boot.sh made /etc a private copy.
rm -rf /etc/iscsi/nodes /etc/iscsi/send_targets /etc/multipath /etc/multipath.conf /etc/target
mkdir -p /etc/multipath /etc/target
echo 'InitiatorName=iqn.2004-10.example.guest:initiator' >/etc/iscsi/initiatorname.iscsi

# LVM is not to look into the volumes that this machine reaches by iSCSI, as on every storage host that is
# its own client: while their target is away, it would wait for them.
echo 'devices { global_filter = [ "a|^/dev/ubd|", "r|.*|" ] }' >/etc/lvm/lvmlocal.conf

modprobe -a loop dm-mod dm-thin-pool dm-snapshot dm-multipath dm-round-robin dm-service-time scsi_mod sd_mod iscsi_tcp \
    configfs target_core_mod target_core_iblock iscsi_target_mod ext4 xfs \
    nbd nfs nfsv4 nfsd \
    ip_tables iptable_filter xt_tcpudp
mount -t configfs configfs /sys/kernel/config

SYSTEMD_LOG_LEVEL=warning /lib/systemd/systemd-udevd --daemon
udevadm trigger
udevadm settle
iscsid
multipathd

set -a
. /etc/guest/environment
set +a
cd "$(</etc/guest/checkout)" || poweroff -f -d
mapfile -d '' -t command </etc/guest/command
# Cinder runs its own programs by name (cinder-rtstool): they are beside the interpreter.
PATH=$(dirname "${command[0]}"):$PATH "${command[@]}"
echo $? >/etc/guest/status
sync
poweroff -f -d
