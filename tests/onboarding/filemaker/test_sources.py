from onboarding.filemaker.sources import ContainerRef


def test_an_embedded_object_is_named_by_its_key_in_hexadecimal():
    assert ContainerRef.from_cell("8073\ue000") == ContainerRef(object_id=243)


def test_other_text_is_a_list_of_paths_outside_the_file():
    ref = ContainerRef.from_cell("size:300,200\rimage:letters/scan 1.png\r\r")

    assert ref == ContainerRef(paths=("size:300,200", "image:letters/scan 1.png"))
    assert ref.is_external


def test_a_mark_after_what_is_no_key_is_a_path_like_any_other():
    assert ContainerRef.from_cell("FFFF\ue000") == ContainerRef(paths=("FFFF\ue000",))


def test_an_empty_cell_refers_to_nothing():
    assert ContainerRef.from_cell("") == ContainerRef()
    assert not ContainerRef.from_cell("").is_external
