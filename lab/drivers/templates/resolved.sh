# systemd-resolved reads and writes below /run and nowhere else that could be told. So it gets a /run of its own,
# in namespaces of its own, in which whoever starts it may mount: no rights are needed for that.
set -e
folder=$$1
shift
preload=$${LD_PRELOAD-}
unset LD_PRELOAD
mount --rbind /run /mnt
mount -t tmpfs -o mode=755 rootlab /run
case $$folder in
/run/*)
    top=$${folder#/run/}
    top=$${top%%/*}
    mkdir "/run/$$top"
    mount --rbind "/mnt/$$top" "/run/$$top"
    ;;
esac
mkdir -p /run/systemd/resolved.conf.d /run/systemd/resolve /run/dnssec-trust-anchors.d
ln -s "$$folder/resolved.conf" /run/systemd/resolved.conf.d/rootlab.conf
ln -s "$$folder/root.positive" /run/dnssec-trust-anchors.d/root.positive
[ -z "$$preload" ] || export LD_PRELOAD="$$preload"
# as a user other than root it drops no rights; --keep-caps gives those that it looks for, in here alone
exec unshare --user --map-user=65534 --map-group=65534 --keep-caps -- "$$@"
