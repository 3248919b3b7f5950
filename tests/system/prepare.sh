# What ./demo and ./check need from Debian, 12 or 13; sourced by both.

packages="g++ clang libclang-rt-dev clang-format clang-tidy meson ninja-build pkg-config python3
    libsystemd-dev libseccomp-dev libboost-program-options-dev libfmt-dev libgtest-dev
    libmnl-dev libnftables-dev systemd
    mmdebstrap debian-archive-keyring qemu-system-x86 systemd-container e2fsprogs mandoc strace iproute2 procps kmod"

say() { printf '\n== %s (%s)\n' "$*" "$(date +%T)"; }

need_root() {
    [ "$(id -u)" = 0 ] || {
        echo "$0: run me as root: sudo $0" >&2
        exit 1
    }
}

install_packages() {
    # systemd.pc has a package of its own since Debian 13.
    if apt-cache show systemd-dev >/dev/null 2>&1; then packages="$packages systemd-dev"; fi
    local package missing=
    for package in $packages; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "Installing with apt-get:$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update </dev/null
    # On a machine whose lists were empty until now.
    if apt-cache show systemd-dev >/dev/null 2>&1; then
        case $missing in *systemd-dev*) ;; *) missing="$missing systemd-dev" ;; esac
    fi
    # shellcheck disable=SC2086
    apt-get -q -y install --no-install-recommends $missing </dev/null
}

configure() { # BUILD-FOLDER
    if [ -e "$1/build.ninja" ]; then
        meson setup --reconfigure "$1" >/dev/null || { rm -rf "$1"; configure "$1"; }
    else
        meson setup "$1"
    fi
}
