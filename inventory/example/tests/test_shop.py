"""Your own checks of your application; `playbooks/verify.yml` and every release run them with Slipway's."""


def test_home_page_is_served(host, application):
    answer = host.run("curl --silent --fail --header 'Host: %s' http://127.0.0.1/", application["domains"][0])
    assert answer.rc == 0, answer.stderr
