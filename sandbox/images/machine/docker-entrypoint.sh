#!/bin/bash
# Makes the machine's disk on its first start, gives it this container's place in the network, and becomes the machine.
set -o errexit -o nounset -o pipefail

disk=/var/lib/machine/disk.raw
volume=/var/lib/machine/volume.raw
if [ ! -e "$disk" ]; then
  cp /machine/system.tar /var/lib/machine/system.tar
  # What is planted in /seed lies in the machine's own file system from its first boot on.
  (cd /seed && find . -type f -print0 | tar --append --file=/var/lib/machine/system.tar --owner=root --group=root --null --files-from=-)
  rm -f "$disk.new"
  mke2fs -q -t ext4 -L system -d /var/lib/machine/system.tar "$disk.new" 20G
  rm /var/lib/machine/system.tar
  mv "$disk.new" "$disk"
fi
# As empty as a cloud's new block volume.
[ -e "$volume" ] || truncate --size=10G "$volume"

hardware=$(cat /sys/class/net/eth0/address)
ip address flush dev eth0
# Any other address of its own (the bit for "locally administered" is set): this one is the machine's now.
ip link set eth0 down
ip link set eth0 address "06${hardware:2}"
ip link add lan type bridge
ip tuntap add machine mode tap
for each in eth0 machine; do ip link set "$each" master lan up; done
ip link set lan up

exec qemu-system-x86_64 -accel "$ACCELERATOR" -cpu max -machine q35 -smp 2 -m "$MEMORY" \
  -kernel /machine/kernel -initrd /machine/initrd -append 'root=LABEL=system rw console=ttyS0' \
  -drive "file=$disk,if=virtio,format=raw,discard=unmap" \
  -drive "file=$volume,if=none,id=volume,format=raw,discard=unmap" -device virtio-blk-pci,drive=volume,serial=volume \
  -netdev tap,id=lan,ifname=machine,script=no,downscript=no -device "virtio-net-pci,netdev=lan,mac=$hardware" \
  -device virtio-rng-pci -display none -serial stdio -monitor none
