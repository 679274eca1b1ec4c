# What a careful person would type on a bare Debian server to have microblog run there, in one go over one SSH connection.
# bare_server.py puts two lines before it (image, release) and the configuration files after its last line, as a tar archive
# in base64: the same daemon.json, Compose files, proxy files, settings and secrets that Slipway writes, so that both end in the same state.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
state=/var/lib/slipway
begun=$(date +%s.%N)
step() { echo "step $(date +%s.%N) $1"; }

step "files"
mkdir -p $state
sed -n '/^__FILES__$/,$p' "$0" | tail -n +2 | base64 -d | tar -xzf - -C /

step "apt: prerequisites"
# As Docker's own instructions say; the repository and its key are among the files.
mv /etc/apt/sources.list.d/docker.sources /root/docker.sources
apt-get update -qq
apt-get install -yqq --no-install-recommends ca-certificates curl python3 sudo unattended-upgrades nftables >/dev/null
curl -fsSL "$(sed -n 's/^URIs: //p' /root/docker.sources)/gpg" -o /etc/apt/keyrings/docker.asc
mv /root/docker.sources /etc/apt/sources.list.d/docker.sources

step "operator"
visudo -cqf /etc/sudoers.d/60-slipway
useradd --create-home --user-group --shell /bin/bash --password '*' slipway
install -d -m 700 -o slipway -g slipway /home/slipway/.ssh
install -m 600 -o slipway -g slipway /root/.ssh/authorized_keys /home/slipway/.ssh/authorized_keys

step "hardening"
sysctl -q --load /etc/sysctl.d/60-slipway.conf
systemctl restart systemd-journald
sshd -t
systemctl reload ssh
nft --check -f /etc/slipway/firewall.nft
systemctl daemon-reload
systemctl enable --quiet --now slipway-firewall

step "apt: docker"
apt-get update -qq
apt-get install -yqq --no-install-recommends docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin >/dev/null
sysctl -qw vm.max_map_count=262144
systemctl restart docker
docker run --rm --network=none hello-world >/dev/null

step "login"
docker login --username slipway --password-stdin "${image%%/*}" </root/password >/dev/null 2>&1

step "proxy"
docker compose --progress quiet --file $state/proxy/compose.yaml up --detach --wait

step "data services"
docker network create microblog >/dev/null
for name in $(grep -ho 'microblog-[a-z-]*-data[0-9-]*' $state/microblog/services/compose.yaml | sort -u); do
    docker volume create "$name" >/dev/null
done
docker network connect microblog slipway-proxy
docker compose --progress quiet --file $state/microblog/services/compose.yaml pull
docker compose --progress quiet --file $state/microblog/services/compose.yaml up --detach --wait

step "image"
docker pull --quiet "$image" >/dev/null

step "migrate"
compose="docker compose --progress quiet --file $state/microblog/releases/$release/compose.yaml"
$compose --profile migrate up --exit-code-from migrate --no-deps migrate >/dev/null 2>&1

step "start"
$compose up --detach --wait

step "answer"
name=$(cat $state/proxy/live/microblog/upstream)
for attempt in $(seq 100); do
    [ "$(curl -so /dev/null -w '%{http_code}' -H 'Host: microblog.localhost' http://127.0.0.1/health)" = 200 ] && break
    sleep 0.1
done

step "verify"
for id in $(docker ps --quiet --filter label=slipway.app); do
    docker inspect --format '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}' "$id" | grep -qx 'running healthy'
    ! docker inspect "$id" | grep -qF "$(cat $state/microblog/releases/$release/secrets/SECRET_KEY)"
done
[ "$(docker ps --quiet --filter label=slipway.app | wc -l)" -eq 8 ]
[ "$(docker ps --format '{{.Ports}}' --filter label=slipway.app=microblog | grep -c -- '->')" -eq 0 ]
curl -fsS -H 'Host: microblog.localhost' http://127.0.0.1/health | grep -q '"status": *"ok"'
step "end"
exit 0
__FILES__
