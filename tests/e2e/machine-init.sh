#!/usr/bin/env bash
# The first process of the laboratory's machine, in PID and mount namespaces of its own: with it all ends. What is written
# to the machine's own folders goes to the folder in the argument, so that nothing of it is ever left.
set -euo pipefail

folder=$1
mount --make-rshared /
for top in etc opt var; do
    mkdir -p "$folder/machine/$top/"{new,work}
    mount -t overlay -o "lowerdir=/$top,upperdir=$folder/machine/$top/new,workdir=$folder/machine/$top/work" "lab-$top" "/$top"
done
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/udev /var/lib/kubelet "$folder/machine/kubelet"
# The kubelet looks what file system this is, and does not understand an overlay.
mount --bind "$folder/machine/kubelet" /var/lib/kubelet
# Volumes are on a file system that has reflinks.
mkdir "$folder/storage"
truncate -s 200G "$folder/storage.img"
mkfs.xfs -q "$folder/storage.img"
mount -o loop "$folder/storage.img" "$folder/storage"
mkfifo "$folder/never"
touch "$folder/up"
# A shell that waits buries everybody's children.
read -r <>"$folder/never"
