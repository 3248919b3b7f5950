# What scenarios of two hosts use: a second one like this one, in a container of its own on this one, and
# an ssh that has root's commands run there.

SECOND=/run/second-host
SECOND_BIN=/var/tmp/second-host # nothing in /run is run

second_host() { # boots it; it ends with the scenario
    mkdir -p $SECOND/changes $SECOND/root $SECOND_BIN /vz/second/private /vz/second/root
    check mount -t tmpfs second-host $SECOND/changes
    trap second_host_down EXIT
    mkdir $SECOND/changes/upper $SECOND/changes/work
    check mount -t overlay second-host $SECOND/root \
        -o lowerdir=/,upperdir=$SECOND/changes/upper,workdir=$SECOND/changes/work
    ln -sf /dev/null $SECOND/root/etc/systemd/system/vps-test.service
    echo second >$SECOND/root/etc/hostname
    : >$SECOND/root/etc/machine-id
    rm -rf $SECOND/root/var/log/journal $SECOND/root/var/lib/vps $SECOND/root/etc/vz
    mkdir -p $SECOND/root/etc/vz/conf
    cp /etc/vz/vz.conf $SECOND/root/etc/vz
    check systemd-run -q --unit=second-host -p Delegate=yes -p KillMode=mixed -p TimeoutStopSec=60 \
        --setenv=SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 \
        systemd-nspawn -q --boot -D $SECOND/root --bind=/vz/second:/vz --register=no --keep-unit \
        --capability=all --system-call-filter=@known --private-network --machine=second
    make_ssh
    PATH=$SECOND_BIN:$PATH
    wait_for 300 ssh root@second systemctl -q is-active multi-user.target
}

second_host_down() {
    systemctl stop second-host
    umount $SECOND/root $SECOND/changes
    rm -rf $SECOND $SECOND_BIN /vz/second
}

# The file requests counts the requests. One whose number is in the file unanswered is carried out, and
# gets no answer; from the number in the file cut on, none arrives.
make_ssh() {
    cat >$SECOND_BIN/ssh <<'SSH'
#!/bin/bash
cd /run/second-host || exit
number=$(($(cat requests 2>/dev/null) + 1))
echo $number >requests
[ ! -e cut ] || [ $number -lt "$(cat cut)" ] || exit 255
while [[ $1 == -* ]]; do shift $((${#1} == 2 ? 2 : 1)); done # -o OPTION, -oOPTION
shift
for scope in /sys/fs/cgroup/system.slice/second-host.service/{,payload/}init.scope; do
    for init in $(cat $scope/cgroup.procs); do
        awk '$1 == "NSpid:" && NF > 2 && $NF == 1 { found = 1 } END { exit !found }' "/proc/$init/status" && break 2
        init=
    done
done 2>/dev/null
[ -n "$init" ] || exit 255
# Who is in no cgroup of the second host can start no process in one of its.
sh -c 'echo $$ >$0/cgroup.procs; exec "$@"' $scope nsenter -t "$init" -a env -i HOME=/root LOGNAME=root SHELL=/bin/bash \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "$*"
code=$?
[ ! -e unanswered ] || [ $number != "$(cat unanswered)" ] || exit 255
exit $code
SSH
    chmod 755 $SECOND_BIN/ssh
}
