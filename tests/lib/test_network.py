import pytest

from emailconcert.lib.network import client_network, network_key


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.77"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:192.0.2.77", "192.0.2.77"),
        ("fe80::1%eth0", "fe80::"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_network_is_what_one_customer_has(address, network):
    assert network_key(address) == network


def test_network_of_a_request_is_of_the_address_that_the_proxy_wrote(rf, settings):
    settings.TRUSTED_PROXIES = 1
    request = rf.get("/", headers={"X-Forwarded-For": "192.0.2.1, 2001:db8::42"})

    assert client_network(request) == "2001:db8::"
