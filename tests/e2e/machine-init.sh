#!/usr/bin/env bash
# The first process of a machine of the laboratory, in PID and mount namespaces of its own: with it all ends. What is written
# to the machine's own folders goes to the folder in the first argument, so that nothing of it is ever left. The second is
# the image of the file system that all machines have mounted. A machine that is started again finds what it had.
set -euo pipefail

folder=$1 shared=$2
mount --make-rshared /
for top in etc opt var; do
    mkdir -p "$folder/machine/$top/"{new,work}
    mount -t overlay -o "lowerdir=/$top,upperdir=$folder/machine/$top/new,workdir=$folder/machine/$top/work" "lab-$top" "/$top"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/udev /var/lib/kubelet "$folder/machine/kubelet"
# The kubelet looks what file system this is, and does not understand an overlay.
mount --bind "$folder/machine/kubelet" /var/lib/kubelet
# Volumes are on file systems that have reflinks. What is mounted twice is one file system, as one of a network is.
for image in "$folder/local.img" "$shared"; do
    if [ ! -e "$image" ]; then
        truncate -s 200G "$image"
        mkfs.xfs -q "$image"
    fi
    storage=/var/lib/storage/$(basename "$image" .img)
    mkdir -p "$storage"
    mount -o loop "$image" "$storage"
done
[ -p "$folder/never" ] || mkfifo "$folder/never"
touch "$folder/up"
# A shell that waits buries everybody's children.
read -r <>"$folder/never"
