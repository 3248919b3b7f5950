# For benchmarks with many VPSes: they are on one tree of files, hard-linked, and do nothing but run.

# shellcheck shell=bash disable=SC2154  # lib.sh is sourced before

ids() { seq 101 $((100 + COUNT)); }

# Makes $COUNT of them, each with an address, and starts them; some may fail.
start_many() {
    local id began running
    mkdir -p /vz/bench/sbin /vz/bench/bin /vz/bench/etc/init.d
    cp /vz/template/busybox/bin/busybox /vz/bench/bin/busybox
    ln -s busybox /vz/bench/bin/sh
    ln -s ../bin/busybox /vz/bench/sbin/init
    printf '::sysinit:/bin/sh -c :\n' >/vz/bench/etc/inittab
    for id in $(ids); do
        cp -al /vz/bench "/vz/private/$id"
        mkdir -p "/vz/root/$id"
        config "$id" 'DISK_QUOTA="no"' "IP_ADDRESS=\"10.1.$((id / 250)).$((id % 250 + 1))\""
        sed -i '/^HOSTNAME/d' "$CONF/$id.conf" # nothing is written into the tree
    done
    reload
    began=$(date +%s)
    # shellcheck disable=SC2046
    systemctl start $(ids | sed 's/.*/vps@&/') || true
    running=$(vzlist -1 | wc -l)
    step "$running VPSes run after $(($(date +%s) - began)) s"
    check [ "$running" -ge $((COUNT * 9 / 10)) ]
}

stop_many() {
    # shellcheck disable=SC2046
    systemctl stop $(ids | sed 's/.*/vps@&/')
    rm -r /vz/bench
}
