from onboarding.filemaker.fmp.bitmap import read_bitmap

PLACE = (b"\x80\x01", b"\x0d")


def test_bits_are_record_ids_lowest_bit_first_in_each_word():
    words = bytes.fromhex("0000000e80000001")

    bitmap = read_bitmap([(PLACE, b"\x20", words)])

    assert list(bitmap.ids()) == [33, 34, 35, 64, 95]
    assert len(bitmap) == 5


def test_an_entry_without_words_is_one_record():
    bitmap = read_bitmap([(PLACE, b"\x02", b""), (PLACE, b"\xc0\x30\x80", b"\0\0\0\x01")])

    assert list(bitmap.ids()) == [2, 16_512 + 0x3080]
    assert len(bitmap) == 2


def test_entries_that_overlap_or_are_no_bitmap_are_counted_and_not_believed():
    bitmap = read_bitmap(
        [
            (PLACE, b"\x20", bytes(8)),
            (PLACE, b"\x40", b"\xff\xff\xff\xff"),
            (PLACE, b"\xff", b"\0\0\0\x01"),
            (PLACE, b"\x80\x01", b"\0\0\x01"),
            ((*PLACE, b"\x01"), b"\x80\x02", b"\0\0\0\x01"),
        ]
    )

    assert (list(bitmap.ids()), bitmap.malformed) == ([], 4)
