import pytest

from onboarding.filemaker.fmp.containers import main_stream, stream_lengths
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.sources import ContainerRef

TABLE = b"\x80\x01"
STORE = (TABLE, b"\x1f", b"\x05")


def listing(**lengths):
    content = len(lengths).to_bytes(2, "big")
    for name, length in lengths.items():
        content += name.ljust(4).encode() + length.to_bytes(4, "big")
    return content


def object_entries(raw, key, streams, *, promised=None):
    name, kind = b"scan.pdf", b"image"
    here = (*STORE, key)
    file_name = b"\0\0\0\1" + bytes((len(kind),)) + raw.mask(kind)
    file_name += b"\0" + bytes((len(name),)) + raw.mask(name)
    everything = {"FNAM": file_name, "SIZE": b"\x02\x64\x03\x18", **streams}
    lengths = {name: len(content) for name, content in everything.items()} | (promised or {})
    entries = [(here, b"\x02", listing(**lengths)), (here, b"\x04", bytes(16))]
    for stream, content in everything.items():
        stream_key = stream.ljust(4).encode()
        if len(content) <= 1000:
            entries.append((here, stream_key, content))
            continue
        entries.append(((*here, stream_key), b"\x00", len(content).to_bytes(4, "big")))
        for number, at in enumerate(range(0, len(content), 1000), 1):
            piece = number.to_bytes(1, "big")
            entries.append(((*here, stream_key), piece, content[at : at + 1000]))
    return entries


@pytest.fixture
def with_objects(raw, make_file):
    def make(*objects):
        entries = raw.people(3)
        for one in objects:
            entries += one
        return make_file(entries)

    return make


def test_streams_are_read_whole_and_the_main_one_is_the_file(raw, with_objects):
    pdf, preview = b"%PDF" + bytes(range(256)) * 20, b"\xff\xd8" * 700
    path = with_objects(
        object_entries(raw, b"\x05", {"JPEG": preview, "MAIN": b"PDF ", "PDF": pdf})
    )

    with open_file(path) as file:
        [found] = file.containers(129)

        assert (found.id, found.file_name, found.kind, found.main) == (
            5,
            "scan.pdf",
            "image",
            "PDF ",
        )
        assert (found.width, found.height, found.size) == (612, 792, len(pdf))
        assert found.streams == {"JPEG": 1400, "MAIN": 4, "PDF ": len(pdf)}
        assert found.read() == pdf
        assert found.read("JPEG") == preview
        assert file.warnings == []


def test_objects_come_in_order_of_id_and_can_be_fetched_alone(raw, with_objects):
    path = with_objects(
        object_entries(raw, b"\x05", {"FILE": b"five"}),
        object_entries(raw, b"\x80\x73", {"FILE": b"big" * 5000}),
        object_entries(raw, b"\x80\x74", {"FILE": b"last"}),
    )

    with open_file(path) as file:
        assert [(found.id, found.size) for found in file.containers(129)] == [
            (5, 4),
            (243, 15_000),
            (244, 4),
        ]
        ref = ContainerRef.from_cell("8073\ue000")
        assert file.container(129, ref.object_id).read() == b"big" * 5000
        assert file.container(129, 6) is None
        assert file.container(129, -1) is None


def test_a_stream_that_is_cut_short_is_delivered_and_told(raw, with_objects):
    path = with_objects(object_entries(raw, b"\x05", {"FILE": b"four"}, promised={"FILE": 4000}))

    with open_file(path) as file:
        assert [found.read() for found in file.containers(129)] == [b"four"]
        assert [(w.code, w.facts["promised"], w.facts["found"]) for w in file.warnings] == [
            ("container-incomplete", 4000, 4)
        ]


@pytest.mark.parametrize(
    ("forms", "named", "main"),
    [
        (["FNAM", "JPEG", "MAIN", "PDF ", "PNGf"], "PDF ", "PDF "),
        (["FILE", "JPEG"], "", "FILE"),
        (["JPEG", "PDF ", "PNGf"], "", "PDF "),
        (["PNGf", "JPEG"], "", "JPEG"),
        (["SIZE", "PNGf"], "JPEG", "PNGf"),
        (["EMBO"], "", "EMBO"),
        (["FNAM", "SIZE"], "", ""),
    ],
)
def test_the_main_stream_is_the_named_one_then_file_then_pdf_then_image(forms, named, main):
    assert main_stream(dict.fromkeys(forms, 1), named) == main


def test_a_listing_that_promises_more_than_it_has_is_read_as_far_as_it_goes():
    assert stream_lengths(b"\xff\xff" + listing(FILE=3)[2:] + b"JPEG\0") == {"FILE": 3}
    assert stream_lengths(b"") == {}
