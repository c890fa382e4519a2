"""Control totals, read from published text apart from the database."""

from decimal import Decimal

import pyarrow as pa
import pytest

from pipeline.amounts import total


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2012.55", "2012,55", "2250"], "6275.10"),
        ([" 10 ", "\u00a010\t"], "20.00"),
        (["4036.360107421875", "0.005", "0,004"], "4036.37"),
        (["-0.005", "0.015"], "0.01"),
        (["1.234,56", "1.234.567,89"], "1235802.45"),
        (["1." + "1" * 30], "1.11"),
        (["", "NI", "<N/I>", "R$ 10", "12345678901", "1,2,3", "1.2.3", ".5", "5."], "0.00"),
        (["-1", "81200840"], "81200839.00"),
        (["9999999999.99"] * 3, "29999999999.97"),
        ([], "0.00"),
    ],
)
def test_amounts_add_up_to_the_cent_and_what_is_none_does_not_count(texts, expected):
    assert total(pa.chunked_array([pa.array(texts, pa.string())])) == Decimal(expected)
