"""The steps that the chapter on speed times: equal where it says so, counted as by hand."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gantutor.studies import load_table  # noqa: E402
from gantutor.studies.speed import study, training  # noqa: E402

SMALL = {"side": 16, "batch": 4, "width": 4}


@pytest.mark.parametrize("lever", ["twice", "reads", "frozen", "joint", "channels_last", "fused"])
def test_a_lever_leaves_the_weights_where_the_plain_step_does(lever):
    assert training.difference(training.Levers(**{lever: True}), **SMALL) < 1e-3


def test_one_pass_through_a_batch_normalisation_is_another_game():
    joint = training.Levers(joint=True)
    assert training.difference(joint, normalization="batch", **SMALL) > 0.05


def test_compiling_takes_in_all_layers_of_a_network():
    graphs = []

    def keep(graph, inputs):
        graphs.append([str(node.target) for node in graph.graph.nodes if "call" in node.op])
        return graph

    compile_with = torch.compile
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "compile", lambda net, mode, dynamic: compile_with(net, backend=keep))
        loop = training.Loop(training.Levers(compiled="default"), **SMALL)
        loop.D(loop.real)
    assert len(graphs) == 1 and "conv" in str(graphs[0]) and len(graphs[0]) > 5


def test_bfloat16_is_another_arithmetic():
    assert training.difference(training.Levers(half="bfloat16"), **SMALL) > 1e-3


def test_a_step_moves_both_networks_and_marks_each_part_once():
    loop, marks = training.Loop(**SMALL), []
    before = [network.state_dict().copy() for network in (loop.G, loop.D)]
    before = [{k: v.clone() for k, v in state.items()} for state in before]
    loop.step(marks.append)
    assert marks == list(training.PARTS)
    for network, old in zip((loop.G, loop.D), before, strict=True):
        assert any(not torch.equal(new, old[k]) for k, new in network.state_dict().items())


def test_a_matrix_product_is_counted_as_by_hand():
    with training.Counter() as counter:
        torch.ones(2, 3) @ torch.ones(3, 5)
        counter.mark("product")
    assert counter.part["product"][0] == 2 * 2 * 3 * 5


def test_the_backward_pass_of_a_layer_costs_two_forward_passes():
    layer, x = torch.nn.Linear(6, 7), torch.ones(4, 6, requires_grad=True)
    with training.Counter() as counter:
        y = layer(x).sum()
        counter.mark("forward")
        y.backward()
        counter.mark("backward")
    assert counter.part["forward"][0] == 2 * 4 * 6 * 7
    assert counter.part["backward"][0] == 2 * counter.part["forward"][0]


def test_fakes_made_twice_cost_more_and_a_frozen_discriminator_less():
    def operations(**lever):
        loop = training.Loop(training.Levers(**lever), **SMALL)
        return training.counted(loop).totals()[0]

    plain = operations()
    assert operations(frozen=True) < plain < operations(twice=True)
    assert operations(joint=True) == operations(fused=True) == plain


@pytest.mark.parametrize("machine", study.records())
def test_the_operations_of_the_table_are_counted_anew(machine):
    table = load_table("speed")
    rows = table[
        (table.machine == machine) & table.part.isin(["fit", "held out", "added", "fresh"])
    ]
    small = rows[rows.operations < 1e9].drop_duplicates("setting")
    assert len(small) > 1
    for row in small.itertuples():
        size = {key: int(number) for key, number in (w.split() for w in row.setting.split(", "))}
        assert training.counted(training.Loop(**size)).totals()[0] == row.operations


def test_the_table_is_what_the_records_say():
    table = load_table("speed").set_index([*study.KEYS, "seed"])
    assert len(table) == study.SEEDS * len(study.SETTINGS)
    for machine, record in study.records().items():
        for row in record["rows"]:
            for seed in (0, study.SEEDS - 1):
                found = table.loc[(machine, row["part"], row["setting"], seed)]
                assert found["seconds"] == row["seconds"][seed]
                assert found["slow"] == row["slow"][seed]


def test_what_was_compiled_was_compared():
    # Compiled layers round in another order; a difference of exactly 0 means that none were.
    table = load_table("speed")
    compiled = table[
        table.setting.str.contains("compiled|graph") & ~table.part.str.contains("Keras|first")
    ]
    assert len(compiled) >= 3 * study.SEEDS
    assert compiled.difference.between(1e-9, 0.02).all()


def test_times_are_positive_and_the_slow_ones_not_faster_than_the_middle():
    table = load_table("speed")
    assert np.isfinite(table["seconds"]).all() and (table["seconds"] > 0).all()
    assert (table["slow"] >= 0.999 * table["seconds"]).all()
