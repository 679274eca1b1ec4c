#!/bin/sh
# Runs on the machine, with the new system's folder as $1, before the image is packed.
set -e
# Packages' scripts link manual pages into these folders, which the excluded pages would have made.
for section in 1 2 3 4 5 6 7 8; do
  mkdir -p "$1/usr/share/man/man$section"
done
# The image's settings for apt keep mmdebstrap from clearing these away itself.
rm -f "$1"/var/cache/apt/*.bin
