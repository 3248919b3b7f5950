# What scenarios with `# host: package` use: the Debian packages of this build, and what is to be seen
# of them on the host.

PACKAGES=/opt/vps-tests/packages
OLDER_VERSION=0.0.1
export DEBIAN_FRONTEND=noninteractive

apt() { # WORD…: leaves STATUS and OUTPUT, as `try`
    try apt-get -q -y "$@"
    equal "apt-get's end" 0 "$STATUS"
}

make_older() { # the same packages with a version before, in /tmp/older
    local package work=/tmp/older.work
    rm -rf /tmp/older $work
    mkdir -p /tmp/older
    for package in "$PACKAGES"/*.deb; do
        check dpkg-deb -R "$package" $work
        sed -i "s/^Version: .*/Version: $OLDER_VERSION/; s/^\(Depends: .*systemd-vps (= \)[^)]*/\1$OLDER_VERSION/" \
            $work/DEBIAN/control
        check dpkg-deb -Znone --root-owner-group -b $work /tmp/older >/dev/null
        rm -rf $work
    done
}

version_of() { dpkg-query -W -f '${Version} ${db:Status-Status}' "$1"; } # PACKAGE

supervisor_of() { systemctl show -P MainPID "vps@$1"; } # ID

# All of these VPSes are active, each by a supervisor that is the program as it is installed.
all_renewed() { # ID…
    local id
    for id; do
        [ "$(state "$id")" = active ] &&
            [ "$(readlink "/proc/$(supervisor_of "$id")/exe")" = /usr/lib/systemd-vps/vps-supervise ] || return 1
    done
}

# Files of the host, but for those that dpkg, apt and the tests keep; one a line, with mode and owner.
list_files() {
    find / -xdev \( -path /opt/vps-tests -o -path /var/lib/vps-tests -o -path /var/lib/dpkg \
        -o -path /var/lib/apt -o -path /var/log -o -path /var/cache -o -path /tmp -o -path /var/tmp \
        -o -path /run -o -path /var/lib/systemd \) -prune -o -printf '%y %m %u %g %p %l\n' | sort
}
