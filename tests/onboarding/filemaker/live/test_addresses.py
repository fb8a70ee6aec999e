from ipaddress import ip_address

import pytest

from onboarding.filemaker.live.addresses import NetworkPolicy, ServerAddress, resolve
from onboarding.filemaker.live.errors import (
    AddressRefusedError,
    ServerNameError,
    ServerUnknownError,
)

PRIVATE = (
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.5", "172.16.3.4", "192.168.1.2", "100.64.0.1"),  # noqa: S104 - refused
    *("169.254.169.254", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *("2002:7f00:1::", "2002:a00:1::", "fec0::1"),
)


def resolving(*addresses):
    return lambda _host, _port: addresses


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("fms.example.com", "fms.example.com", 443),
        (" https://FMS.Example.com/ ", "fms.example.com", 443),
        ("fms.example.com:8443", "fms.example.com", 8443),
        ("fms.example.com.", "fms.example.com", 443),
        ("praxis-müller.example", "xn--praxis-mller-klb.example", 443),
        ("8.8.8.8", "8.8.8.8", 443),
        ("https://[2a00:1450::1]:444", "2a00:1450::1", 444),
    ],
)
def test_a_servers_name_is_read_in_the_ways_people_write_it(text, host, port):
    assert ServerAddress.parse(text) == ServerAddress(host, port)


@pytest.mark.parametrize(
    "text",
    [
        *("", "http://fms.example.com", "ftp://x.example", "https://user:pw@fms.example.com"),
        *(
            "fms.example.com/fmi/data",
            "fms.example.com?x=1",
            "two words",
            "fms.example.com\r\nX: 1",
        ),
        *("https://", "2130706433", "0x7f.1", "127.1", "0x7f000001", "fms..example", "-x.example"),
        *("fms.example.com:99999", "fms.example.com:x", "https://[::1", "a" * 300, "file:///etc"),
        *("fms.example.com#x", "x\u2028y", "ex_ample.com/..", "\x00"),
    ],
)
def test_what_is_no_servers_name_is_refused_with_advice(text):
    with pytest.raises(ServerNameError) as caught:
        ServerAddress.parse(text)

    assert caught.value.remedy


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_special_addresses_are_refused(address):
    with pytest.raises(AddressRefusedError):
        resolve(ServerAddress("fms.example.com"), NetworkPolicy(), resolving(address))


def test_a_name_for_a_public_and_a_private_address_is_refused():
    with pytest.raises(AddressRefusedError):
        resolve(ServerAddress("x.example"), NetworkPolicy(), resolving("8.8.8.8", "10.0.0.1"))


def test_public_addresses_are_reached():
    found = resolve(
        ServerAddress("x.example"), NetworkPolicy(), resolving("8.8.8.8", "2a00:1450::1")
    )

    assert found == (ip_address("8.8.8.8"), ip_address("2a00:1450::1"))


def test_the_operators_allow_one_network_and_no_other():
    policy = NetworkPolicy.allowing("10.20.0.0/16")

    assert resolve(ServerAddress("x.example"), policy, resolving("10.20.1.1"))
    with pytest.raises(AddressRefusedError):
        resolve(ServerAddress("x.example"), policy, resolving("10.21.1.1"))


def test_an_allowed_network_is_also_reached_by_its_mapped_addresses():
    policy = NetworkPolicy.allowing("10.20.0.0/16")

    assert resolve(ServerAddress("x.example"), policy, resolving("::ffff:10.20.1.1"))


def test_a_name_nobody_knows_is_told_as_such():
    def unknown(_host, _port):
        raise OSError

    for resolver in (unknown, resolving()):
        with pytest.raises(ServerUnknownError):
            resolve(ServerAddress("x.example"), NetworkPolicy(), resolver)


@pytest.mark.parametrize(
    ("url", "is_same"),
    [
        ("https://fms.example.com/Streaming_SSL/x.pdf", True),
        ("https://FMS.example.com:443/x", True),
        ("http://fms.example.com/x", False),
        ("https://fms.example.com:8443/x", False),
        ("https://fms.example.com.evil.example/x", False),
        ("https://fms.example.com@evil.example/x", False),
        ("https://user@fms.example.com/x", False),
        ("//fms.example.com/x", False),
        ("https://[::1/x", False),
        ("file:///etc/passwd", False),
        ("size:1,2", False),
    ],
)
def test_only_scheme_host_and_port_together_make_the_same_server(url, is_same):
    assert ServerAddress("fms.example.com").is_origin_of(url) is is_same
