#!/bin/bash
# mount.simfs as mount(8) calls it and as scripts do. Argument: the program. Whoever is not root is
# root of a user namespace here, which has no ids for a VPS.
set -eu
if [ "${2-}" != inside ]; then
    namespaces=(--mount --propagation private)
    [ "$(id -u)" = 0 ] || namespaces+=(--user --map-root-user)
    unshare "${namespaces[@]}" true || exit 77
    exec unshare "${namespaces[@]}" "$0" "$1" inside "$(id -u)"
fi

simfs=$(realpath "$1")
dir=$(mktemp -d)
trap 'umount -R /sbin 2>/dev/null || :; umount -R "$dir" 2>/dev/null || :; rmdir "$dir"' EXIT
# A file system of the test's own: options of other mounts are locked in a user namespace.
mount -t tmpfs tmpfs "$dir"
mkdir "$dir/src" "$dir/a,b" "$dir/dst"
echo text >"$dir/src/file"
echo comma >"$dir/a,b/file"

fail() { echo "FAILED: $*"; exit 1; }
options() { findmnt -no VFS-OPTIONS "$dir/dst"; }
expect() { # OPTION…: each is among the mount's options
    local option
    for option in "$@"; do
        case ,$(options), in *,"$option",*) ;; *) fail "no '$option' in $(options)" ;; esac
    done
}

# What mount(8) makes of `mount -n -t simfs SRC DST -o SRC,ro,noexec,nosuid`.
"$simfs" "$dir/src" "$dir/dst" -n -o "ro,noexec,nosuid,$dir/src"
expect ro noexec nosuid
[ "$(cat "$dir/dst/file")" = text ] || fail content
umount "$dir/dst"

# The same without, options first, a path with a comma.
"$simfs" -o "rw,$dir/a,b" "$dir/a,b" "$dir/dst"
expect rw
[ "$(cat "$dir/dst/file")" = comma ] || fail "comma"
umount "$dir/dst"

# The source is in the options, as OpenVZ has it; what stands before is a label.
mkdir "$dir/other"
echo other >"$dir/other/file"
for label in label "$dir/other"; do
    "$simfs" "$label" "$dir/dst" -o "ro,$dir/src,nodev"
    expect ro nodev
    [ "$(cat "$dir/dst/file")" = text ] || fail "source of $label"
    umount "$dir/dst"
done
"$simfs" label "$dir/dst" -o "$dir/a,b,noatime"
expect noatime
[ "$(cat "$dir/dst/file")" = comma ] || fail "a comma in the options"
umount "$dir/dst"

# The last of two contradicting options wins; access time modes.
"$simfs" "$dir/src" "$dir/dst" -o ro,rw,noatime,nodev
expect rw noatime nodev
umount "$dir/dst"

# -f does nothing; errors are mount(8)'s codes, and nothing is mounted.
"$simfs" -f "$dir/src" "$dir/dst"
for arguments in "$dir/missing $dir/dst" "$dir/src $dir/missing"; do
    # shellcheck disable=SC2086
    if text=$("$simfs" $arguments 2>&1); then fail "mounted: $arguments"; else code=$?; fi
    [ $code = 32 ] || fail "code $code"
    case $text in *missing*) ;; *) fail "names nothing: $text" ;; esac
done
for arguments in "" "$dir/src" "$dir/src $dir/dst x" "$dir/src $dir/dst -o frobnicate" "-Z $dir/src $dir/dst"; do
    # shellcheck disable=SC2086
    if "$simfs" $arguments 2>/dev/null; then fail "accepted: $arguments"; else code=$?; fi
    [ $code = 1 ] || fail "code $code for: $arguments"
done
! mountpoint -q "$dir/dst" || fail "left mounted"

# A link of the VPS's that leads out of its root.
mkdir "$dir/out"
refused() { # COMMAND…
    local said code
    if said=$("$@" 2>&1); then fail "mounted by $*"; else code=$?; fi
    [ $code = 32 ] || fail "code $code: $said"
    case $said in *"leads out of the VPS to '$dir/out', by a symbolic link of the VPS"*) ;; *) fail "says: $said" ;; esac
    ! mountpoint -q "$dir/out" || fail "mounted out of the root by $*"
}
ln -s "$dir/out" "$dir/dst/data"
refused env VE_ROOT="$dir/dst/" "$simfs" "$dir/src" "$dir/dst/data"
"$simfs" "$dir/src" "$dir/dst/data"  # no VPS, and nobody's script
umount "$dir/out"

# Below the root of a running VPS, files have its ids; where that cannot be, it is said.
in_running_vps() {
    mkdir -p /run/vps
    mount -t tmpfs tmpfs /run/vps
    mount -t tmpfs tmpfs "$dir/src"
    echo text >"$dir/src/file"
    unshare --user sleep 60 &
    init=$!
    for _ in {1..1000}; do
        [ "$(readlink "/proc/$init/ns/user")" = "$(readlink /proc/self/ns/user)" ] || break
        sleep 0.01
    done
    echo 0 600000 65536 >"/proc/$init/uid_map"
    echo 0 600000 65536 >"/proc/$init/gid_map"
    mkdir /run/vps/101
    printf 'phase=running\nve_root=%s\nve_private=/x\nmount_point=%s\nfirst_id=600000\ninit_pid=%s\ninit_start=%s\n' \
        "$dir/dst" "$dir/dst" "$init" "$(cut -d' ' -f22 "/proc/$init/stat")" >/run/vps/101/state
    said=$("$simfs" "$dir/src" "$dir/dst" 2>&1) || fail "in a VPS: $said"
    [ -z "$said" ] || fail "said: $said"
    [ "$(stat -c %u:%g "$dir/dst/file")" = 600000:600000 ] || fail "owner $(stat -c %u:%g "$dir/dst/file")"
    umount "$dir/dst"
    said=$("$simfs" /proc/self/attr "$dir/dst" 2>&1) || fail "of proc: $said"
    case $said in
        "mount.simfs: user ids cannot be mapped in '/proc/self/attr': "*"nobody's") ;;
        *) fail "says nothing of ids: $said" ;;
    esac
    umount "$dir/dst"
    refused "$simfs" "$dir/src" "$dir/dst/data"
    refused env -C "$dir" "$simfs" "$dir/src" dst/./data
    umount "$dir/src" /run/vps
    kill $init
}
if [ "$3" = 0 ]; then in_running_vps; else echo "left out: ids, which root has"; fi
rm "$dir/dst/data"
mkdir "$dir/dst/real"
ln -s real "$dir/dst/data"
VE_ROOT=$dir/dst "$simfs" "$dir/src" "$dir/dst/data"
[ "$(cat "$dir/dst/real/file")" = text ] || fail "a link within the root"
umount "$dir/dst/real"

# mount(8) itself finds it by its name.
real=$(realpath /sbin)
mkdir "$dir/up" "$dir/work"
mount -t tmpfs tmpfs "$dir/up"
mkdir "$dir/up/u" "$dir/up/w"
mount -t overlay overlay -o "lowerdir=$real,upperdir=$dir/up/u,workdir=$dir/up/w" "$real"
cp "$simfs" "$real/mount.simfs"
mount -n -t simfs "$dir/src" "$dir/dst" -o "$dir/src"
expect rw
umount "$dir/dst"
mount -n -t simfs "$dir/src" "$dir/dst" -o "$dir/src,ro"
expect ro
umount "$dir/dst"
mount -n -t simfs label "$dir/dst" -o "$dir/a,b"
[ "$(cat "$dir/dst/file")" = comma ] || fail "the source in mount's options"
umount "$dir/dst"
# mount(8) resolves the link before it calls.
rm "$dir/dst/data"
ln -s "$dir/out" "$dir/dst/data"
refused env VE_ROOT="$dir/dst" mount -n -t simfs "$dir/src" "$dir/dst/data" -o "$dir/src"
refused env VE_ROOT="$dir/dst" mount -n -t simfs "$dir/src" --target "$dir/dst/data"
umount "$real" "$dir/up"
echo "simfs: all is as it should be"
