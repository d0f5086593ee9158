"""What happens in a run depends on the seed and the run's number alone."""

import json

import pytest

from tpb.faults.schedule import BY_SHIM, FORGETTING, Kind, draw


def test_a_run_is_drawn_again_the_same() -> None:
    assert draw(7, 3, 0.02) == draw(7, 3, 0.02)
    assert draw(7, 3, 0.02) != draw(7, 4, 0.02)
    assert draw(7, 3, 0.02) != draw(8, 3, 0.02)


def test_what_the_share_of_the_dll_is_changes_no_other_run() -> None:
    for run in range(50):
        with_dll = draw(1, run, 0.3)
        if not with_dll.through_dll:
            assert with_dll == draw(1, run, 0.0)


def test_every_kind_has_its_turn() -> None:
    kinds = list(Kind)
    for run, kind in enumerate(kinds):
        assert kind in {fault.kind for fault in draw(1, run, 0.0).faults}


@pytest.mark.parametrize("seed", range(20))
def test_a_schedule_fits_into_its_run(seed: int) -> None:
    for run in range(20):
        schedule = draw(seed, run, 0.1)
        assert schedule.faults
        for fault in schedule.faults:
            assert 1 <= fault.at <= fault.at + fault.span <= schedule.ticks
        forgetting = [fault for fault in schedule.faults if fault.kind in FORGETTING]
        assert len(forgetting) <= 1


def test_windows_has_no_shim() -> None:
    schedules = [draw(1, run, 1.0) for run in range(60)]
    assert all(schedule.through_dll for schedule in schedules)
    drawn = {fault.kind for schedule in schedules for fault in schedule.faults}
    assert drawn == set(Kind) - set(BY_SHIM)


def test_a_schedule_can_be_written_down() -> None:
    schedule = draw(1, 2, 0.0)
    document = json.loads(json.dumps(schedule.document()))
    assert document["run"] == 2
    assert len(document["faults"]) == len(schedule.faults)
