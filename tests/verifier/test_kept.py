"""What is made once of shared objects: never taken for another's, never more than wanted."""

from verifier.kept import Kept


def test_made_once_of_the_same_objects_and_again_of_others() -> None:
    kept, made = Kept[int](), iter(range(100))
    one, equal = [1], [1]
    assert [kept.of("vi", (part,), lambda: next(made)) for part in (one, one, equal, one, equal)] == [0, 0, 1, 0, 1]
    assert kept.of("en", (one,), lambda: next(made)) == 2
    assert kept.of("VI".lower(), (one,), lambda: next(made)) == 0, "a language is its letters"


def test_a_new_object_at_an_old_address_is_not_taken_for_the_old_one() -> None:
    kept = Kept[str](most=8)
    for number in range(1000):
        # Each object dies here, so addresses come again; what is kept holds its objects until it is let go.
        part = [number]
        assert kept.of("vi", (part,), part.__repr__) == f"[{number}]"
