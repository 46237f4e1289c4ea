"""The study of one training in slices: what a slice holds, and what an update does with them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from gantutor.studies import load_table  # noqa: E402
from gantutor.studies.processes import study  # noqa: E402


def slices(batch=8, **how):
    return study.draw(study.build(0)[2], batch, **how)


def test_slices_of_their_own_are_the_batch_of_one_process():
    whole, parts = slices(), slices(processes=4)
    for place in range(2):
        joined = torch.cat([part[place] for part in parts])
        assert torch.equal(joined, whole[0][place]) and len(joined) == 8
    assert len({tuple(row.tolist()) for row in whole[0][1]}) == 8


def test_the_same_seed_everywhere_gives_each_process_the_batch_of_half_the_size():
    one, two = slices(processes=2, images="same", noise="same")
    (half,) = slices(batch=4)
    for place in range(2):
        assert torch.equal(one[place], two[place]) and torch.equal(one[place], half[place])
    one, two = slices(processes=2, noise="same")
    assert torch.equal(one[1], two[1]) and not torch.equal(one[0], two[0])


def test_an_update_takes_the_mean_of_the_slices_gradients():
    line = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(line.weight, 2.0)
    slope = torch.optim.SGD(line.parameters(), 0.5)
    parts = [(torch.tensor([[1.0]]), 0), (torch.tensor([[5.0]]), 0)]
    study.descend(line, slope, lambda x, z: line(x).mean(), parts)
    assert line.weight.item() == 2 - 0.5 * 3


def test_alike_processes_train_the_very_gan_of_half_the_batch():
    alike = study.Run(3, processes=2, images="same", noise="same").advance(5)
    half = study.Run(3, batch=32).advance(5)
    z = study.latents()
    assert np.array_equal(alike.sample(z), half.sample(z))
    whole, right = study.Run(3).advance(5), study.Run(3, processes=2).advance(5)
    assert np.abs(whole.sample(z) - right.sample(z)).max() < 1e-5
    assert np.abs(whole.sample(z) - half.sample(z)).max() > 0.01


def test_batch_norm_by_slice_is_another_network_until_there_is_one_slice():
    z, how = study.latents(), {"norm": True}
    one = study.Run(0, **how).advance(3).sample(z)
    assert np.array_equal(one, study.Run(0, processes=1, **how).advance(3).sample(z))
    assert np.abs(one - study.Run(0, processes=2, **how).advance(3).sample(z)).max() > 0.01


def test_the_fid_of_the_held_out_digits_is_0():
    held_out = study.small_digits()[0][study.TRAINED :].numpy()
    assert abs(study.fid(held_out)) < 1e-3
    assert study.fid(np.zeros((50, 196), "f4")) > 100


def test_the_table_begins_with_the_best_and_the_worst_and_its_twins_agree():
    table = load_table("processes")
    assert list(dict.fromkeys(table["setting"]))[:2] == ["real digits", "untrained"]
    fids = table.pivot_table("fid", "seed", "setting")
    rest = fids.drop(columns=["real digits", "untrained"])
    assert fids["real digits"].max() < rest.min(axis=None)
    assert rest.max(axis=None) < fids["untrained"].min()
    assert (fids["two, same noise and images"] == fids["one process, 32"]).all()
