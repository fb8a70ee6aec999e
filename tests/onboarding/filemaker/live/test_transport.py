import io
import ssl

import pytest
import trustme

from onboarding.filemaker.live.addresses import NetworkPolicy
from onboarding.filemaker.live.errors import (
    AddressRefusedError,
    AnswerTooLargeError,
    AuthorityFileError,
    CertificateError,
    DiskFullError,
    RedirectRefusedError,
    ServerSilentError,
)
from onboarding.filemaker.live.transport import Limits
from tests.onboarding.filemaker.live.double.server import FileMakerDouble, server_context

INFO = "/fmi/data/vLatest/productInfo"


def test_a_certificate_of_an_unknown_authority_is_refused_and_nothing_is_sent(double, transport):
    with transport(pem="") as line, pytest.raises(CertificateError):
        line.request("GET", INFO, headers={"Authorization": "secret"})

    assert double.requests == []


def test_a_certificate_for_another_name_is_refused(authority, authority_pem, transport, seeded):
    context = server_context(authority.issue_cert("other.example"))
    with (
        FileMakerDouble(seeded, certificate=context) as other,
        transport(f"localhost:{other.port}") as line,
        pytest.raises(CertificateError),
    ):
        line.request("GET", INFO)


def test_another_clinics_authority_does_not_help(transport):
    stranger = trustme.CA().cert_pem.bytes().decode()

    with transport(pem=stranger) as line, pytest.raises(CertificateError):
        line.request("GET", INFO)


def test_the_authority_can_be_a_file(double, transport, authority_pem, tmp_path):
    path = tmp_path / "ca.pem"
    path.write_text(authority_pem)

    with transport(pem=str(path)) as line:
        assert line.request("GET", INFO).status == 200


@pytest.mark.parametrize("pem", ["/nowhere/ca.pem", "-----BEGIN CERTIFICATE-----\nnothing\n"])
def test_an_authority_that_cannot_be_read_is_told(transport, pem):
    with pytest.raises(AuthorityFileError):
        transport(pem=pem)


def test_verification_cannot_be_off(transport):
    with transport() as line:
        assert line._context.verify_mode is ssl.CERT_REQUIRED
        assert line._context.check_hostname
        assert line._context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_private_address_is_refused_before_anything_is_sent(double, transport):
    with transport(policy=NetworkPolicy()) as line, pytest.raises(AddressRefusedError):
        line.request("GET", INFO)

    assert double.requests == []


def test_a_name_is_resolved_once_so_that_it_cannot_change_its_address(double, transport):
    asked = []

    def rebinding(host, _port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with transport(resolver=rebinding) as line:
        for _ in range(3):
            assert line.request("GET", INFO).status == 200
            line.close()

    assert asked == ["localhost"]


def test_a_redirect_of_a_call_is_refused(double, transport):
    double.spoil("redirect", "https://elsewhere.example/")

    with transport() as line, pytest.raises(RedirectRefusedError):
        line.request("GET", INFO)


@pytest.mark.parametrize(
    "to",
    [
        *("https://elsewhere.example/x", "http://localhost/x", "//169.254.169.254/latest"),
        *("https://localhost:1/x", "file:///etc/passwd", "https://user@localhost/x"),
    ],
)
def test_a_container_that_lies_elsewhere_is_not_fetched(double, transport, to):
    double.spoil("redirect", to)
    into = io.BytesIO()

    with transport() as line, pytest.raises(RedirectRefusedError):
        line.download(f"{double.origin}/Streaming_SSL/x", into, headers={"Authorization": "s"})

    assert into.getvalue() == b""
    assert len(double.requests) == 1


def test_redirects_in_circles_end(double, transport):
    double.spoil("redirect", "/Streaming_SSL/again", times=99)

    with transport() as line, pytest.raises(RedirectRefusedError):
        line.download(f"{double.origin}/Streaming_SSL/x", io.BytesIO(), headers={})

    assert len(double.requests) == 5


def test_an_answer_beyond_the_limit_is_not_read(double, transport):
    double.spoil("body", b"x" * 5_000)

    with transport(limits=Limits(answer_bytes=4_000)) as line, pytest.raises(AnswerTooLargeError):
        line.request("GET", INFO)


@pytest.mark.parametrize("harm", ["cut", "truncate"])
def test_a_broken_connection_is_told_and_the_next_request_works(double, transport, harm):
    double.spoil(harm)

    with transport() as line:
        with pytest.raises(ServerSilentError):
            line.request("GET", INFO)
        assert line.request("GET", INFO).status == 200


def test_a_server_that_is_silent_is_given_up(double, transport):
    double.spoil("slow", 1.0)

    with transport(limits=Limits(read_seconds=0.2)) as line, pytest.raises(ServerSilentError):
        line.request("GET", INFO)


def test_an_answer_that_drips_is_given_up(double, transport):
    double.spoil("drip")
    limits = Limits(read_seconds=2, whole_seconds=0.1)

    with transport(limits=limits) as line, pytest.raises(ServerSilentError):
        line.request("GET", INFO)


def test_nobody_at_the_port_is_told(transport):
    with transport("localhost:1") as line, pytest.raises(ServerSilentError):
        line.request("GET", INFO)


def test_our_own_full_disk_is_not_the_servers_fault(double, transport):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    with transport() as line, pytest.raises(DiskFullError):
        line.download(f"{double.origin}{INFO}", Full(), headers={})


def test_a_connection_closed_while_idle_is_opened_again(double, transport):
    with transport() as line:
        line.request("GET", INFO)
        double._http.close_all()
        assert line.request("GET", INFO).status == 200
