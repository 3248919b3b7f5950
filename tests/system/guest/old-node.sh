# What scenarios of VPSes that move in use: an OpenVZ node in a directory, with tools that are functions,
# and what its vzmigrate asks this host over ssh, in its order, with what it undoes when a request fails.

OLD=/var/tmp/old-node
WORK=/var/tmp/moving-in
mkdir -p $WORK
trap 'rm -rf $OLD $WORK' EXIT

# ---- the old node

old_node() { # STATE [CONFIG-LINE…]: it has VPS 101, running or down
    rm -rf $OLD
    mkdir -p $OLD/conf $OLD/private
    check cp -a /vz/template/busybox $OLD/private/101
    echo private >$OLD/private/101/secret
    chown 1000:1001 $OLD/private/101/secret
    chmod 640 $OLD/private/101/secret
    ln $OLD/private/101/secret $OLD/private/101/the-same
    echo "$1" >$OLD/state
    CONF=$OLD/conf config 101 'NAME="web"' 'VE_ROOT="/vz/root/$VEID"' 'VE_PRIVATE="/vz/private/$VEID"' \
        "${@:2}"
    printf '#!/bin/sh\n[ ! -e /run/no-start ]\n' >$OLD/conf/101.mount
    printf '#!/bin/sh\necho "starting $VEID"\n' >$OLD/conf/101.start
    chmod 755 $OLD/conf/101.mount $OLD/conf/101.start
}

old_vzctl() { # VERB: of VPS 101
    case $1 in
        stop)
            [ -e $OLD/private/101/root.hdd ] || echo "written at its end" >$OLD/private/101/last-words
            echo down >$OLD/state
            ;;
        start)
            has "VPS 101 here, when the old node starts it" "$(vzctl status 101)" " unmounted down$"
            echo running >$OLD/state
            ;;
        destroy) rm -rf $OLD/private/101 $OLD/conf/101.* $OLD/state ;;
    esac
}

old_ploop() { # on ploop images, from then on: root.hds, its content as it is
    mkdir -p $OLD/private/disk/root.hdd
    mv "$1" $OLD/private/disk/root.hdd/root.hds
    rm -rf $OLD/private/101
    mv $OLD/private/disk $OLD/private/101
    cat >$OLD/private/101/root.hdd/DiskDescriptor.xml <<'XML'
<?xml version="1.0"?>
<Parallels_disk_image>
  <StorageData><Storage><Blocksize>2048</Blocksize>
    <Image><GUID>{5fbaabe3-6958-40ff-92a7-860e329aab41}</GUID><Type>Compressed</Type><File>root.hds</File></Image>
  </Storage></StorageData>
  <Snapshots><Shot><GUID>{5fbaabe3-6958-40ff-92a7-860e329aab41}</GUID>
    <ParentGUID>{00000000-0000-0000-0000-000000000000}</ParentGUID></Shot></Snapshots>
</Parallels_disk_image>
XML
}

# `ploop copy -s` of the old node: the image, of which clusters change meanwhile; then the VPS is stopped,
# and the clusters that have changed are sent again.
send_image() {
    python3 - $OLD/private/101/root.hdd/root.hds <<'PYTHON' || return
import struct, sys
CLUSTER = 1 << 20
def send(place, data):
    sys.stdout.buffer.write(struct.pack("<IIQ", 0x4cc0ac3d, len(data), place) + data)
image = open(sys.argv[1], "rb").read()
places = range(0, len(image), CLUSTER)
for number, place in enumerate(places):
    data = image[place:place + CLUSTER]
    send(place, data if number % 3 else bytes(len(data)))
send(0, b"sync")
for place in places[::3]:
    send(place, image[place:place + CLUSTER])
send(0, b"")
PYTHON
    old_vzctl stop
}

vzdqdump() { # the quota of users and groups in VPS 101
    printf 'ugid_quota_status:\t1\n#grace_time:\ttype\tblock\tinode\ngrace_time:\t0\t604800\t604800\n'
    printf 'ugid_number:\t3\n#ugid:\tID\ttype\tbsoft\tbhard\tisoft\tihard\tbtime\titime\n'
    printf 'ugid:\t0\t0\t0\t0\t0\t0\t0\t0\nugid:\t1000\t0\t500\t600\t0\t0\t0\t0\nugid:\t7\t1\t0\t0\t9\t9\t0\t0\n'
    printf 'first_level_quota:\n5000 2097152 2306867 0 604800\n400 131072 144179 0 604800\n'
}

# ---- its way to this host; the request with the number FAIL_AT fails

HOST=root@new.example.net

next() { # what is counted is in a file, because some requests are made in subshells
    local number=$(($(cat $WORK/number) + 1))
    echo $number >$WORK/number
    [ $number != "$FAIL_AT" ]
}

ssh() { # HOST WORD…: root's shell here gets the words as one line
    equal "the host" $HOST "$1"
    next || return 255
    env -i HOME=/root LOGNAME=root SHELL=/bin/bash \
        PATH=/opt/vps-tests/answers:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        bash -c "${*:2}"
}

scp() { # FILE… HOST:PLACE
    local place=${!#}
    next || return 1
    cp "${@:1:$#-1}" "${place#"$HOST":}"
}

rsync() { # the old area to the new one
    local options=(-aHAX --delete --numeric-ids) to=/vz/private/101
    if ! next; then
        mkdir $to/half
        return 12
    fi
    # The top image of a VPS that runs is what ploop copy sends.
    [ $PLOOP != yes ] || [ $STATE != running ] || options+=(--exclude=root.hdd/root.hds)
    command rsync "${options[@]}" $OLD/private/101/ $to/
}

# ---- vzmigrate's steps; a step that fails has all before it undone, the last first

undo() { # STEP: and those before it
    FAIL_AT=
    case $1 in
        copied-quota) ssh $HOST "rm -f /var/tmp/quotadump.101" ;;&
        copied-quota | stopped) [ $STATE != running ] || old_vzctl start ;;&
        copied-quota | stopped | quota-on) [ "$QUOTA" = no ] || ssh $HOST "vzquota off 101" ;;&
        copied-quota | stopped | quota-on | quota) [ "$QUOTA" = no ] || ssh $HOST "vzquota drop 101" ;;&
        copied-quota | stopped | quota-on | quota | root) ssh $HOST "rm -rf $ROOT" ;;&
        copied-quota | stopped | quota-on | quota | root | private) ssh $HOST "rm -rf $PRIVATE" ;;&
        conf) ;;
        *) ssh $HOST "rm -f $CONF/101.mount $CONF/101.start" ;;
    esac
    ssh $HOST "vzctl set 101 --name '' --save > /dev/null"
    ssh $HOST "rm -f $CONF/101.conf"
}

give_up() { # CODE [STEP]
    [ -z "$2" ] || undo "$2"
    exit "$1"
}

migrate() ( # FAIL-AT: in its own shell; ends with vzmigrate's exit code
    FAIL_AT=$1 STATE=$(cat $OLD/state)
    echo 0 >$WORK/number
    QUOTA=$(sed -n 's/^DISK_QUOTA="*\([a-z]*\).*/\1/p' $OLD/conf/101.conf) PLOOP=no
    [ ! -e $OLD/private/101/root.hdd/DiskDescriptor.xml ] || QUOTA=no PLOOP=yes
    ssh $HOST /bin/true >/dev/null 2>&1 || give_up 4
    ssh $HOST /etc/init.d/vz status >/dev/null || give_up 14
    [ "$(ssh $HOST "vzctl --quiet status 101" | awk '{ print $3 }')" != exist ] || give_up 9
    eval "$(ssh $HOST "sh -c 'VEID='101'; . /etc/vz/vz.conf && echo ROOT=\$VE_ROOT && echo PRIVATE=\$VE_PRIVATE'")"
    [ -n "$ROOT" ] && [ -n "$PRIVATE" ] || give_up 19
    if [ $PLOOP = yes ]; then
        ssh $HOST "ploop getdev >/dev/null" || give_up 16
    fi
    [ "$(ssh $HOST "grep -cwE \"10.0.101.1\" /proc/vz/veip" 2>/dev/null || echo 0)" = 0 ] || give_up 12
    scp $OLD/conf/101.conf $HOST:$CONF/101.conf || give_up 6
    ssh $HOST vzctl set 101 --private $PRIVATE --root $ROOT --save
    ssh $HOST vzctl set 101 --applyconfig_map name --save
    case $? in
        0 | 20 | 21) ;;
        *) give_up 15 conf ;;
    esac
    scp $OLD/conf/101.mount $OLD/conf/101.start $HOST:$CONF || give_up 6 conf
    ssh $HOST "mkdir -p $ROOT" || give_up 6 scripts
    ssh $HOST "mkdir -p $PRIVATE" || give_up 6 private
    if [ "$QUOTA" != no ]; then
        ssh $HOST "vzctl quotainit 101" || give_up 13 root
        ssh $HOST "vzctl quotaon 101" || give_up 13 quota
    fi
    rsync || give_up 6 quota-on
    if [ $PLOOP = yes ]; then
        images=$(ssh $HOST ploop snapshot-list -u "{5fbaabe3-6958-40ff-92a7-860e329aab41}" -H -o fname \
            $PRIVATE/root.hdd/DiskDescriptor.xml | sed 1d)
        equal "images below the top" "" "$images"
    fi
    if [ $STATE = running ] && [ $PLOOP = yes ]; then
        image=$PRIVATE/root.hdd/root.hds
        ssh $HOST rm -f $image
        ssh $HOST ploop copy -i0 -f1 -d /dev/null </dev/null
        [ $? = 38 ] || give_up 6 stopped # the other way wants a port of this host, and vznnc there
        send_image | ssh $HOST ploop copy -d $image || give_up 6 stopped
    elif [ $STATE = running ]; then
        old_vzctl stop
        rsync || give_up 6 stopped
    fi
    if [ "$QUOTA" != no ]; then
        vzdqdump >$WORK/quotadump.101
        scp $WORK/quotadump.101 $HOST:/var/tmp/quotadump.101 || give_up 6 stopped
        ssh $HOST "(vzdqload 101 -U -G -T -F < /var/tmp/quotadump.101 && vzquota reload2 101)" ||
            give_up 13 copied-quota
    fi
    if [ $STATE = running ]; then
        equal "on the old node" down "$(cat $OLD/state)"
        ssh $HOST vzctl start 101 || give_up 7 copied-quota
    elif [ "$QUOTA" != no ]; then
        ssh $HOST vzquota off 101 || give_up 13 copied-quota
    fi
    old_vzctl destroy
)
