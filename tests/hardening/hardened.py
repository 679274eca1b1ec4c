"""What must be true of a hardened server, before and after a reboot."""

from __future__ import annotations

from tests.hardening.outside import Outside, login, operator_gets_in, root_gets_in
from tests.releases.fleet import Host

# 443 is let in as well; these applications are plain HTTP's, so nothing takes a connection there.
LISTED = [22, 80]
# Published by hand on the server, and listed nowhere.
BY_HAND = 9000
# Docker's own, Caddy's administration, and what one might find on a server.
TRIED = [*LISTED, 443, BY_HAND, 25, 111, 2019, 2020, 2375, 2376, 3306, 6379, 8000, 8080, 9200]
PUBLISHED = (
    f"docker run --detach --init --name by-hand --network slipway-proxy --restart always --publish {BY_HAND}:80"
    " caddy:2.11 caddy respond --listen :80 --body here"
)
_ASK = f"""python3 -c '
from urllib.request import urlopen
print(urlopen("http://127.0.0.1:{BY_HAND}/", timeout=5).read().decode())'"""


def expect_hardened(host: Host, outside: Outside) -> None:
    expect_listed_ports_alone(host, outside)
    expect_operator_alone(host)
    expect_settings(host)


def expect_listed_ports_alone(host: Host, outside: Outside) -> None:
    # The container answers, so that it is the firewall that keeps others from it.
    assert host.inside(_ASK) == "here"
    assert outside.open_ports(host, TRIED) == {"IPv4": LISTED, "IPv6": LISTED}


def expect_operator_alone(host: Host) -> None:
    assert operator_gets_in(host)
    assert not root_gets_in(host)
    said = login(host, "root").stderr
    assert "Permission denied (publickey)" in said, said


def expect_settings(host: Host) -> None:
    effective = host.inside("sshd -T")
    for line in ("passwordauthentication no", "permitrootlogin no", "x11forwarding no", "allowtcpforwarding local"):
        assert line in effective.splitlines(), line
    for name, value in {
        "net/ipv4/ip_forward": "1",
        "net/ipv4/conf/all/accept_redirects": "0",
        "net/ipv4/conf/all/send_redirects": "0",
        "net/ipv4/tcp_syncookies": "1",
        "net/ipv6/conf/all/accept_redirects": "0",
    }.items():
        assert host.inside(f"cat /proc/sys/{name}") == value, name
    definitions = host.inside("cat /etc/login.defs").splitlines()
    assert "PASS_MIN_DAYS\t1" in definitions and "SHA_CRYPT_MIN_ROUNDS\t65536" in definitions
    upgrades = host.inside("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in upgrades
    assert 'Unattended-Upgrade::Package-Blacklist:: "^docker\\-ce$";' in upgrades
    assert "docker" not in host.inside("apt-config dump | grep -i origins-pattern || true").lower()
    assert host.inside("stat -c %a /etc/crontab /etc/ssh/sshd_config 2>/dev/null || true").split()[-1] == "600"
