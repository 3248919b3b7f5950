# What ./demo and ./check need from Debian, 12 or 13; sourced by both.

build_packages="g++ clang libclang-rt-dev clang-format clang-tidy ccache meson ninja-build pkg-config python3
    libsystemd-dev libseccomp-dev libboost-program-options-dev libfmt-dev libgtest-dev
    libexpat1-dev libmnl-dev libjson-c-dev systemd binutils mandoc zsh"
# For the throwaway hosts.
host_packages="mmdebstrap debian-archive-keyring qemu-system-x86 systemd-container e2fsprogs strace iproute2 procps kmod"

say() { printf '\n== %s (%s)\n' "$*" "$(date +%T)"; }

need_root() {
    [ "$(id -u)" = 0 ] || {
        echo "$0: run me as root: sudo $0" >&2
        exit 1
    }
}

# systemd.pc has a package of its own since Debian 13.
has_systemd_dev() { apt-cache show systemd-dev >/dev/null 2>&1; }

install_packages() { # PACKAGES
    local package missing= wanted=$1
    command -v dpkg-query >/dev/null || return 0 # another system: its own names
    if has_systemd_dev; then wanted="$wanted systemd-dev"; fi
    for package in $wanted; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || {
        echo "$0: these packages are missing: apt-get install --no-install-recommends$missing" >&2
        exit 1
    }
    say "Installing with apt-get:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update </dev/null
    # On a machine whose lists were empty until now.
    if has_systemd_dev; then
        case $missing in *systemd-dev*) ;; *) missing="$missing systemd-dev" ;; esac
    fi
    # shellcheck disable=SC2086
    apt-get -q -y install --no-install-recommends $missing </dev/null
}

# Prometheus's own judge of metrics, without the server that its package starts.
unpack_promtool() {
    export PROMTOOL=/var/cache/systemd-vps-tests/promtool
    [ ! -x $PROMTOOL ] || return 0
    command -v dpkg-deb >/dev/null || { unset PROMTOOL && return; } # another system
    local folder
    folder=$(mktemp -d)
    (cd "$folder" && apt-get -qq -o APT::Sandbox::User=root download prometheus && dpkg-deb -x prometheus_*.deb . &&
        install -D usr/bin/promtool $PROMTOOL)
    rm -r "$folder"
}

# meson takes ccache by itself. A fresh clone on the same machine compiles nothing anew.
keep_compiled() {
    if [ "$(id -u)" = 0 ]; then export CCACHE_DIR=${CCACHE_DIR:-/var/cache/systemd-vps-tests/ccache}; fi
    export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-3G} CCACHE_SLOPPINESS=pch_defines,time_macros
}

configure() { # BUILD-FOLDER [OPTION…]
    if [ -e "$1/build.ninja" ]; then
        meson setup --reconfigure "$@" >/dev/null || { rm -rf "$1"; configure "$@"; }
    else
        meson setup "$@"
    fi
}

make_images() { # [IMAGE…]: beside what follows; ends with this script
    images_log=$(mktemp)
    set -m # a process group of its own
    tests/system/images.py "$@" >"$images_log" 2>&1 </dev/null &
    set +m
    images_process=$!
    trap 'kill -- -$images_process 2>/dev/null; rm -f "$images_log"' EXIT
}

images_made() { # waits for them
    local status=0
    say "Waiting for the images, if they are not there yet"
    wait $images_process || status=$?
    cat "$images_log"
    trap - EXIT
    rm "$images_log"
    [ $status = 0 ] || exit 1
}
