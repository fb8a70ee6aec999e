"""A clinic's own bucket as MiniStack keeps one, behind a proxy that can fail."""

from __future__ import annotations

from contextlib import closing

import pytest
from django.utils import timezone

from accounts.models import User
from billing_integrations.storage import services
from billing_integrations.storage.forms import BucketForm
from billing_integrations.storage.models import StorageMove
from billing_integrations.storage.places import FOLDERS, keeps_because
from clinical.documents.models import Document
from clinical.documents.services import store_file
from connections import providers, sealing
from connections import services as connecting
from connections.models import Connection
from connections.opened import OpenConnection
from ports.outcomes import BrokenConnectionError, RetryLaterError
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tenants.storage import StorageUnavailableError, clinic_storage, platform_storage, work_dir
from tests.peers.object_store import KEYS, REGION, object_store
from tests.peers.proxy import Answered, Fault, proxy

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
IN, OUT = StorageMove.Direction.IN, StorageMove.Direction.OUT
BUCKETS = ("alpha-files", "beta-files")


@pytest.fixture(scope="module")
def store():
    import boto3

    with object_store() as url, proxy(url) as between:
        between.client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )
        between.direct = url
        for name in BUCKETS:
            between.client.create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        yield between


@pytest.fixture
def peer(store, settings):
    settings.PRIVATE_NETWORKS = {"": ("127.0.0.0/8",)}
    store.forget()
    yield store
    for bucket in BUCKETS:
        for entry in store.client.list_objects_v2(Bucket=bucket).get("Contents", ()):
            store.client.delete_object(Bucket=bucket, Key=entry["Key"])


def keys_in(peer, bucket="alpha-files"):
    found = peer.client.list_objects_v2(Bucket=bucket).get("Contents", ())
    return sorted(entry["Key"] for entry in found)


def content(storage, name):
    with closing(storage.stream(name)) as stream:
        return stream.read()


@pytest.fixture(autouse=True)
def _clean_disk(alpha, beta):
    """The test's transaction takes no file back."""
    yield
    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            for folder in FOLDERS:
                for name in list(platform_storage().names_below(folder)):
                    platform_storage().delete(name)


def entered(peer, bucket="alpha-files", **changes):
    options = {
        "bucket": bucket, "region": REGION, "endpoint": peer.direct, "folder": "live",
        "key_id": KEYS["AWS_ACCESS_KEY_ID"], "kms_key": "",
    } | changes  # fmt: skip
    return options, {"secret_key": KEYS["AWS_SECRET_ACCESS_KEY"]}


def opened(clinic, options, secrets):
    return OpenConnection(uuid7(), "s3", "", "", secrets, options, clinic=clinic.pk)


def connect(clinic, peer, bucket="alpha-files"):
    vendor = providers.provider("s3")
    options, secrets = entered(peer, bucket)
    [account] = vendor.adapter.accounts(opened(clinic, options, secrets))
    with tenant_scope(clinic):
        return connecting.establish(
            vendor, account, secrets=secrets, options=options, at=timezone.now()
        )


def a_file(name, content=b"old"):
    path = work_dir() / "new"
    path.write_bytes(content)
    platform_storage().adopt(path, name)


@pytest.fixture
def owner(alpha):
    with tenant_scope(alpha):
        return User.objects.create(email="owner@alpha.example", name="Olga", role="owner")


def test_a_probe_goes_in_and_out_and_leaves_nothing(alpha, peer):
    options, secrets = entered(peer)

    words = providers.provider("s3").adapter.check(opened(alpha, options, secrets))

    assert words.startswith("A probe was written, read, signed and deleted in alpha-files/live")
    assert keys_in(peer) == []


def test_what_stands_against_a_bucket_is_said_in_words(alpha, peer, settings):
    adapter = providers.provider("s3").adapter
    denied = Answered(403, {"content-type": "application/xml"}, b"<Error><Code>%s</Code></Error>")

    def refused(code):
        return Fault(Answered(403, denied.headers, denied.body % code))

    for fault, method, words in (
        (refused(b"InvalidAccessKeyId"), "PUT", "does not know this access key"),
        (refused(b"AccessDenied"), "PUT", "may not write"),
        (refused(b"AccessDenied"), "GET", "may not read"),
        (refused(b"AccessDenied"), "DELETE", "may not delete"),
    ):
        peer.forget()
        peer.fail(fault, when=lambda asked, method=method: asked.method == method)
        with pytest.raises(BrokenConnectionError, match=words):
            adapter.check(opened(alpha, *entered(peer, endpoint=peer.url)))
    with pytest.raises(BrokenConnectionError, match="no bucket of this name"):
        adapter.check(opened(alpha, *entered(peer, bucket="no-such-bucket")))
    with pytest.raises(RetryLaterError, match="known by the name"):
        adapter.check(opened(alpha, *entered(peer, endpoint="https://nowhere.invalid")))
    settings.PRIVATE_NETWORKS = {}
    with pytest.raises(BrokenConnectionError, match="private network"):
        adapter.check(opened(alpha, *entered(peer)))
    with pytest.raises(BrokenConnectionError, match="443"):
        adapter.check(opened(alpha, *entered(peer, endpoint="http://8.8.8.8")))


def test_the_form_takes_buckets_and_no_tricks():
    good = {"bucket": "files.clinic", "region": REGION, "key_id": "AKIA1", "secret_key": "x"}

    assert BucketForm(good | {"endpoint": "https://S3.Example.com/"}).is_valid()
    for wrong in (
        {"bucket": "a/../b"}, {"bucket": "evil.example/x#"}, {"region": "x.evil.example/"},
        {"endpoint": "ftp://x.example"}, {"endpoint": "https://x.example/path"},
        {"endpoint": "https://u:p@x.example"}, {"folder": "../t2"}, {"kms_key": "a b"},
    ):  # fmt: skip
        assert not BucketForm(good | wrong).is_valid(), wrong


def test_new_files_go_to_the_bucket_old_ones_stay_and_the_neighbour_meets_neither(
    alpha, beta, peer
):
    with tenant_scope(alpha):
        a_file("patients/1/old.pdf")
    connect(alpha, peer)
    connect(beta, peer, "beta-files")

    with tenant_scope(alpha):
        document = store_file(Document.objects.create(file_name="a.pdf"), [PDF], actor=None)
        storage = clinic_storage()
        names = sorted(storage.names_below("patients")) + sorted(storage.names_below("unlinked"))
        old, new = content(storage, "patients/1/old.pdf"), content(storage, document.storage_key)
        assert platform_storage().size_or_none(document.storage_key) is None
    with tenant_scope(beta):
        beside = clinic_storage()
        found = (beside.size_or_none(document.storage_key), list(beside.names_below("unlinked")))
        with pytest.raises(FileNotFoundError):
            beside.stream(document.storage_key)

    assert (document.state, names) == ("stored", ["patients/1/old.pdf", document.storage_key])
    assert (old, new) == (b"old", PDF)
    assert keys_in(peer) == [f"live/t{alpha.pk}/{document.storage_key}"]
    assert (found, keys_in(peer, "beta-files")) == ((None, []), [])


def test_files_are_moved_compared_and_taken_back(alpha, peer, owner):
    import hashlib

    sound = f"patients/1/{hashlib.sha256(b'sound').hexdigest()}.pdf"
    with tenant_scope(alpha):
        a_file(sound, b"sound")
        a_file("threads/two.pdf", b"two")
    connect(alpha, peer)
    with tenant_scope(alpha):
        move = services.start_move(IN, actor=owner, at=timezone.now())
        with pytest.raises(services.MoveError, match="already"):
            services.start_move(OUT, actor=owner, at=timezone.now())
    services.carry_out(alpha, move.pk)
    services.carry_out(alpha, move.pk)

    with tenant_scope(alpha):
        move.refresh_from_db()
        assert (move.state, move.moved, move.total, move.moved_bytes) == ("done", 2, 2, 8)
        assert platform_storage().size_or_none(sound) is None
        assert content(clinic_storage(), sound) == b"sound"
        assert "Move them back first" in keeps_because()
        with pytest.raises(connecting.ConnectError, match="Move them back"):
            connecting.disconnect(Connection.objects.get(), actor=owner, at=timezone.now())
        back = services.start_move(OUT, actor=owner, at=timezone.now())
        a_file("patients/1/later.pdf")
    services.carry_out(alpha, back.pk)

    with tenant_scope(alpha):
        back.refresh_from_db()
        assert (back.state, back.moved) == ("done", 2)
        assert content(platform_storage(), "threads/two.pdf") == b"two"
        document = store_file(Document.objects.create(file_name="a.pdf"), [PDF], actor=None)
        assert platform_storage().size_or_none(document.storage_key) == len(PDF)
        assert keeps_because() == ""
        connecting.disconnect(Connection.objects.get(), actor=owner, at=timezone.now())
        assert content(clinic_storage(), sound) == b"sound"
    assert keys_in(peer) == []


def test_a_file_that_is_not_what_its_name_says_stops_the_move_and_stays(alpha, peer, owner):
    spoilt = f"patients/1/{'0' * 64}.pdf"
    with tenant_scope(alpha):
        a_file(spoilt, b"spoilt")
    connect(alpha, peer)
    with tenant_scope(alpha):
        move = services.start_move(IN, actor=owner, at=timezone.now())
    services.carry_out(alpha, move.pk)

    with tenant_scope(alpha):
        move.refresh_from_db()
        assert (move.state, move.moved) == ("stopped", 0)
        assert "Restore it from a backup" in move.problem
        assert content(platform_storage(), spoilt) == b"spoilt"
    assert keys_in(peer) == []


def test_a_worker_that_died_is_followed_by_another(alpha, peer, owner):
    with tenant_scope(alpha):
        for number in range(3):
            a_file(f"patients/1/{number}.pdf", b"x" * number)
    connect(alpha, peer)
    with tenant_scope(alpha):
        move = services.start_move(IN, actor=owner, at=timezone.now())
        services._claimed(move.pk)
        services.move_one(services._both(), "patients/1/0.pdf", IN)  # … and here it died
        assert services.resume_lost(now=timezone.now()) == []
    services.carry_out(alpha, move.pk)
    with tenant_scope(alpha):
        move.refresh_from_db()
        assert move.state == "running", "another worker is at it, as far as can be told"
        late = timezone.now() + services.LOST_AFTER * 2
        assert services.resume_lost(now=late) == [move.pk]
        StorageMove.objects.update(heartbeat_at=timezone.now() - services.LOST_AFTER * 2)
    services.carry_out(alpha, move.pk)

    with tenant_scope(alpha):
        move.refresh_from_db()
        assert move.state == "done"
        assert list(platform_storage().names_below("patients")) == []
    assert len(keys_in(peer)) == 3


def test_a_bucket_that_is_away_keeps_old_files_readable_and_new_ones_waiting(alpha, peer, settings):
    with tenant_scope(alpha):
        a_file("patients/1/old.pdf")
    connect(alpha, peer)
    with tenant_scope(alpha):
        connection = Connection.objects.get()
        connection.options |= {"endpoint": "http://127.0.0.1:9"}
        connection.save()

        assert content(clinic_storage(), "patients/1/old.pdf") == b"old"
        assert clinic_storage().size_or_none("patients/1/old.pdf") == 3
        for reach in (clinic_storage().size_or_none, clinic_storage().stream):
            with pytest.raises(StorageUnavailableError):
                reach("patients/1/new.pdf")
        document = store_file(Document.objects.create(file_name="a.pdf"), [PDF], actor=None)
        assert document.state == "awaiting"
        assert "Nobody can tell" in keeps_because()

        settings.PRIVATE_NETWORKS = {}
        with pytest.raises(StorageUnavailableError, match="private network"):
            clinic_storage().size_or_none("patients/1/new.pdf")
        assert content(clinic_storage(), "patients/1/old.pdf") == b"old"


def test_the_keys_of_a_bucket_are_sealed(alpha, peer):
    connect(alpha, peer)

    with tenant_scope(alpha):
        kept = Connection.objects.get()
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in f"{kept.options}{kept.sealed}"
        assert sealing.open_secrets(kept)["secret_key"] == KEYS["AWS_SECRET_ACCESS_KEY"]
