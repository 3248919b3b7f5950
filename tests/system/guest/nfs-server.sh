# What scenarios on NFS use: this host as the server of a directory.

NFS_EXPORT=/srv/export

nfs_server() { # CLIENTS THREADS [SECONDS]: after so many a client that is not heard of loses its locks
    mkdir -p $NFS_EXPORT
    for module in nfsd nfsv4; do check modprobe $module; done
    check mount -t tmpfs none /var/lib/nfs
    mkdir /var/lib/nfs/v4recovery
    touch /var/lib/nfs/etab /var/lib/nfs/rmtab
    check mount -t nfsd nfsd /proc/fs/nfsd
    if [ -n "${3-}" ]; then
        echo "$3" >/proc/fs/nfsd/nfsv4leasetime || fail "lease time"
        echo "$3" >/proc/fs/nfsd/nfsv4gracetime || fail "grace time"
    fi
    echo "$NFS_EXPORT $1(rw,sync,no_root_squash,no_subtree_check,fsid=0)" >/etc/exports
    check exportfs -r
    setsid rpc.mountd -N 3 --foreground >/dev/null 2>&1 &
    NFS_MOUNTD=$!
    check rpc.nfsd -N 3 "$2"
}

nfs_server_down() { # once nobody has it mounted
    rpc.nfsd 0
    kill "$NFS_MOUNTD"
    wait "$NFS_MOUNTD"
    exportfs -ua
    rm -f /etc/exports
    umount /proc/fs/nfsd /var/lib/nfs
    rm -rf --one-file-system $NFS_EXPORT
}
