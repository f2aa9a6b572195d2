"""Files and folders that several processes list and remove at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.files import remove
from services.paths import Home


def test_a_folder_may_be_removed_by_several_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "x"
    with ThreadPoolExecutor() as pool:
        for _ in range(30):
            for number in range(30):
                (folder / str(number)).mkdir(parents=True)
            for done in [pool.submit(remove, folder) for _ in range(2)]:
                done.result()
            assert not folder.exists()


def test_what_is_removed_meanwhile_is_not_found(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()

    def come_and_go() -> None:
        for _ in range(300):
            folder = home.copies("a worker")
            folder.mkdir()
            (folder / "job.arrow").touch()
            remove(folder)

    (home.root / "copies" / "other").mkdir()
    left = home.root / "copies" / "other" / ".1.job.arrow"
    left.touch()
    with ThreadPoolExecutor() as pool:
        busy = pool.submit(come_and_go)
        while not busy.done():
            assert left in home.copies_of("job")
        busy.result()
    assert home.copies_of("job") == [left]
