import os
import pickle
import signal
from multiprocessing import Pipe

from sqlgrpo.databases.parcels import ROOM, Outbox, opened, parcel


def test_messages_wait_and_come_in_order_as_one():
    here, there = Pipe()
    outbox = Outbox(there)
    outbox.put((1, "first"))
    outbox.put((2, None))
    assert not here.poll()
    outbox.flush()
    assert list(opened(here.recv_bytes())) == [(1, "first"), (2, None)]
    outbox.flush()
    assert not here.poll()


def test_a_message_larger_than_the_room_is_sent_at_once_after_what_waits():
    here, there = Pipe()
    outbox = Outbox(there)
    outbox.put("small")
    outbox.put("x" * ROOM)
    assert [list(opened(here.recv_bytes())) for _ in "ab"] == [["small"], ["x" * ROOM]]


def test_when_the_room_is_full_it_is_sent():
    here, there = Pipe()
    outbox = Outbox(there)
    messages = [str(number) * 9_000 for number in range(9)]
    for message in messages:
        outbox.put(message)
    outbox.flush()
    found = []
    while here.poll():
        found += opened(here.recv_bytes())
    assert found == messages


def test_what_a_killed_child_left_is_sent_by_its_parent():
    here, there = Pipe()
    outbox = Outbox(there)
    child = os.fork()
    if not child:
        outbox.put("last words")
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    outbox.flush()
    assert list(opened(here.recv_bytes())) == ["last words"]


def test_a_parcel_is_its_messages_one_after_the_other():
    assert parcel(["a", 2]) == pickle.dumps("a") + pickle.dumps(2)
