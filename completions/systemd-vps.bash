# bash completion for vzctl, vzlist, vzubc and vps-*: verbs and options as the program's own --help has them,
# VPSes by number and name, by the state that the verb is for.
# shellcheck shell=bash

# "STATUS VEID NAME" of each VPS.
__vps_list() {
    vzlist -a -H -t -o status,ctid,name 2>/dev/null
}

__vps_ids() { # STATUS…: numbers and names of VPSes, a line each; without STATUS: of all
    local status id name
    while read -r status id name; do
        [[ $# -eq 0 || " $* " == *" $status "* ]] || continue
        echo "$id"
        [[ $name == - ]] || echo "$name"
    done < <(__vps_list)
}

# Takes what begins as the word does; words come as lines, and are quoted for the command line.
__vps_offer() {
    local word
    while IFS= read -r word; do
        [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("$(printf %q "$word")")
    done
}

# COMPREPLY must be this shell's: no pipe.
__vps_take() { # COMMAND…: offers the lines that it prints
    __vps_offer < <("$@")
}

__vps_take_words() { # WORD…
    __vps_offer < <(printf '%s\n' "$@")
}

__vps_options() { # PROGRAM [VERB]: options that its --help has, of the verb
    local help
    help=$("$1" --help 2>/dev/null)
    [[ $# -eq 1 ]] || help=$(grep -E "^  ${1##*/} $2( |\$)" <<<"$help")
    grep -oE -- '(^|[^[:alnum:]-])--[[:alnum:]_-]+' <<<"$help" | grep -oE -- '--.*' | sort -u
}

__vps_snapshots() { # VPS
    vzctl --quiet snapshot-list "$1" -H -o uuid 2>/dev/null | tr -d '{}'
}

# Values that options have wherever they stand. False where the option is not one of these.
__vps_take_value() { # OPTION VPS
    local list path
    case $1 in
        --onboot | --disabled | --diskquota) __vps_take_words yes no ;;
        --setmode) __vps_take_words restart ignore ;;
        --layout) __vps_take_words simfs ploop ;;
        --to) __vps_take_words simfs raw ploop ;;
        --ioprio) __vps_take_words 0 1 2 3 4 5 6 7 ;;
        --mac_filter) __vps_take_words on off ;;
        --netfilter) __vps_take_words disabled stateless stateful full ;;
        --config | --applyconfig)
            for path in /etc/vz/conf/ve-*.conf-sample; do
                path=${path##*/ve-}
                [[ $path == '*.conf-sample' ]] || __vps_take_words "${path%.conf-sample}"
            done
            ;;
        --ostemplate)
            for path in /vz/template/cache/*.tar*; do
                path=${path##*/}
                [[ $path == '*.tar*' ]] || __vps_take_words "${path%.tar*}"
            done
            ;;
        --ipdel)
            list=$(vzlist -H -o ip "$2" 2>/dev/null)
            # shellcheck disable=SC2086
            __vps_take_words all ${list#-}
            ;;
        --id | --uuid) __vps_take __vps_snapshots "$2" ;;
        --root | --private | --target) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        *) return 1 ;;
    esac
}

__vps_set_options() {
    printf -- '--%s\n' save setmode onboot bootorder root private mount_opts userpasswd disabled \
        name description ostemplate ipadd ipdel hostname nameserver searchdomain netif_add \
        netif_del mac host_ifname host_mac bridge mac_filter numproc numtcpsock numothersock \
        vmguarpages kmemsize tcpsndbuf tcprcvbuf othersockbuf dgramrcvbuf oomguarpages lockedpages \
        privvmpages shmpages numfile numflock numpty numsiginfo dcachesize numiptent physpages \
        swappages ram swap vm_overcommit cpuunits cpulimit cpus cpumask nodemask meminfo iptables \
        netfilter netdev_add netdev_del diskquota diskspace diskinodes quotatime quotaugidlimit \
        capability devices devnodes features applyconfig applyconfig_map ioprio iolimit iopslimit \
        reset_ub stop-timeout ifname
}

_vzctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} at=1 verb
    COMPREPLY=()
    while ((at < COMP_CWORD)) && [[ ${COMP_WORDS[at]} == -* ]]; do ((at++)); done
    if ((at == COMP_CWORD)); then
        __vps_take_words --quiet --verbose --help --version
        __vps_take_verbs
        return
    fi
    verb=${COMP_WORDS[at]}
    if ((COMP_CWORD == at + 1)); then
        case $verb in
            start | destroy | delete | mount | convert | reinstall) __vps_take __vps_ids stopped mounted ;;
            stop | exec | exec2 | exec3 | enter) __vps_take __vps_ids running suspended ;;
            umount) __vps_take __vps_ids mounted ;;
            create) ;;
            register) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
            *) __vps_take __vps_ids ;;
        esac
        return
    fi
    __vps_take_value "$previous" "${COMP_WORDS[at + 1]}" && return
    case $verb in
        exec | exec2 | exec3) ;;
        runscript) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        *)
            [[ $cur == -* || -z $cur ]] || return
            case $verb in set | create) __vps_take __vps_set_options ;; esac
            __vps_take __vps_options vzctl "$verb"
            ;;
    esac
}

__vps_take_verbs() {
    __vps_offer < <(vzctl --help 2>/dev/null | grep -oE '^  vzctl [a-z][a-z0-9-]*' |
        grep -oE '[^ ]+$' | sort -u)
}

_vzlist() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} before=
    COMPREPLY=()
    case $previous in
        -o | -*o | --output | -s | --sort)
            # What stands before the last comma, or a hyphen, is there already.
            [[ $cur != *,* ]] || before=${cur%,*},
            [[ $cur != -* ]] || before=-
            cur=${cur#"$before"}
            __vps_take __vps_fields
            COMPREPLY=("${COMPREPLY[@]/#/$before}")
            ;;
        -h | --hostname | -N | --name_filter | -d | --description) ;;
        *)
            if [[ $cur == -* ]]; then
                __vps_take __vps_options vzlist
                __vps_take_words -a -S -n -H -t -j -o -1 -s -h -N -d -L
            else
                __vps_take __vps_ids
            fi
            ;;
    esac
}

__vps_fields() {
    vzlist -L 2>/dev/null | grep -oE '^[^ ]+'
}

_vps_programs() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} program=${1##*/}
    COMPREPLY=()
    __vps_take_value "$previous" "" && return
    if [[ $cur == -* ]]; then
        __vps_take __vps_options "$1"
        return
    fi
    case $program in
        vps-enter) # what follows the VPS is a command in it
            [[ $COMP_CWORD -eq 1 || ${COMP_WORDS[COMP_CWORD - 2]} == --user ]] &&
                __vps_take __vps_ids running suspended
            ;;
        vps-mount) __vps_take __vps_ids stopped ;;
        vzubc) __vps_take __vps_ids running suspended ;;
        vzpid) __vps_take_words "$(cd /proc && printf '%s\n' [0-9]*)" ;;
        vps-umount) __vps_take __vps_ids mounted stopped ;;
        vps-ploop) # a verb comes before the VPS
            case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in
                *' info '*) __vps_take __vps_ids ;;
                *' check '* | *' merge '* | *' convert '*) __vps_take __vps_ids stopped ;;
                *) __vps_take_words info check merge convert ;;
            esac
            ;;
        vzrestore) [[ $COMP_CWORD -ne 1 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;; # then a VEID that is free
        vzmigrate) [[ $COMP_CWORD -eq 1 ]] || __vps_take __vps_ids ;; # the first word is a host
        *) __vps_take __vps_ids ;;
    esac
    [[ $program != vps-check ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$cur")
}

complete -F _vzctl vzctl
complete -F _vzlist vzlist
complete -o filenames -F _vps_programs vps-check vps-enter vps-mount vps-ploop vps-umount vzmigrate vzpid vzrestore vzubc
