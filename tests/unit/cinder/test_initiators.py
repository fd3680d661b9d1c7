"""What drivers keep about an initiator is sealed, kept once, and found again."""

import pytest
from cinder import exception

from cinderblock.cinder.answers.others import InitiatorAnswers
from cinderblock.cinder.answers.stored import Stored
from persistence.memory import MemoryStore
from persistence.records import KeyValueRecord
from persistence.seal import sealed
from tests.contract.stores import SEALER, every_id

PASSWORD = "canary-of-an-initiator"


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def answers(store):
    return InitiatorAnswers(Stored(sealed(store, SEALER)))


def found(answers, initiator="iqn.one", namespace="driver"):
    return {row["key"]: row["value"] for row in answers.driver_initiator_data_get(None, initiator, namespace)}


def test_it_is_stored_sealed_and_found_by_whom_it_is_of(store, answers):
    answers.driver_initiator_data_insert_by_key(None, "iqn.one", "driver", "chap", PASSWORD)
    assert found(answers) == {"chap": PASSWORD}
    assert found(answers, initiator="iqn.two") == found(answers, namespace="other") == {}
    (stored,) = store.key_values.page()
    assert PASSWORD not in str(stored)
    with pytest.raises(exception.DriverInitiatorDataExists):
        answers.driver_initiator_data_insert_by_key(None, "iqn.one", "driver", "chap", "another")
    assert found(answers) == {"chap": PASSWORD}


def test_what_an_earlier_version_stored_in_clear_is_found_and_not_stored_twice(store, answers):
    answers.driver_initiator_data_insert_by_key(None, "iqn.one", "driver", "chap", PASSWORD)
    (new,) = every_id(store.key_values)
    (stored,) = store.key_values.page()
    store.key_values.delete(stored)
    store.key_values.insert(KeyValueRecord(id=new.removeprefix("sealed/"), value=PASSWORD))
    assert found(answers) == {"chap": PASSWORD}
    with pytest.raises(exception.DriverInitiatorDataExists):
        answers.driver_initiator_data_insert_by_key(None, "iqn.one", "driver", "chap", "another")
