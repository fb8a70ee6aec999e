"""A FileMaker Server of our own for each test, with a small clinic in it."""

import copy
import os
from datetime import date
from pathlib import Path

import pytest
import trustme

from onboarding.filemaker.demo_clinic import write_demo_clinic
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.live.addresses import NetworkPolicy, ServerAddress
from onboarding.filemaker.live.connection import LiveSettings, open_live
from onboarding.filemaker.live.dataapi import DataApiClient
from onboarding.filemaker.live.odata import ODataClient
from onboarding.filemaker.live.transport import Clock, Limits, Transport
from tests.onboarding.filemaker.live.double.database import seed_from
from tests.onboarding.filemaker.live.double.server import FileMakerDouble, server_context

LOOPBACK = NetworkPolicy.allowing("127.0.0.0/8", "::1/128")
LIMITS = Limits(connect_seconds=2, read_seconds=2, whole_seconds=4, container_seconds=4)


class Patience:
    """A clock whose waits take no time and are written down."""

    def __init__(self):
        self.waits = []

    def sleep(self, seconds):
        self.waits.append(seconds)


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_pem(authority):
    return authority.cert_pem.bytes().decode()


@pytest.fixture(scope="session")
def certificate(authority):
    return server_context(authority.issue_cert("localhost"))


@pytest.fixture(scope="session")
def clinic_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "clinic.fmp12"
    write_demo_clinic(path, factor=0.02, today=date(2026, 11, 20))
    return path


@pytest.fixture(scope="session")
def seeded(clinic_path):
    with open_file(clinic_path) as file:
        return seed_from(file)


@pytest.fixture
def native(clinic_path):
    with open_file(clinic_path) as file:
        yield file


@pytest.fixture
def double(seeded, certificate):
    """The server; whatever a test did, no session may be left open on it."""
    with FileMakerDouble(copy.deepcopy(seeded), certificate=certificate) as running:
        yield running
        assert running.sessions == {}


@pytest.fixture
def patience():
    return Patience()


@pytest.fixture
def settings_for(double, authority_pem):
    def make(interface="data-api", **changes):
        given = {
            "server": f"localhost:{double.port}",
            "database": "Clinic",
            "account": double.account,
            "password": double.password,
            "authority_pem": authority_pem,
            "interface": interface,
        }
        return LiveSettings(**{**given, **changes})

    return make


@pytest.fixture
def live(settings_for, patience):
    """Open a source on the double; tests close it with `with`."""

    def make(interface="data-api", *, known=(), limits=LIMITS, policy=LOOPBACK, **changes):
        return open_live(
            settings_for(interface, **changes),
            policy,
            known=known,
            limits=limits,
            clock=Clock(sleep=patience.sleep),
        )

    return make


@pytest.fixture(scope="session")
def shared():
    """The folder of samples and recorded answers, which is not part of this repository."""
    root = Path(os.environ.get("NEXUS_SHARED") or Path(__file__).parents[5] / "shared")
    if not (root / "filemaker" / "api").is_dir():
        pytest.skip(f"no recorded server answers at {root}; set NEXUS_SHARED to their folder")
    return root / "filemaker"


@pytest.fixture
def transport(double, authority_pem, patience):
    """Make a transport to the double; `policy`, `limits` and the server's name can be changed."""

    def make(server="", *, limits=LIMITS, policy=LOOPBACK, pem=None, **more):
        return Transport(
            ServerAddress.parse(server or f"localhost:{double.port}"),
            policy=policy,
            authority_pem=authority_pem if pem is None else pem,
            limits=limits,
            clock=Clock(sleep=patience.sleep),
            **more,
        )

    return make


@pytest.fixture
def data_api(double, transport):
    def make(**more):
        return DataApiClient(
            transport(**more), "Clinic", account=double.account, password=double.password
        )

    return make


@pytest.fixture
def odata(double, transport):
    def make(**more):
        return ODataClient(
            transport(**more), "Clinic", account=double.account, password=double.password
        )

    return make
