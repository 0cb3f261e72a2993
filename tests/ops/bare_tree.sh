#!/bin/sh
# Unpack a bundle in a bare Debian 13 without any network and play the story there, as docs/howto/install-without-network.md
# says it: tests/ops/bare_tree.sh FILE.tar [FOLDER]. As root, with debootstrap; only making the bare tree needs a mirror
# (MIRROR=...). FOLDER holds the tree and stays; a second run with it tries the second start.
set -eu
ARCHIVE=$(readlink -f "$1")
FOLDER=${2:-$(mktemp -d)}
TREE=$FOLDER/tree
say() { printf '%s %s\n' "$(date +%T)" "$*"; }

if [ ! -d "$TREE" ]; then
    say "debootstrap"
    debootstrap --variant=minbase trixie "$TREE.part" ${MIRROR:+"$MIRROR"} >"$FOLDER/debootstrap.log" 2>&1
    mv "$TREE.part" "$TREE"
    rm -f "$TREE/etc/resolv.conf" "$TREE"/var/cache/apt/archives/*.deb
fi
NAME=$(tar tf "$ARCHIVE" | head -n 1 | cut -d / -f 1)
if [ ! -d "$TREE/opt/$NAME" ]; then
    say "unpack"
    tar xf "$ARCHIVE" -C "$TREE/opt"
fi
say "start, without network"
# Namespaces of its own: no interface but loopback, mounts and processes that are gone afterwards.
exec unshare --net --mount --pid --fork --kill-child sh -euc '
    ip link set lo up
    test "$(ip -o link | wc -l)" = 1
    mount -t proc proc "$1/proc"
    mount -t tmpfs tmpfs "$1/run"
    mount --rbind /dev "$1/dev"
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root FENGSUI_LANG=en chroot "$1" sh -c "cd /opt/$2 && ./fengsui demo --headless"
' bare "$TREE" "$NAME"
