import pytest

from atlas_widget.session.pictures.picture import State
from atlas_widget.session.pictures.queue import PictureQueue, Rank, Task

SIZES = {Task.ROUGH: 4, Task.FINAL: 4, Task.LABEL: 1}


def queue(labels=False):
    made = PictureQueue({20: range(10), 40: range(100, 140)}, base=20, labels=labels)
    made.rest = True
    return made


def take(cells, *, sizes=SIZES):
    """Do everything in order; return it as (task, cells)."""
    done = []
    while (batch := cells.next(sizes)) is not None:
        done.append((batch.task, batch.numbers))
        if batch.task is Task.LABEL:
            cells.mark_labelled(batch.group, batch.numbers)
        else:
            cells.mark(
                batch.group, batch.numbers, State.ROUGH if batch.task is Task.ROUGH else State.FINAL
            )
    return done


def test_visible_comes_before_near_before_the_rest():
    cells = queue()
    cells.look(20, [7, 8], [3])
    assert cells.next(SIZES).numbers == (7, 8, 3, 0)
    assert cells.next(SIZES).rank is Rank.VISIBLE_ROUGH


def test_rough_pictures_of_all_in_sight_come_before_any_final_one():
    cells = queue()
    cells.look(20, [5, 6, 7, 8, 9], [])
    order = take(cells)
    assert [task for task, _ in order[:2]] == [Task.ROUGH, Task.ROUGH]
    assert order[0][1] == (5, 6, 7, 8)
    assert order[1][1][0] == 9
    assert len(order[1][1]) == 4, "a batch is filled up with cells out of sight"
    assert order[2][0] is Task.FINAL
    assert set(order[2][1]) <= {5, 6, 7, 8, 9}
    assert all(cells.state(20, cell) is State.FINAL for cell in range(10))


def test_finer_cells_out_of_sight_are_not_rendered():
    cells = queue()
    cells.look(40, [100, 101], [102])
    done = take(cells)
    assert {cell for _, batch in done for cell in batch} == {100, 101, 102}
    assert not cells.pending()


def test_the_order_follows_the_person():
    cells = queue()
    cells.look(20, [0, 1], [])
    batch = cells.next({Task.ROUGH: 2, Task.FINAL: 2, Task.LABEL: 1})
    cells.look(20, [8, 9], [])
    assert cells.rank(batch) is Rank.REST_ROUGH
    assert cells.next(SIZES).numbers[:2] == (8, 9)
    cells.look(40, [110], [])
    assert cells.rank(batch) is None, "nobody wants the coarse cells any more"


def test_the_cell_under_the_pointer_is_first_in_sight():
    cells = queue()
    cells.look(20, [0, 1, 2, 3, 4], [])
    cells.point(20, 4)
    assert cells.next(SIZES).numbers[0] == 4
    cells.point(20, 12345)
    assert cells.next(SIZES).numbers[0] == 0


def test_demanded_cells_are_rendered_without_anybody_looking():
    cells = queue()
    cells.look(20, [0], [])
    cells.demand(40, [139, 138, 99999])
    order = take(cells)
    assert order[0][1][0] == 0, "what is in sight still comes first"
    assert (Task.ROUGH, (139, 138)) in order
    assert (Task.FINAL, (139, 138)) in order
    assert cells.state(40, 139) is State.FINAL


def test_withdrawn_demands_are_forgotten():
    cells = queue()
    cells.look(40, [], [])
    cells.demand(40, [100])
    cells.withdraw(40, [100])
    assert not cells.pending()


def test_labels_come_after_the_pictures_of_the_same_region():
    cells = queue(labels=True)
    cells.look(20, [0, 1], [2])
    tasks = [task for task, _ in take(cells, sizes={**SIZES, Task.ROUGH: 2, Task.FINAL: 2})]
    assert tasks[:4] == [Task.ROUGH, Task.FINAL, Task.LABEL, Task.LABEL]
    assert tasks[4] is Task.ROUGH


def test_what_failed_is_not_tried_for_ever():
    cells = queue()
    cells.look(40, [100, 101], [])
    cells.demand(40, [100])
    cells.fail(cells.next(SIZES))
    assert cells.next(SIZES) is None
    cells.retry()
    assert cells.next(SIZES).numbers == (100, 101)


def test_pictures_never_get_worse():
    cells = queue()
    cells.mark(20, [1], State.FINAL)
    cells.mark(20, [1], State.ROUGH)
    assert cells.state(20, 1) is State.FINAL
    assert cells.count(20, State.FINAL) == 1
    assert cells.count(20, State.ROUGH) == 1


@pytest.mark.parametrize("grid", [0, 80, -1])
def test_looking_at_a_grid_that_does_not_exist_changes_nothing(grid):
    cells = queue()
    cells.look(20, [1], [])
    cells.look(grid, [1], [2])
    assert cells.level == 20
    assert cells.visible == (1,)


def test_unknown_and_repeated_cells_are_dropped():
    cells = queue()
    cells.look(20, [1, 1, 77, 2], [2, 3, 88])
    assert cells.visible == (1, 2)
    assert cells.near == (3,)


def test_the_rest_is_left_alone_unless_it_is_wanted():
    cells = queue()
    cells.rest = False
    cells.look(20, [1], [2])
    assert {cell for _, batch in take(cells) for cell in batch} == {1, 2}


def test_progress_counts_what_is_in_sight_and_what_was_asked_for_until_all_is_done():
    cells = queue()
    cells.look(20, [0, 1], [])
    cells.demand(40, [100, 101])
    cells.mark(40, [100], State.FINAL)
    assert len(list(cells.interest())) == 4
    cells.settle()
    assert len(list(cells.interest())) == 4
    cells.mark(40, [101], State.FINAL)
    cells.settle()
    assert len(list(cells.interest())) == 2


def test_labels_can_be_given_up():
    cells = queue(labels=True)
    cells.look(20, [0, 1], [])
    assert cells.labels_left() == 2
    cells.no_labels()
    assert cells.labels_left() == 0


def test_without_rough_pictures_each_is_finished_in_one_go():
    cells = PictureQueue({20: range(10)}, base=20, labels=False, rough=False)
    cells.look(20, range(10))
    batch = cells.next(SIZES)
    assert (batch.task, batch.numbers) == (Task.FINAL, (0, 1, 2, 3))
    cells.mark(20, batch.numbers, State.FINAL)
    assert cells.next(SIZES).numbers == (4, 5, 6, 7)


def test_finished_pictures_are_walked_past_once() -> None:
    """With 25,600 cells each slice of work would begin with a walk of tens of milliseconds."""

    class Counted(dict[int, State]):
        reads = 0

        def __getitem__(self, number: int) -> State:
            self.reads += 1
            return super().__getitem__(number)

    count = 5000
    queue = PictureQueue({"all": range(count)}, base="all", rough=False)
    queue.look("all", range(count))
    queue.mark("all", range(count - 8), State.FINAL)
    states = queue._states["all"] = Counted(queue._states["all"])
    for _ in range(2):
        states.reads = 0
        batch = queue.next({Task.FINAL: 4})
        assert batch is not None
        assert batch.numbers == tuple(range(count - 8, count - 4))
    assert states.reads < 50
