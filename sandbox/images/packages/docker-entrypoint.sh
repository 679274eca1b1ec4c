#!/bin/sh
# Signs the repository with this sandbox's key and serves it.
set -eu
export GNUPGHOME=/keys
chmod 0700 "$GNUPGHOME"
user='Slipway sandbox (Docker packages) <packages@download.docker.sandbox>'
if ! gpg --batch --list-secret-keys "$user" > /dev/null 2>&1; then
  gpg --batch --quiet --passphrase '' --quick-generate-key "$user" rsa3072 sign never
fi
for distribution in /repository/linux/*; do
  gpg --batch --armor --export "$user" > "$distribution/gpg"
done
for release in /repository/linux/*/dists/*/Release; do
  folder=${release%/Release}
  gpg --batch --yes --quiet --local-user "$user" --clearsign --output "$folder/InRelease" "$release"
  gpg --batch --yes --quiet --local-user "$user" --armor --detach-sign --output "$folder/Release.gpg" "$release"
done
gpg --batch --with-colons --list-keys "$user" | awk -F: '$1 == "fpr" {print $10; exit}' > /repository/fingerprint
gpgconf --kill all
exec caddy run --config /etc/caddy/Caddyfile --adapter caddyfile
