# What scenarios use. A scenario runs as root on the host, has the variables SCENARIO and PHASE (how
# often it asked for a reboot or a power cut), and passes if it ends without `fail`. Its output is shown if it fails
# and goes to the report as it is.
#
# Lines of their own in the comment at its top say where it runs (../plan.py has all about them):
#   # host: container    in a container: fast, for all that needs no limits, modules or disks of the host's
#   # host: emulated     on an emulated host (so it is without a line)
#   # host: kernel       on an emulated host, on one release a run, in turn; may stand beside `container`
#   # host: zfs          on an emulated host that has ZFS, and only if the scenario is named
#   # release: trixie    only there
#   # timeout: 600       has so many seconds (240)
#   # shown: yes         its output is shown always
#
# Before it: no VPS, an empty /etc/vz/conf, the vz.conf of `plain_vz_conf`. After it the driver
# compares mounts, processes, cgroups, links, /run/vps, failed units and jobs with before, then
# removes every VPS, config, name and script.

CONF=/etc/vz/conf
LOG_SINCE=$(cat /var/lib/vps-tests/since 2>/dev/null)
KEPT=/var/lib/vps-tests/kept  # files that outlive a reboot of the host, for one scenario

# ---- judging

fail() { # MESSAGE: the scenario has failed
    echo "FAILED: $*"
    # From a function in a subshell too.
    kill -TERM $$ 2>/dev/null
    exit 1
}
trap 'exit 1' TERM

step() { echo "-- $*"; }

skip() { echo "$*"; exit 77; }

check() { # COMMAND…: it must succeed
    "$@" || fail "exit $? of: $*"
}

refuse() { # COMMAND…: it must not succeed
    if "$@"; then fail "succeeded, but must not: $*"; fi
}

equal() { # WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

has() { # WHAT TEXT PATTERN: an extended regular expression finds something in TEXT
    grep -qE -- "$3" <<<"$2" || fail "$1: no /$3/ in:
$2"
}

has_not() { # WHAT TEXT PATTERN
    if grep -qE -- "$3" <<<"$2"; then
        fail "$1: /$3/ in:
$2"
    fi
}

wait_for() { # SECONDS COMMAND…: until it succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "waited in vain for: $*"
        sleep 0.2
    done
}

# Runs a command; leaves its exit status in STATUS, its output in OUTPUT, both streams.
try() {
    OUTPUT=$("$@" 2>&1 </dev/null)
    STATUS=$?
    echo "\$ $* -> $STATUS"
    [ -z "$OUTPUT" ] || sed 's/^/  | /' <<<"$OUTPUT"
}

# ---- the host

wait_booted() { # until no job of the boot is left; a failed unit is no matter here
    case $(timeout 200 systemctl is-system-running --wait) in
        running | degraded) return 0 ;;
        *) return 1 ;;
    esac
}

reboot_host() { # the scenario is run again after it, with PHASE one higher
    exit 100
}

crash_host() { # as reboot_host, but nothing is stopped, nor what is in memory written to disk
    note_next_phase
    echo "@reboot" >&3
    systemctl reboot -ff
    sleep infinity
}

# Power cuts: qemu is killed. The scenario is run again after it, with PHASE one higher.

can_cut_power() { [ -e /dev/virtio-ports/tap ]; } # not from a shell

cut_power() { # SECONDS: the power goes then. Returns at once: what follows goes on until then
    note_next_phase
    touch /run/vps-tests-cut
    echo "@cut $1" >&3
}

cut_power_at_boot() { # WORD: at the next boot, once the console says so; to be followed by reboot_host
    echo "@cut-at $1" >&3
}

note_next_phase() { # as the driver's `note`, on disk
    echo "$SCENARIO $((PHASE + 1)) rebooting" >/var/lib/vps-tests/now.tmp
    mv /var/lib/vps-tests/now.tmp /var/lib/vps-tests/now
    sync
}

loop_devices() { # a container has no udev that would make their nodes
    local number
    [ ! -e /dev/loop-control ] || return 0
    mknod /dev/loop-control c 10 237
    for number in $(seq 0 99); do mknod "/dev/loop$number" b 7 "$number"; done
}

two_cpus() { # an emulated host starts with one, and keeps the second one until it is rebooted
    local tries # on a busy machine it may not answer in time
    for tries in {1..20}; do
        [ "$(nproc)" -lt 2 ] || break
        echo 1 >/sys/devices/system/cpu/cpu1/online || sleep 5
    done
    check [ "$(nproc)" -ge 2 ]
}

boot_number() { sed 's/.*vps_tests.boot=\([0-9]*\).*/\1/' /proc/cmdline; } # cut boots count

# Of what runs long each release has its part.
part_of() { # RELEASE: is it this one's?
    grep -qx "VERSION_CODENAME=$1" /etc/os-release
}

reload() { check systemctl daemon-reload; }

# What changes limits of a VPS that runs. systemd 257 reads the new ones at a daemon-reload, but gives
# them to the kernel only when something of the VPS's slice is started, or the VPS is reloaded.
reload_running() { # ID
    reload
    if part_of trixie; then check systemctl reload "vps@$1"; fi
}

# ---- VPSes, configs and scripts

plain_vz_conf() {
    mkdir -p $CONF
    rm -f /etc/vz/vz.conf # and with it the mode that a scenario gave it
    cat >/etc/vz/vz.conf <<'CONF'
## Global parameters
VIRTUOZZO=yes
LOCKDIR=/vz/lock
DUMPDIR=/vz/dump
VE0CPUUNITS=1000

## Logging parameters
LOGGING=yes
LOGFILE=/var/log/vzctl.log
LOG_LEVEL=0
VERBOSE=0

## Disk quota parameters
DISK_QUOTA=no
VZFASTBOOT=no

# The name of the device whose ip address will be used as source ip for CT.
#VE_ROUTE_SRC_DEV="eth0"

## Template parameters
TEMPLATE=/vz/template

## Defaults for containers
VE_ROOT=/vz/root/$VEID
VE_PRIVATE=/vz/private/$VEID
DEF_OSTEMPLATE="debian-12-x86_64"
CONF
}

vps() { # ID [TREE] [CONFIG-LINE…]: private area of TREE (busybox) and config; no reload
    local id=$1 tree=${2:-busybox}
    shift $(($# < 2 ? $# : 2))
    if [ "$tree" = busybox ]; then
        check cp -a /vz/template/busybox "/vz/private/$id"
    else
        # A big one: lent, and given back by clean_up.
        check mv "/vz/template/$tree" "/vz/private/$id"
        echo "$tree" >"/vz/private/.$id.tree"
    fi
    mkdir -p "/vz/root/$id"
    config "$id" "$@"
}

config() { # ID [LINE…]: the config of an ordinary VPS, then LINEs
    local id=$1
    shift
    cat >"$CONF/$id.conf" <<CONF
ONBOOT="no"

# UBC parameters (in form of barrier:limit)
PHYSPAGES="0:256M"
SWAPPAGES="0:64M"
NUMPROC="400:400"

# Disk quota parameters (in form of softlimit:hardlimit)
DISKSPACE="2G:2.2G"
DISKINODES="131072:144179"
QUOTATIME="0"

# CPU fair scheduler parameter
CPUUNITS="1000"
OSTEMPLATE="debian-12-x86_64"
ORIGIN_SAMPLE="basic"
HOSTNAME="vps$id"
STOP_TIMEOUT="30"
CONF
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$CONF/$id.conf"
}

script() { # NAME: an action script from stdin
    cat >"$CONF/$1"
    chmod 755 "$CONF/$1"
}

# ---- operating them

start() { # ID: must become active
    step "start $1"
    systemctl start "vps@$1" || fail "systemctl start vps@$1: exit $?"
    equal "vps@$1 after start" active "$(state "$1")"
}

stop() { # ID: must become inactive
    step "stop $1"
    systemctl stop "vps@$1" || fail "systemctl stop vps@$1: exit $?"
    equal "vps@$1 after stop" inactive "$(state "$1")"
}

start_fails() { # ID EXIT: unit failed, a helper exited so
    step "start $1, to fail with $2"
    if systemctl start "vps@$1" 2>/dev/null; then fail "vps@$1 started"; fi
    equal "vps@$1 after a failed start" failed "$(state "$1")"
    check [ -n "$(pid1_log "$1" EXIT_STATUS="$2")" ]
}

state() { systemctl show -P ActiveState "vps@$1"; }

turn() { # ID: when its last start began and when it was over, up or failed, in µs since boot
    local began up down
    began=$(systemctl show -P InactiveExitTimestampMonotonic "vps@$1")
    up=$(systemctl show -P ActiveEnterTimestampMonotonic "vps@$1")
    down=$(systemctl show -P InactiveEnterTimestampMonotonic "vps@$1")
    if [ "$up" -ge "$began" ] && [ "$up" -gt 0 ]; then echo "$began $up"; else echo "$began $down"; fi
}

init_of() { # ID: the host's pid of its init, the one whose pid inside is 1
    local pid try
    # An init that is moving to a cgroup of its own may be in none of those that are looked at.
    for try in 1 2 3; do
        for pid in $(cat "/sys/fs/cgroup/vps.slice/vps-$1.slice/vps-$1.scope/cgroup.procs" \
            "/sys/fs/cgroup/vps.slice/vps-$1.slice/vps-$1.scope/"*/cgroup.procs 2>/dev/null); do
            if awk '$1 == "NSpid:" && NF > 2 && $NF == 1 { found = 1 } END { exit !found }' \
                "/proc/$pid/status" 2>/dev/null; then
                echo "$pid"
                return
            fi
        done
        [ -d "/sys/fs/cgroup/vps.slice/vps-$1.slice/vps-$1.scope" ] || return 1
        [ $try = 3 ] || sleep 0.2
    done
    return 1
}

inside() { # ID COMMAND…: in all namespaces and the root of the VPS
    local init
    init=$(init_of "$1") || fail "VPS $1 has no init"
    shift
    nsenter -t "$init" -a /bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

hold_open() { # FILE: until HOLDER, the pid of a sleep, is killed
    exec 9<"$1" || fail "open $1"
    sleep 1000 <&9 9<&- &
    HOLDER=$!
    exec 9<&-
    wait_for 30 grep -qx sleep "/proc/$HOLDER/comm"
}

# ---- VPSes with an init of their own: it boots and, asked, powers itself off

own_init() { # ID PROGRAM: starts, waits for the file /proof-up, stops, wants /proof-down
    local id=$1 root=/vz/private/$1 began took
    began=$(cut -d. -f1 /proc/uptime)
    start "$id"
    equal "init's program" "$2" "$(basename "$(readlink "/proc/$(init_of "$id")/exe")")"
    wait_for 120 test -s "$root/proof-up"
    step "booted after $(($(cut -d. -f1 /proc/uptime) - began)) s"
    refuse test -e "$root/proof-down"
    [ -z "$AFTER_BOOT" ] || $AFTER_BOOT "$id"
    began=$(cut -d. -f1 /proc/uptime)
    stop "$id"
    took=$(($(cut -d. -f1 /proc/uptime) - began))
    step "stopped after $took s"
    check test -e "$root/proof-down"
    has "how it went" "$(log_of "$id")" "powered off"
    has_not "how it went" "$(log_of "$id" _SYSTEMD_UNIT="vps@$id.service" -p notice | grep -v "^$id.console")" \
        "kill"
}

systemd_vps() { # TREE: one whose init is systemd; AFTER_BOOT is run when it is up
    local root=/vz/private/101
    vps 101 "$1" 'STOP_TIMEOUT="90"'
    sed -i '/^STOP_TIMEOUT="30"/d' $CONF/101.conf
    rm -f $root/proof-*
    cat >$root/etc/systemd/system/vps-proof.service <<'UNIT'
[Unit]
After=basic.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo up >/proof-up; echo "proof: unit started" >/dev/console'
ExecStop=/bin/sh -c 'echo down >/proof-down'
[Install]
WantedBy=multi-user.target
UNIT
    mkdir -p $root/etc/systemd/system/multi-user.target.wants
    ln -sf ../vps-proof.service $root/etc/systemd/system/multi-user.target.wants/
    reload
    AFTER_BOOT=${AFTER_BOOT:-systemd_booted} own_init 101 systemd
}

systemd_booted() { # ID: its systemd is content
    local answer
    answer=$(timeout 100 nsenter -t "$(init_of "$1")" -a /bin/env -i PATH=/usr/bin:/bin \
        systemctl is-system-running --wait)
    [ "$answer" = running ] || fail "its systemd is '$answer':
$(inside "$1" systemctl --no-pager list-units --failed)
$(inside "$1" systemctl --no-pager list-jobs)"
    equal "multi-user.target" active "$(inside "$1" systemctl is-active multi-user.target)"
    has "console" "$(said "$1" "$1.console")" "proof: unit started"
}

# ---- the journal since the scenario began
#
# By time: with a cursor and a match, journalctl of systemd 252 leaves out the first line that matches.

log_from_now() {
    sleep 0.01
    LOG_SINCE=@$(date +%s.%6N)
}

log_of() { # ID [JOURNALCTL-OPTION…]: text of its unit's lines
    local id=$1
    shift
    journalctl --sync
    journalctl -q --since="$LOG_SINCE" -o cat -u "vps@$id" "$@"
}

said() { # ID IDENTIFIER: what that script, console or program of the VPS printed
    log_of "$1" -t "$2"
}

pid1_log() { # ID MATCH…: systemd's own lines on the unit
    local id=$1
    shift
    journalctl --sync
    journalctl -q --since="$LOG_SINCE" -o cat _PID=1 "UNIT=vps@$id.service" "$@"
}

# ---- order after a scenario, by the driver

clean_up() {
    local id tree units
    units=$(systemctl list-units --plain --no-legend --all 'vps@*.service' | awk '{ print $1 }')
    rm -f $CONF/*.stop $CONF/*.umount $CONF/*.postumount
    # shellcheck disable=SC2086
    [ -z "$units" ] || timeout 60 systemctl stop $units
    systemctl kill -s KILL 'vps-*.scope' 2>/dev/null
    for tree in $(awk '$5 ~ "^/vz/root/" { print $5 }' /proc/self/mountinfo | sort -r); do
        umount -l "$tree"
    done
    rm -rf $CONF /etc/vz/names /etc/systemd/system/vps@*.service.d /etc/systemd/system/vps-*.slice.d
    plain_vz_conf
    for id in /vz/private/.*.tree; do
        [ -e "$id" ] || continue
        tree=$(cat "$id")
        rm "$id"
        id=${id#/vz/private/.}
        mv "/vz/private/${id%.tree}" "/vz/template/$tree"
    done
    rm -rf --one-file-system /vz/private/* /vz/root/* /var/lib/vps/running/*
    umount /mnt/disk 2>/dev/null
    rm -rf --one-file-system /mnt/disk
    mkdir -p /mnt/disk
    systemctl reset-failed
    systemctl daemon-reload
    return 0
}
