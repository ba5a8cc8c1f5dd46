#!/bin/busybox sh
# First process of the guest: loads the modules, takes the host's files read-only for its own, and runs /command there.
b=/bin/busybox
$b mkdir -p /proc /sys /dev /host
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in /modules/*.ko; do $b insmod "$module"; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 host /host
$b mount -t configfs none /sys/kernel/config
$b mount -t tracefs none /sys/kernel/tracing
for folder in proc sys dev; do $b mount --move /$folder /host/$folder; done
$b mount -t tmpfs run /host/run
export PATH=/usr/local/bin:/usr/bin:/bin HOME=/run TMPDIR=/run
$b chroot /host /bin/sh -c "$($b cat /command)" </host/dev/null >/host/dev/ttyS1 2>/host/dev/ttyS0
$b poweroff -f
