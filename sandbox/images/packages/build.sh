#!/bin/bash
# Repackages Debian's programs as Docker's five packages, for Debian and Ubuntu, and indexes them.
set -o errexit -o nounset -o pipefail

architecture=$(dpkg --print-architecture)
declare -A distributions=([trixie]=debian [bookworm]=debian [resolute]=ubuntu [noble]=ubuntu [jammy]=ubuntu)
declare -A releases=([trixie]=13 [bookworm]=12 [resolute]=26.04 [noble]=24.04 [jammy]=22.04)

# folder SUITE: where the suite's index and packages are.
folder() { printf '/repository/linux/%s/dists/%s' "${distributions[$1]}" "$1"; }

# version NUMBER REVISION SUITE: as Docker writes it.
version() { printf '%s-%s~%s.%s~%s' "$1" "$2" "${distributions[$3]}" "${releases[$3]}" "$3"; }

# upstream DEB: the program's own version, out of the version of Debian's package.
upstream() { dpkg-deb --field "$1" Version | sed 's/^[0-9]*://; s/[+~-].*//'; }

# pack SUITE NAME VERSION DEPENDS DESCRIPTION [FIELD…]: makes the package of the tree in /tree.
pack() {
  local package=$2 version=$3 depends=$4 description=$5 pool
  pool=$(folder "$1")/pool/stable/$architecture
  shift 5
  mkdir -p /tree/DEBIAN "$pool"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: %s\n' "$package" "$version" "$architecture"
    printf 'Maintainer: Slipway sandbox <packages@download.docker.sandbox>\nSection: admin\nPriority: optional\n'
    printf 'Installed-Size: %s\n' "$(du --summarize --block-size=1024 /tree | cut --fields=1)"
    printf 'Depends: %s\n' "$depends"
    [ "$#" = 0 ] || printf '%s\n' "$@"
    printf 'Description: %s\n Repackaged from Debian by the sandbox; not made by Docker Inc.\n' "$description"
  } > /tree/DEBIAN/control
  # zstd at a low level: a server unpacks it in a third of the time that xz takes.
  dpkg-deb --root-owner-group -Zzstd -z3 --build /tree \
    "$pool/${package}_${version#*:}_${architecture}.deb" > /dev/null
}

# scripts UNIT…: maintainer scripts that enable and start these units.
scripts() {
  mkdir -p /tree/DEBIAN
  local script
  for script in postinst prerm postrm; do
    sed "s/@UNITS@/$*/" "/scripts/$script" > "/tree/DEBIAN/$script"
    chmod 0755 "/tree/DEBIAN/$script"
  done
}

# fresh DEB…: an empty /tree, and what these packages hold in /from.
fresh() {
  rm -rf /tree /from
  mkdir -p /tree/usr/bin /tree/usr/lib/systemd/system /tree/usr/libexec/docker/cli-plugins /from
  local deb
  for deb in "$@"; do dpkg-deb --extract "$deb" /from; done
  # Debian 12 keeps units in /lib.
  if [ -d /from/lib/systemd ]; then mkdir -p /from/usr/lib && cp --recursive /from/lib/systemd /from/usr/lib/; fi
}

trim() { find /tree -depth -type d -empty -delete; }

engine() {
  local suite=$1 revision=$2 version
  version=5:$(version "$(upstream /deb/docker.io_*.deb)" "$revision" "$suite")
  fresh /deb/docker.io_*.deb /deb/tini_*.deb
  cp /from/usr/sbin/dockerd /from/usr/sbin/docker-proxy /tree/usr/bin/
  cp /from/usr/bin/tini-static /tree/usr/bin/docker-init
  sed 's#^ExecStart=.*#ExecStart=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock#; /^EnvironmentFile/d' \
    /from/usr/lib/systemd/system/docker.service > /tree/usr/lib/systemd/system/docker.service
  cp /from/usr/lib/systemd/system/docker.socket /tree/usr/lib/systemd/system/
  trim
  scripts docker.service docker.socket
  pack "$suite" docker-ce "$version" 'containerd.io (>= 1.6.20), docker-ce-cli, iptables, libc6 (>= 2.34), libsystemd0, libseccomp2 (>= 2.5.0)' \
    'Docker: the open-source application container engine' 'Conflicts: docker.io' 'Replaces: docker.io'

  fresh /deb/docker-cli_*.deb
  cp /from/usr/bin/docker /tree/usr/bin/
  mkdir -p /tree/usr/share/bash-completion
  cp --recursive /from/usr/share/bash-completion/completions /tree/usr/share/bash-completion/
  trim
  pack "$suite" docker-ce-cli "$version" 'libc6 (>= 2.34)' 'Docker CLI: the open-source application container engine' \
    'Conflicts: docker-cli' 'Replaces: docker-cli'
}

# plugin SUITE PACKAGE NAME
plugin() {
  local suite=$1 package=$2 name=$3 version
  version=$(version "$(upstream /deb/"$name"_*.deb)" 1 "$suite")
  fresh /deb/"$name"_*.deb
  cp "/from/usr/libexec/docker/cli-plugins/$name" /tree/usr/libexec/docker/cli-plugins/
  trim
  pack "$suite" "$package" "$version" 'libc6 (>= 2.34)' "Docker plugin $name" "Conflicts: $name" "Replaces: $name"
}

# runtime SUITE CONTAINERD-DEB RUNC-DEB: these need the suite's own build.
runtime() {
  local suite=$1 minimum
  fresh "$2" "$3"
  minimum=$(dpkg-deb --field "$3" Depends | sed 's/.*libc6 (>= \([0-9.]*\)).*/\1/')
  cp /from/usr/bin/containerd /from/usr/bin/containerd-shim-runc-v2 /from/usr/bin/ctr /tree/usr/bin/
  cp /from/usr/sbin/runc /tree/usr/bin/
  cp /from/usr/lib/systemd/system/containerd.service /tree/usr/lib/systemd/system/
  mkdir -p /tree/etc/containerd
  printf 'disabled_plugins = ["cri"]\n' > /tree/etc/containerd/config.toml
  trim
  scripts containerd.service
  printf '/etc/containerd/config.toml\n' > /tree/DEBIAN/conffiles
  pack "$suite" containerd.io "$(upstream "$2")-1" "libc6 (>= $minimum), libseccomp2 (>= 2.5.0)" 'An open and reliable container runtime' \
    'Provides: containerd, runc' 'Conflicts: containerd, runc' 'Replaces: containerd, runc'
}

for suite in "${!distributions[@]}"; do
  # The engine comes in two revisions, so that a pinned version can be told from the newest.
  engine "$suite" 0
  engine "$suite" 1
  plugin "$suite" docker-buildx-plugin docker-buildx
  plugin "$suite" docker-compose-plugin docker-compose
  # Debian 12's builds run wherever the C library is as new as Ubuntu 22.04's.
  case $suite in
    trixie) runtime "$suite" /deb/containerd_*.deb /deb/runc_*.deb ;;
    *) runtime "$suite" /deb/bookworm/containerd_*.deb /deb/bookworm/runc_*.deb ;;
  esac
  cd "/repository/linux/${distributions[$suite]}"
  binary=dists/$suite/stable/binary-$architecture
  mkdir -p "$binary"
  # reprepro keeps one version of a package; a repository that can be pinned has several.
  apt-ftparchive packages "dists/$suite/pool" > "$binary/Packages"
  gzip --keep --force "$binary/Packages"
  apt-ftparchive -o APT::FTPArchive::Release::Origin=Docker -o APT::FTPArchive::Release::Label='Docker CE' \
    -o APT::FTPArchive::Release::Suite="$suite" -o APT::FTPArchive::Release::Codename="$suite" \
    -o APT::FTPArchive::Release::Architectures="$architecture" -o APT::FTPArchive::Release::Components=stable \
    release "dists/$suite" > "/tmp/Release-$suite"
  mv "/tmp/Release-$suite" "dists/$suite/Release"
done
